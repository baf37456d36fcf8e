//! Topics behind a link that stood still: the newest state, and not what went by, while all
//! that was said comes in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use throng::config::{LimitSettings, Settings};
use throng_bot::brain::Intent;
use throng_bot::client::{Client, News};
use throng_shared::wire::{Ask, Audience, Event, Outcome, TopicChange, TopicUpdate};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::relay::Relay;
use crate::resume::disc;
use crate::sockets::server;

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
const WAY: Duration = Duration::from_millis(5);
const TOPICS: [&str; 3] = ["server", "rooms", "room/arena/presence"];
/// Seconds for which the link passes nothing, as versions of a topic that is new each second.
const STALLED_VERSIONS: u32 = 5;
/// Updates of a topic that may be on their way before the link is known to be slow: a tick's
/// worth of grace, and on a machine that does other things meanwhile some more.
const ON_THE_WAY: usize = 3;

/// A client that keeps what it was told in order.
struct Follower {
    client: Client<TcpStream>,
    answers: u32,
    lines: Vec<String>,
    updates: Vec<TopicUpdate>,
    /// Versions of topics that it holds.
    held: BTreeMap<String, u32>,
}

impl Follower {
    async fn join(address: SocketAddr, stream: TcpStream, name: &str) -> Self {
        let url = format!("ws://{address}/ws");
        let client = Client::join(stream, &url, name, 3).await.expect("there is room");
        let (lines, updates, held) = Default::default();
        let mut it = Self { client, answers: 0, lines, updates, held };
        for topic in TOPICS {
            it.ask(Ask::Subscribe { topic: topic.to_owned() });
        }
        it
    }

    fn ask(&mut self, ask: Ask) {
        self.client.ask(ask).expect("it plays");
    }

    /// Plays for a moment, and takes what comes.
    async fn play(&mut self) {
        self.client.steer(Intent::default()).expect("nobody is let go");
        let end = Instant::now() + Duration::from_millis(50);
        while let Ok(news) = tokio::time::timeout_at(end, self.client.next()).await {
            if let News::Event(event) = news.expect("nobody is let go") {
                self.take(event);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a few kinds of many are of interest")]
    fn take(&mut self, event: Event) {
        match event {
            Event::Topic(update) => {
                let held = self.held.entry(update.topic.clone()).or_default();
                assert!(
                    update.since == 0 || update.since == *held,
                    "because a difference is to what is held: {update:?}, {held}"
                );
                *held = update.version;
                self.updates.push(update);
            }
            Event::Line(line) => self.lines.push(line.text),
            Event::Answer { outcome, .. } => {
                assert_eq!(outcome, Outcome::Done, "because all that is asked for is allowed");
                self.answers += 1;
            }
            _ => {}
        }
    }

    fn version(&self, topic: &str) -> u32 {
        self.held.get(topic).copied().unwrap_or(0)
    }

    /// Updates of a topic behind a version, up to another one.
    fn updates(&self, topic: &str, versions: std::ops::RangeInclusive<u32>) -> Vec<&TopicUpdate> {
        let of = |it: &&TopicUpdate| it.topic == topic && versions.contains(&it.version);
        self.updates.iter().filter(of).collect()
    }
}

/// Lets both play until something is so.
async fn play(
    [fast, slow]: [&mut Follower; 2],
    mut until: impl FnMut(&mut Follower, &mut Follower) -> bool,
) {
    let end = Instant::now() + PATIENCE;
    while !until(fast, slow) {
        assert!(Instant::now() < end, "because it comes sooner or later");
        tokio::join!(fast.play(), slow.play());
    }
}

#[tokio::test]
async fn behind_a_link_that_stood_still_topics_are_where_they_stand_and_every_line_comes() {
    // Nobody is let go for not reading, however long the machine takes.
    let limits = LimitSettings { stall_timeout_ms: Some(60_000), ..LimitSettings::default() };
    let server = server(Settings { limits, ..disc() });
    let address = server.address();
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let mut fast = Follower::join(address, stream, "fast").await;
    let (relay, stream) = Relay::open(address, WAY).expect("the server listens");
    stream.set_nonblocking(true).expect("the stream stands");
    let stream = TcpStream::from_std(stream).expect("an event loop runs");
    let mut slow = Follower::join(address, stream, "slow").await;
    // Until the server knows how long the way is.
    play([&mut fast, &mut slow], |fast, slow| {
        [fast, slow].iter().all(|it| it.updates("server", 0..=u32::MAX).len() >= 3)
    })
    .await;

    relay.narrow(0);
    let (began, mut said) = (fast.version("server"), 0);
    play([&mut fast, &mut slow], |fast, _| {
        let gone = fast.version("server") - began;
        if said < gone {
            said += 1;
            fast.ask(Ask::Say { to: Audience::Room, text: format!("line {said}") });
        }
        fast.updates("server", began + 1..=u32::MAX).len() >= STALLED_VERSIONS as usize
    })
    .await;
    let ended = fast.version("server");
    relay.narrow(u32::MAX);
    let newest = |it: &Follower| TOPICS.map(|topic| it.version(topic));
    play([&mut fast, &mut slow], |fast, slow| {
        let is_even = newest(fast) == newest(slow) && slow.version("server") > ended;
        is_even && [fast, slow].iter().all(|it| it.lines.len() == said as usize)
    })
    .await;

    let lines: Vec<String> = (1..=said).map(|line| format!("line {line}")).collect();
    assert_eq!([&fast.lines, &slow.lines], [&lines; 2], "because each line comes once, in order");
    assert_eq!((fast.answers, slow.answers), (3 + said, 3), "because each call has one answer");
    let while_stalled = began + 1..=ended;
    let told = fast.updates("server", while_stalled.clone()).len();
    assert!(told >= STALLED_VERSIONS as usize, "because its own link is fast: {told}");
    let told = slow.updates("server", while_stalled).len();
    assert!(told <= ON_THE_WAY, "because topics wait for a link that lags: {told}");
    let caught_up = slow.updates("server", ended..=u32::MAX);
    let [first, ..] = caught_up[..] else { panic!("because it is there again") };
    let missed = first.version - first.since;
    assert!(missed > STALLED_VERSIONS - ON_THE_WAY as u32, "because one stands for all: {first:?}");
    assert!(matches!(first.change, TopicChange::Server(_)));
    server.stop();
}
