//! Spectators over real sockets: they see exactly what a player sees, are nobody in the game,
//! and cost it nothing.
#![expect(clippy::wildcard_enum_match_arm, reason = "one kind of many is picked out")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use throng::config::{Config, LimitSettings, Settings};
use throng::game::Game;
use throng::hub::HubPort;
use throng::link::{
    ConnId, Control, Directory, Inbox, InputNote, Listing, Mail, RoomPort, Visitor,
};
use throng::replication::{Cursor, History, compose};
use throng::room::{Pace, RoomOptions, RoomStatus, RoomWorker};
use throng::serve::Server;
use throng::sim::SimOptions;
use throng_shared::ids::NetId;
use throng_shared::limits::{INPUT_INTERVAL_MS, WATCH_EVERY_MS, WATCH_PING_MS, WATCHER_IDS};
use throng_shared::session::{CloseCode, Name};
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Event, Hello, Input, NO_CALL, Outcome, Problem, TopicChange,
    Whom, encode,
};

use crate::resume::{Tab, disc, get};
use crate::rooms::attic;
use crate::social::{ask, lines, say, subscribe, updates};
use crate::sockets::server;

fn spectator() -> Hello {
    Hello { watch: true, ..Hello::guest("Eve", 1) }
}

/// Somebody who looks on, and was told at whom.
async fn look_on(server: &Server) -> Tab {
    let mut tab = Tab::open_as(server.address(), "/ws", spectator()).await;
    tab.until(|tab| seen(tab).is_some()).await;
    assert!(tab.looks_on, "because it asked for that");
    tab
}

/// Somebody who plays, and whose glider is there.
async fn play(server: &Server) -> Tab {
    let mut tab = Tab::play(server.address(), None).await;
    tab.until(Tab::is_flying).await;
    tab
}

/// Whom a spectator was told that it sees.
fn seen(tab: &Tab) -> Option<NetId> {
    tab.events.iter().rev().find_map(|event| match event {
        Event::Watching { who } => Some(*who),
        _ => None,
    })
}

fn crowned(tab: &Tab) -> Option<NetId> {
    let crown = tab.events.iter().rev().find_map(|event| match event {
        Event::Crown { holder, name } => Some((*holder, !name.is_empty())),
        _ => None,
    });
    crown.filter(|(_, is_worn)| *is_worn).map(|(holder, _)| holder)
}

fn watch(who: NetId) -> Ask {
    Ask::Watch { whom: Whom::Player { who } }
}

/// It may ask for somebody else again.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(WATCH_EVERY_MS * 2)).await;
}

async fn bye(tab: &mut Tab) {
    tab.say(&ClientMessage::Bye).await;
    tab.until(|tab| tab.closed.is_some()).await;
}

#[tokio::test]
async fn who_looks_on_holds_exactly_what_a_player_sees_and_is_no_player() {
    let server = server(Settings { house_bots: Some(4), ..disc() });
    let mut tab = look_on(&server).await;
    // Each snapshot is applied exactly, or the tab panics.
    tab.until(|tab| tab.snapshots > 150 && server.status().players() == 4).await;
    tab.until(|tab| tab.view().is_some_and(|view| view.checks() > 0)).await;
    tab.until(|tab| seen(tab).is_some_and(|who| tab.sees(who).is_some())).await;
    assert_eq!((server.status().players(), server.status().spectators()), (4, 1));
    let rooms = get(server.address(), "/api/rooms").await;
    assert!(rooms.contains("\"players\":4,"), "{rooms}");
    assert!(rooms.contains("\"spectators\":1,"), "{rooms}");
    assert!(rooms.contains("\"people\":1,"), "because the room is not empty: {rooms}");
    bye(&mut tab).await;
    let end = Instant::now() + Duration::from_secs(60);
    while server.status().spectators() > 0 {
        assert!(Instant::now() < end, "because it left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.stop();
}

#[tokio::test]
async fn the_crown_is_followed_wherever_it_goes() {
    let server = server(Settings { house_bots: Some(30), ..Settings::default() });
    let mut tab = look_on(&server).await;
    tab.until(|tab| crowned(tab).is_some() && crowned(tab) == seen(tab)).await;
    let first = crowned(&tab);
    // It falls with whoever wears it, sooner or later.
    tab.until(|tab| crowned(tab).is_some_and(|who| Some(who) != first && Some(who) == seen(tab)))
        .await;
    server.stop();
}

#[tokio::test]
async fn who_keeps_asking_to_look_at_nobody_has_to_go() {
    let limits = LimitSettings {
        refused_burst: Some(3),
        refused_every_ms: Some(60_000),
        ..LimitSettings::default()
    };
    let server = server(Settings { limits, ..disc() });
    let mut eve = look_on(&server).await;
    eve.until(|tab| tab.snapshots > 0).await;
    for call in 1..=3 {
        assert_eq!(ask(&mut eve, call, watch(NetId(999))).await, Some(Problem::NoSuchPlayer));
    }
    eve.say(&ClientMessage::Ask { call: 4, ask: watch(NetId(999)) }).await;
    eve.until(|tab| tab.closed.is_some()).await;
    assert_eq!(eve.closed, Some(CloseCode::RateLimited.number()));
    server.stop();
}

#[tokio::test]
async fn a_player_is_followed_until_it_leaves() {
    let server = server(disc());
    let mut eve = look_on(&server).await;
    assert_eq!(seen(&eve), Some(NetId::NOBODY), "because nobody plays");
    eve.until(|tab| tab.snapshots > 5).await;
    let mut ada = play(&server).await;
    let mut bob = play(&server).await;
    eve.until(|tab| seen(tab).is_some_and(|who| tab.sees(who).is_some())).await;
    for (call, who) in [(1, bob.you()), (2, ada.you()), (3, bob.you())] {
        pause().await;
        assert_eq!(ask(&mut eve, call, watch(who)).await, None);
        eve.until(|tab| seen(tab) == Some(who) && tab.sees(who).is_some()).await;
    }
    for nobody in [NetId(999), NetId(WATCHER_IDS), NetId::NOBODY] {
        let call = 10 + u32::from(nobody.0);
        assert_eq!(ask(&mut eve, call, watch(nobody)).await, Some(Problem::NoSuchPlayer));
    }
    assert_eq!(ask(&mut ada, 1, watch(bob.you())).await, Some(Problem::NotAllowed));
    bye(&mut bob).await;
    let you = ada.you();
    eve.until(|tab| seen(tab) == Some(you)).await;
    bye(&mut ada).await;
    eve.until(|tab| seen(tab) == Some(NetId::NOBODY)).await;
    let before = eve.snapshots;
    eve.until(|tab| tab.snapshots > before + 5).await;
    server.stop();
}

#[tokio::test]
async fn a_full_room_takes_spectators_and_no_inputs_of_theirs() {
    let server = server(Settings { players_max: Some(1), ..disc() });
    let ada = play(&server).await;
    let mut late = Tab::open(server.address(), None).await;
    late.until(|tab| tab.closed.is_some()).await;
    assert_eq!(late.closed, Some(1013));
    let mut eve = look_on(&server).await;
    eve.until(|tab| tab.sees(ada.you()).is_some()).await;
    eve.say(&ClientMessage::Input(Input::default())).await;
    let told = |tab: &Tab| tab.answers.iter().find(|(call, _)| *call == NO_CALL).cloned();
    eve.until(|tab| told(tab).is_some()).await;
    let Some((_, Outcome::Refused { problem, text, .. })) = told(&eve) else {
        panic!("because it has no glider")
    };
    assert_eq!(problem, Problem::NotAllowed);
    assert!(text.contains("no glider"), "because it is told what is wrong: {text}");
    assert_eq!(ask(&mut eve, 1, watch(ada.you())).await, None, "because it looks on");
    server.stop();
}

#[tokio::test]
async fn a_spectator_comes_back_and_goes_to_another_room_as_one() {
    let server = server(Settings { net_threads: Some(2), ..disc() });
    let ada = play(&server).await;
    let mut eve = look_on(&server).await;
    for _ in 0..3 {
        eve.until(|tab| tab.sees(ada.you()) == Some(false)).await;
        eve = Tab::play(server.address(), eve.lose()).await;
        assert_eq!((eve.resumed, eve.looks_on, eve.you()), (Some(true), true, ada.you()));
        eve.until(|tab| seen(tab) == Some(ada.you())).await;
        assert_eq!((server.status().players(), server.status().spectators()), (1, 1));
    }
    let status = attic(&server, 30, 8);
    let go = Ask::Go { room: "attic".to_owned() };
    assert_eq!(ask(&mut eve, 1, go).await, None);
    eve.until(|tab| tab.room == "attic" && seen(tab) == Some(NetId::NOBODY)).await;
    let before = eve.snapshots;
    eve.until(|tab| tab.snapshots > before + 5).await;
    assert!(eve.looks_on);
    assert_eq!((status.players(), status.spectators(), server.status().spectators()), (0, 1, 0));
    server.stop();
}

#[tokio::test]
async fn spectators_chat_and_are_known_as_such() {
    let server = server(disc());
    let mut ada = play(&server).await;
    let presence = "room/arena/presence";
    assert_eq!(ask(&mut ada, 1, subscribe(presence)).await, None);
    let mut eve = look_on(&server).await;
    assert_eq!(ask(&mut eve, 1, say(Audience::Room, "well played")).await, None);
    ada.until(|tab| lines(tab).len() == 1).await;
    let (name, who) = (lines(&ada)[0].name.clone(), lines(&ada)[0].who);
    assert_eq!((name.as_str(), who.0 >= WATCHER_IDS), ("Eve", true));
    assert_eq!((eve.own, ada.own), (who, ada.you()), "because each is told its own number");
    let to = Audience::Player { who };
    assert_eq!(ask(&mut ada, 2, say(to, "thanks")).await, None);
    eve.until(|tab| lines(tab).len() == 2).await;
    let is_told = |change: &TopicChange| {
        matches!(change, TopicChange::Presence { set, .. }
            if set.iter().any(|row| row.who == who && row.spectator))
    };
    ada.until(|tab| updates(tab, presence).iter().any(|update| is_told(&update.change))).await;
    server.stop();
}

/// A room that is run by hand.
struct Stage {
    room: RoomWorker,
    pace: Pace,
    origin: Instant,
    port: RoomPort,
    inbox: Inbox,
    history: History,
    joined: usize,
}

impl Stage {
    fn new() -> Self {
        let config = Config::new(disc()).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the disc can be made");
        let (directory, mut inboxes) = Directory::new(1);
        let link = directory.open(Listing::sole("attic")).expect("a place is free");
        let port = directory.port(link.id(), 0).expect("it is open");
        let (tick_hz, players_max, name) = (30, 2, "attic".to_owned());
        let options = RoomOptions {
            is_private: false,
            game: Game::default(),
            name: name.clone(),
            sim: SimOptions { tick_hz, seed: 1, players_max, shards },
            link_hold_ms: 1_000,
            limits: Arc::default(),
            cores: 1,
            panic_at: None,
            stall_at: None,
        };
        let status = Arc::new(RoomStatus::new(name, tick_hz, players_max));
        let room = RoomWorker::new(arena, &options, link, status, HubPort::none());
        let origin = Instant::now();
        let pace = Pace::new(origin, tick_hz);
        let inbox = inboxes.remove(0);
        Self { room, pace, origin, port, inbox, history: History::default(), joined: 0 }
    }

    fn join(&self, serial: u64, watch: bool) {
        let conn = ConnId { thread: 0, serial };
        let name = Name::parse("Ada").expect("it is a name");
        let (who, house) = (Visitor::default(), false);
        let join = Control::Join { conn, name, look: 0, who, watch, house };
        assert_eq!(self.port.control(join), Ok(()));
    }

    fn tick(&mut self, tick: u32) {
        let now = self.origin + Duration::from_secs(1) * tick / 30 + Duration::from_millis(1);
        self.room.turn(&mut self.pace, now);
        while let Some(publication) = self.inbox.published(self.origin) {
            self.port.note_taken();
            let is_in = |mail: &&Mail| matches!(mail, Mail::Joined { .. });
            self.joined += publication.mail.iter().filter(is_in).count();
            self.history.push(publication.frame);
        }
    }
}

#[test]
fn a_spectator_is_told_no_more_than_whom_it_sees_and_says_less() {
    let mut stage = Stage::new();
    stage.join(1, false);
    stage.join(2, true);
    stage.tick(1);
    let you = stage.room.sim().ids().next().expect("somebody plays");
    let conn = ConnId { thread: 0, serial: 1 };
    let (mut plays, mut watches) = (Cursor::default(), Cursor::looking_on());
    let mut sums = [0, 0];
    for tick in 2..200 {
        let input = Input { tick: tick + 1, ahead: 2, heading: tick as u8, ..Input::default() };
        stage.port.inputs(&mut vec![InputNote { conn, you, input, early: 0 }]);
        stage.tick(tick);
        let told = [&mut plays, &mut watches].map(|cursor| {
            let mut told = Vec::new();
            assert!(compose(&stage.history, cursor, you, &mut told));
            told.len()
        });
        assert!(told[1] <= told[0], "because it has no inputs to hear of: {told:?} at {tick}");
        sums = [sums[0] + told[0], sums[1] + told[1]];
    }
    assert!(sums[1] < sums[0], "because players hear of their inputs: {sums:?}");
    // What each of the two says in a second, at the least and at the most.
    let input = Input { tick: u32::MAX, ..Input::default() };
    let pong = ClientMessage::Pong { nonce: u16::MAX, received: u32::MAX };
    let bytes =
        |message: &ClientMessage, every_ms: u64| encode(message).len() as u64 * 1000 / every_ms;
    let said = bytes(&pong, WATCH_PING_MS);
    assert!(said * 2 < bytes(&ClientMessage::Input(input), INPUT_INTERVAL_MS));
}

#[test]
fn a_spectator_adds_nothing_to_the_world_and_nothing_to_what_is_told_of_it() {
    let (mut alone, mut watched) = (Stage::new(), Stage::new());
    for stage in [&alone, &watched] {
        stage.join(1, false);
        stage.join(2, false);
    }
    for serial in 3..103 {
        watched.join(serial, true);
    }
    let mut cursors = [Cursor::looking_on(), Cursor::looking_on()];
    for tick in 1..=200 {
        alone.tick(tick);
        watched.tick(tick);
        let told = [&alone, &watched].into_iter().zip(&mut cursors).map(|(stage, cursor)| {
            let mut told = Vec::new();
            assert!(compose(&stage.history, cursor, NetId::NOBODY, &mut told));
            told
        });
        let told: Vec<Vec<u8>> = told.collect();
        assert_eq!(told[0], told[1], "at tick {tick}");
        assert_eq!(alone.room.sim().digest(), watched.room.sim().digest(), "at tick {tick}");
    }
    assert_eq!((alone.joined, watched.joined), (2, 102));
    assert_eq!(watched.room.sim().players(), 2, "because it is full, and took a hundred more");
}
