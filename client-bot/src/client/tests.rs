//! A client against a server that follows a script, over an in-memory stream.

use futures_util::{SinkExt, StreamExt};
use throng_shared::cells::Focus;
use throng_shared::ids::NetId;
use throng_shared::limits::PROTOCOL_VERSION;
use throng_shared::map::TileMap;
use throng_shared::wire::{
    CellKeyframe, Identity, MapRuns, Refocus, SCHEMA_HASH, Secret, ServerMessage, SteerChange,
    TickDelta, decode_client, encode,
};
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::*;

const URL: &str = "ws://house/ws";
/// Larger than anything that is said here, so that nobody waits.
const PIPE_BYTES: usize = 64 << 10;
const FOCUS: Focus = Focus { x: 0, y: 0, w: 1, h: 1 };

struct Server(WebSocketStream<DuplexStream>);

impl Server {
    async fn say(&mut self, message: &ServerMessage) {
        self.0.send(Message::binary(encode(message))).await.expect("the client is there");
    }

    async fn snapshot(&mut self, snapshot: Snapshot) {
        self.say(&ServerMessage::Snapshot(snapshot)).await;
    }

    async fn hear(&mut self) -> ClientMessage {
        let frame = self.0.next().await.expect("the client is there").expect("a frame came");
        decode_client(&frame.into_data()).expect("a client sends messages")
    }

    async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "why".into() };
        self.0.close(Some(frame)).await.expect("the client is there");
    }
}

fn welcome() -> ServerMessage {
    let map = TileMap::walled(8, 8).expect("the size is allowed");
    ServerMessage::Welcome(Welcome {
        secret: Secret::default(),
        resumed: false,
        identity: Identity::default(),
        session_ms: 60_000,
        time_ms: 0,
        watch: false,
        you: NetId(1),
        own: NetId(1),
        tick: 100,
        tick_hz: 30,
        room: "test".to_owned(),
        map: MapRuns { width: 8, height: 8, runs: map.runs() },
    })
}

fn restart(tick: u32) -> Snapshot {
    let refocus =
        Refocus { restart: Some(tick), focus: FOCUS, keyframes: vec![CellKeyframe::default()] };
    Snapshot { refocus: Some(refocus), ..Snapshot::default() }
}

/// A tick that changes a glider that nobody holds.
fn nonsense() -> Snapshot {
    let steers = vec![SteerChange { who: NetId(9), heading: 0 }];
    let delta = TickDelta { steers, ..TickDelta::default() };
    Snapshot { ticks: vec![delta], ..Snapshot::default() }
}

fn tick() -> Snapshot {
    Snapshot { ticks: vec![TickDelta::default()], ..Snapshot::default() }
}

/// A welcomed client and its server.
async fn pair() -> (Client<DuplexStream>, Server) {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let accept = async {
        let mut server = Server(accept_async(far).await.expect("the client shakes hands"));
        let hello = server.hear().await;
        let ClientMessage::Hello(hello) = hello else {
            panic!("because Hello is first: {hello:?}")
        };
        assert_eq!((hello.version, hello.schema), (PROTOCOL_VERSION, SCHEMA_HASH));
        assert_eq!((hello.name.as_str(), hello.look), ("Ada", 3));
        server.say(&welcome()).await;
        server
    };
    let (client, server) = tokio::join!(Client::join(near, URL, "Ada", 3), accept);
    (client.expect("it is welcomed"), server)
}

async fn arrival(client: &mut Client<DuplexStream>) -> Arrival {
    match client.next().await.expect("the game goes on") {
        News::Snapshot(arrival) => arrival,
        News::Event(event) => panic!("because a snapshot was sent, not {event:?}"),
        News::Moved => panic!("because nobody went to another room"),
    }
}

#[tokio::test]
async fn a_ping_is_answered_at_once() {
    let (mut client, mut server) = pair().await;
    server.say(&ServerMessage::Ping { nonce: 77, rtt_ms: 0, jitter_ms: 0 }).await;
    server.snapshot(restart(100)).await;
    arrival(&mut client).await;
    assert_eq!(server.hear().await, ClientMessage::Pong { nonce: 77, received: 0 });
}

#[tokio::test]
async fn a_goodbye_tells_more_than_the_close() {
    let (mut client, mut server) = pair().await;
    let reason = "the room is full".to_owned();
    server.say(&ServerMessage::Goodbye { code: 1013, reason, retry_after_ms: 1500 }).await;
    server.close(1013).await;
    let reason = "the room is full".to_owned();
    let ended = Ended::Closed { code: 1013, reason, retry_after_ms: 1500 };
    assert_eq!(client.next().await, Err(ended));
}

#[tokio::test]
async fn a_bare_close_and_a_cut_are_told_apart() {
    let (mut client, mut server) = pair().await;
    server.close(1012).await;
    let ended = Ended::Closed { code: 1012, reason: "why".to_owned(), retry_after_ms: 0 };
    assert_eq!(client.next().await, Err(ended));

    let (mut client, server) = pair().await;
    drop(server);
    assert!(matches!(client.next().await, Err(Ended::Broken(_))), "because nobody said why");
}

#[tokio::test]
async fn a_desync_asks_once_until_the_restart_comes() {
    let (mut client, mut server) = pair().await;
    server.snapshot(restart(100)).await;
    for _ in 0..3 {
        server.snapshot(nonsense()).await;
    }
    server.snapshot(restart(110)).await;
    server.snapshot(tick()).await;
    let mut desyncs = Vec::new();
    for _ in 0..6 {
        desyncs.push(arrival(&mut client).await.desync);
    }
    let unknown = Some(Desync::UnknownGlider { who: NetId(9) });
    assert_eq!(desyncs, [None, unknown, None, None, None, None], "because it waits for a restart");
    assert_eq!((client.desyncs(), client.seen()), (1, Tick(111)));
    assert_eq!(client.view().tick(), Tick(111), "because the view follows again");
    assert_eq!(server.hear().await, ClientMessage::Resync);
    client.steer(Intent::default()).expect("the game goes on");
    assert!(matches!(server.hear().await, ClientMessage::Input(_)), "because one Resync is enough");
}

#[tokio::test]
async fn inputs_name_ascending_ticks_ahead_of_what_was_seen() {
    let (mut client, mut server) = pair().await;
    server.snapshot(restart(100)).await;
    arrival(&mut client).await;
    let mut last = Tick(100);
    for _ in 0..3 {
        let named = client.steer(Intent { heading: 5, fire: true, ..Intent::default() });
        let named = named.expect("the game goes on");
        assert!(named.since(last) >= 0, "because a clock runs forward");
        let ClientMessage::Input(input) = server.hear().await else { panic!("an input was sent") };
        assert_eq!(input.tick, named.0);
        assert_eq!(i32::from(input.ahead), named.since(Tick(100)), "because 100 was seen");
        last = named;
    }
}

#[test]
fn an_ack_is_completed_near_its_snapshot() {
    let acked = |tick, ack| {
        let feedback = Some(Feedback { ack, early: 0 });
        Arrival { tick: Tick(tick), feedback, desync: None }.acked()
    };
    assert_eq!(acked(500, 0), Some(Tick(500)));
    assert_eq!(acked(500, -2), Some(Tick(498)), "because an input stays in force");
    assert_eq!(acked(500, 3), Some(Tick(503)), "because an input waits for its tick");
    assert_eq!(Arrival { tick: Tick(1), feedback: None, desync: None }.acked(), None);
}

#[tokio::test]
async fn every_byte_after_the_handshake_is_counted() {
    let (mut client, mut server) = pair().await;
    let before = client.traffic();
    let hello = encode(&ClientMessage::Hello(Hello::guest("Ada", 3)));
    // A client's frame has a head of two bytes and a mask of four.
    assert_eq!(before.bytes_out, 2 + 4 + hello.len() as u64);
    assert_eq!(before.bytes_in, 2 + encode(&welcome()).len() as u64);
    let snapshot = restart(100);
    let length = encode(&ServerMessage::Snapshot(snapshot.clone())).len() as u64;
    server.snapshot(snapshot).await;
    arrival(&mut client).await;
    assert_eq!(client.traffic().bytes_in - before.bytes_in, 2 + length);
}

#[tokio::test]
async fn who_leaves_says_bye_and_waits_for_the_close() {
    let (client, mut server) = pair().await;
    let serve = async {
        assert_eq!(server.hear().await, ClientMessage::Bye);
        server.close(1000).await;
        assert!(
            matches!(server.0.next().await, Some(Ok(Message::Close(_)))),
            "because the client answers the close"
        );
    };
    let (traffic, ()) = tokio::join!(client.leave(), serve);
    assert!(traffic.bytes_out > 0);
}
