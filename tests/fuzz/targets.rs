//! What is fuzzed: everything that reads what somebody else wrote. Each target takes any
//! bytes, must not panic, and must not take more memory than the limit.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use throng::maps;
use throng::net::proof;
use throng_bot::view::{Atlas, View};
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::HTTP_HEAD_BYTES;
use throng_shared::map::TileMap;
use throng_shared::session::{ClientSession, Newest, Phase, Request, ServerSession, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{
    ClientMessage, Hello, Identity, Input, MapRuns, Secret, ServerMessage, Welcome, decode_client,
    decode_server, decode_snapshot_head, encode, json as wire_json,
};

/// Most memory that one input may take, in bytes.
const MEMORY_BYTES: u64 = 16 << 20;

/// What is run on bytes.
pub(crate) type Target = fn(&[u8]);

/// Every target by name.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("client_message", client_message),
    ("server_message", server_message),
    ("handshake", handshake),
    ("server_session", server_session),
    ("client_session", client_session),
    ("view", view),
    ("map", map),
    ("json", json),
];

/// Runs a target and holds it to the limit of memory.
pub(crate) fn run(target: Target, bytes: &[u8]) {
    let taken = allocation_counter::measure(|| target(bytes));
    assert!(
        taken.bytes_max <= MEMORY_BYTES,
        "{} bytes took {} bytes of memory: because a peer must not be able to make us swap",
        bytes.len(),
        taken.bytes_max
    );
}

/// What decodes is written and read back as the same message.
fn client_message(bytes: &[u8]) {
    if let Ok(message) = decode_client(bytes) {
        let text = wire_json::to_json(&message);
        assert_eq!(wire_json::from_json(&text).as_ref(), Ok(&message), "because codecs agree");
        assert_eq!(decode_client(&encode(&message)), Ok(message), "because codecs agree");
    }
}

/// The same, and the head of a snapshot is what the whole says.
fn server_message(bytes: &[u8]) {
    let head = decode_snapshot_head(bytes);
    let Ok(message) = decode_server(bytes) else { return };
    assert_eq!(decode_server(&encode(&message)).as_ref(), Ok(&message), "because codecs agree");
    let text = wire_json::to_json(&message);
    assert_eq!(wire_json::from_json(&text).as_ref(), Ok(&message), "because codecs agree");
    let head = head.expect("a whole message has a whole head");
    match (message.into_snapshot(), head) {
        (None, None) => {}
        (Some(snapshot), Some(head)) => {
            assert_eq!(head.ticks, snapshot.ticks.len(), "because the head counts them");
            assert_eq!(head.feedback, snapshot.feedback);
        }
        (snapshot, head) => panic!("because one reads a snapshot: {snapshot:?}, {head:?}"),
    }
}

/// What is read as JSON is written and read back as the same message, and whatever is not
/// has a sentence.
fn json(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match wire_json::read_client(&text) {
        Ok(message) => {
            let again = wire_json::from_json(&wire_json::to_json(&message));
            assert_eq!(again, Ok(message), "because codecs agree");
        }
        Err(bad) => assert!(!bad.to_string().is_empty(), "because a peer is told why"),
    }
}

/// A head is decided by its own bytes, at its last one, whichever way it came; and whom a
/// trusted proxy speaks for is the proxy itself, or somebody who is no proxy.
fn handshake(bytes: &[u8]) {
    let head = &bytes[..bytes.len().min(HTTP_HEAD_BYTES)];
    for door in proof::Door::ALL {
        let Some((answer, len)) = proof::handshake(head, door) else { continue };
        if len > 0 {
            assert!(answer > 0 && len <= head.len(), "because a handshake is answered");
            assert_eq!(proof::handshake(&head[..len], door), Some((answer, len)));
            assert_eq!(proof::handshake(&head[..len - 1], door), None, "because it is not whole");
        }
    }
    let (proxy, client) = proof::spoken_for(head);
    assert!(client == proxy || !proof::is_proxy(client), "because a proxy speaks for strangers");
}

/// Bytes as a script of what happens.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte().unwrap_or(0), self.byte().unwrap_or(0)])
    }

    fn long_number(&mut self) -> u32 {
        u32::from(self.number()) | u32::from(self.number()) << 16
    }

    /// A frame behind its length; the last one may be cut short.
    fn frame(&mut self) -> &'a [u8] {
        let len = usize::from(self.number()).min(self.0.len());
        let (frame, rest) = self.0.split_at(len);
        self.0 = rest;
        frame
    }
}

/// What a script does is said by the low bits of a byte, and the two highest may vary it.
const HIGH: u8 = 0b1100_0000;
const ONE_WAY: u8 = 0b0100_0000;
const ANOTHER_WAY: u8 = 0b1100_0000;

/// Frames, time, the room and another one in any order: states only go forward, what was seen
/// of a room never falls, and a refusal has a code and a sentence.
fn server_session(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut now = Millis(0);
    let mut session = ServerSession::new(now);
    let mut newest = Newest::both(Tick(0));
    while let Some(what) = script.byte() {
        let (phase, seen) = (session.phase(), session.seen());
        let heard = match what % 8 {
            0 => hear(&mut session, now, newest, script.frame()),
            1 => {
                let hello = ClientMessage::Hello(Hello::guest("Ada", script.byte().unwrap_or(0)));
                hear(&mut session, now, newest, &encode(&hello))
            }
            2 => {
                let tick = newest.room.offset(i32::from(script.number().cast_signed()));
                let [heading, thrust, aim, fire] = script.long_number().to_le_bytes();
                let ahead = script.number();
                let input = Input { tick: tick.0, ahead, heading, thrust, aim, fire, dash: fire };
                hear(&mut session, now, newest, &encode(&ClientMessage::Input(input)))
            }
            3 => {
                now = now.plus(u64::from(script.number()));
                let refusal = session.poll_timeout(now);
                let sentence = refusal.map(|refusal| refusal.why.close().1);
                assert!(sentence.is_none_or(|sentence| !sentence.is_empty()));
                if refusal.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            4 => {
                let ping = session.poll_ping(now);
                assert!(ping.is_none() || phase == Phase::Playing, "because it plays");
                match ping.filter(|_| what & HIGH == ONE_WAY) {
                    Some((nonce, _)) => {
                        let received = script.byte().unwrap_or(0).into();
                        let pong = ClientMessage::Pong { nonce, received };
                        hear(&mut session, now, newest, &encode(&pong))
                    }
                    None => ControlFlow::Continue(()),
                }
            }
            // The room takes in who has said Hello, and nobody else: to play, or to look on.
            5 if phase == Phase::Joining => {
                if what & HIGH == ONE_WAY {
                    session.look_on();
                }
                session.welcome(newest.room);
                continue;
            }
            // Another room takes it in, where other ticks count.
            5 if phase == Phase::Playing && what & HIGH == ONE_WAY => {
                newest = Newest::both(Tick(script.long_number()));
                session.travel(newest.room);
                assert!(session.is_arriving(), "because it has not shown that it knows");
                assert_eq!((session.phase(), session.seen()), (phase, newest.room));
                continue;
            }
            // The server itself stands still for a while.
            5 if what & HIGH == ANOTHER_WAY => {
                let (ms, was_late) = (script.number().into(), session.poll_timeout(now).is_some());
                now = now.plus(ms);
                session.forgive(ms);
                let is_late = session.poll_timeout(now).is_some();
                assert_eq!(is_late, was_late, "because nobody is to blame for that time");
                ControlFlow::Continue(())
            }
            6 => {
                let room = newest.room.offset(i32::from(script.byte().unwrap_or(0)));
                newest = Newest { sent: newest.room, room };
                ControlFlow::Continue(())
            }
            _ => {
                newest = Newest::both(Tick(script.long_number()));
                ControlFlow::Continue(())
            }
        };
        if heard.is_break() {
            return;
        }
        assert!(session.phase() as u8 >= phase as u8, "because a state never comes back");
        assert!(session.seen().since(seen) >= 0, "because what was seen cannot be unseen");
    }
}

fn hear(session: &mut ServerSession, now: Millis, newest: Newest, frame: &[u8]) -> ControlFlow<()> {
    let (phase, was_arriving) = (session.phase(), session.is_arriving());
    match session.handle_frame(now, newest, frame) {
        Ok(Request::Join { .. }) => assert_eq!(phase, Phase::Greeting, "because one joins once"),
        Ok(Request::Input(_)) => {
            assert_eq!(
                (phase, was_arriving),
                (Phase::Playing, false),
                "because it is of this room"
            );
            assert!(!session.looks_on(), "because a spectator has nothing to steer");
        }
        Ok(Request::Resync) => assert_eq!((phase, was_arriving), (Phase::Playing, false)),
        Ok(Request::Ask { .. }) => assert_eq!(phase, Phase::Playing),
        Ok(Request::Stale) => assert!(was_arriving, "because only that is about another room"),
        Ok(Request::Received(_)) => assert_ne!(phase, Phase::Greeting),
        Ok(Request::Misplaced(what)) => {
            assert_eq!(phase, Phase::Playing, "because only who plays is answered");
            assert!(!what.problem().1.is_empty(), "because a peer is told why");
        }
        Ok(Request::Leave) => return ControlFlow::Break(()),
        Err(refusal) => {
            let (code, sentence) = refusal.why.close();
            assert!(code.number() >= 1000 && !sentence.is_empty(), "because a peer is told why");
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

/// Frames of a server in any order, taken and skimmed: both ways say the same, and ordered
/// events come once and in order.
fn client_session(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut now = Millis(0);
    let (mut session, _) = ClientSession::new(now, Hello::guest("Ada", 1));
    let mut received = 0;
    while let Some(pause) = script.byte() {
        now = now.plus(u64::from(pause) * 50);
        let frame = script.frame();
        let mut skimmer = session.clone();
        let skimmed = skimmer.skim_frame(now, frame);
        match session.handle_frame(now, frame) {
            Ok(Update::Welcome(welcome)) if !welcome.resumed => received = 0,
            Ok(Update::Event(_)) => {
                let next = session.keep().map_or(0, |resume| resume.received);
                assert_eq!(next, received + 1, "because events are numbered without a gap");
                received = next;
            }
            Ok(
                Update::Welcome(_)
                | Update::Snapshot(_)
                | Update::Duplicate
                | Update::Ping { .. }
                | Update::Goodbye { .. },
            ) => {}
            // A skimmer does not look as far.
            Err(_) => return,
        }
        assert!(skimmed.is_ok(), "because a frame that is taken can be skimmed");
        assert_eq!(skimmer.you(), session.you(), "because both know who they are");
    }
}

/// Snapshots of any server, from any Welcome: they fit what is held, or they do not.
fn view(bytes: &[u8]) {
    // Most scripts begin with the same map, and a map takes longer than a script.
    static ATLAS: LazyLock<Atlas> = LazyLock::new(Atlas::default);
    static WELCOME: LazyLock<Welcome> = LazyLock::new(|| {
        let map = TileMap::walled(64, 64).expect("the size is allowed");
        let map = MapRuns { width: 64, height: 64, runs: map.runs() };
        let (secret, room) = (Secret::default(), String::new());
        Welcome {
            secret,
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            you: NetId(0),
            own: NetId(0),
            watch: false,
            tick: 0,
            tick_hz: 30,
            room,
            map,
        }
    });
    let mut script = Script(bytes);
    let mut view: Option<View> = None;
    while !script.0.is_empty() {
        let Ok(message) = decode_server(script.frame()) else { continue };
        if let ServerMessage::Welcome(welcome) = &message {
            match View::sharing(welcome, &ATLAS) {
                Ok(anew) => view = Some(anew),
                Err(_) => return,
            }
        } else if let Some(snapshot) = message.into_snapshot() {
            let view = view
                .get_or_insert_with(|| View::sharing(&WELCOME, &ATLAS).expect("the map is walled"));
            // A client that fell out of step goes on until its keyframes come.
            let _ = view.apply(&snapshot);
            assert!(view.gliders().is_sorted_by(|a, b| a.id < b.id), "because a search needs it");
            let _ = (view.own(), view.others_in_view().count());
        }
    }
}

/// A map file: an arena whose spawns are on its floor, or a sentence.
fn map(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match maps::parse(text) {
        Ok(arena) => {
            assert!(!arena.spawns().is_empty(), "because somebody has to begin somewhere");
            for &spawn in arena.spawns() {
                assert!(!arena.map().is_solid_at(spawn), "because nobody begins in a wall");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty(), "because an operator is told why"),
    }
}
