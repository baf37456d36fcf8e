//! What is no valid message ends with its code and a counted reason, and leaves
//! the world as it was.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use throng::config::{Config, Settings};
use throng::room::intent_of;
use throng::sim::{Intent, Newcomer, Sim, SimOptions};
use throng_shared::ids::Tick;
use throng_shared::limits::{CLIENT_MESSAGE_BYTES, PROTOCOL_VERSION, THRUST_MAX};
use throng_shared::motion::Steer;
use throng_shared::session::{Newest, Request, ServerSession};
use throng_shared::time::Millis;
use throng_shared::wire::{ClientMessage, Hello, Input, SCHEMA_HASH, ServerMessage, encode};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::{connect, empty, hello, next, server};

fn greeting() -> Hello {
    Hello::guest("Eve", 0)
}

struct World {
    sim: Sim,
    session: ServerSession,
}

/// A world with one player, and the player's session, at its newest tick.
fn world() -> World {
    let config = Config::new(Settings::default()).expect("defaults are allowed");
    let (arena, shards) = config.arena().expect("the built-in map is whole");
    let mut sim = Sim::new(arena, &SimOptions { tick_hz: 30, seed: 3, players_max: 4, shards });
    let mut session = ServerSession::new(Millis(0));
    let greeted = session.handle_frame(
        Millis(0),
        Newest::both(Tick(0)),
        &encode(&ClientMessage::Hello(greeting())),
    );
    assert!(matches!(greeted, Ok(Request::Join { .. })), "because Hello joins");
    sim.join(Newcomer { name: "Eve".to_owned(), look: 0 });
    for _ in 0..300 {
        sim.step();
    }
    session.welcome(sim.tick());
    World { sim, session }
}

/// Valid messages, broken in one of the ways in which bytes can be.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let input = (290_u32..310, 0_u16..20, any::<[u8; 4]>(), THRUST_MAX + 1..=255).prop_map(
        |(tick, ahead, [heading, aim, fire, dash], thrust)| {
            encode(&ClientMessage::Input(Input { tick, ahead, heading, thrust, aim, fire, dash }))
        },
    );
    let far = prop_oneof![0_u32..100, 1_000_u32..u32::MAX].prop_map(|tick| {
        let input = Input { tick, ahead: 5000, thrust: THRUST_MAX, ..Input::default() };
        encode(&ClientMessage::Input(input))
    });
    let trailing = any::<u16>().prop_map(|nonce| {
        let mut bytes = encode(&ClientMessage::Pong { nonce, received: 0 });
        bytes.push(0);
        bytes
    });
    let forged = (0_u8..8, any::<[u8; 9]>()).prop_map(|(tag, rest)| {
        let mut bytes = vec![tag, 253];
        bytes.extend(rest);
        bytes
    });
    let again = Just(encode(&ClientMessage::Hello(greeting())));
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..64), input, far, trailing, forged, again]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_refused_frame_leaves_the_world_untouched(frame in broken()) {
        thread_local! {
            static WORLDS: std::cell::RefCell<(World, World)> =
                std::cell::RefCell::new((world(), world()));
        }
        WORLDS.with_borrow_mut(|(attacked, twin)| {
            let you = attacked.sim.ids().next().expect("one plays");
            let newest = Newest::both(attacked.sim.tick());
            match attacked.session.clone().handle_frame(Millis(1), newest, &frame) {
                Err(refusal) => {
                    let (code, reason) = refusal.why.close();
                    prop_assert!(code.number() >= 1000 && !reason.is_empty());
                }
                // Random bytes may be an input: then both worlds take it, and go on alike.
                Ok(Request::Input(input)) => {
                    prop_assert!(input.thrust <= THRUST_MAX);
                    attacked.sim.intend(you, intent_of(&input));
                    twin.sim.intend(you, intent_of(&input));
                }
                Ok(
                    Request::Resync
                    | Request::Leave
                    | Request::Received(_)
                    | Request::Ask { .. }
                    | Request::Stale
                    | Request::Misplaced(_),
                ) => {}
                Ok(Request::Join { .. }) => prop_assert!(false, "because nobody joins twice"),
            }
            for _ in 0..2 {
                attacked.sim.step();
                twin.sim.step();
                attacked.sim.forget();
                twin.sim.forget();
                let (one, other) = (attacked.sim.digest(), twin.sim.digest());
                prop_assert_eq!(one, other, "because a refusal is no command");
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_intent_takes_a_glider_out_of_the_arena(
        intents in proptest::collection::vec((0_u32..80, any::<[u8; 4]>(), 0..=THRUST_MAX), 1..40)
    ) {
        let World { mut sim, .. } = world();
        let id = sim.ids().next().expect("one plays");
        let start = sim.tick();
        for (ahead, [heading, aim, fire, dash], thrust) in intents {
            let steer = Steer { heading, thrust };
            let tick = start.offset(ahead.cast_signed());
            sim.intend(id, Intent { tick, steer, aim, fire, dash });
        }
        for _ in 0..100 {
            sim.step();
            sim.forget();
            let it = sim.player(id).expect("the player plays on");
            prop_assert!(!sim.map().is_solid_at(it.body.pos), "because walls hold: {:?}", it.body);
        }
    }
}

/// Sends one frame and gives the close code that it earns.
async fn code_after(
    mut socket: tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>,
    frame: Message,
) -> (u16, String) {
    socket.send(frame).await.expect("the socket takes a message");
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(Some(frame)) = message {
            return (frame.code.into(), frame.reason.to_string());
        }
    }
    panic!("the server said no close code")
}

#[tokio::test]
async fn a_running_server_answers_every_fault_with_its_code() {
    let server = server(empty());
    let address = server.address();
    let binary = |bytes: &[u8]| Message::binary(bytes.to_vec());
    // Hello, whose name claims lengths: of what a message may have, over it, and of 64 bits.
    let forged = |claim: &[u8]| binary(&[&[1, 1, 0], claim].concat());
    let long = CLIENT_MESSAGE_BYTES;
    let wrong = Hello { version: PROTOCOL_VERSION + 1, ..greeting() };
    let stale = Hello { schema: !SCHEMA_HASH, ..greeting() };
    let named = Hello { name: "\u{202E}evil".to_owned(), ..greeting() };
    let input = encode(&ClientMessage::Input(Input::default()));
    for (frame, expected) in [
        (binary(&[]), 4001),
        (binary(&[77]), 4001),
        (binary(&encode(&ClientMessage::Hello(greeting()))[..9]), 4001),
        (binary(&[&encode(&ClientMessage::Hello(greeting()))[..], &[0]].concat()), 4001),
        (forged(&[251, 200, 0]), 4001),
        (forged(&[252, 255, 255, 0, 0]), 4001),
        (forged(&[253, 255, 255, 255, 255, 255, 255, 255, 255]), 4001),
        (binary(&vec![77; long]), 4001),
        (binary(&vec![77; long + 1]), 1009),
        (binary(&[0; 4096]), 1009),
        (Message::text("hello"), 1003),
        (binary(&input), 4003),
        (binary(&encode(&ClientMessage::Hello(wrong))), 4012),
        (binary(&encode(&ClientMessage::Hello(stale))), 4012),
        (binary(&encode(&ClientMessage::Hello(named))), 1008),
    ] {
        let (code, reason) = code_after(connect(address).await, frame.clone()).await;
        assert_eq!(code, expected, "because {frame:?} was sent ({reason})");
        assert!(!reason.is_empty(), "because a peer is told why");
    }

    for (input, expected) in [
        (Input { thrust: 16, ..Input::default() }, 4001),
        (Input { tick: u32::MAX / 2, ..Input::default() }, 1008),
        (Input { tick: 1_000_000, ..Input::default() }, 1008),
    ] {
        let mut socket = hello(address).await;
        assert!(matches!(next(&mut socket).await, Some(ServerMessage::Welcome(_))));
        let frame = binary(&encode(&ClientMessage::Input(input)));
        let (code, _) = code_after(socket, frame).await;
        assert_eq!(code, expected, "because {input:?} was sent");
    }
    let ends = server.tally().ends();
    let counted: u64 = ends.values().sum();
    assert!(counted >= 14, "because every end is counted under its reason: {ends:?}");

    let mut socket = hello(address).await;
    assert!(
        matches!(next(&mut socket).await, Some(ServerMessage::Welcome(_))),
        "because the server plays on"
    );
    server.stop();
}

#[tokio::test]
async fn a_flood_is_cut_and_the_room_keeps_its_time() {
    let server = server(empty());
    let mut socket = hello(server.address()).await;
    assert!(matches!(next(&mut socket).await, Some(ServerMessage::Welcome(_))));
    let (mut sink, mut stream) = socket.split();
    let flood = tokio::spawn(async move {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if sink.send(Message::Ping(vec![0; 100].into())).await.is_err() {
                break;
            }
        }
    });
    let mut code = None;
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Close(frame) = message {
            code = frame.map(|frame| u16::from(frame.code));
            break;
        }
    }
    drop(stream);
    flood.await.expect("the flood ends");
    assert_eq!(code, Some(4008), "because all frames count, pings too");
    server.stop();
}
