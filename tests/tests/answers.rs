//! What is wrong while one plays is answered with a problem and a sentence, and the session goes
//! on; who keeps at it is closed with 4008.

use throng_shared::limits::{CHAT_BURST, CHAT_CHARS_MAX, REFUSED_BURST};
use throng_shared::wire::{Ask, Audience, ClientMessage, Hello, NO_CALL, Outcome, Problem, Secret};

use crate::resume::{Tab, disc};
use crate::rooms::attic;
use crate::social::{ask, say, subscribe};
use crate::sockets::server;

/// A Pong that no Ping waits for.
const STRAY: ClientMessage = ClientMessage::Pong { nonce: 9_999, received: 0 };

/// The sentences of the answers that are for no call.
fn told(tab: &Tab) -> Vec<(Problem, &str)> {
    let answers = tab.answers.iter().filter(|(call, _)| *call == NO_CALL);
    let refused = answers.filter_map(|(_, outcome)| match outcome {
        Outcome::Refused { problem, text, .. } => Some((*problem, text.as_str())),
        Outcome::Done => None,
    });
    refused.collect()
}

#[tokio::test]
async fn who_says_what_has_no_place_is_told_so_and_plays_on() {
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    let wrong = Hello { version: 99, ..Hello::guest("Eve", 3) };
    for hello in [Hello::guest("Ada", 3), wrong] {
        tab.say(&ClientMessage::Hello(hello)).await;
    }
    tab.say(&STRAY).await;
    tab.say(&ClientMessage::Ask { call: NO_CALL, ask: subscribe("rooms") }).await;
    tab.until(|tab| told(tab).len() == 4).await;
    for ((problem, text), named) in told(&tab).iter().zip(["Hello", "Hello", "Pong", "Ask"]) {
        assert_eq!(*problem, Problem::OutOfPlace);
        assert!(text.contains(named), "because it names what was wrong: {text}");
    }
    let before = tab.snapshots;
    tab.until(|tab| tab.snapshots > before + 5).await;
    assert_eq!(ask(&mut tab, 1, subscribe("rooms")).await, None, "because calls count on");
    let tab = Tab::play(server.address(), tab.lose()).await;
    assert_eq!(tab.resumed, Some(true), "because the session is whole");
    server.stop();
}

#[tokio::test]
async fn who_keeps_saying_what_has_no_place_is_closed_with_4008_and_may_come_back() {
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    for _ in 0..REFUSED_BURST {
        tab.say(&STRAY).await;
    }
    tab.until(|tab| told(tab).len() == REFUSED_BURST as usize).await;
    assert_eq!(tab.closed, None, "because so many are forgiven");
    // However slow the machine is, so many more come faster than they are forgiven.
    for _ in 0..REFUSED_BURST * 3 {
        tab.try_say(&STRAY).await;
    }
    tab.until(|tab| tab.closed.is_some()).await;
    assert_eq!(tab.closed, Some(4008));
    let reason = tab.goodbye.clone().unwrap_or_default();
    assert!(reason.contains("no place"), "because it is told why: {reason}");
    let tab = Tab::play(server.address(), tab.lose()).await;
    assert_eq!(tab.resumed, Some(true), "because 4008 is no end of the session");
    server.stop();
}

#[tokio::test]
async fn what_was_said_before_welcome_came_proves_no_secret() {
    let server = server(disc());
    let mut tab = Tab::play(server.address(), None).await;
    tab.until(|tab| tab.snapshots > 0).await;
    let first = tab.lose().expect("it was welcomed");
    // The Welcome that brings the next secret is lost with this connection.
    let mut cut = Tab::open(server.address(), Some(first.clone())).await;
    cut.until(|tab| tab.resumed.is_some()).await;
    cut.say(&STRAY).await;
    cut.until(|tab| !told(tab).is_empty()).await;
    drop(cut);
    let again = Tab::play(server.address(), Some(first)).await;
    assert_eq!(again.resumed, Some(true), "because the secret before is good until then");
    assert_ne!(again.lose().map(|kept| kept.secret), Some(Secret::default()));
    server.stop();
}

#[tokio::test]
async fn each_wrong_wish_is_named_and_none_of_them_ends_the_session() {
    let server = server(disc());
    attic(&server, 30, 1);
    let bob = Hello { room: "attic".to_owned(), ..Hello::guest("Bob", 1) };
    let mut bob = Tab::open_as(server.address(), "/ws", bob).await;
    bob.until(|tab| tab.resumed.is_some()).await;
    let mut tab = Tab::play(server.address(), None).await;
    let go = |room: &str| Ask::Go { room: room.to_owned() };
    let everyone = Audience::Everyone;
    let long = "x".repeat(CHAT_CHARS_MAX + 1);
    let mut call = 0;
    for (wish, problem) in [
        (subscribe("weather"), Problem::UnknownTopic),
        (go("attic"), Problem::RoomFull),
        (go("WRONGCOD"), Problem::NoSuchRoom),
        (say(Audience::Room, &long), Problem::TooLong),
        (say(Audience::Room, " "), Problem::Empty),
        (say(everyone, "hello"), Problem::NotAllowed),
    ] {
        call += 1;
        assert_eq!(ask(&mut tab, call, wish.clone()).await, Some(problem), "{wish:?}");
    }
    let mut problem = None;
    // However slow the machine is, one line of so many comes too fast.
    for _ in 0..CHAT_BURST * 4 {
        call += 1;
        problem = problem.or(ask(&mut tab, call, say(Audience::Room, "hello")).await);
    }
    assert_eq!(problem, Some(Problem::TooFast));
    let before = tab.snapshots;
    tab.until(|tab| tab.snapshots > before + 5).await;
    assert_eq!((tab.closed, bob.closed), (None, None), "because they play on");
    server.stop();
}
