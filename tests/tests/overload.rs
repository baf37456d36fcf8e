//! What a server gives up under load, step by step: newcomers first, then the rate.

use std::time::Duration;

use futures_util::StreamExt;
use throng::config::{Settings, SwitchedOff};
use throng::link::Step;
use throng::serve::Server;
use throng_bot::brain::BrainKind;
use throng_bot::client::{Client, News};
use throng_shared::limits::{RETRY_MAX_MS, RETRY_MS};
use throng_shared::prng::Prng;
use throng_shared::wire::{Event, ServerMessage, decode_server};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::{connect, empty, hello, next, server};

const INSIDE: u64 = 10;
/// Long, because a busy machine is no fault of the server.
const PATIENCE: Duration = Duration::from_secs(30);

type Player = Client<TcpStream>;

/// A server that takes so many of one address: what is left is that each has its turn.
fn without_caps() -> Server {
    let switched_off = SwitchedOff { address_caps: true, ..SwitchedOff::default() };
    server(Settings { switched_off, ..empty() })
}

async fn players(server: &Server) -> Vec<Player> {
    let address = server.address();
    let url = format!("ws://{address}/ws");
    let mut players = Vec::new();
    for number in 0..INSIDE {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let name = format!("bot {number}");
        players.push(Client::join(stream, &url, &name, 3).await.expect("there is room"));
    }
    players
}

/// What one player saw.
#[derive(Debug, Default)]
struct Seen {
    /// From the first to the last snapshot.
    ticks: i32,
    snapshots: i32,
    notices: Vec<String>,
    desyncs: u64,
    checks: u64,
}

/// Plays until so many ticks have come, and gives the players back.
async fn play(players: Vec<Player>, ticks: i32) -> Vec<(Player, Seen)> {
    let games = (0_u64..).zip(players).map(|(number, mut client)| async move {
        let mut brain = BrainKind::Hunt.brain();
        let mut chance = Prng::stream(1, number);
        let mut thoughts = tokio::time::interval(Duration::from_millis(100));
        let mut seen = Seen::default();
        let mut first = None;
        while seen.ticks < ticks {
            tokio::select! {
                _ = thoughts.tick() => {
                    let intent = brain.think(client.view(), &mut chance);
                    client.steer(intent).expect("the game goes on");
                }
                news = client.next() => match news.expect("nobody is lost") {
                    News::Snapshot(arrival) => {
                        seen.ticks = arrival.tick.since(*first.get_or_insert(arrival.tick));
                        seen.snapshots += 1;
                    }
                    News::Event(Event::Notice { text }) => seen.notices.push(text),
                    News::Event(_) | News::Moved => {}
                },
            }
        }
        (seen.desyncs, seen.checks) = (client.desyncs(), client.view().checks());
        (client, seen)
    });
    let games = futures_util::future::join_all(games);
    timeout(PATIENCE, games).await.expect("snapshots keep coming")
}

/// Waits until the server has taken a step.
async fn reach(server: &Server, step: Step) {
    server.hold_step(Some(step));
    let deadline = Instant::now() + PATIENCE;
    while server.gauge().step() != step {
        assert!(Instant::now() < deadline, "because the room looks at every tick");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn newcomers_are_sent_away_and_those_inside_keep_every_tick() {
    let server = server(empty());
    let inside = players(&server).await;
    reach(&server, Step::Shut).await;
    let mut waits = Vec::new();
    for number in 0..6 {
        // Some say Hello, some listen first.
        let mut socket = if number % 2 == 0 {
            hello(server.address()).await
        } else {
            connect(server.address()).await
        };
        let Some(Ok(Message::Binary(first))) = socket.next().await else {
            panic!("a newcomer is told something")
        };
        let Ok(ServerMessage::Goodbye { code, retry_after_ms, .. }) = decode_server(&first) else {
            panic!("a newcomer is told Goodbye")
        };
        assert_eq!(code, 1013);
        waits.push(retry_after_ms);
        let Some(Ok(Message::Close(Some(close)))) = socket.next().await else {
            panic!("and the connection is closed")
        };
        assert_eq!(u16::from(close.code), 1013);
        assert!(
            close.reason.contains(&format!("retry_after_ms={retry_after_ms}")),
            "because some read only that: {}",
            close.reason
        );
    }
    assert!(waits.iter().all(|wait| (RETRY_MS..=RETRY_MAX_MS).contains(wait)), "{waits:?}");
    assert_ne!(waits[0], waits[1], "because they shall not come back at once");
    assert_eq!(server.gauge().refused(), 6);
    let played = play(inside, 90).await;
    for (_, seen) in &played {
        assert_eq!(seen.desyncs, 0, "because every tick came, and in order");
        assert!(seen.notices.iter().any(|text| text.contains("newcomers")), "{:?}", seen.notices);
    }
    // A machine that stalls may leave somebody out now and then, not half of the time.
    let (ticks, snapshots) = sum(&played);
    assert!(snapshots * 2 > ticks, "because the rate stays: {snapshots} of {ticks}");
    reach(&server, Step::Open).await;
    let mut back = hello(server.address()).await;
    assert!(matches!(next(&mut back).await, Some(ServerMessage::Welcome(_))));
    server.stop();
}

#[tokio::test]
async fn at_the_next_step_every_second_tick_is_sent_and_nothing_is_lost() {
    let server = server(empty());
    let mut inside = players(&server).await;
    for (step, rhythm) in [(Step::Second, 2), (Step::Fourth, 4)] {
        reach(&server, step).await;
        // What was on its way has come.
        inside = play(inside, 8).await.into_iter().map(|(client, _)| client).collect();
        let played = play(inside, 120).await;
        let (ticks, snapshots) = sum(&played);
        // A late thread makes up for a turn, so that it may be near the next one.
        assert!(
            snapshots * rhythm < ticks * 5 / 4,
            "because one in {rhythm} is sent: {snapshots} of {ticks}"
        );
        for (_, seen) in &played {
            assert_eq!(seen.desyncs, 0, "because a snapshot holds the ticks before it");
            assert!(seen.checks > 0, "because zero desyncs without checks prove nothing");
        }
        inside = played.into_iter().map(|(client, _)| client).collect();
    }
    reach(&server, Step::Open).await;
    inside = play(inside, 8).await.into_iter().map(|(client, _)| client).collect();
    let (ticks, snapshots) = sum(&play(inside, 90).await);
    assert!(snapshots * 2 > ticks, "because the rate is back: {snapshots} of {ticks}");
    server.stop();
}

#[tokio::test]
async fn a_storm_of_newcomers_is_answered_and_those_inside_play_on() {
    let server = without_caps();
    let inside = players(&server).await;
    let address = server.address();
    let storm = (0..300).map(|_| async move {
        let mut socket = hello(address).await;
        match next(&mut socket).await {
            Some(ServerMessage::Welcome(_)) => true,
            Some(ServerMessage::Goodbye { code: 1013, retry_after_ms: 1.., .. }) => false,
            other => panic!("a newcomer comes in or is told when to come back: {other:?}"),
        }
    });
    let storm = timeout(PATIENCE, futures_util::future::join_all(storm));
    let (answers, played) = tokio::join!(storm, play(inside, 60));
    let answers = answers.expect("everybody is answered");
    assert!(answers.contains(&true), "because there is room");
    assert!(played.iter().all(|(_, seen)| seen.desyncs == 0));
    server.stop();
}

/// Newcomers of one address, all at once.
const FLOOD: usize = 1_500;

/// Opens a connection from one of this machine's addresses.
#[cfg(target_os = "linux")]
async fn from(source: [u8; 4], server: &Server) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((source, 0).into()).expect("all of 127 is this machine");
    socket.connect(server.address()).await.expect("the server listens")
}

/// Opens the flood's connections, each with a whole handshake.
#[cfg(target_os = "linux")]
async fn flood(server: &Server) -> Vec<TcpStream> {
    throng_bot::load::allow_open_files(FLOOD * 2).expect("so many files may be open");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address()
    );
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        let stream = from([127, 0, 2, 1], server).await;
        assert_eq!(stream.try_write(request.as_bytes()).ok(), Some(request.len()));
        flood.push(stream);
    }
    flood
}

/// How many of them have been answered.
#[cfg(target_os = "linux")]
fn answered(flood: &[TcpStream]) -> usize {
    flood.iter().filter(|stream| stream.try_read(&mut [0; 64]).is_ok_and(|count| count > 0)).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_flood_from_one_address_does_not_keep_another_waiting() {
    let server = without_caps();
    let flood = flood(&server).await;
    let url = format!("ws://{}/ws", server.address());
    let stream = from([127, 0, 2, 2], &server).await;
    let joined = timeout(PATIENCE, Client::join(stream, &url, "Ada", 3)).await;
    let before = answered(&flood);
    joined.expect("within the test").expect("there is room");
    assert!(
        before < FLOOD * 9 / 10,
        "because whoever came first is not first of all: {before} of {FLOOD}"
    );
    server.stop();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn pages_are_served_while_a_crowd_is_sent_away() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = without_caps();
    reach(&server, Step::Shut).await;
    let flood = flood(&server).await;
    let mut stream = from([127, 0, 2, 2], &server).await;
    let request = "GET /api/rooms HTTP/1.1\r\nHost: here\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    let before = answered(&flood);
    read.expect("within the test").expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"step\":1"), "{answer}");
    assert!(before < FLOOD * 9 / 10, "because pages have their own turns: {before} of {FLOOD}");
    server.stop();
}

/// Ticks and intervals between snapshots of all players.
fn sum(played: &[(Player, Seen)]) -> (i32, i32) {
    let ticks = played.iter().map(|(_, seen)| seen.ticks).sum();
    (ticks, played.iter().map(|(_, seen)| seen.snapshots - 1).sum())
}
