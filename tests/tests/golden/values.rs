//! Values of every wire type, with the edges of every number's width.

use glam::IVec2;
use throng_shared::cells::Focus;
use throng_shared::ids::{BoltId, NetId, ShardId};
use throng_shared::limits::{IDENTITY_BYTES, SECRET_BYTES};
use throng_shared::wire::{
    BoardRow, BoltRecord, CellDelta, CellEvent, CellKeyframe, ClientMessage, Condition, Event,
    Feedback, GliderRecord, Hello, Identity, Input, MapRuns, Motion, Place, Refocus, Resume,
    Secret, ServerMessage, ShardRecord, Snapshot, SteerChange, TickDelta, Trim, Welcome,
};

mod social;

/// A name of sixteen characters that fill sixty-four bytes.
pub(super) const LONGEST_NAME: &str = "🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸🛸";

pub(super) fn gliders() -> Vec<(&'static str, GliderRecord)> {
    let glider = |id: u16, motion: Motion, name: &str| GliderRecord {
        id: NetId(id),
        place: Place::new(IVec2::new(5 * 2048 + 1, 3 * 2048 + 2047), IVec2::new(5, 3)),
        heading: 200,
        trim: Trim::new(15, 9),
        motion,
        condition: Condition::new(100, id == 255),
        name: name.to_owned(),
    };
    let dash = Motion::Dash { vx: i16::MIN, vy: i16::MAX, left: 4, rest: 255 };
    vec![
        ("cruising", glider(0, Motion::Cruise, "Ada")),
        ("free, with a name in three scripts", glider(255, free(-1, 0), "Zoë 飛行士")),
        ("dashing, with the longest name", glider(65_534, dash, LONGEST_NAME)),
    ]
}

fn free(vx: i16, vy: i16) -> Motion {
    Motion::Free { vx, vy }
}

pub(super) fn motions() -> Vec<(&'static str, Motion)> {
    vec![
        ("cruise", Motion::Cruise),
        ("the last velocities of one byte", free(125, -125)),
        ("the first velocities of three bytes", free(126, -126)),
        ("the widest velocities", free(i16::MAX, i16::MIN)),
        ("dash", Motion::Dash { vx: 188, vy: -3, left: 3, rest: 47 }),
    ]
}

pub(super) fn bolt() -> BoltRecord {
    let place = Place::new(IVec2::splat(2047), IVec2::ZERO);
    BoltRecord { id: BoltId(300), owner: NetId(7), place, heading: 255, left: 36 }
}

pub(super) fn shard() -> ShardRecord {
    ShardRecord { id: ShardId(0x1234), place: Place::default(), value: 251 }
}

pub(super) fn keyframe() -> CellKeyframe {
    let gliders = gliders().into_iter().map(|(_, glider)| glider).collect();
    CellKeyframe { gliders, bolts: vec![bolt()], shards: vec![shard(), shard()] }
}

pub(super) fn cell_events() -> Vec<(&'static str, CellEvent)> {
    let [cruising, ..] = &gliders()[..] else { unreachable!("three are listed above") };
    vec![
        ("thrust", CellEvent::Thrust { who: NetId(1), thrust: 15 }),
        ("dash", CellEvent::Dash { who: NetId(256) }),
        ("enter", CellEvent::Enter(cruising.1.clone())),
        ("leave", CellEvent::Leave { who: NetId(2) }),
        ("death", CellEvent::Death { who: NetId(3), by: NetId(0x0102) }),
        ("health", CellEvent::Health { who: NetId(4), hp: 75 }),
        ("fire", CellEvent::Fire(bolt())),
        ("bolt hit", CellEvent::BoltHit { bolt: BoltId(300) }),
        ("shard", CellEvent::Shard(shard())),
        ("gathered", CellEvent::Gathered { shard: ShardId(5), by: NetId(6) }),
        ("check of one byte", CellEvent::Check { value: 250 }),
        ("check of three bytes", CellEvent::Check { value: 251 }),
        ("arrival", CellEvent::Arrival(cruising.1.clone())),
        ("arrival of a bolt", CellEvent::BoltArrival(bolt())),
        ("link", CellEvent::Link { who: NetId(7), dead: true }),
    ]
}

pub(super) fn events() -> Vec<(&'static str, Event)> {
    let row = |id: u16, name: &str, shards: u32| BoardRow {
        id: NetId(id),
        name: name.to_owned(),
        shards,
    };
    vec![
        ("score", Event::Score { shards: 65_535, kills: 250 }),
        ("highest score", Event::Score { shards: u32::MAX, kills: u16::MAX }),
        (
            "board",
            Event::Board {
                rows: vec![row(9, "Grace", 65_536), row(1, LONGEST_NAME, 251)],
                players: 1000,
                rank: 999,
            },
        ),
        ("empty board", Event::Board { rows: vec![], players: 0, rank: 0 }),
        ("crown", Event::Crown { holder: NetId(77), name: "Katherine".to_owned() }),
        ("crown of nobody", Event::Crown { holder: NetId(0), name: String::new() }),
        ("crown's place", Event::CrownAt { x: 1023, y: 12 }),
        (
            "kill",
            Event::Kill {
                killer: NetId(5),
                killer_name: "<b>Mallory</b>".to_owned(),
                victim: NetId(6),
                victim_name: "Trent".to_owned(),
                crown: true,
            },
        ),
        ("notice", Event::Notice { text: "The arena closes in a minute.".to_owned() }),
    ]
    .into_iter()
    .chain(social::events())
    .collect()
}

pub(super) fn deltas() -> Vec<(&'static str, TickDelta)> {
    let events: Vec<_> = cell_events().into_iter().map(|(_, event)| event).collect();
    let steers = |count: u16| {
        (0..count).map(|n| SteerChange { who: NetId(n * 7), heading: n as u8 }).collect()
    };
    let cells = vec![
        CellDelta { slot: 11, events: events[12..].to_vec() },
        CellDelta { slot: 0, events: vec![] },
        CellDelta { slot: 63, events },
    ];
    vec![
        ("empty", TickDelta::default()),
        ("full", TickDelta { steers: steers(3), cells }),
        ("the last number of steers of one byte", TickDelta { steers: steers(250), cells: vec![] }),
        ("the first number of three bytes", TickDelta { steers: steers(251), cells: vec![] }),
    ]
}

pub(super) fn snapshots() -> Vec<(&'static str, Snapshot)> {
    let feedback = Some(Feedback { ack: i16::MIN, early: -126 });
    let [_, (_, tick), ..] = &deltas()[..] else { unreachable!("four are listed above") };
    let focus = Focus { x: 3, y: 0, w: 7, h: 5 };
    let moved = Refocus { restart: None, focus, keyframes: vec![keyframe()] };
    let restart = Refocus { restart: Some(u32::MAX), focus, keyframes: vec![] };
    vec![
        ("nothing new", Snapshot { ticks: vec![TickDelta::default()], ..Snapshot::default() }),
        (
            "no tick",
            Snapshot { feedback: Some(Feedback { ack: -1, early: 16 }), ..Snapshot::default() },
        ),
        (
            "two ticks",
            Snapshot { feedback, ticks: vec![tick.clone(), tick.clone()], refocus: None },
        ),
        (
            "a moved focus",
            Snapshot { feedback: None, ticks: vec![tick.clone()], refocus: Some(moved) },
        ),
        ("a restart", Snapshot { feedback, ticks: vec![], refocus: Some(restart) }),
    ]
}

pub(super) fn client_messages() -> Vec<(&'static str, ClientMessage)> {
    let hello = |schema: u32, name: &str| Hello { version: 1, schema, ..Hello::guest(name, 15) };
    let resume = Resume { secret: Secret([251; SECRET_BYTES]), received: 70_000 };
    let back = Hello { ticket: "a.b.c".to_owned(), resume: Some(resume), ..hello(1, "Ada") };
    let guest = Hello {
        identity: Some(Identity([250; IDENTITY_BYTES])),
        room: "K7PQ2M".to_owned(),
        watch: true,
        ..hello(1, "Zoë")
    };
    let input = |tick: u32, ahead: u16| {
        ClientMessage::Input(Input {
            tick,
            ahead,
            heading: 250,
            thrust: 15,
            aim: 251,
            fire: 255,
            dash: 0,
        })
    };
    vec![
        ("input at the start", input(0, 0)),
        ("input with the last one-byte tick", input(250, 250)),
        ("input with the first three-byte tick", input(251, 251)),
        ("input with the last three-byte tick", input(65_535, 65_535)),
        ("input with the first five-byte tick", input(65_536, 3)),
        ("input with the last tick", input(u32::MAX, 3)),
        ("hello", ClientMessage::Hello(hello(0xDEAD_BEEF, "Ada"))),
        ("hello with the longest name", ClientMessage::Hello(hello(1, LONGEST_NAME))),
        ("hello with a ticket, to go on", ClientMessage::Hello(back)),
        ("hello of a known guest who looks on", ClientMessage::Hello(guest)),
        ("pong", ClientMessage::Pong { nonce: 65_535, received: 70_000 }),
        ("resync", ClientMessage::Resync),
        ("bye", ClientMessage::Bye),
    ]
    .into_iter()
    .chain(social::asks())
    .collect()
}

pub(super) fn server_messages() -> Vec<(String, ServerMessage)> {
    let map = MapRuns { width: 8, height: 300, runs: vec![0, 9, 250, 251, 65_535, 0] };
    let mut out = vec![
        (
            "welcome".to_owned(),
            ServerMessage::Welcome(Welcome {
                secret: Secret([7; SECRET_BYTES]),
                resumed: false,
                identity: Identity([9; IDENTITY_BYTES]),
                session_ms: 60_000,
                time_ms: 1_800_000_000_123,
                you: NetId(513),
                own: NetId(60_007),
                watch: true,
                tick: 70_000,
                tick_hz: 30,
                room: "arena".to_owned(),
                map,
            }),
        ),
        ("first ping".to_owned(), ServerMessage::Ping { nonce: 1, rtt_ms: 0, jitter_ms: 0 }),
        ("ping".to_owned(), ServerMessage::Ping { nonce: 65_535, rtt_ms: 251, jitter_ms: 300 }),
        (
            "goodbye".to_owned(),
            ServerMessage::Goodbye {
                code: 1013,
                reason: "the room is full".to_owned(),
                retry_after_ms: 5000,
            },
        ),
    ];
    for (name, snapshot) in snapshots() {
        out.push((format!("snapshot: {name}"), ServerMessage::Snapshot(snapshot)));
    }
    for (name, delta) in deltas().into_iter().take(2) {
        out.push((format!("tick: {name}"), ServerMessage::Tick(delta)));
    }
    for (name, event) in events() {
        out.push((
            format!("event: {name}"),
            ServerMessage::Event { number: 250 + out.len() as u32, event },
        ));
    }
    out
}
