//! The whole path over real sockets: a server of this process, bots of this process.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use throng::config::{ArenaSpec, Config, Settings};
use throng::link::Step;
use throng::serve::{Server, start};
use throng_bot::brain::BrainKind;
use throng_bot::client::Client;
use throng_shared::prng::Prng;
use throng_shared::wire::{ClientMessage, Hello, ServerMessage, decode_server, encode};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Message;

pub(crate) fn server(settings: Settings) -> Server {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings { listen: Some(listen), ..settings };
    let config = Config::new(settings).expect("the settings are allowed");
    let server = start(&config).expect("a port is free");
    // A busy machine must not keep a test's clients out.
    server.hold_step(Some(Step::Open));
    server
}

pub(crate) fn empty() -> Settings {
    Settings { house_bots: Some(0), arena: Some(ArenaSpec::Auto(50)), ..Settings::default() }
}

#[tokio::test]
async fn fifty_bots_play_in_sync_and_nobody_is_lost() {
    let server = server(Settings { house_bots: Some(0), ..Settings::default() });
    let address = server.address();
    let games = (0..50_u64).map(|number| async move {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let url = format!("ws://{address}/ws");
        let name = format!("bot {number}");
        let mut client = Client::join(stream, &url, &name, 3).await.expect("there is room");
        let mut brain = BrainKind::Hunt.brain();
        let mut chance = Prng::stream(1, number);
        let mut snapshots = 0;
        let end = tokio::time::Instant::now() + Duration::from_secs(5);
        let mut thoughts = tokio::time::interval(Duration::from_millis(100));
        while tokio::time::Instant::now() < end {
            tokio::select! {
                _ = thoughts.tick() => {
                    let intent = brain.think(client.view(), &mut chance);
                    client.steer(intent).expect("the game goes on");
                }
                news = client.next() => {
                    news.expect("nobody is lost");
                    snapshots += 1;
                }
            }
        }
        let (desyncs, checks) = (client.desyncs(), client.view().checks());
        client.leave().await;
        (desyncs, checks, snapshots)
    });
    let games = futures_util::future::join_all(games).await;
    for (desyncs, checks, snapshots) in games {
        assert_eq!(desyncs, 0, "because what a client holds is exact");
        assert!(checks > 0, "because zero desyncs without checks prove nothing");
        assert!(snapshots > 10, "because snapshots keep coming, even on a slow machine");
    }
    server.stop();
}

#[tokio::test]
async fn a_full_room_says_when_to_come_back() {
    let server = server(Settings { players_max: Some(1), ..empty() });
    let mut first = hello(server.address()).await;
    assert!(matches!(next(&mut first).await, Some(ServerMessage::Welcome(_))));
    let mut second = hello(server.address()).await;
    let Some(ServerMessage::Goodbye { code, retry_after_ms, .. }) = next(&mut second).await else {
        panic!("a full room says Goodbye")
    };
    assert_eq!(code, 1013);
    assert!(retry_after_ms > 0, "because a client must know when to come back");
    server.stop();
}

#[tokio::test]
async fn a_stop_closes_everybody_with_1012_in_time() {
    let server = server(empty());
    let mut players = Vec::new();
    for _ in 0..200 {
        players.push(hello(server.address()).await);
    }
    for player in &mut players {
        assert!(matches!(next(player).await, Some(ServerMessage::Welcome(_))));
    }
    let closes = tokio::spawn(async move {
        let ends = players.into_iter().map(|mut player| async move {
            while let Some(Ok(message)) = player.next().await {
                if let Message::Close(Some(frame)) = message {
                    return u16::from(frame.code);
                }
            }
            0
        });
        futures_util::future::join_all(ends).await
    });
    let began = Instant::now();
    tokio::task::spawn_blocking(move || server.stop()).await.expect("the server stops");
    let took = began.elapsed();
    let closes = closes.await.expect("every client hears its end");
    assert!(closes.iter().all(|&code| code == 1012), "because a restart is no error: {closes:?}");
    assert!(
        took < Duration::from_secs(10),
        "because a stop is bounded, by design to 2 s: {took:?}"
    );
}

#[tokio::test]
async fn a_reader_that_stands_still_is_counted_and_let_go() {
    let server = server(Settings { house_bots: Some(30), ..Settings::default() });
    let stalled = tokio::net::TcpSocket::new_v4().expect("a socket");
    stalled.set_recv_buffer_size(4096).expect("the system takes a small buffer");
    let stream = stalled.connect(server.address()).await.expect("the server listens");
    let url = format!("ws://{}/ws", server.address());
    let (mut socket, _) =
        tokio_tungstenite::client_async(url, stream).await.expect("the server shakes hands");
    let bytes = encode(&ClientMessage::Hello(Hello::guest("stone", 0)));
    socket.send(Message::binary(bytes)).await.expect("the socket takes a message");
    assert!(matches!(next(&mut socket).await, Some(ServerMessage::Welcome(_))));
    let deadline = Instant::now() + Duration::from_secs(60);
    // It reads nothing any more. It answers nothing either, so 4009 may come first.
    let ends = loop {
        let ends = server.tally().ends();
        if ends.keys().any(|end| end.starts_with("4013") || end.starts_with("4009")) {
            break ends;
        }
        assert!(Instant::now() < deadline, "because a stalled reader is let go: {ends:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(ends.values().sum::<u64>(), 1, "because nobody else is: {ends:?}");
    server.stop();
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

pub(crate) async fn connect(address: SocketAddr) -> Socket {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let url = format!("ws://{address}/ws");
    tokio_tungstenite::client_async(url, stream).await.expect("the server shakes hands").0
}

pub(crate) async fn hello(address: SocketAddr) -> Socket {
    let mut socket = connect(address).await;
    let bytes = encode(&ClientMessage::Hello(Hello::guest("tester", 0)));
    socket.send(Message::binary(bytes)).await.expect("the socket takes a message");
    socket
}

pub(crate) async fn next(socket: &mut Socket) -> Option<ServerMessage> {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message {
            return Some(decode_server(&bytes).expect("the server speaks the protocol"));
        }
    }
    None
}
