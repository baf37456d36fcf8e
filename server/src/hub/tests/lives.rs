//! What outlasts a visit or a room and what does not, and what one player may do in all.

use throng_shared::limits::{BAN_TOLD_MS, COMPLAINTS_BURST, COMPLAINTS_EVERY_MS};

use super::*;

#[test]
fn what_was_followed_is_followed_in_the_next_room_too() {
    let mut rig = Rig::with_ada_and_bob();
    rig.ask((ARENA, ADA), subscribe("rooms"));
    rig.ask((ARENA, ADA), subscribe("room/arena/presence"));
    rig.said();
    // A room lets a traveller go once the next one has it.
    rig.join(OTHER, NetId(40), "Ada", 101, false);
    rig.report(ARENA, left(ADA));
    let topics = |rig: &mut Rig, you| -> Vec<String> {
        rig.updates((OTHER, you)).into_iter().map(|update| update.topic).collect()
    };
    let none = "because the room that it left is none of its business";
    assert_eq!(topics(&mut rig, NetId(40)), ["rooms"], "{none}");
    assert_eq!(rig.problem((OTHER, NetId(40)), subscribe("server")), None);
    rig.report(OTHER, left(NetId(40)));
    rig.join(OTHER, NetId(41), "Ada", 101, false);
    rig.said();
    rig.second();
    assert_eq!(topics(&mut rig, NetId(41)), ["rooms", "server"], "because it came again");
}

#[test]
fn what_another_window_follows_stays_with_it() {
    let mut rig = Rig::with_ada_and_bob();
    rig.ask((ARENA, ADA), subscribe("rooms"));
    rig.join(OTHER, NetId(40), "Ada", 101, false);
    for _ in 0..60 {
        rig.second();
    }
    rig.said();
    rig.report(ARENA, left(ADA));
    assert_eq!(rig.updates((OTHER, NetId(40))), [], "because it had not come from there");
}

#[test]
fn a_room_further_nobody_may_say_more() {
    let mut rig = Rig::with_ada_and_bob();
    for _ in 0..CHAT_BURST {
        assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "spam")), None);
    }
    rig.join(OTHER, NetId(40), "Ada", 101, false);
    let there = (OTHER, NetId(40));
    assert_eq!(rig.problem(there, say(Audience::Room, "spam")), Some(Problem::TooFast));
    rig.report(ARENA, left(ADA));
    assert_eq!(rig.problem(there, say(Audience::Room, "spam")), Some(Problem::TooFast));
    rig.join(ARENA, NetId(50), "Ada", 101, false);
    rig.report(OTHER, left(NetId(40)));
    let back = (ARENA, NetId(50));
    assert_eq!(rig.problem(back, say(Audience::Room, "spam")), Some(Problem::TooFast));
}

#[test]
fn who_followed_a_room_that_is_gone_learns_nothing_of_the_next_one_of_its_name() {
    const SECOND: RoomId = RoomId { place: 6, number: 1 };
    let topic = "room/den/presence";
    let mut rig = Rig::with_ada_and_bob();
    let open = |rig: &mut Rig, room, is_private| {
        let info = RoomInfo { name: text("den"), is_private, ..RoomInfo::default() };
        rig.report(room, Report::Opened(info));
    };
    open(&mut rig, PRIVATE, false);
    rig.second();
    let both = [text(topic), text("rooms")];
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(1), &both[..1], None), Ok(()));
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(2), &both, None), Ok(()));
    assert_eq!(rig.problem((ARENA, ADA), subscribe(topic)), None);
    rig.report(PRIVATE, Report::Closed);
    assert_eq!(rig.heard(1).pop().as_deref(), Some("the end"), "because there is nothing more");
    open(&mut rig, SECOND, true);
    rig.join(SECOND, NetId(3), "Cyd", 0, false);
    rig.said();
    rig.second();
    assert!(rig.heard(2).iter().all(|it| !it.contains("Cyd")));
    assert_eq!(rig.updates((ARENA, ADA)), []);
}

#[test]
fn who_follows_a_topic_is_told_that_it_ends() {
    let topic = "room/other/presence";
    let mut rig = Rig::with_ada_and_bob();
    rig.join(OTHER, NetId(3), "Cyd", 0, false);
    rig.second();
    let both = [text(topic), text("rooms")];
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(1), &both, None), Ok(()));
    assert_eq!(rig.problem((ARENA, ADA), subscribe(topic)), None);
    rig.second();
    rig.heard(1);
    rig.said();
    // It crashes, and is there again before anybody looks.
    rig.report(OTHER, Report::Closed);
    let info = RoomInfo { name: text("other"), ..RoomInfo::default() };
    rig.report(RoomId { place: 2, number: 2 }, Report::Opened(info));
    let events = rig.events((ARENA, ADA));
    let [Event::Topic(update), Event::Answer { call: NO_CALL, outcome }] = &events[..] else {
        panic!("because it has no rows any more, and is over: {events:?}")
    };
    let change = TopicChange::Presence { set: Vec::new(), gone: vec![NetId(3)] };
    assert_eq!((update.topic.as_str(), &update.change), (topic, &change));
    let Outcome::Refused { problem, text, .. } = outcome else { panic!("it is an end") };
    assert!(*problem == Problem::UnknownTopic && text.contains(topic), "{text}");
    let ended = format!("event: ended\ndata: {{\"topic\":\"{topic}\"}}\n\n");
    assert_eq!(rig.heard(1), [ended], "because the other one goes on");
    assert_eq!(rig.problem((ARENA, ADA), subscribe(topic)), None, "because it may ask again");
}

#[test]
fn versions_of_a_room_that_is_gone_are_none_of_the_next_one() {
    let mut rig = Rig::with_ada_and_bob();
    rig.second();
    let topics = [text("room/arena/presence")];
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(1), &topics, None), Ok(()));
    let heard = rig.heard(1).pop().expect("all of it is told");
    let id = heard.lines().find_map(|line| line.strip_prefix("id: ")).expect("it has an id");
    rig.report(ARENA, Report::Closed);
    let info = RoomInfo { name: text("arena"), ..RoomInfo::default() };
    rig.report(ARENA, Report::Opened(info));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.second();
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(2), &topics, Some(id)), Ok(()));
    let heard = rig.heard(2).pop().expect("all of it is told");
    assert!(heard.contains("\"since\":0") && heard.contains("Cyd"), "{heard}");
}

#[test]
fn nobody_fills_the_audit_log_with_reports() {
    let mut rig = Rig::with_ada_and_bob();
    let report = || Ask::Report { who: BOB, text: text("cheats") };
    for _ in 0..COMPLAINTS_BURST {
        rig.ms += 1_000;
        assert_eq!(rig.problem((ARENA, ADA), report()), None);
    }
    rig.ms += 1_000;
    assert_eq!(rig.problem((ARENA, ADA), report()), Some(Problem::TooFast));
    assert_eq!(rig.audit.lock().expect("nobody panics").len(), COMPLAINTS_BURST as usize);
    rig.ms += COMPLAINTS_EVERY_MS;
    assert_eq!(rig.problem((ARENA, ADA), report()), None);
}

#[test]
fn a_ban_is_for_everywhere_a_player_is_and_a_kick_is_not() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    rig.join(ARENA, NetId(20), "Bobby", 102, false);
    rig.join(OTHER, BOB, "Bob", 102, false);
    rig.join(OTHER, ADA, "Eve", 0, false);
    let expelled = |rig: &mut Rig, order| {
        rig.said();
        rig.ask((ARENA, OPS), Ask::Order(order));
        rig.second();
        let gone = rig.said().into_iter().filter_map(|(room, delivery)| match delivery {
            Delivery::Expel { you, .. } => Some((room, you)),
            _ => None,
        });
        gone.collect::<std::collections::BTreeSet<_>>()
    };
    let kick = Order::Kick { who: BOB, reason: text("spam") };
    assert_eq!(expelled(&mut rig, kick), [(ARENA, BOB)].into());
    let ban = Order::Ban { who: BOB, minutes: 10, reason: text("spam") };
    let all = [(ARENA, BOB), (ARENA, NetId(20)), (OTHER, BOB)];
    assert_eq!(expelled(&mut rig, ban), all.into());
}

#[test]
fn a_room_keeps_its_topic_when_one_of_its_name_ends_late() {
    const SECOND: RoomId = RoomId { place: 6, number: 1 };
    let mut rig = Rig::with_ada_and_bob();
    let info = RoomInfo { name: text("arena"), ..RoomInfo::default() };
    rig.report(SECOND, Report::Opened(info));
    rig.join(SECOND, NetId(3), "Cyd", 0, false);
    assert_eq!(rig.problem((SECOND, NetId(3)), subscribe("room/arena/presence")), None);
    rig.report(ARENA, left(BOB));
    rig.second();
    rig.report(ARENA, Report::Closed);
    rig.join(SECOND, NetId(4), "Dan", 0, false);
    rig.second();
    let updates = format!("{:?}", rig.updates((SECOND, NetId(3))));
    assert!(updates.contains("Cyd") && updates.contains("Dan"), "{updates}");
    assert!(!updates.contains("Ada"), "because she is in the other one: {updates}");
}

#[test]
fn what_somebody_said_before_is_not_told_those_who_do_not_want_to_hear_it() {
    let mut rig = Rig::with_ada_and_bob();
    assert_eq!(rig.problem((ARENA, ADA), Ask::Mute { who: BOB, on: true }), None);
    rig.report(ARENA, left(ADA));
    rig.ask((ARENA, BOB), say(Audience::Room, "hey"));
    rig.said();
    rig.join(ARENA, NetId(30), "Ada", 101, false);
    assert_eq!(rig.lines((ARENA, NetId(30))), []);
    rig.join(ARENA, NetId(31), "Cyd", 103, false);
    assert_eq!(rig.lines((ARENA, NetId(31))).len(), 1);
}

#[test]
fn ones_own_place_is_of_the_same_moment_as_the_board() {
    let mut rig = Rig::with_ada_and_bob();
    let standing = |you, shards| standing(you, shards, 1);
    rig.report(ARENA, Report::Standings(vec![standing(ADA, 9), standing(BOB, 5)]));
    rig.second();
    rig.report(ARENA, Report::Standings(vec![standing(BOB, 50), standing(ADA, 9)]));
    rig.said();
    rig.ask((ARENA, BOB), subscribe("leaderboard/now"));
    let [update] = &rig.updates((ARENA, BOB))[..] else { panic!("because it is told at once") };
    let TopicChange::Leaders { set, own, .. } = &update.change else { panic!("another kind") };
    assert_eq!((set[0].name.as_str(), *own), ("Ada", 2), "because boards are made once a second");
    rig.second();
    let [update] = &rig.updates((ARENA, BOB))[..] else { panic!("because it changed") };
    assert!(matches!(update.change, TopicChange::Leaders { own: 1, .. }), "{update:?}");
}

#[test]
fn who_is_banned_is_told_so_in_a_typed_answer_before_the_end() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    rig.said();
    let told = |rig: &mut Rig, room| {
        let said = rig.said().into_iter().filter_map(|(of, delivery)| match delivery {
            Delivery::Event { you: BOB, message } if of == room => match event_of(&message) {
                Event::Answer { call: NO_CALL, outcome } => Some(Ok(outcome)),
                _ => None,
            },
            Delivery::Expel { you: BOB, code, .. } if of == room => Some(Err(code)),
            _ => None,
        });
        said.collect::<Vec<_>>()
    };
    let ban = Order::Ban { who: BOB, minutes: 10, reason: text("spam") };
    rig.ask((ARENA, OPS), Ask::Order(ban));
    let (problem, why) = (Problem::Banned, text("You are banned for 10 min: spam."));
    let refused = Outcome::Refused { problem, text: why, retry_after_ms: 600_000 };
    assert_eq!(told(&mut rig, ARENA), [Ok(refused)]);
    let speech = say(Audience::Room, "but");
    assert_eq!(rig.problem((ARENA, BOB), speech), Some(Problem::Banned));
    assert_eq!(rig.lines((ARENA, ADA)), [], "because nothing is done any more");
    rig.ms += BAN_TOLD_MS;
    rig.hub.turn(rig.now(), Traffic::default());
    assert_eq!(told(&mut rig, ARENA), [Err(CloseCode::Kicked)]);
    rig.second();
    assert_eq!(told(&mut rig, ARENA), [], "because once is enough");
    rig.report(ARENA, left(BOB));
    let kick = Order::Kick { who: ADA, reason: text("spam") };
    rig.ask((ARENA, OPS), Ask::Order(kick));
    let typed = rig.events((ARENA, ADA)).into_iter().any(|it| matches!(it, Event::Answer { .. }));
    assert!(!typed, "because who is kicked may come back");
}

#[test]
fn a_ban_that_is_over_for_one_clock_and_not_for_another_is_told_all_the_same() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    let ban = Order::Ban { who: BOB, minutes: 1, reason: text("spam") };
    assert_eq!(rig.problem((ARENA, OPS), Ask::Order(ban)), None);
    rig.report(ARENA, left(BOB));
    rig.said();
    // The keeper, whose clock is another one, has not let it go yet.
    rig.ms += 120_000;
    rig.join(ARENA, BOB, "Bob", 102, false);
    let is_expelled = |(_, it): (RoomId, Delivery)| match it {
        Delivery::Expel { reason, .. } => reason.starts_with("banned for 0 min"),
        _ => false,
    };
    assert!(rig.said().into_iter().any(is_expelled));
}
