//! Sessions over cut connections, without a socket: network threads and a room take their
//! turns in a random order on virtual time, streams are cut at any byte, and what clients
//! have heard is held against what the room has said.

mod tickets;
mod ways;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use bytes::Bytes;
use throng_shared::cells::CellGrid;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::EVENTS_MAX;
use throng_shared::map::TileMap;
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, Update};
use throng_shared::wire::{
    Ask, Audience, ClientMessage, Event, Hello, Identity, MapRuns, Outcome, Problem, Resume,
    Secret, ServerMessage, WELCOME_HEAD_BYTES, Welcome, Whom, encode,
};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket};

use super::*;
use crate::identity::PlayerId;
use crate::link::{Following, Listing, Mail, RoomLink, Step};
use crate::replication::TickFrame;
use crate::store::Ban;

/// Virtual time that a turn of a thread takes.
const TURN: Duration = Duration::from_millis(20);

/// A stream that is cut after so many bytes.
struct Cut {
    stream: Fresh,
    in_left: usize,
    out_left: usize,
}

impl Read for Cut {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.in_left);
        if most == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let count = self.stream.try_read(&mut buf[..most])?;
        self.in_left -= count;
        Ok(count)
    }
}

impl Write for Cut {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let most = buf.len().min(self.out_left);
        if most == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let count = self.stream.try_write(&buf[..most])?;
        self.out_left -= count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One who plays over one connection after another.
struct Player {
    link: Option<(WebSocket<Cut>, ClientSession)>,
    kept: Option<Resume>,
    /// What it comes in with; empty where none is needed.
    ticket: String,
    you: Option<NetId>,
    /// What it heard since its last fresh join.
    heard: Vec<String>,
    /// Fresh joins, and those among them for which it had a session.
    joins: (usize, usize),
    resumes: usize,
    /// How long its session waits, and the time of day, by its newest Welcome.
    told: Option<(u32, u64)>,
    /// Code of the last close that it heard of.
    closed: Option<u16>,
}

impl Player {
    fn new() -> Self {
        Self {
            link: None,
            kept: None,
            ticket: String::new(),
            you: None,
            heard: Vec::new(),
            joins: (0, 0),
            resumes: 0,
            told: None,
            closed: None,
        }
    }

    /// Takes in what came, and answers. The link is gone after its end.
    fn act(&mut self) {
        while let Some((socket, session)) = &mut self.link {
            let result = match socket.read() {
                Ok(Message::Binary(bytes)) => {
                    let update = session.handle_frame(Millis(0), &bytes);
                    if let Ok(Update::Welcome(welcome)) = &update {
                        self.resumes += usize::from(welcome.resumed);
                        self.told = Some((welcome.session_ms, welcome.time_ms));
                    }
                    let answer = take_update(
                        &update.expect("events come once and in order"),
                        (&mut self.you, &mut self.heard, &mut self.joins),
                        self.kept.is_some(),
                    );
                    self.kept = session.keep();
                    let answer = answer.map(|answer| Message::binary(encode(&answer)));
                    answer.map_or(Ok(()), |answer| socket.send(answer))
                }
                Ok(Message::Close(frame)) => {
                    self.closed = frame.map(|frame| frame.code.into());
                    self.link = None;
                    return;
                }
                Ok(_) => Ok(()),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => Err(error),
            };
            if result.is_err() {
                self.link = None;
            }
        }
    }

    fn say(&mut self, message: &ClientMessage) {
        if let Some((socket, _)) = &mut self.link
            && socket.send(Message::binary(encode(message))).is_err()
        {
            self.link = None;
        }
    }
}

fn take_update(
    update: &Update,
    (you, heard, joins): (&mut Option<NetId>, &mut Vec<String>, &mut (usize, usize)),
    had_session: bool,
) -> Option<ClientMessage> {
    match update {
        Update::Welcome(welcome) => {
            if welcome.resumed {
                assert!(*you == Some(welcome.you), "because a session keeps its player");
            } else {
                heard.clear();
                *joins = (joins.0 + 1, joins.1 + usize::from(had_session));
            }
            *you = Some(welcome.you);
            // Something that only a player says.
            Some(ClientMessage::Resync)
        }
        Update::Event(Event::Notice { text }) => {
            heard.push(text.clone());
            None
        }
        Update::Event(Event::Answer { call, outcome: Outcome::Refused { problem, .. } }) => {
            heard.push(format!("{call}: {problem:?}"));
            None
        }
        Update::Event(Event::Answer { call, outcome: Outcome::Done }) => {
            heard.push(format!("{call}: Done"));
            None
        }
        Update::Ping { answer, .. } => Some(answer.clone()),
        Update::Goodbye { .. } => None,
        Update::Duplicate => panic!("because the server begins behind what was received"),
        Update::Snapshot(_) | Update::Event(_) => panic!("this room has nothing of the kind"),
    }
}

/// Threads, a room that only talks, and what it said to whom.
struct Rig {
    threads: Vec<NetThread>,
    handovers: Vec<Handover>,
    link: RoomLink,
    grid: CellGrid,
    tick: Tick,
    conns: BTreeMap<ConnId, NetId>,
    said: BTreeMap<NetId, Vec<String>>,
    detached: Vec<NetId>,
    words: u32,
    connections: u64,
    places: Arc<Semaphore>,
    /// Places of the room.
    players_max: usize,
    chance: Prng,
}

impl Rig {
    fn new(seed: u64, threads: usize) -> Self {
        Self::within(Limits::default(), seed, threads)
    }

    fn within(limits: Limits, seed: u64, threads: usize) -> Self {
        let (directory, inboxes) = Directory::new(threads);
        let link = directory.open(Listing::sole("rig")).expect("a place is free");
        let options = NetOptions {
            tally: Arc::default(),
            tickets: Arc::new(Tickets::new(None)),
            identities: Arc::new(Identities::new(Store::none())),
            store: Store::none(),
            directory,
            sessions: Arc::default(),
            limits: Arc::new(limits),
            link_hold_ms: 10_000,
            session_ms: 60_000,
        };
        let (threads, handovers) = NetThread::all(inboxes, &options);
        let map = TileMap::walled(8, 8).expect("it is a small map");
        Self {
            threads,
            handovers,
            link,
            grid: CellGrid::of(&map),
            tick: Tick(0),
            conns: BTreeMap::new(),
            said: BTreeMap::new(),
            detached: Vec::new(),
            words: 0,
            connections: 0,
            places: Arc::new(Semaphore::new(1000)),
            players_max: usize::MAX,
            chance: Prng::new(seed),
        }
    }

    fn one_of(&mut self, count: usize) -> usize {
        self.chance.below(count as u32) as usize
    }

    /// Connects a player anew, over a stream with so many bytes in each direction.
    fn connect(&mut self, player: &mut Player, (in_left, out_left): (usize, usize)) {
        let (near, far) = tokio::io::duplex(64 << 10);
        let permit = Arc::clone(&self.places).try_acquire_owned().expect("there are places");
        self.connections += 1;
        let newborn = Newborn {
            is_house: player.ticket.is_empty(),
            ..Newborn::near(far, self.connections, permit)
        };
        let thread = self.one_of(self.handovers.len());
        assert!(self.handovers[thread].give(newborn), "because the thread has places");
        let stream = Cut { stream: Fresh::Memory(near), in_left, out_left };
        let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
        let kept = player.kept.clone();
        let hello = Hello { resume: kept, ticket: player.ticket.clone(), ..Hello::guest("Ada", 0) };
        let (session, hello) = ClientSession::new(Millis(0), hello);
        player.link = Some((socket, session));
        player.say(&hello);
    }

    fn room_turn(&mut self) {
        let mut controls = Vec::new();
        self.link.drain(usize::MAX, |control| controls.push(control), |_| {});
        for control in controls {
            match control {
                Control::Ask { .. } | Control::Lag { .. } => {}
                Control::Join { conn, .. } if self.conns.len() >= self.players_max => {
                    let (code, reason) = (CloseCode::Full, CloseCode::Full.text());
                    let mail = Mail::Refused { conn, code, reason, retry_after_ms: 1000 };
                    self.link.post(conn.thread, mail);
                }
                Control::Join { conn, .. } => {
                    let you = NetId(self.said.len() as u16);
                    self.said.insert(you, Vec::new());
                    self.seat(conn, you);
                }
                Control::Rebind { from, to } => {
                    let you = self.conns.remove(&from).expect("a seat has a player");
                    self.detached.retain(|&detached| detached != you);
                    self.link.post(from.thread, Mail::Moved { conn: from, to });
                    self.seat(to, you);
                }
                Control::Detach { conn } => {
                    let you = self.conns.get(&conn).expect("who is lost has joined");
                    self.detached.push(*you);
                }
                Control::Leave { conn } | Control::Depart { conn } => {
                    if let Some(you) = self.conns.remove(&conn) {
                        self.detached.retain(|&detached| detached != you);
                    }
                }
            }
        }
        let to_one = self.one_of(3) > 0 && !self.conns.is_empty();
        if to_one {
            let nth = self.one_of(self.conns.len());
            let (&conn, &you) = self.conns.iter().nth(nth).expect("it is one of them");
            let message = self.word(&[you]);
            self.link.post(conn.thread, Mail::Event { conn, message });
        }
        let all: Vec<NetId> = self.conns.values().copied().collect();
        let message = self.word(&all);
        self.link.broadcast(&message);
        self.tick = self.tick.next();
        publish(&mut self.link, self.grid, self.tick);
    }

    /// Something that was never said before, for some.
    fn word(&mut self, to: &[NetId]) -> Bytes {
        self.words += 1;
        let text = self.words.to_string();
        for you in to {
            self.said.entry(*you).or_default().push(text.clone());
        }
        encode(&Event::Notice { text }).into()
    }

    fn seat(&mut self, conn: ConnId, you: NetId) {
        self.conns.insert(conn, you);
        self.link.post(conn.thread, joined(conn, you));
    }

    fn thread_turn(&mut self, index: usize) {
        let thread = &mut self.threads[index];
        thread.origin = thread.origin.checked_sub(TURN).expect("the machine is old enough");
        thread.take_newborns();
        thread.take_words();
        if let Some(publication) = thread.wait(Instant::now()) {
            thread.take_publications(publication);
        }
        thread.read_all();
    }

    /// Lets everybody take turns until nothing is on its way.
    fn settle(&mut self, players: &mut [Player]) {
        for _ in 0..20 {
            self.room_turn();
            (0..self.threads.len()).for_each(|index| self.thread_turn(index));
            players.iter_mut().for_each(Player::act);
        }
    }

    fn slots(&self) -> usize {
        self.threads.iter().map(|thread| thread.slots.len() - thread.free.len()).sum()
    }
}

/// A room publishes a tick in which nothing happens.
fn publish(link: &mut RoomLink, grid: CellGrid, tick: Tick) {
    let mut frame = TickFrame::blank(grid);
    frame.clear(tick);
    let (deadline, period) = (Instant::now() + Duration::from_secs(60), TURN);
    link.publish(&Arc::new(frame), deadline, period, Following::Later, Step::Open);
}

/// A room takes somebody in.
fn joined(conn: ConnId, you: NetId) -> Mail {
    let welcome = Welcome {
        secret: Secret::default(),
        resumed: false,
        identity: Identity::default(),
        session_ms: 0,
        time_ms: 0,
        you,
        own: you,
        watch: false,
        tick: 0,
        tick_hz: 30,
        room: "rig".to_owned(),
        map: MapRuns { width: 8, height: 8, runs: vec![64] },
    };
    let own = Bytes::from(encode(&ServerMessage::Welcome(welcome))).slice(WELCOME_HEAD_BYTES..);
    let (tick, welcome) = (Tick(0), [own, Bytes::new()]);
    Mail::Joined { conn, you, tick, welcome }
}

const WHOLE: (usize, usize) = (usize::MAX, usize::MAX);

#[test]
fn a_welcome_tells_the_time_of_its_thread() {
    let mut rig = Rig::new(1, 1);
    let at = rig.threads[0].origin + Duration::from_secs(7);
    rig.threads[0].clock = Clock::Told(at);
    let mut player = Player::new();
    rig.connect(&mut player, WHOLE);
    rig.settle(std::slice::from_mut(&mut player));
    let turns_ms = 20 * TURN.as_millis() as u64;
    let (session_ms, time_ms) = player.told.expect("it was welcomed");
    assert_eq!(session_ms, 60_000);
    assert!(
        (7_000..=7_000 + turns_ms).contains(&time_ms),
        "{time_ms}, where nobody's clock is asked"
    );
}

#[test]
fn every_message_comes_once_and_in_order_however_often_links_are_cut() {
    let mut resumes = 0;
    for seed in 0..60 {
        let mut rig = Rig::new(seed, 3);
        let mut players: Vec<Player> = (0..4).map(|_| Player::new()).collect();
        // Links that neither end has closed.
        let mut half_open = Vec::new();
        for _ in 0..1500 {
            match rig.one_of(9) {
                0 => rig.room_turn(),
                1..=4 => {
                    let index = rig.one_of(rig.threads.len());
                    rig.thread_turn(index);
                }
                _ => {
                    let index = rig.one_of(players.len());
                    let player = &mut players[index];
                    player.act();
                    if player.link.is_none() {
                        let cut = (rig.one_of(700), rig.one_of(120));
                        rig.connect(player, cut);
                    } else if rig.chance.one_in(60) {
                        half_open.extend(player.link.take());
                    }
                }
            }
        }
        for player in &mut players {
            rig.connect(player, WHOLE);
        }
        rig.settle(&mut players);
        for player in &players {
            let closed = player.closed;
            assert!(player.link.is_some(), "because calm links stay, seed {seed}: {closed:?}");
            assert_eq!(player.joins.1, 0, "because no cut strands anybody, seed {seed}");
            let you = player.you.expect("it was welcomed");
            assert_eq!(player.heard, rig.said[&you], "because nothing is lost, seed {seed}");
            resumes += player.resumes;
        }
        assert!(rig.words > 100 && rig.detached.len() <= rig.conns.len());
        // Those who never heard a Welcome are not waited for as long, but waited for.
        for _ in 0..4000 {
            rig.settle(&mut players);
            if rig.slots() == players.len() {
                break;
            }
        }
        assert_eq!(rig.slots(), players.len(), "because nothing is left behind, seed {seed}");
        rig.room_turn();
        assert_eq!(rig.conns.len(), players.len(), "because the room knows, seed {seed}");
    }
    assert!(resumes > 1000, "because links that are not cut prove nothing: {resumes}");
}

/// A rig with one player who has heard something.
fn one() -> (Rig, Vec<Player>) {
    let mut rig = Rig::new(1, 2);
    let mut players = vec![Player::new()];
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!(players[0].joins, (1, 0));
    (rig, players)
}

#[test]
fn the_newer_of_two_connections_wins_and_the_older_hears_4011() {
    let (mut rig, mut players) = one();
    let older = players[0].link.take();
    rig.connect(&mut players[0], WHOLE);
    players.push(Player { link: older, ..Player::new() });
    rig.settle(&mut players);
    assert_eq!(players[1].closed, Some(CloseCode::Replaced.number()));
    assert_eq!(players[0].heard, rig.said[&NetId(0)]);
    assert_eq!((players[0].joins, rig.slots()), ((1, 0), 1));
}

#[test]
fn of_many_who_claim_one_session_at_once_one_has_it() {
    let (mut rig, mut players) = one();
    let kept = players[0].kept.clone();
    for _ in 0..5 {
        let mut player = Player { kept: kept.clone(), you: players[0].you, ..Player::new() };
        rig.connect(&mut player, WHOLE);
        players.push(player);
    }
    rig.settle(&mut players);
    let playing = players.iter().filter(|player| player.link.is_some()).count();
    let fresh: usize = players[1..].iter().map(|player| player.joins.0).sum();
    assert_eq!(playing, rig.slots(), "because the others were closed");
    assert_eq!(playing, 1 + fresh, "because only who came too late has a session of its own");
    for player in players.iter().filter(|player| player.link.is_none()) {
        assert_eq!(player.closed, Some(CloseCode::Replaced.number()));
    }
}

#[test]
fn a_ring_that_has_lost_something_makes_a_fresh_join_on_the_same_connection() {
    let (mut rig, mut players) = one();
    players[0].link = None;
    rig.settle(&mut players);
    assert_eq!(rig.detached, [NetId(0)]);
    for _ in 0..EVENTS_MAX {
        rig.room_turn();
        (0..2).for_each(|index| rig.thread_turn(index));
    }
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!((players[0].joins, players[0].you), ((2, 1), Some(NetId(1))));
    assert_eq!(players[0].heard, rig.said[&NetId(1)]);
    assert_eq!((rig.conns.len(), rig.slots()), (1, 1), "because the old session is over");
}

#[test]
fn where_fewer_calls_may_wait_the_others_are_refused_and_the_session_goes_on() {
    let mut rig = Rig::within(Limits { calls_max: 2, ..Limits::default() }, 1, 1);
    let mut players = vec![Player::new()];
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    // This room answers nothing.
    for call in 1..=4 {
        let ask = Ask::Subscribe { topic: "rooms".to_owned() };
        players[0].say(&ClientMessage::Ask { call, ask });
    }
    rig.settle(&mut players);
    assert!(players[0].link.is_some(), "because it said nothing that no client says");
    let answers = players[0].heard.iter().filter(|heard| heard.contains(':'));
    assert_eq!(answers.collect::<Vec<_>>(), ["3: TooFast", "4: TooFast"]);
}

#[test]
fn who_says_bye_is_gone_at_once_and_who_is_lost_after_its_time() {
    let (mut rig, mut players) = one();
    players[0].say(&ClientMessage::Bye);
    rig.settle(&mut players);
    assert!(rig.conns.is_empty() && rig.slots() == 0);
    let (mut rig, mut players) = one();
    players[0].link = None;
    rig.settle(&mut players);
    assert_eq!((rig.conns.len(), rig.slots(), rig.detached.len()), (1, 1, 1));
    // A settling is 20 turns of 20 ms.
    (0..140).for_each(|_| rig.settle(&mut players));
    assert_eq!((rig.conns.len(), rig.slots()), (1, 1), "because 56 of 60 seconds have passed");
    (0..15).for_each(|_| rig.settle(&mut players));
    assert!(rig.conns.is_empty() && rig.slots() == 0);
}

#[test]
fn a_secret_is_good_again_only_until_the_next_was_used() {
    let (mut rig, mut players) = one();
    let first = players[0].kept.clone();
    // The Welcome of the next connection is cut.
    rig.connect(&mut players[0], (20, usize::MAX));
    rig.settle(&mut players);
    assert!(players[0].link.is_none() && players[0].kept == first);
    rig.connect(&mut players[0], WHOLE);
    rig.settle(&mut players);
    assert_eq!(players[0].joins, (1, 0), "because the old secret was still good");
    assert_ne!(players[0].kept, first);
    let mut thief = Player { kept: first, ..Player::new() };
    rig.connect(&mut thief, WHOLE);
    players.push(thief);
    rig.settle(&mut players);
    assert_eq!(players[1].joins, (1, 1), "because it is not good any more");
    assert!(players[0].link.is_some());
}

#[test]
fn an_acknowledgement_of_what_was_not_sent_is_refused() {
    let (mut rig, mut players) = one();
    let Some((socket, _)) = &mut players[0].link else { panic!("it plays") };
    let nonce = loop {
        rig.room_turn();
        (0..2).for_each(|index| rig.thread_turn(index));
        let Ok(Message::Binary(bytes)) = socket.read() else { continue };
        let message = throng_shared::wire::decode_server(&bytes).expect("it is a message");
        if let ServerMessage::Ping { nonce, .. } = message {
            break nonce;
        }
    };
    let pong = encode(&ClientMessage::Pong { nonce, received: 1_000_000 });
    socket.send(Message::binary(pong)).expect("the stream takes it");
    rig.settle(&mut []);
    let code = std::iter::from_fn(|| {
        let Some((socket, _)) = &mut players[0].link else { panic!("it plays") };
        socket.read().ok()
    })
    .find_map(|message| match message {
        Message::Close(frame) => frame.map(|frame| u16::from(frame.code)),
        Message::Text(_)
        | Message::Binary(_)
        | Message::Ping(_)
        | Message::Pong(_)
        | Message::Frame(_) => None,
    });
    assert_eq!(code, Some(CloseCode::Policy.number()));
    assert!(rig.conns.is_empty(), "because who breaks a rule does not come back");
}

#[test]
fn a_thread_that_slept_blames_nobody() {
    let (mut rig, mut players) = one();
    let hour = Duration::from_secs(3600);
    for thread in &mut rig.threads {
        thread.origin = thread.origin.checked_sub(hour).unwrap_or(thread.origin);
    }
    rig.settle(&mut players);
    assert!(players[0].link.is_some(), "because it was the server that slept");
    players[0].link = None;
    rig.settle(&mut players);
    for thread in &mut rig.threads {
        thread.origin = thread.origin.checked_sub(hour).unwrap_or(thread.origin);
    }
    rig.settle(&mut players);
    assert_eq!(rig.slots(), 1, "because nobody could come back meanwhile");
}
