//! Clients of the floor: they read and forget, and send as many bytes as a bot's
//! inputs have, as often and as evenly staggered.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use crate::brain::THINK_EVERY;

/// Bytes of a walker's input with its WebSocket header and mask.
const INPUT: [u8; 16] = [0; 16];
/// Time before the window, for all to have connected and settled.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs `count` clients for a window of `seconds`. `measure` is called at its
/// begin and gives what is called at its end.
pub(super) async fn run<T>(
    address: SocketAddr,
    count: usize,
    seconds: f64,
    measure: impl FnOnce() -> T,
) -> std::io::Result<T> {
    let window = async {
        sleep_until(Instant::now() + SETTLE).await;
        let begun = measure();
        sleep_until(Instant::now() + Duration::from_secs_f64(seconds)).await;
        begun
    };
    let clients = join_all((0..count).map(|number| play(address, number, count)));
    tokio::select! {
        begun = window => Ok(begun),
        ended = clients => {
            Err(ended.into_iter().find_map(Result::err).unwrap_or(std::io::ErrorKind::Other.into()))
        }
    }
}

async fn play(address: SocketAddr, number: usize, count: usize) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let first = Instant::now() + THINK_EVERY.mul_f64(number as f64 / count as f64);
    let mut inputs = interval_at(first, THINK_EVERY);
    inputs.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sink = [0; 4096];
    loop {
        tokio::select! {
            biased;
            _ = inputs.tick() => stream.write_all(&INPUT).await?,
            read = stream.read(&mut sink) => {
                if read? == 0 {
                    return Ok(());
                }
            }
        }
    }
}
