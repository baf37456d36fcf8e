//! A walker behind a real link, beside a crowd on a real server.

use std::net::SocketAddr;
use std::time::Duration;

use throng::serve::Server;
use throng_bot::brain::BrainKind;
use throng_bot::client::{Client, News};
use throng_shared::prng::Prng;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::relay::Relay;

/// One way of the link.
const WAY: Duration = Duration::from_millis(10);

/// Ages of snapshots when they were read: the server's newest tick less theirs. Ticks
/// of the server, so that a slow machine, which slows both, changes little.
#[derive(Debug)]
pub(crate) struct Ages {
    sorted: Vec<u32>,
    /// Bytes that passed in a tick of the server.
    pub(crate) frame: f64,
    pub(crate) ticks: u32,
    /// Why it plays no more.
    pub(crate) ended: Option<String>,
}

impl Ages {
    /// The age in ticks that so many of the snapshots do not exceed.
    pub(crate) fn ticks(&self, share: f64) -> u32 {
        let index = (self.sorted.len() as f64 * share) as usize;
        // Who saw nothing is behind by all there was.
        self.sorted.get(index.min(self.sorted.len().saturating_sub(1))).map_or(self.ticks, |&it| it)
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.sorted.len()
    }
}

impl std::fmt::Display for Ages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (p50, p99, max) = (self.ticks(0.5), self.ticks(0.99), self.ticks(1.0));
        let (snapshots, Self { ticks, frame, ended, .. }) = (self.snapshots(), self);
        write!(f, "{snapshots} snapshots in {ticks} ticks of {frame:.0} bytes: ")?;
        write!(f, "age p50 {p50}, p99 {p99}, max {max} ticks")?;
        ended.as_ref().map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}

pub(crate) struct Reader {
    pub(crate) relay: Relay,
    pub(crate) client: Client<TcpStream>,
    chance: Prng,
}

impl Reader {
    pub(crate) async fn join(address: SocketAddr, name: &str) -> Self {
        let (relay, stream) = Relay::open(address, WAY).expect("the server listens");
        stream.set_nonblocking(true).expect("the stream stands");
        let stream = TcpStream::from_std(stream).expect("an event loop runs");
        let url = format!("ws://{address}/ws");
        let client = Client::join(stream, &url, name, 3).await.expect("there is room");
        Self { relay, client, chance: Prng::new(5) }
    }

    /// Plays for a while, or until it is let go, and tells the ages of what it read.
    pub(crate) async fn play(&mut self, server: &Server, span: Duration) -> Ages {
        let end = Instant::now() + span;
        let (passed, tick) = (self.relay.passed(), server.status().tick());
        let mut thoughts = tokio::time::interval(Duration::from_millis(100));
        let mut brain = BrainKind::Walk.brain();
        let mut sorted = Vec::new();
        let mut ended = None;
        while Instant::now() < end && ended.is_none() {
            tokio::select! {
                _ = thoughts.tick() => {
                    let intent = brain.think(self.client.view(), &mut self.chance);
                    ended = self.client.steer(intent).err();
                }
                news = self.client.next() => match news {
                    Ok(News::Snapshot(arrival)) => {
                        sorted.push(server.status().tick().wrapping_sub(arrival.tick.0));
                    }
                    Ok(News::Event(_) | News::Moved) => {}
                    Err(why) => ended = Some(why),
                },
            }
        }
        sorted.sort_unstable();
        let ticks = server.status().tick() - tick;
        let frame = (self.relay.passed() - passed) as f64 / f64::from(ticks.max(1));
        Ages { sorted, frame, ticks, ended: ended.map(|why| why.to_string()) }
    }
}
