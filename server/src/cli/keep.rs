//! `throng store-writer`: keeps numbered scores as fast as it can, and prints each number
//! once its score is durable, until somebody kills it. What was printed must be there
//! then; a test looks.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::identity::PlayerId;
use crate::stop::StopSign;
use crate::store::{Kept, Score, Store};

/// Scores that are on their way at one time.
const AHEAD: u64 = 16;
/// Between two looks at what is durable.
const GLANCE: Duration = Duration::from_micros(200);

#[derive(Debug, Args)]
pub(super) struct StoreWriterArgs {
    /// Where to keep them
    #[arg(long)]
    data: PathBuf,
    /// The first number
    #[arg(long)]
    from: u32,
}

pub(super) fn run(args: StoreWriterArgs) -> Result<(), String> {
    let (store, writer) = Store::open_with(Some(&args.data), Kept::default(), Duration::ZERO)?;
    let never = StopSign::default();
    std::thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || writer.run(&never))
        .map_err(|error| format!("The thread store cannot be started: {error}."))?;
    let mut stdout = std::io::stdout();
    let mut told = 0;
    loop {
        while store.taken() < told + AHEAD {
            let number = u64::from(args.from) + store.taken();
            let number = u32::try_from(number).map_err(|_| "The numbers have ended.".to_owned())?;
            let (name, room) = (format!("number {number}"), "arena".to_owned());
            let player = PlayerId(number);
            store.record(Score { player, name, room, shards: number, kills: 0, at_s: 86_400 });
        }
        let durable = store.durable();
        if durable == told {
            std::thread::sleep(GLANCE);
            continue;
        }
        told = durable;
        let last = u64::from(args.from) + told - 1;
        // One write a line: whoever reads it has all of it, or nothing.
        if stdout.write_all(format!("{last}\n").as_bytes()).and_then(|()| stdout.flush()).is_err() {
            return Ok(());
        }
    }
}
