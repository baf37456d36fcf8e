//! Whom a player does not want to hear: from the first line on, and however many it muted.

use std::sync::atomic::Ordering;

use throng_shared::limits::{FIRST_LINES_MAX, FIRST_LINES_MS};

use super::*;

fn mute(who: NetId, on: bool) -> Ask {
    Ask::Mute { who, on }
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn whom_one_does_not_want_to_hear_one_does_not_and_it_is_kept() {
    let mut rig = Rig::with_ada_and_bob();
    assert_eq!(rig.problem((ARENA, ADA), Ask::Mute { who: BOB, on: true }), None);
    for to in [Audience::Room, Audience::Player { who: ADA }] {
        assert_eq!(rig.problem((ARENA, BOB), say(to, "hey")), None, "because it is not told");
    }
    rig.ask((ARENA, BOB), say(Audience::Room, "hey"));
    assert_eq!(rig.lines((ARENA, ADA)), []);
    rig.report(ARENA, left(ADA));
    rig.join(ARENA, NetId(30), "Ada", 101, false);
    rig.said();
    rig.ms += 5_000;
    rig.ask((ARENA, BOB), say(Audience::Room, "hey"));
    assert_eq!(rig.lines((ARENA, NetId(30))), []);
    assert_eq!(rig.problem((ARENA, NetId(30)), Ask::Mute { who: BOB, on: false }), None);
    rig.ask((ARENA, BOB), say(Audience::Room, "hey"));
    assert_eq!(rig.lines((ARENA, NetId(30))).len(), 1);
}

#[test]
fn who_has_muted_as_many_as_one_can_is_told_so() {
    let mut rig = Rig::with_ada_and_bob();
    for number in 0..4 {
        rig.join(ARENA, NetId(20 + number), "Eve", 300 + u32::from(number), false);
        let refused = (number == 3).then_some(Problem::NotAllowed);
        let mute = |on| Ask::Mute { who: NetId(20 + number), on };
        assert_eq!(rig.problem((ARENA, ADA), mute(true)), refused);
    }
    assert_eq!(rig.problem((ARENA, ADA), Ask::Mute { who: NetId(20), on: false }), None);
    assert_eq!(rig.problem((ARENA, ADA), Ask::Mute { who: NetId(23), on: true }), None);
}

/// Ada has muted Bob on a visit before, which has not been read yet, and both spoke with Cyd.
fn before_it_is_read() -> Rig {
    let mut rig = Rig::with_ada_and_bob();
    assert_eq!(rig.problem((ARENA, ADA), mute(BOB, true)), None);
    rig.report(ARENA, left(ADA));
    // The hub is a new one, as after a restart.
    rig.hub.absent.clear();
    rig.read.store(false, Ordering::Relaxed);
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.ask((ARENA, BOB), say(Audience::Room, "bob"));
    rig.ask((ARENA, NetId(3)), say(Audience::Room, "cyd"));
    rig.join(ARENA, NetId(30), "Ada", 101, false);
    rig
}

#[test]
fn what_is_said_waits_until_it_is_known_whom_a_newcomer_does_not_want_to_hear() {
    let mut rig = before_it_is_read();
    rig.ask((ARENA, BOB), say(Audience::Player { who: NetId(30) }, "bob again"));
    rig.ask((ARENA, NetId(3)), say(Audience::Player { who: NetId(30) }, "psst"));
    rig.ask((ARENA, NetId(30)), say(Audience::Room, "hello"));
    rig.hub.turn(rig.now(), Traffic::default());
    assert_eq!(rig.lines((ARENA, NetId(30))), []);
    rig.read.store(true, Ordering::Relaxed);
    rig.hub.turn(rig.now(), Traffic::default());
    let lines = rig.lines((ARENA, NetId(30)));
    assert_eq!(texts(&lines), ["cyd", "psst", "hello"], "because they come in order");
    rig.ask((ARENA, BOB), say(Audience::Room, "bob"));
    rig.ask((ARENA, NetId(3)), say(Audience::Room, "cyd"));
    assert_eq!(texts(&rig.lines((ARENA, NetId(30)))), ["cyd"], "because nothing waits any more");
}

#[test]
fn where_it_cannot_be_read_whom_somebody_muted_lines_come_all_the_same() {
    let mut rig = before_it_is_read();
    let at = (ARENA, NetId(30));
    // As many as may say so much at once.
    for number in 0..FIRST_LINES_MAX {
        let operator = NetId(90 + number as u16 / 16);
        if number % 16 == 0 {
            rig.join(ARENA, operator, "Ops", 0, true);
        }
        rig.ask((ARENA, operator), say(Audience::Room, "news"));
    }
    rig.hub.turn(rig.now(), Traffic::default());
    assert_eq!(rig.lines(at), []);
    rig.ms += FIRST_LINES_MS;
    rig.hub.turn(rig.now(), Traffic::default());
    let lines = rig.lines(at);
    let news = lines.iter().filter(|line| line.text == "news").count();
    assert_eq!((news, lines.len()), (FIRST_LINES_MAX, FIRST_LINES_MAX), "because so many wait");
    rig.ask((ARENA, BOB), say(Audience::Room, "bob"));
    assert_eq!(texts(&rig.lines(at)), ["bob"], "because that is all that is known");
    // What could be read later holds from then on.
    rig.read.store(true, Ordering::Relaxed);
    rig.ask((ARENA, BOB), say(Audience::Room, "bob"));
    assert_eq!(rig.lines(at), []);
}

#[test]
fn whom_one_muted_and_who_is_not_here_makes_room_for_others() {
    let mut rig = Rig::with_ada_and_bob();
    let guest = |number: u16| NetId(20 + number);
    let player = |number: u16| 300 + u32::from(number);
    // As many as are kept, of whom the last one stays.
    for number in 0..3 {
        rig.join(ARENA, guest(number), "Eve", player(number), false);
        assert_eq!(rig.problem((ARENA, ADA), mute(guest(number), true)), None);
    }
    for number in 0..2 {
        rig.report(ARENA, left(guest(number)));
    }
    assert_eq!(rig.problem((ARENA, ADA), mute(BOB, true)), None, "because two are not here");
    let is_muted =
        |rig: &Rig, number| rig.hub.keeper.ignores(PlayerId(101), PlayerId(player(number)));
    let muted = [0, 1, 2].map(|number| is_muted(&rig, number));
    assert_eq!(muted, [false, true, true], "because that is longest ago");
    rig.join(ARENA, NetId(40), "Cyd", 500, false);
    assert_eq!(rig.problem((ARENA, ADA), mute(NetId(40), true)), None);
    rig.join(ARENA, NetId(41), "Dan", 501, false);
    let refused = rig.problem((ARENA, ADA), mute(NetId(41), true));
    assert_eq!(refused, Some(Problem::NotAllowed), "because all of them can be heard again");
    assert!(is_muted(&rig, 2));
}

#[test]
fn whom_one_muted_on_a_visit_and_who_left_makes_room_too() {
    let mut rig = Rig::within(Limits { deaf_max: 1, ..Limits::default() });
    // Nobody knows this one again, so that nothing is kept.
    rig.join(ARENA, ADA, "Ada", 0, false);
    rig.join(ARENA, BOB, "Bob", 102, false);
    rig.join(ARENA, NetId(3), "Cyd", 103, false);
    assert_eq!(rig.problem((ARENA, ADA), mute(BOB, true)), None);
    assert_eq!(rig.problem((ARENA, ADA), mute(NetId(3), true)), Some(Problem::NotAllowed));
    rig.report(ARENA, left(BOB));
    assert_eq!(rig.problem((ARENA, ADA), mute(NetId(3), true)), None);
}
