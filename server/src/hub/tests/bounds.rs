//! What a player may say, ask for and follow is what the operator set.

use super::*;
use crate::config::SwitchedOff;

fn with_ada_and_bob(limits: Limits) -> Rig {
    let mut rig = Rig::within(limits);
    rig.join(ARENA, ADA, "Ada", 101, false);
    rig.join(ARENA, BOB, "Bob", 102, false);
    rig.said();
    rig
}

#[test]
fn lines_go_by_the_rates_and_lengths_that_were_set() {
    let limits = Limits { chat_burst: 2, chat_every_ms: 10_000, ..Limits::default() };
    let limits = Limits { room_chat_burst: 3, room_chat_every_ms: 60_000, ..limits };
    let limits = Limits { chat_chars_max: 5, chat_lines_kept: 2, ..limits };
    let mut rig = with_ada_and_bob(limits);
    let (ada, bob) = ((ARENA, ADA), (ARENA, BOB));
    assert_eq!(rig.problem(ada, say(Audience::Room, "123456")), Some(Problem::TooLong));
    assert_eq!(rig.problem(ada, say(Audience::Room, "12345")), None);
    assert_eq!(rig.problem(ada, say(Audience::Room, "two")), None);
    assert_eq!(rig.problem(ada, say(Audience::Room, "three")), Some(Problem::TooFast));
    assert_eq!(rig.problem(bob, say(Audience::Room, "three")), None);
    assert_eq!(rig.problem(bob, say(Audience::Room, "four")), Some(Problem::Busy));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    let lines = rig.lines((ARENA, NetId(3)));
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
    rig.ms += 10_000;
    assert_eq!(rig.problem(ada, say(Audience::Player { who: BOB }, "later")), None);
}

#[test]
fn calls_go_by_the_rates_that_were_set() {
    let limits = Limits { asks_burst: 3, refused_burst: 2, ..Limits::default() };
    let mut rig =
        with_ada_and_bob(Limits { complaints_burst: 1, room_complaints_burst: 1, ..limits });
    let report = || Ask::Report { who: BOB, text: text("cheats") };
    let at = (ARENA, ADA);
    assert_eq!(rig.problem(at, report()), None);
    assert_eq!(rig.problem(at, report()), Some(Problem::TooFast));
    let report = Ask::Report { who: ADA, text: text("cheats too") };
    assert_eq!(rig.problem((ARENA, BOB), report), Some(Problem::Busy), "because one may, of all");
    rig.ask(at, subscribe("rooms"));
    rig.ask(at, subscribe("rooms"));
    let is_gone =
        |rig: &mut Rig| rig.said().into_iter().any(|(_, it)| matches!(it, Delivery::Expel { .. }));
    assert!(!is_gone(&mut rig), "because two may be wrong, and it was too fast twice");
    rig.ask(at, subscribe("rooms"));
    assert!(is_gone(&mut rig));
}

#[test]
fn without_limits_of_chat_nobody_is_too_fast() {
    let switched_off = SwitchedOff { chat_limits: true, ..SwitchedOff::default() };
    let mut rig = with_ada_and_bob(Limits { switched_off, ..Limits::default() });
    rig.join(ARENA, OPS, "Ops", 1, true);
    for _ in 0..200 {
        assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "spam")), None);
    }
    assert_eq!(rig.problem((ARENA, OPS), Ask::Order(Order::Slow { seconds: 9 })), None);
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "one")), None);
    let slowed = rig.problem((ARENA, ADA), say(Audience::Room, "two"));
    assert_eq!(slowed, Some(Problem::TooFast), "because that was an operator's word");
}

#[test]
fn as_many_topics_are_followed_and_as_often_told_as_were_set() {
    let mut rig = with_ada_and_bob(Limits { topics_max: 2, topic_ms: 3_000, ..Limits::default() });
    let at = (ARENA, ADA);
    let topics = ["room/arena/presence", "rooms"].map(text);
    for topic in &topics {
        assert_eq!(rig.problem(at, subscribe(topic)), None);
    }
    assert_eq!(rig.problem(at, subscribe("server")), Some(Problem::TooManyTopics));
    let three = [&topics[..], &[text("server")]].concat();
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(1), &three, None), Err(Unheard::Count));
    rig.second();
    let mut told = Vec::new();
    for step in 0..9 {
        rig.said();
        rig.join(ARENA, NetId(10 + step), "Cyd", 0, false);
        rig.second();
        told.push(rig.updates(at).iter().any(|update| update.topic == topics[0]));
    }
    assert_eq!(told.iter().filter(|it| **it).count(), 3, "because it is every 3 s: {told:?}");
}

#[test]
fn as_many_listen_and_are_muted_as_were_set() {
    let limits = Limits { streams_max: 2, deaf_max: 1, silenced_max: 1, ..Limits::default() };
    let mut rig = with_ada_and_bob(limits);
    let topics = [text("rooms")];
    for id in 1..=2 {
        assert_eq!(rig.hub.listen(rig.now(), ListenerId(id), &topics, None), Ok(()));
    }
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(3), &topics, None), Err(Unheard::Busy));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.join(ARENA, OPS, "Ops", 1, true);
    let mute = |who| Ask::Mute { who, on: true };
    assert_eq!(rig.problem((ARENA, ADA), mute(BOB)), None);
    assert_eq!(rig.problem((ARENA, ADA), mute(NetId(3))), Some(Problem::NotAllowed));
    let silence = |who| Ask::Order(Order::Mute { who, minutes: 5, reason: text("spam") });
    assert_eq!(rig.problem((ARENA, OPS), silence(ADA)), None);
    assert_eq!(rig.problem((ARENA, OPS), silence(BOB)), Some(Problem::Busy));
}

#[test]
fn a_slow_room_takes_one_line_each_time() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    assert_eq!(rig.problem((ARENA, OPS), Ask::Order(Order::Slow { seconds: 30 })), None);
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "one")), None);
    rig.ms += 29_000;
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "two")), Some(Problem::TooFast));
    rig.ms += 1_000;
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "two")), None);
}

#[test]
fn slow_mode_ends_and_changes_at_once_and_is_of_its_room_alone() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    let one = || say(Audience::Room, "one");
    let slow = |rig: &mut Rig, seconds| {
        let order = Ask::Order(Order::Slow { seconds });
        assert_eq!(rig.problem((ARENA, OPS), order), None);
    };
    slow(&mut rig, 600);
    assert_eq!(rig.problem((ARENA, ADA), one()), None);
    assert_eq!(rig.problem((ARENA, BOB), one()), None);
    rig.ms += 2_000;
    assert_eq!(rig.problem((ARENA, ADA), one()), Some(Problem::TooFast));
    let whisper = say(Audience::Player { who: BOB }, "psst");
    assert_eq!(rig.problem((ARENA, ADA), whisper), Some(Problem::TooFast));
    // Who goes to another room speaks there, and who comes back is known again.
    rig.join(OTHER, NetId(40), "Ada", 101, false);
    rig.report(ARENA, left(ADA));
    assert_eq!(rig.problem((OTHER, NetId(40)), one()), None);
    rig.join(ARENA, NetId(41), "Ada", 101, false);
    assert_eq!(rig.problem((ARENA, NetId(41)), one()), Some(Problem::TooFast));
    slow(&mut rig, 10);
    rig.ms += 7_900;
    assert_eq!(rig.problem((ARENA, BOB), one()), Some(Problem::TooFast));
    rig.ms += 100;
    assert_eq!(rig.problem((ARENA, BOB), one()), None, "because ten seconds went by");
    slow(&mut rig, 600);
    assert_eq!(rig.problem((ARENA, BOB), one()), Some(Problem::TooFast));
    slow(&mut rig, 0);
    assert_eq!(rig.problem((ARENA, BOB), one()), None, "because it was lifted");
    assert_eq!(rig.problem((ARENA, NetId(41)), one()), None);
}
