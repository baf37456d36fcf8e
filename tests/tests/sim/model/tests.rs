//! What the model says of what must not have happened, and of what may.

use throng_shared::limits::RESTART_RETRY_MS;

use super::*;

const CONN: ConnId = ConnId { thread: 0, serial: 1 };
const NEXT: ConnId = ConnId { thread: 1, serial: 2 };
const SITE: Site = Site(1);
const OTHER: Site = Site(2);
const YOU: NetId = NetId(7);
const TAB: TabId = TabId(0);

fn line(number: u32) -> LineId {
    LineId(number)
}

/// Plays what happens, a second each; what the model says of the last.
fn judge(has_tickets: bool, transitions: &[Transition]) -> Verdict {
    let patience =
        Patience { link_hold: Duration::from_secs(10), session: Duration::from_secs(60) };
    let mut model = Model::new(patience, 8, has_tickets);
    let mut verdict = Ok(());
    for (at, transition) in (1..).zip(transitions) {
        assert_eq!(verdict, Ok(()), "because only the last is wrong");
        verdict = model.step(Duration::from_secs(at), transition);
    }
    verdict
}

/// A tab that plays and has two events to receive, and then something happens.
fn then(more: &[Transition]) -> Verdict {
    let mut all = vec![
        Transition::Connected { tab: TAB, line: line(0), thread: 0, resumes: false, ticket: None },
        Transition::Seated { site: SITE, conn: CONN, you: YOU },
        Transition::Welcomed { line: line(0), site: SITE, you: YOU },
        Transition::JoinedAfresh { tab: TAB, line: line(0), you: YOU },
        Transition::Proven { conn: CONN },
        Transition::Posted { site: SITE, conn: CONN, what: 11 },
        Transition::Posted { site: SITE, conn: CONN, what: 12 },
    ];
    all.extend(more);
    judge(false, &all)
}

fn received(number: u32, what: u64) -> Transition {
    Transition::EventReceived { tab: TAB, number, what, answer: None }
}

#[test]
fn an_event_that_is_lost_doubled_or_another_one_is_seen() {
    assert_eq!(then(&[received(1, 11), received(2, 12)]), Ok(()));
    assert!(then(&[received(2, 12)]).is_err(), "because the first is lost");
    assert!(then(&[received(1, 11), received(1, 11)]).is_err(), "because it came twice");
    assert!(then(&[received(1, 12)]).is_err(), "because the second was posted later");
    assert!(then(&[received(1, 11), received(2, 12), received(3, 0)]).is_err());
}

#[test]
fn a_session_ends_for_a_reason_or_not_at_all() {
    let left = Transition::Left { site: SITE, conn: CONN };
    assert!(then(&[left]).is_err(), "because nobody left");
    assert_eq!(then(&[Transition::ClientSent { tab: TAB, word: Word::Bye }, left]), Ok(()));
    let lost = Transition::LinkDead { site: SITE, conn: CONN };
    assert!(then(&[lost, left]).is_err(), "because a minute has not passed");
    let minute = [Transition::Ticked { site: SITE, tick: 0 }; 59];
    assert_eq!(then(&[&[lost], &minute[..], &[left]].concat()), Ok(()));
}

#[test]
fn a_session_that_is_held_is_gone_on_with() {
    let afresh = Transition::JoinedAfresh { tab: TAB, line: line(1), you: NetId(8) };
    let seated = Transition::Seated { site: SITE, conn: NEXT, you: NetId(8) };
    assert!(then(&[seated, afresh]).is_err(), "because its own session is still there");
    let moved = Transition::Moved { from: CONN, to: NEXT };
    let seated = Transition::Seated { site: SITE, conn: NEXT, you: YOU };
    let resumed = Transition::Resumed { tab: TAB, line: line(1), you: YOU };
    assert_eq!(then(&[moved, seated, resumed]), Ok(()));
    assert!(then(&[seated]).is_err(), "because two connections have one session");
    let other = Transition::Resumed { tab: TAB, line: line(1), you: NetId(9) };
    assert!(then(&[other]).is_err(), "because that is somebody else's");
}

#[test]
fn nobody_is_dismissed_for_nothing() {
    let dismissed = |code| Transition::Dismissed { line: line(0), code };
    let stall = Transition::Struck(Fault::Stall { tab: TAB, ms: 9000 });
    for (code, is_fair) in [(4013, true), (4009, true), (1008, false), (1013, false)] {
        assert_eq!(then(&[stall, dismissed(code)]).is_ok(), is_fair, "{code}");
        assert!(then(&[dismissed(code)]).is_err(), "because its link was well");
    }
    assert!(then(&[Transition::Replaced { tab: TAB }]).is_err(), "because no twin came");
    assert!(then(&[dismissed(1000)]).is_err(), "because it did not say Bye");
    let away = Transition::TurnedAway { site: SITE, conn: NEXT };
    assert!(then(&[away]).is_err(), "because seven more have a place");
}

/// The tab goes to another room, which has two events for it, and the room before one more.
fn travelling(more: &[Transition]) -> Verdict {
    let mut all = vec![
        Transition::Asked { site: OTHER, conn: CONN },
        Transition::Seated { site: OTHER, conn: CONN, you: NetId(3) },
        Transition::Posted { site: OTHER, conn: CONN, what: 21 },
        Transition::Departing { site: SITE, conn: CONN },
        Transition::Posted { site: SITE, conn: CONN, what: 13 },
        Transition::Posted { site: OTHER, conn: CONN, what: 22 },
    ];
    all.extend(more);
    then(&all)
}

fn answered(number: u32, call: u32, is_there: bool) -> Transition {
    let answer = Some(Answer { call, is_there });
    Transition::EventReceived { tab: TAB, number, what: 1000 + u64::from(call), answer }
}

#[test]
fn what_a_room_said_comes_before_the_next_one_and_all_of_it_once() {
    let departed = Transition::Departed { site: SITE, conn: CONN };
    let old = [received(1, 11), received(2, 12), received(3, 13)];
    let arrived = Transition::Arrived { tab: TAB, you: NetId(3) };
    let new = [answered(4, 1, true), received(5, 21), received(6, 22)];
    let all = [&[departed, arrived], &old[..], &new[..]].concat();
    assert_eq!(travelling(&all), Ok(()));
    for lost in 2..all.len() {
        let some = [&all[..lost], &all[lost + 1..=(lost + 1).min(all.len() - 1)]].concat();
        assert!(lost + 1 == all.len() || travelling(&some).is_err(), "because {lost} is lost");
    }
    let early = [&[departed], &old[..2], &[received(3, 21)]].concat();
    assert!(travelling(&early).is_err(), "because the room before was not heard out");
    assert!(travelling(&[departed, received(1, 11), answered(2, 1, true)]).is_err());
    assert!(travelling(&[arrived]).is_err(), "because the room before has not let it go");
    let twice = [&all[..], &[answered(7, 1, false)]].concat();
    assert!(travelling(&twice).is_err(), "because a call has one answer");
}

#[test]
fn who_leaves_in_a_hurry_is_not_told_all_of_the_room_before() {
    let hurried = [Transition::LinkDead { site: OTHER, conn: CONN }, received(1, 11)];
    let more = [received(2, 12), answered(3, 1, true), received(4, 21), received(5, 22)];
    assert_eq!(travelling(&[&hurried[..], &more].concat()), Ok(()));
    let more = [answered(2, 1, true)];
    assert!(travelling(&[&hurried[..], &more].concat()).is_err(), "because 12 was said before");
}

#[test]
fn a_refusal_is_told_wherever_it_comes_and_once() {
    let refused = answered(2, 1, false);
    let all = [received(1, 11), refused, received(3, 12)];
    assert_eq!(then(&all), Ok(()));
    assert!(then(&[&all[..], &[answered(4, 1, false)]].concat()).is_err());
    assert!(then(&[received(1, 11), answered(2, 1, true)]).is_err(), "because nobody went");
}

#[test]
fn a_room_that_crashes_ends_its_own_sessions_and_no_other() {
    let dismissed = |code| Transition::Dismissed { line: line(0), code };
    let crashed = |site| Transition::Crashed { site };
    let left = Transition::Left { site: SITE, conn: CONN };
    assert_eq!(then(&[crashed(SITE), dismissed(1011)]), Ok(()));
    assert!(then(&[crashed(OTHER), dismissed(1011)]).is_err(), "because it was another room");
    assert!(then(&[crashed(OTHER), left]).is_err(), "because it was another room");
    assert!(then(&[dismissed(1011)]).is_err(), "because no room crashed");
    let killed = Transition::Killed { until: Duration::from_secs(9) };
    let afresh = Transition::JoinedAfresh { tab: TAB, line: line(1), you: NetId(1) };
    let seated = Transition::Seated { site: OTHER, conn: NEXT, you: NetId(1) };
    let welcomed = Transition::Welcomed { line: line(1), site: OTHER, you: NetId(1) };
    assert_eq!(then(&[killed, seated, welcomed, afresh]), Ok(()));
}

#[test]
fn a_ticket_is_taken_once_by_whoever_it_was_made_for() {
    let ticket = TicketId(0);
    let come = |number: u32, ticket| {
        let (conn, you) = (ConnId { thread: 0, serial: number.into() }, NetId(number as u16));
        let (line, tab) = (line(number), TabId(number));
        [
            Transition::Connected { tab, line, thread: 0, resumes: false, ticket },
            Transition::Seated { site: SITE, conn, you },
            Transition::Welcomed { line, site: SITE, you },
        ]
    };
    let issued = |made| [Transition::Issued { ticket, made }];
    let run = |all: &[&[Transition]]| judge(true, &all.concat());
    let honest = issued(Made::Honestly);
    let good = come(1, Some(ticket));
    assert_eq!(run(&[&honest, &good]), Ok(()));
    assert!(run(&[&honest, &good, &come(2, Some(ticket))]).is_err(), "because it was used");
    assert!(run(&[&come(1, None)]).is_err(), "because there is none");
    for made in [Made::Forged, Made::LongAgo] {
        assert!(run(&[&issued(made), &good]).is_err(), "{made:?}");
    }
    let killed = [Transition::Killed { until: Duration::from_secs(2) }];
    assert!(run(&[&honest, &killed, &good]).is_err(), "because nobody knows whether it was used");
    let refused = [Transition::Dismissed { line: line(1), code: 4004 }];
    assert!(run(&[&honest, &good[..1], &refused]).is_err(), "because it is good");
    assert_eq!(run(&[&issued(Made::Forged), &good[..1], &refused]), Ok(()));
    let asked_for = [Transition::Dismissed { line: line(1), code: 4003 }];
    assert_eq!(run(&[&come(1, None)[..1], &asked_for]), Ok(()));
    assert!(run(&[&come(1, None)[..1], &refused]).is_err(), "because it brought none");
    assert!(run(&[&issued(Made::Forged), &good[..1], &asked_for]).is_err(), "because it did");
}

#[test]
fn who_is_let_go_is_told_so_and_when_to_come_back() {
    let draining = Transition::Draining { until: Duration::from_secs(60) };
    let notice = notice_of_a_restart();
    assert_eq!(then(&[draining, received(1, 11), received(2, notice), received(3, 12)]), Ok(()));
    assert!(then(&[received(1, notice)]).is_err(), "because nobody ordered that");
    let dismissed = Transition::Dismissed { line: line(0), code: 1012 };
    assert!(then(&[dismissed]).is_err(), "because the server goes on");
    let told = |retry_after_ms| Transition::Told { tab: TAB, code: 1012, retry_after_ms };
    assert_eq!(then(&[draining, dismissed, told(RESTART_RETRY_MS)]), Ok(()));
    assert!(then(&[draining, dismissed, told(0)]).is_err(), "because all would come at once");
    let killed = Transition::Killed { until: Duration::from_secs(9) };
    assert!(then(&[draining, killed, dismissed]).is_err(), "because that is another server");
}

#[test]
fn what_comes_twice_is_counted_and_fair_where_two_tabs_have_a_session() {
    let doubled = Transition::Doubled { tab: TAB };
    assert!(then(&[received(1, 11), doubled]).is_err());
}
