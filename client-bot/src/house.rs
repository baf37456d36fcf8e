//! House bots: company for a first visitor, over the same protocol as everybody.

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use throng_shared::limits::LOOKS;
use throng_shared::prng::Prng;
use throng_shared::wire::Hello;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::brain::{BrainKind, THINK_EVERY};
use crate::client::{Client, Ended};
use crate::names;
use crate::view::Atlas;

/// The request that the server sees; no such host is ever looked up.
const URL: &str = "ws://house/ws";
/// One house bot in this many strolls, the others hunt.
const WANDER_ONE_IN: usize = 4;
/// Delay before coming back, doubled after each short game.
const BACK_OFF_MIN: Duration = Duration::from_millis(200);
const BACK_OFF_MAX: Duration = Duration::from_secs(10);
/// A game that lasted as long resets the delay.
const GOOD_GAME: Duration = Duration::from_secs(10);

/// Where bots are kept, how many, and from which seed.
#[derive(Clone, Debug)]
pub struct House {
    /// Name or code of the room.
    pub room: String,
    pub count: usize,
    pub seed: u64,
}

/// Keeps the bots of a house playing, each over a stream of its own that `connect`
/// opens; the server answers at its other end. Bots that are closed come back
/// with growing delays. Ends with `stop`, and its bots with it.
///
/// It spawns nothing: all bots live in this one future.
pub async fn run<C, F, S>(house: House, connect: C, stop: impl Future<Output = ()>)
where
    C: Fn() -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (house, connect, atlas) = (&house, &connect, &Atlas::default());
    let bots = (0..house.count).map(|number| keep_playing(number, house, connect, atlas));
    let bots = join_all(bots);
    tokio::select! {
        biased;
        () = stop => {}
        _ = bots => {}
    }
}

async fn keep_playing<C, F, S>(number: usize, house: &House, connect: &C, atlas: &Atlas)
where
    C: Fn() -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut rng = Prng::stream(house.seed, number as u64);
    let mut back_off = BACK_OFF_MIN;
    // Thoughts of many bots are spread over the interval in which each has one.
    sleep(THINK_EVERY.mul_f64(rng.below(1000).into()) / 1000).await;
    loop {
        let began = Instant::now();
        let ended = match connect().await {
            Ok(stream) => play((number, &house.room), stream, &mut rng, atlas).await,
            Err(error) => Ended::Broken(error.to_string()),
        };
        if began.elapsed() >= GOOD_GAME {
            back_off = BACK_OFF_MIN;
        }
        let asked = match ended {
            Ended::Closed { retry_after_ms, .. } => Duration::from_millis(retry_after_ms.into()),
            Ended::Handshake(_)
            | Ended::NoWelcome
            | Ended::Fault(_)
            | Ended::BadMap(_)
            | Ended::Silent
            | Ended::Broken(_) => Duration::ZERO,
        };
        let jitter = back_off.mul_f64(f64::from(rng.below(1000)) / 1000.0);
        sleep((back_off + jitter).max(asked)).await;
        back_off = (back_off * 2).min(BACK_OFF_MAX);
    }
}

/// Plays until the game ends, and tells how.
async fn play<S>((number, room): (usize, &str), stream: S, rng: &mut Prng, atlas: &Atlas) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let kind = if number % WANDER_ONE_IN == WANDER_ONE_IN - 1 {
        BrainKind::Wander
    } else {
        BrainKind::Hunt
    };
    let look = rng.below(LOOKS.into()) as u8;
    let hello = Hello { room: room.to_owned(), ..Hello::guest(&names::house_bot(number), look) };
    let joined = Client::join_as(stream, URL, hello, atlas).await;
    let mut client = match joined {
        Ok(client) => client,
        Err(ended) => return ended,
    };
    let mut brain = kind.brain();
    let mut thoughts = interval_at(Instant::now(), THINK_EVERY);
    thoughts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = thoughts.tick() => {
                let intent = brain.think(client.view(), rng);
                if let Err(ended) = client.steer(intent) {
                    return ended;
                }
            }
            news = client.next() => {
                if let Err(ended) = news {
                    return ended;
                }
            }
        }
    }
}
