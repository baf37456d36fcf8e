//! `throng stress attack`, and the attacker that it starts.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use throng_bot::attack::{
    self, Attack, AttackOptions, AttackResult, CLIENTS_MAX, Orders, Size, Verdict,
};

use super::output;
use super::{BROKEN, INTERRUPTED, VOID};

/// Longest and largest that an attacker is told to be.
const SECONDS_MAX: u64 = 600;
const CONNECTIONS_MAX: usize = 20_000;

#[derive(Debug, Args)]
pub(super) struct AttackArgs {
    /// What to do: `all`, or one of silent, slowloris, header, flood-one, flood-many, stalled,
    /// pings, pongs, empties, inputs, huge, fragments, crowd, restart; several with commas
    #[arg(value_name = "NAME", required = true, value_delimiter = ',', value_parser = names)]
    attacks: Vec<Names>,
    /// A few dozen connections for a few seconds, judged without a clock
    #[arg(long)]
    small: bool,
    /// Clients of `restart` [default: 2000]
    #[arg(long, value_name = "N", value_parser = clients)]
    clients: Option<usize>,
    /// Also write everything as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seed of bots and server
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
}

/// One attack, or all of them.
#[derive(Clone, Copy, Debug)]
enum Names {
    One(Attack),
    All,
}

fn names(text: &str) -> Result<Names, String> {
    if text == "all" { Ok(Names::All) } else { text.parse().map(Names::One) }
}

fn clients(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(clients) if (1..=CLIENTS_MAX).contains(&clients) => Ok(clients),
        Ok(_) | Err(_) => Err(format!("it has to be a whole number from 1 to {CLIENTS_MAX}")),
    }
}

pub(super) fn run(args: AttackArgs) -> Result<ExitCode, String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("The path of this program is unknown: {error}."))?;
    let each = |names: &Names| match names {
        Names::One(attack) => vec![*attack],
        Names::All => Attack::ALL.to_vec(),
    };
    let options = AttackOptions {
        program,
        attacks: args.attacks.iter().flat_map(each).collect(),
        size: if args.small { Size::Small } else { Size::Full },
        seed: args.seed,
        clients: args.clients,
    };
    let unwritable = |path: &PathBuf, error: &std::io::Error| {
        format!("--json {} cannot be written: {error}.", path.display())
    };
    // Opened first: nobody wants to hear after the run that it cannot be written.
    let mut file = match &args.json {
        None => None,
        Some(path) => {
            let file = File::options().write(true).create(true).truncate(false).open(path);
            Some((path, file.map_err(|error| unwritable(path, &error))?))
        }
    };
    let mut results = Vec::new();
    let ran = attack::run(&options, &mut |result| {
        output::print(&result.to_string());
        results.push(result.clone());
    });
    if let Some((path, file)) = &mut file {
        let text = AttackResult::list_to_json(&results) + "\n";
        file.set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(|error| unwritable(path, &error))?;
    }
    match ran {
        Err(error) if error.is_interrupt() => {
            eprintln!("throng: Interrupted; what was finished is above.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Err(error) => return Err(format!("{error}.")),
        Ok(_) => {}
    }
    let any = |is: fn(&Verdict) -> bool| results.iter().any(|result| is(&result.verdict));
    Ok(ExitCode::from(if any(|it| matches!(it, Verdict::Broken(_))) {
        BROKEN
    } else if any(|it| matches!(it, Verdict::Void(_))) {
        VOID
    } else {
        0
    }))
}

/// The attacker, as a process of its own.
#[derive(Debug, Args)]
pub(in crate::cli) struct RaidArgs {
    attack: Attack,
    #[arg(long, value_parser = loopback)]
    target: SocketAddr,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: u64,
    #[arg(long)]
    seed: u64,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let target: SocketAddr = text.parse().map_err(|_| "not an address and a port".to_owned())?;
    if !target.ip().is_loopback() {
        return Err("not on loopback, and nothing else is ever attacked".to_owned());
    }
    Ok(target)
}

/// Attacks, and prints what came of it as a line of JSON.
pub(in crate::cli) fn run_raid(args: RaidArgs) -> Result<(), String> {
    if args.connections > CONNECTIONS_MAX || args.seconds > SECONDS_MAX {
        return Err(format!(
            "An attacker has at most {CONNECTIONS_MAX} connections and {SECONDS_MAX} seconds."
        ));
    }
    // Whoever started us holds our input, and lets go of it however it ends.
    crate::cli::end_with_stdin();
    let told = attack::raid(Orders {
        attack: args.attack,
        target: args.target,
        connections: args.connections,
        lasts: Duration::from_secs(args.seconds),
        seed: args.seed,
    })
    .map_err(|error| format!("{error}."))?;
    output::line(&serde_json::to_string(&told).unwrap_or_default());
    Ok(())
}
