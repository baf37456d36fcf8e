//! `session.json`: what one client was sent, and what it must then hold.

use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};
use throng::config::{Config, Settings};
use throng::replication::{Cursor, History, Replicator, TickFrame, compose};
use throng::sim::{Intent, Newcomer, Sim, SimOptions};
use throng_bot::view::View;
use throng_shared::ids::NetId;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::wire::{
    Identity, MapRuns, Secret, ServerMessage, Welcome, decode_server, encode,
};

use super::{hex, lines};

const FILE: &str = "tests/golden/session.json";
const TICK_HZ: u8 = 30;
const PLAYERS: usize = 24;
const SNAPSHOTS: usize = 360;
/// Snapshots between two recorded states.
const STATE_EVERY: usize = 12;

#[test]
fn a_recorded_session_leads_to_the_recorded_states() {
    let path = throng_tests::root().join(FILE);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, lines(&record())).expect("the folder of golden vectors can be written");
    }
    let text = fs::read_to_string(&path).expect("the recording is committed");
    let items: Vec<Value> = serde_json::from_str(&text).expect("the recording is JSON");
    let mut view: Option<View> = None;
    let (mut states, mut restarts, mut leaps) = (0, 0, 0);
    for (number, item) in items.iter().enumerate() {
        let bytes = unhex(item["hex"].as_str().expect("every item has its bytes"));
        let message = decode_server(&bytes).unwrap_or_else(|error| {
            panic!("because every recorded frame decodes: {number}, {error}; record it anew")
        });
        match (message, &mut view) {
            (ServerMessage::Welcome(welcome), None) => view = View::new(&welcome).ok(),
            (message, Some(view)) => {
                let snapshot = message.into_snapshot().expect("a Welcome comes once");
                restarts +=
                    u32::from(snapshot.refocus.as_ref().is_some_and(|r| r.restart.is_some()));
                leaps += u32::from(snapshot.ticks.len() > 1);
                let applied = view.apply(&snapshot);
                assert_eq!(applied, Ok(()), "because frame {number} fits what came before");
                if let Some(expected) = item.get("state") {
                    states += 1;
                    assert_eq!(&state(view), expected, "because frame {number} leads to it");
                }
            }
            (other, None) => panic!("because a recording begins with a Welcome, not {other:?}"),
        }
    }
    let checks = view.map_or(0, |view| view.checks());
    assert!(
        states > 20 && restarts > 1 && leaps > 5 && checks > 50,
        "because the recording must show what it is for: {states} states, {restarts} restarts, \
         {leaps} snapshots of several ticks, {checks} check values"
    );
}

/// Everything that a view holds, by id.
fn state(view: &View) -> Value {
    let gliders = view.gliders().iter().map(|glider| {
        let (pos, vel) = (glider.body.pos, glider.body.vel);
        let Steer { heading, thrust } = glider.steer;
        json!([
            glider.id.0,
            pos.x,
            pos.y,
            vel.x,
            vel.y,
            heading,
            thrust,
            glider.body.dash_left,
            glider.body.dash_rest,
            glider.hp,
        ])
    });
    let mut bolts: Vec<_> = view.bolts().iter().map(|bolt| (bolt.id.0, bolt.flight)).collect();
    bolts.sort_by_key(|bolt| bolt.0);
    let bolts = bolts.iter().map(|(id, it)| json!([id, it.pos.x, it.pos.y, it.heading, it.left]));
    let mut shards: Vec<_> = view
        .shards()
        .iter()
        .map(|it| [i32::from(it.id.0), it.pos.x, it.pos.y, i32::from(it.value)])
        .collect();
    shards.sort_unstable();
    let focus = view.focus().map(|focus| [focus.x, focus.y, focus.w, focus.h]);
    json!({
        "tick": view.tick().0,
        "focus": focus,
        "gliders": gliders.collect::<Vec<_>>(),
        "bolts": bolts.collect::<Vec<_>>(),
        "shards": shards,
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(text.get(at..at + 2).unwrap_or("?"), 16);
    (0..text.len()).step_by(2).map(|at| byte(at).expect("bytes are written in hex")).collect()
}

fn record() -> Vec<Value> {
    let mut room = Room::new(2026);
    let mut view = View::new(&room.welcome()).expect("the map of a room is a map");
    let mut items = vec![json!({"hex": hex(&encode(&ServerMessage::Welcome(room.welcome())))})];
    let mut tick = 0;
    while items.len() <= SNAPSHOTS {
        tick += 1;
        room.step();
        if tick % 100 == 60 {
            room.replace(tick as usize / 100);
        }
        // Now and then a write does not go out, for two ticks or for too many.
        let stalled = tick % 40 > 37 || (200..212).contains(&tick);
        if stalled {
            continue;
        }
        let mut bytes = Vec::new();
        if !compose(&room.history, &mut room.cursor, room.you, &mut bytes) {
            continue;
        }
        let message = decode_server(&bytes).expect("the server composes messages");
        let snapshot = message.into_snapshot().expect("the server composes snapshots");
        view.apply(&snapshot).expect("nothing desynchronises");
        let mut item = json!({"hex": hex(&bytes)});
        if items.len() % STATE_EVERY == 0 {
            item["state"] = state(&view);
        }
        items.push(item);
    }
    items
}

/// The default map with players who fly and shoot at random.
struct Room {
    sim: Sim,
    replicator: Replicator,
    history: History,
    cursor: Cursor,
    you: NetId,
    chance: Prng,
    presses: u8,
}

impl Room {
    fn new(seed: u64) -> Self {
        let config = Config::new(Settings::default()).expect("defaults are allowed");
        let (arena, shards) = config.arena().expect("the built-in map is whole");
        let options = SimOptions { tick_hz: u32::from(TICK_HZ), seed, players_max: 64, shards };
        let mut sim = Sim::new(arena, &options);
        let mut join = |n: usize| {
            let newcomer = Newcomer { name: format!("Pilot {n}"), look: (n % 16) as u8 };
            sim.join(newcomer).expect("the room has a place")
        };
        let you = join(0);
        for n in 1..PLAYERS {
            join(n);
        }
        Self {
            replicator: Replicator::new(sim.grid()),
            sim,
            history: History::default(),
            cursor: Cursor::default(),
            you,
            chance: Prng::new(seed),
            presses: 0,
        }
    }

    fn welcome(&self) -> Welcome {
        let map = self.sim.map();
        let edge = |tiles: i32| u16::try_from(tiles).expect("the largest map fits");
        let (width, height) = (edge(map.width()), edge(map.height()));
        Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you: self.you,
            own: self.you,
            tick: 0,
            tick_hz: TICK_HZ,
            room: "arena".to_owned(),
            map: MapRuns { width, height, runs: map.runs() },
        }
    }

    /// One of the others leaves, and somebody else comes.
    fn replace(&mut self, nth: usize) {
        let others: Vec<NetId> = self.sim.ids().filter(|&id| id != self.you).collect();
        if let Some(&id) = others.get(nth) {
            self.sim.leave(id);
            self.sim.join(Newcomer { name: "Zoë".to_owned(), look: 3 });
        }
    }

    fn step(&mut self) {
        let next = self.sim.tick().next();
        let ids: Vec<NetId> = self.sim.ids().collect();
        self.presses = self.presses.wrapping_add(1);
        for id in ids {
            // The recorded client turns rarely, so that it sees much of the map.
            if !self.chance.one_in(if id == self.you { 25 } else { 5 }) {
                continue;
            }
            let heading = self.chance.next_u8();
            let thrust = if self.chance.one_in(4) { self.chance.next_u8() & 15 } else { 15 };
            let [fire, dash] = [3, 8].map(|n| if self.chance.one_in(n) { self.presses } else { 0 });
            let steer = Steer { heading, thrust };
            self.sim.intend(id, Intent { tick: next, steer, aim: heading, fire, dash });
        }
        self.sim.step();
        let mut frame = TickFrame::blank(self.sim.grid());
        self.replicator.replicate(&self.sim, &[], &mut frame);
        self.sim.forget();
        self.history.push(Arc::new(frame));
    }
}
