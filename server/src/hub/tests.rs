//! The hub on a made-up clock: reports in, deliveries out.
#![expect(clippy::wildcard_enum_match_arm, reason = "one kind of many is picked out")]

use std::sync::Arc;

use throng_shared::ids::NetId;
use throng_shared::limits::{
    CHAT_BURST, CHAT_LINES_KEPT, NEWS_ROOM_PLAYERS, REFUSED_BURST, STREAM_SILENCE_MS, TOPICS_MAX,
};
use throng_shared::session::CloseCode;
use throng_shared::time::Millis;
use throng_shared::wire::{
    Ask, Audience, Line, NO_CALL, News, Order, Outcome, Problem, ServerMessage, TopicChange,
    TopicUpdate, decode_server, splice_number,
};

mod bounds;
mod ears;
mod lives;
mod scores;

use super::keeper::memory::{Audit, Disk, Memory, Read};
use super::*;
use crate::link::Visitor;

const ARENA: RoomId = RoomId { place: 1, number: 1 };
const OTHER: RoomId = RoomId { place: 2, number: 1 };
const PRIVATE: RoomId = RoomId { place: 5, number: 1 };
const ADA: NetId = NetId(1);
const BOB: NetId = NetId(2);
const OPS: NetId = NetId(9);

/// A hub with two rooms, and what it said.
struct Rig {
    hub: Hub,
    ms: u64,
    call: u32,
    audit: Audit,
    disk: Disk,
    read: Read,
}

impl Rig {
    fn new() -> Self {
        Self::within(Limits::default())
    }

    fn within(limits: Limits) -> Self {
        let keeper = Box::new(Memory::default());
        let (audit, disk) = (Arc::clone(&keeper.audit), Arc::clone(&keeper.disk));
        let read = Arc::clone(&keeper.read);
        let clean = Box::new(|text: &str| text.replace("darn", "****"));
        let hub = Hub::new(7, Arc::new(limits), clean, keeper);
        let mut rig = Self { hub, ms: 1_000, call: 0, audit, disk, read };
        for (room, name) in [(ARENA, "arena"), (OTHER, "other")] {
            let info = RoomInfo { name: name.to_owned(), ..RoomInfo::default() };
            rig.report(room, Report::Opened(info));
        }
        rig
    }

    fn with_ada_and_bob() -> Self {
        let mut rig = Self::new();
        rig.join(ARENA, ADA, "Ada", 101, false);
        rig.join(ARENA, BOB, "Bob", 102, false);
        rig.said();
        rig
    }

    fn now(&self) -> Now {
        Now { ms: Millis(self.ms), unix_s: 1_000_000 + (self.ms / 1000) as u32 }
    }

    fn report(&mut self, room: RoomId, report: Report) {
        self.hub.handle_report(self.now(), room, report);
    }

    fn join(&mut self, room: RoomId, you: NetId, name: &str, player: u32, operator: bool) {
        let who = Visitor { player: PlayerId(player), operator };
        let name = name.to_owned();
        self.report(room, Report::Joined { you, name, who, spectator: false });
    }

    /// A second goes by.
    fn second(&mut self) {
        self.ms += 1_000;
        self.hub.turn(self.now(), Traffic::default());
    }

    fn said(&mut self) -> Vec<(RoomId, Delivery)> {
        std::iter::from_fn(|| self.hub.poll_delivery()).collect()
    }

    /// What was said since, as the events of one player.
    fn events(&mut self, at: (RoomId, NetId)) -> Vec<Event> {
        let said = self.said();
        let of = said.into_iter().filter_map(|(room, delivery)| match delivery {
            Delivery::Event { you, message } | Delivery::Answer { you, message, .. } => {
                ((room, you) == at).then(|| event_of(&message))
            }
            Delivery::Broadcast { .. } | Delivery::Expel { .. } => None,
        });
        of.collect()
    }

    fn ask(&mut self, at: (RoomId, NetId), ask: Ask) {
        self.call += 1;
        let call = self.call;
        self.report(at.0, Report::Asked { you: at.1, call, ask });
    }

    /// Asks and gives the problem that it meets.
    fn problem(&mut self, at: (RoomId, NetId), ask: Ask) -> Option<Problem> {
        self.said();
        self.ask(at, ask);
        let call = self.call;
        let answers: Vec<Outcome> = self
            .events(at)
            .into_iter()
            .filter_map(|event| match event {
                Event::Answer { call: of, outcome } if of == call => Some(outcome),
                _ => None,
            })
            .collect();
        let [outcome] = &answers[..] else { panic!("because each call has one answer") };
        match outcome {
            Outcome::Done => None,
            Outcome::Refused { problem, text, .. } => {
                assert!(text.ends_with('.'), "because it is a sentence: {text}");
                Some(*problem)
            }
        }
    }

    fn lines(&mut self, at: (RoomId, NetId)) -> Vec<Line> {
        let line = |event| match event {
            Event::Line(line) => Some(line),
            _ => None,
        };
        self.events(at).into_iter().filter_map(line).collect()
    }

    fn updates(&mut self, at: (RoomId, NetId)) -> Vec<TopicUpdate> {
        let update = |event| match event {
            Event::Topic(update) => Some(update),
            _ => None,
        };
        self.events(at).into_iter().filter_map(update).collect()
    }

    fn news(&mut self, at: (RoomId, NetId)) -> Vec<News> {
        let news = |event| match event {
            Event::Notification(notification) => Some(notification.news),
            _ => None,
        };
        self.events(at).into_iter().filter_map(news).collect()
    }

    fn heard(&mut self, id: u64) -> Vec<String> {
        let told: Vec<_> = std::iter::from_fn(|| self.hub.poll_told()).collect();
        told.into_iter()
            .filter(|(of, _)| *of == ListenerId(id))
            .map(|(_, told)| match told {
                Some(bytes) => String::from_utf8(bytes.to_vec()).expect("events are text"),
                None => "the end".to_owned(),
            })
            .collect()
    }
}

fn event_of(message: &Bytes) -> Event {
    let mut whole = Vec::new();
    splice_number(&mut whole, 1);
    whole.extend_from_slice(message);
    match decode_server(&whole) {
        Ok(ServerMessage::Event { event, .. }) => event,
        other => panic!("because it is an event: {other:?}"),
    }
}

fn say(to: Audience, text: &str) -> Ask {
    Ask::Say { to, text: text.to_owned() }
}

fn subscribe(topic: &str) -> Ask {
    Ask::Subscribe { topic: topic.to_owned() }
}

fn text(reason: &str) -> String {
    reason.to_owned()
}

fn left(you: NetId) -> Report {
    Report::Left { you, peak: Peak::default() }
}

fn died(who: NetId, by: NetId) -> Report {
    Report::Died { who, by, peak: Peak::default() }
}

/// Of somebody who never had more than now.
fn standing(you: NetId, shards: u32, kills: u32) -> Standing {
    Standing { you, shards, kills, peak: Peak { shards, kills } }
}

#[test]
fn a_line_reaches_the_room_and_no_other() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(OTHER, BOB, "Eve", 103, false);
    rig.said();
    rig.ask((ARENA, ADA), say(Audience::Room, "  oh darn "));
    let said = rig.said();
    let of = |room, you| {
        let meant = |(it, delivery): &&(RoomId, Delivery)| {
            *it == room && matches!(delivery, Delivery::Event { you: it, .. } if *it == you)
        };
        said.iter().filter(meant).count()
    };
    assert_eq!((of(ARENA, ADA), of(ARENA, BOB), of(OTHER, BOB)), (1, 1, 0));
    rig.ms += 60_000;
    rig.ask((ARENA, BOB), say(Audience::Room, "hi"));
    let line = rig.lines((ARENA, ADA)).remove(0);
    assert_eq!((line.number, line.who, line.text.as_str()), (2, BOB, "hi"));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    let history = rig.lines((ARENA, NetId(3)));
    assert_eq!(history[0].text, "oh ****", "because it is trimmed and clean");
    assert_eq!(history.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_newcomer_is_told_the_last_lines_and_no_private_one() {
    let mut rig = Rig::with_ada_and_bob();
    for number in 0..CHAT_LINES_KEPT + 4 {
        rig.ms += 1_000;
        rig.ask((ARENA, ADA), say(Audience::Room, &format!("line {number}")));
        rig.ask((ARENA, ADA), say(Audience::Player { who: BOB }, "between us"));
        rig.ms += 1_000;
    }
    rig.said();
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    let lines = rig.lines((ARENA, NetId(3)));
    assert_eq!(lines.len(), CHAT_LINES_KEPT);
    assert_eq!(lines[0].text, "line 4");
    assert!(lines.is_sorted_by_key(|line| line.number));
}

#[test]
fn a_private_line_is_for_two() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.said();
    rig.ask((ARENA, ADA), say(Audience::Player { who: BOB }, "psst"));
    let mut hearers: Vec<NetId> = rig
        .said()
        .into_iter()
        .filter_map(|(_, delivery)| match delivery {
            Delivery::Event { you, .. } => Some(you),
            _ => None,
        })
        .collect();
    hearers.sort_unstable();
    assert_eq!(hearers, [ADA, BOB]);
    let to = Audience::Player { who: NetId(77) };
    assert_eq!(rig.problem((ARENA, ADA), say(to, "psst")), Some(Problem::NoSuchPlayer));
}

#[test]
fn operators_alone_speak_to_every_room() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(OTHER, OPS, "Ops", 1, true);
    let everyone = |text| say(Audience::Everyone, text);
    assert_eq!(rig.problem((ARENA, ADA), everyone("me!")), Some(Problem::NotAllowed));
    rig.ask((OTHER, OPS), everyone("restart at noon"));
    let line = rig.lines((ARENA, BOB)).remove(0);
    assert!(line.operator && line.to == Audience::Everyone);
}

#[test]
fn too_much_at_once_is_too_fast_and_says_when() {
    let mut rig = Rig::with_ada_and_bob();
    for _ in 0..CHAT_BURST {
        assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "spam")), None);
    }
    rig.ask((ARENA, ADA), say(Audience::Room, "spam"));
    let refused = |event: &Event| match event {
        Event::Answer { outcome: Outcome::Refused { problem, retry_after_ms, .. }, .. } => {
            Some((*problem, *retry_after_ms))
        }
        _ => None,
    };
    let events = rig.events((ARENA, ADA));
    let [(problem, ms)] = events.iter().filter_map(refused).collect::<Vec<_>>()[..] else {
        panic!("because it is refused: {events:?}")
    };
    assert_eq!(problem, Problem::TooFast);
    rig.ms += u64::from(ms);
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "calm")), None);
}

#[test]
fn what_is_wrong_in_a_call_has_a_name() {
    let mut rig = Rig::with_ada_and_bob();
    let at = (ARENA, ADA);
    let wrong = [
        (subscribe("weather"), Problem::UnknownTopic),
        (subscribe(&"x".repeat(500)), Problem::UnknownTopic),
        (Ask::Unsubscribe { topic: text("rooms") }, Problem::NotSubscribed),
        (say(Audience::Room, "  "), Problem::Empty),
        (say(Audience::Room, &"x".repeat(201)), Problem::TooLong),
        (say(Audience::Room, "a\nb"), Problem::NotAllowed),
        (Ask::Mute { who: ADA, on: true }, Problem::NoSuchPlayer),
        (Ask::Report { who: BOB, text: text(" ") }, Problem::Empty),
        (Ask::Report { who: NetId(50), text: text("bad") }, Problem::NoSuchPlayer),
        (Ask::Go { room: text("other") }, Problem::NotAllowed),
        (Ask::Order(Order::Kick { who: BOB, reason: text("fun") }), Problem::NotAllowed),
    ];
    for (ask, problem) in wrong {
        rig.ms += 10_000;
        assert_eq!(rig.problem(at, ask.clone()), Some(problem), "{ask:?}");
    }
    rig.report(ARENA, left(ADA));
    assert_eq!(rig.problem(at, subscribe("rooms")), Some(Problem::OutOfPlace));
}

#[test]
fn who_keeps_asking_for_what_cannot_be_done_has_to_go() {
    let mut rig = Rig::with_ada_and_bob();
    for number in 0..=REFUSED_BURST {
        let gone = rig.said().into_iter().any(|(_, it)| matches!(it, Delivery::Expel { .. }));
        assert!(!gone, "because {number} may happen");
        rig.ms += 200;
        rig.ask((ARENA, ADA), subscribe("weather"));
    }
    for _ in 0..2 {
        rig.ms += 200;
        rig.ask((ARENA, ADA), subscribe("weather"));
    }
    let expelled = rig.said().into_iter().find_map(|(_, delivery)| match delivery {
        Delivery::Expel { you, code, .. } => Some((you, code)),
        _ => None,
    });
    assert_eq!(expelled, Some((ADA, CloseCode::RateLimited)));
}

#[test]
fn a_topic_is_told_whole_and_then_as_what_changed() {
    let mut rig = Rig::with_ada_and_bob();
    rig.second();
    let at = (ARENA, ADA);
    rig.ask(at, subscribe("room/arena/presence"));
    let [whole] = &rig.updates(at)[..] else { panic!("because it is told at once") };
    let TopicChange::Presence { set, .. } = &whole.change else { panic!("another kind") };
    assert_eq!((whole.since, set.len()), (0, 2));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.report(ARENA, left(BOB));
    assert_eq!(rig.updates(at), [], "because it is told once a second");
    rig.second();
    let [update] = &rig.updates(at)[..] else { panic!("because something changed") };
    assert_eq!(update.since, whole.version);
    let TopicChange::Presence { set, gone } = &update.change else { panic!("another kind") };
    assert_eq!((set[0].name.as_str(), set.len(), gone.as_slice()), ("Cyd", 1, &[BOB][..]));
    rig.second();
    assert_eq!(rig.updates(at), [], "because nothing changed");
    assert_eq!(rig.problem(at, Ask::Unsubscribe { topic: text("room/arena/presence") }), None);
    rig.report(ARENA, left(NetId(3)));
    rig.second();
    assert_eq!(rig.updates(at), []);
}

#[test]
fn who_asks_for_a_topic_again_and_again_is_told_it_once_a_second() {
    let mut rig = Rig::with_ada_and_bob();
    rig.second();
    let at = (ARENA, ADA);
    let mut told = 0;
    for _ in 0..10 {
        for _ in 0..4 {
            rig.ask(at, subscribe("rooms"));
            rig.ask(at, Ask::Unsubscribe { topic: text("rooms") });
        }
        rig.ask(at, subscribe("rooms"));
        told += rig.updates(at).len();
        rig.second();
        told += rig.updates(at).len();
    }
    assert!((5..=11).contains(&told), "because once a second is enough: {told}");
    rig.second();
    rig.ask(at, subscribe("rooms"));
    rig.second();
    let [whole] = &rig.updates(at)[..] else { panic!("because nobody waits for ever") };
    assert_eq!(whole.since, 0, "because it was asked for anew");
}

#[test]
fn whoever_was_away_is_told_where_things_stand_and_not_what_went_by() {
    let mut rig = Rig::with_ada_and_bob();
    let at = (ARENA, ADA);
    rig.ask(at, subscribe("server"));
    rig.second();
    let held = rig.updates(at).last().expect("it is told").version;
    rig.report(ARENA, Report::Linked { you: ADA, dead: true });
    for _ in 0..100 {
        rig.second();
    }
    assert_eq!(rig.updates(at), [], "because nobody would read it");
    rig.report(ARENA, Report::Linked { you: ADA, dead: false });
    let [update] = &rig.updates(at)[..] else { panic!("because one is enough") };
    assert!(update.version > held + 50 && update.since == 0);
}

#[test]
fn topics_wait_for_a_link_that_lags_and_are_then_told_as_they_stand() {
    let mut rig = Rig::with_ada_and_bob();
    for at in [(ARENA, ADA), (ARENA, BOB)] {
        rig.ask(at, subscribe("server"));
        rig.ask(at, subscribe("room/arena/presence"));
    }
    rig.second();
    rig.said();
    rig.report(ARENA, Report::Lags { you: ADA, lags: true });
    let mut said = Vec::new();
    for who in 20..25 {
        rig.join(ARENA, NetId(who), "Eve", 0, false);
        rig.ask((ARENA, BOB), say(Audience::Room, "hello"));
        rig.second();
        said.extend(rig.said());
    }
    let count = |of: NetId| {
        let events = said.iter().filter_map(|(_, delivery)| match delivery {
            Delivery::Event { you, message } if *you == of => Some(event_of(message)),
            _ => None,
        });
        let (topics, others): (Vec<_>, Vec<_>) =
            events.partition(|it| matches!(it, Event::Topic(_)));
        (topics.len(), others.len())
    };
    let (topics, others) = count(BOB);
    assert_eq!(topics, 10, "because both topics changed each second");
    assert_eq!(count(ADA), (0, others), "because topics wait, and nothing else does");
    rig.report(ARENA, Report::Lags { you: ADA, lags: false });
    assert_eq!(rig.updates((ARENA, ADA)), [], "because they are told once a second");
    rig.second();
    let updates = rig.updates((ARENA, ADA));
    let told = updates.iter().map(|it| (it.topic.as_str(), it.version - it.since));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("room/arena/presence", 5), ("server", 6)], "because one of each is enough");
    let TopicChange::Presence { set, gone } = &updates[0].change else { panic!("another kind") };
    assert_eq!((set.len(), gone.len()), (5, 0));
}

#[test]
fn who_comes_back_on_another_link_is_not_taken_for_slow() {
    let mut rig = Rig::with_ada_and_bob();
    rig.ask((ARENA, ADA), subscribe("server"));
    rig.report(ARENA, Report::Lags { you: ADA, lags: true });
    rig.report(ARENA, Report::Linked { you: ADA, dead: true });
    rig.second();
    rig.said();
    rig.report(ARENA, Report::Linked { you: ADA, dead: false });
    assert_eq!(rig.updates((ARENA, ADA)).len(), 1);
}

#[test]
fn only_so_many_topics_are_followed() {
    let mut rig = Rig::with_ada_and_bob();
    for room in 0..TOPICS_MAX as u16 {
        let info = RoomInfo { name: format!("r{room}"), ..RoomInfo::default() };
        rig.report(RoomId { place: 100 + room, number: 1 }, Report::Opened(info));
        let topic = format!("room/r{room}/presence");
        assert_eq!(rig.problem((ARENA, ADA), subscribe(&topic)), None);
    }
    let at = (ARENA, ADA);
    assert_eq!(rig.problem(at, subscribe("server")), Some(Problem::TooManyTopics));
    assert_eq!(rig.problem(at, subscribe("room/r0/presence")), None, "because it has that one");
    rig.report(RoomId { place: 100, number: 1 }, Report::Closed);
    rig.second();
    assert_eq!(rig.problem(at, subscribe("server")), None, "because a room is gone");
}

#[test]
fn who_is_in_a_private_room_is_told_inside_alone() {
    let mut rig = Rig::with_ada_and_bob();
    let info = RoomInfo { name: text("den"), is_private: true, ..RoomInfo::default() };
    rig.report(PRIVATE, Report::Opened(info));
    rig.join(PRIVATE, ADA, "Cyd", 0, false);
    rig.second();
    let topic = "room/den/presence";
    assert_eq!(rig.problem((ARENA, ADA), subscribe(topic)), Some(Problem::UnknownTopic));
    assert_eq!(rig.problem((PRIVATE, ADA), subscribe(topic)), None);
    let unheard = rig.hub.listen(rig.now(), ListenerId(1), &[text(topic)], None);
    assert!(matches!(unheard, Err(Unheard::Unknown { .. })));
    rig.ask((PRIVATE, ADA), subscribe("rooms"));
    let rooms = rig.updates((PRIVATE, ADA));
    let named = format!("{rooms:?}");
    assert!(named.contains("arena") && !named.contains("den\""), "{named}");
}

#[test]
fn the_board_of_now_has_all_rooms_and_ones_own_place() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(OTHER, ADA, "Cyd", 103, false);
    let standing = |you, shards| standing(you, shards, 1);
    rig.report(ARENA, Report::Standings(vec![standing(BOB, 9), standing(ADA, 5)]));
    rig.report(OTHER, Report::Standings(vec![standing(ADA, 7)]));
    rig.second();
    rig.said();
    rig.ask((ARENA, ADA), subscribe("leaderboard/now"));
    let [update] = &rig.updates((ARENA, ADA))[..] else { panic!("because it is told at once") };
    let TopicChange::Leaders { set, places, own } = &update.change else { panic!("another kind") };
    let names: Vec<&str> = set.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, *places, *own), (vec!["Bob", "Cyd", "Ada"], 3, 3));
    rig.report(ARENA, Report::Standings(vec![standing(ADA, 50), standing(BOB, 9)]));
    rig.second();
    let [update] = &rig.updates((ARENA, ADA))[..] else { panic!("because it changed") };
    let TopicChange::Leaders { set, own, .. } = &update.change else { panic!("another kind") };
    assert_eq!((set.len(), *own), (3, 1));
}

#[test]
fn the_crown_is_news_for_who_has_it_and_who_had_it() {
    let mut rig = Rig::with_ada_and_bob();
    rig.report(ARENA, Report::Crown { holder: Some(ADA) });
    assert_eq!(rig.news((ARENA, ADA)), [News::TookCrown]);
    rig.report(ARENA, Report::Crown { holder: Some(BOB) });
    assert_eq!(rig.news((ARENA, ADA)), [News::LostCrown { name: text("Bob") }]);
}

#[test]
fn few_are_told_who_comes_and_goes_and_many_are_not() {
    let mut rig = Rig::with_ada_and_bob();
    for number in 0..NEWS_ROOM_PLAYERS as u16 * 2 {
        rig.join(ARENA, NetId(500 + number), "Bot", 0, false);
    }
    assert_eq!(rig.news((ARENA, ADA)).len(), 0, "because house bots are no news");
    rig.join(ARENA, NetId(3), "Cyd", 103, false);
    assert_eq!(rig.news((ARENA, ADA)), [News::Joined { name: text("Cyd") }]);
    rig.report(ARENA, left(NetId(3)));
    assert_eq!(rig.news((ARENA, ADA)), [News::Left { name: text("Cyd") }]);
    for number in 0..NEWS_ROOM_PLAYERS as u16 {
        rig.join(ARENA, NetId(100 + number), "Guest", 200 + u32::from(number), false);
    }
    rig.said();
    rig.report(ARENA, left(NetId(100)));
    rig.join(ARENA, NetId(100), "Guest", 200, false);
    rig.join(ARENA, NetId(3), "Cyd", 103, false);
    assert_eq!(rig.news((ARENA, ADA)).len(), 0);
}

#[test]
fn orders_are_for_operators_take_effect_and_are_written_down() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(ARENA, OPS, "Ops", 1, true);
    let order = |rig: &mut Rig, order| rig.problem((ARENA, OPS), Ask::Order(order));
    let reason = || text("spam\n");
    let mute = |minutes| Order::Mute { who: ADA, minutes, reason: reason() };
    assert_eq!(order(&mut rig, mute(5)), None);
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "but")), Some(Problem::Muted));
    rig.ms += 301_000;
    assert_eq!(rig.problem((ARENA, ADA), say(Audience::Room, "but")), None, "because it is over");
    rig.said();
    rig.ask((ARENA, OPS), Ask::Order(Order::Ban { who: BOB, minutes: 10, reason: reason() }));
    let expelled = |rig: &mut Rig| {
        rig.said().into_iter().find_map(|(_, delivery)| match delivery {
            Delivery::Expel { you, code, reason } => Some((you, code, reason)),
            _ => None,
        })
    };
    assert_eq!(expelled(&mut rig), None, "because it is told first");
    rig.second();
    let banned = Some((BOB, CloseCode::Kicked, text("banned for 10 min: spam")));
    assert_eq!(expelled(&mut rig), banned);
    rig.report(ARENA, left(BOB));
    rig.said();
    rig.join(OTHER, BOB, "Bob", 102, false);
    assert!(expelled(&mut rig).is_some(), "because a ban is for every room");
    let pardon = |player| Order::Pardon { player };
    assert_eq!(order(&mut rig, pardon(555)), Some(Problem::NoSuchPlayer));
    assert_eq!(order(&mut rig, pardon(102)), None);
    rig.said();
    rig.join(OTHER, BOB, "Bob", 102, false);
    assert_eq!(expelled(&mut rig), None);
    rig.ask((ARENA, OPS), Ask::Order(Order::Kick { who: ADA, reason: reason() }));
    assert_eq!(
        expelled(&mut rig).map(|(you, code, _)| (you, code)),
        Some((ADA, CloseCode::Kicked))
    );
    let audit = rig.audit.lock().expect("nobody panics");
    let lines: Vec<_> = audit.iter().map(|line| (line.what, line.player.0, line.minutes)).collect();
    let expected =
        [("muted", 101, 5), ("banned", 102, 10), ("pardoned", 102, 0), ("kicked", 101, 0)];
    assert_eq!(lines, expected);
    assert!(audit.iter().all(|line| line.operator == "Ops" && !line.reason.contains('\n')));
}

#[test]
fn a_report_reaches_operators_in_every_room() {
    let mut rig = Rig::with_ada_and_bob();
    rig.join(OTHER, OPS, "Ops", 1, true);
    rig.said();
    rig.ask((ARENA, ADA), Ask::Report { who: BOB, text: text("cheats") });
    let (name, by) = (text("Bob"), text("Ada"));
    let said = News::Reported { room: text("arena"), who: BOB, name, by, text: text("cheats") };
    assert_eq!(rig.news((OTHER, OPS)), [said]);
}

#[test]
fn a_listener_goes_on_behind_its_last_event() {
    let mut rig = Rig::with_ada_and_bob();
    rig.second();
    let topics = [text("rooms"), text("room/arena/presence")];
    let id = |event: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix("id: "));
        line.map(str::to_owned)
    };
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(1), &topics, None), Ok(()));
    let heard = rig.heard(1);
    assert_eq!(heard.len(), 3, "because there is a greeting and all of two topics");
    assert!(heard[1].contains("event: rooms\n") && heard[2].contains("\"name\":\"Bob\""));
    let last = id(&heard[2]).expect("the last event has an id");
    rig.hub.unlisten(ListenerId(1));
    rig.join(ARENA, NetId(3), "Cyd", 0, false);
    rig.second();
    rig.heard(1);
    assert_eq!(rig.hub.listen(rig.now(), ListenerId(2), &topics, Some(&last)), Ok(()));
    let heard = rig.heard(2);
    assert_eq!(heard.len(), 2, "because one topic changed: {heard:?}");
    assert!(heard[1].contains("Cyd") && !heard[1].contains("Bob"), "{}", heard[1]);
    for foreign in ["00000001-1-1", "00000007-1", "nonsense", "00000007-9-x", "00000007-900-900"] {
        assert_eq!(rig.hub.listen(rig.now(), ListenerId(3), &topics, Some(foreign)), Ok(()));
        assert_eq!(rig.heard(3).len(), 3, "because {foreign} is of another life");
    }
}

#[test]
fn a_listener_hears_that_the_stream_lives_and_when_it_ends() {
    let mut rig = Rig::new();
    rig.second();
    let listen =
        |rig: &mut Rig, topics: &[String]| rig.hub.listen(rig.now(), ListenerId(1), topics, None);
    let wrong = listen(&mut rig, &[text("weather")]);
    let Err(Unheard::Unknown { topic, topics }) = wrong else { panic!("because it is unknown") };
    assert!(topic == "weather" && topics.contains(&text("server")), "{topics:?}");
    assert_eq!(listen(&mut rig, &[]), Err(Unheard::Count));
    assert_eq!(listen(&mut rig, &[text("leaderboard/day")]), Ok(()));
    rig.heard(1);
    for _ in 0..STREAM_SILENCE_MS / 1_000 {
        rig.second();
    }
    assert_eq!(rig.heard(1), [": keep-alive\n\n"]);
    rig.hub.announce_restart(rig.now(), 1_000_999);
    let heard = rig.heard(1);
    assert!(heard[0].starts_with("event: restart") && heard[1] == "the end", "{heard:?}");
}

#[test]
fn all_are_told_of_a_restart() {
    let mut rig = Rig::with_ada_and_bob();
    rig.hub.announce_restart(rig.now(), 1_000_999);
    assert_eq!(rig.news((ARENA, BOB)), [News::Restart { at_s: 1_000_999 }]);
}
