//! Every message of a client in every state of a session: what the machine takes is what
//! its table lists. All else ends the session with the code of that state, or, while it plays,
//! is answered in a sentence.

use serde_reflection::ContainerFormat;
use throng_shared::ids::Tick;
use throng_shared::limits::{LOOKS, PING_MS, PROTOCOL_VERSION};
use throng_shared::session::{CloseCode, Misplaced, Newest, Phase, Request, ServerSession};
use throng_shared::time::Millis;
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Hello, Input, Problem, Resume, SCHEMA_HASH, Secret,
    ServerMessage, encode,
};
use throng_tests::schema;

/// The tick in which everything here happens.
const TICK: Tick = Tick(1000);
/// Time of the frames that are tried: after the first heartbeat.
const NOW: Millis = Millis(PING_MS + 1);

fn hello() -> Hello {
    Hello::guest("Ada", 3)
}

/// A session in a state, reached as clients reach it, and the nonce of its heartbeat.
fn session(phase: Phase) -> (ServerSession, u16) {
    let mut session = ServerSession::new(Millis(0));
    let greeting = encode(&ClientMessage::Hello(hello()));
    if phase != Phase::Greeting {
        let joined = session.handle_frame(Millis(0), Newest::both(TICK), &greeting);
        assert!(matches!(joined, Ok(Request::Join { .. })), "because Hello joins");
    }
    let mut nonce = 0;
    if phase == Phase::Playing {
        session.welcome(TICK);
        (nonce, _) = session.poll_ping(Millis(PING_MS)).expect("a heartbeat is due");
    }
    assert_eq!(session.phase(), phase, "because that is how it is reached");
    (session, nonce)
}

/// Messages of a kind: first one that is right where its kind is, then such as are not.
fn samples(kind: &str, nonce: u16) -> Vec<ClientMessage> {
    let input = Input { tick: TICK.0 + 2, ahead: 2, ..Input::default() };
    match kind {
        "Input" => [input, Input { tick: 0, ..input }, Input { tick: u32::MAX, ..input }]
            .map(ClientMessage::Input)
            .into(),
        "Hello" => {
            let resume = Some(Resume { secret: Secret::default(), received: 7 });
            [
                hello(),
                Hello { version: !PROTOCOL_VERSION, ..hello() },
                Hello { schema: !SCHEMA_HASH, ..hello() },
                Hello { look: LOOKS, ..hello() },
                Hello { name: "\u{202E}".to_owned(), ..hello() },
                Hello { ticket: "x".repeat(500), resume, ..hello() },
            ]
            .map(ClientMessage::Hello)
            .into()
        }
        "Pong" => [nonce, nonce.wrapping_add(1)]
            .map(|nonce| ClientMessage::Pong { nonce, received: 0 })
            .into(),
        "Resync" => vec![ClientMessage::Resync],
        "Bye" => vec![ClientMessage::Bye],
        "Ask" => {
            let say = |text: String| Ask::Say { to: Audience::Room, text };
            [say("hi".to_owned()), say("x".repeat(500)), Ask::Go { room: String::new() }]
                .map(|ask| ClientMessage::Ask { call: 1, ask })
                .into()
        }
        new => panic!("{new} has no samples here: because every message is tried in every state"),
    }
}

/// Every message that the wire has for clients.
fn kinds() -> Vec<String> {
    let registry = schema::trace().expect("the wire can be traced");
    let Some(ContainerFormat::Enum(variants)) = registry.get("ClientMessage") else {
        panic!("because ClientMessage is an enum of messages")
    };
    variants.values().map(|variant| variant.name.clone()).collect()
}

/// The table as it is meant, beside the one that the machine uses.
fn allowed(phase: Phase) -> &'static [&'static str] {
    match phase {
        Phase::Greeting => &["Hello"],
        Phase::Joining => &["Pong", "Bye"],
        Phase::Playing => &["Input", "Pong", "Resync", "Bye", "Ask"],
    }
}

/// The code that ends a session in which something was said out of place; none where it is
/// answered.
fn code(phase: Phase) -> Option<CloseCode> {
    match phase {
        Phase::Greeting => Some(CloseCode::NotAuthenticated),
        Phase::Joining => Some(CloseCode::Policy),
        Phase::Playing => None,
    }
}

#[test]
fn a_message_is_taken_where_its_table_lists_it_and_ends_or_is_answered_everywhere_else() {
    let kinds = kinds();
    for phase in Phase::ALL {
        for kind in &kinds {
            let nonce = session(phase).1;
            let is_listed = allowed(phase).contains(&kind.as_str());
            for (nth, message) in samples(kind, nonce).iter().enumerate() {
                let (mut session, _) = session(phase);
                assert_eq!(
                    phase.allows(message),
                    is_listed,
                    "because the machine's table says the same of {kind} in {phase:?}"
                );
                let answer = session.handle_frame(NOW, Newest::both(TICK), &encode(message));
                if is_listed {
                    // Nobody is pinged before playing, so a Pong is listed there and still wrong.
                    let is_right = nth == 0 && (phase, kind.as_str()) != (Phase::Joining, "Pong");
                    let is_taken = answer.is_ok_and(|it| !matches!(it, Request::Misplaced(_)));
                    assert_eq!(is_taken, is_right || accepts(message), "{kind} in {phase:?}");
                    continue;
                }
                assert_eq!(session.phase(), phase, "because a refused message changes no state");
                let ended = match answer {
                    Ok(Request::Misplaced(what)) => {
                        let (problem, sentence) = what.problem();
                        assert_eq!(problem, Problem::OutOfPlace);
                        assert!(sentence.contains(kind), "because it names {kind}: {sentence}");
                        None
                    }
                    Ok(taken) => panic!("because {kind} has no place in {phase:?}: {taken:?}"),
                    Err(refusal) => Some(refusal.why.close().0),
                };
                assert_eq!(ended, code(phase), "because {message:?} has no place in {phase:?}");
            }
        }
    }
}

#[test]
fn a_spectator_may_say_what_players_say_but_for_inputs() {
    for kind in kinds() {
        let nonce = session(Phase::Playing).1;
        for message in samples(&kind, nonce) {
            let said = |mut session: ServerSession| {
                session.handle_frame(NOW, Newest::both(TICK), &encode(&message))
            };
            let player = session(Phase::Playing).0;
            let mut spectator = player.clone();
            spectator.look_on();
            if kind == "Input" {
                let answered = Ok(Request::Misplaced(Misplaced::LooksOn));
                assert_eq!(said(spectator), answered, "because it has no glider");
                assert_eq!(Misplaced::LooksOn.problem().0, Problem::NotAllowed);
            } else {
                assert_eq!(said(spectator), said(player), "{message:?}");
            }
        }
    }
}

/// Whether a further sample is right too: a Hello that carries a ticket and a session, or what
/// is asked for, which is answered rather than refused.
fn accepts(message: &ClientMessage) -> bool {
    match message {
        ClientMessage::Hello(hello) => hello.resume.is_some(),
        ClientMessage::Ask { .. } => true,
        ClientMessage::Input(_)
        | ClientMessage::Pong { .. }
        | ClientMessage::Resync
        | ClientMessage::Bye => false,
    }
}

#[test]
fn what_is_no_message_ends_every_state_with_the_same_codes() {
    let goodbye = ServerMessage::Goodbye { code: 1000, reason: String::new(), retry_after_ms: 0 };
    for phase in Phase::ALL {
        let (mut session, _) = session(phase);
        for bytes in [&[][..], &[0xFF], &[4, 0], &encode(&goodbye)] {
            let answer = session.handle_frame(NOW, Newest::both(TICK), bytes);
            let refusal = answer.expect_err("the bytes are no message of a client");
            assert_eq!(refusal.why.close().0, CloseCode::Decode, "{bytes:?} in {phase:?}");
            assert_eq!(session.phase(), phase, "because nothing was said");
        }
    }
}

#[test]
fn the_documents_have_the_same_table() {
    let path = throng_tests::root().join("docs/security.md");
    let text = std::fs::read_to_string(path).expect("the document is there");
    for phase in Phase::ALL {
        let end = code(phase).map_or("an answer".to_owned(), |code| code.number().to_string());
        let row = format!("| {} | {end} |", allowed(phase).join(", "));
        assert!(text.contains(&row), "because docs/security.md tells of {phase:?}: {row}");
    }
}
