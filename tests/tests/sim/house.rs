//! The server's pieces, driven by hand: a room, network threads, and between them a relay
//! through which everything goes that they say to each other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use throng::config::{ArenaSpec, Config, Settings};
use throng::game::Game;
use throng::hub::HubPort;
use throng::identity::Identities;
use throng::link::{
    ConnId, Control, Directory, Inbox, InputNote, Listing, Mail, Publication, RoomLink, RoomPort,
    Step,
};
use throng::net::{Handover, NetOptions, NetThread, Newborn, Tally};
use throng::room::{Due, Pace, RoomOptions, RoomStatus, RoomWorker};
use throng::sim::{Sim, SimOptions};
use throng::store::Store;
use throng::tickets::Tickets;
use throng_shared::ids::NetId;
use throng_shared::limits::CONNECTIONS_MAX;
use tokio::io::DuplexStream;
use tokio::sync::Semaphore;

use super::transition::Transition;

/// What a server is to be.
#[derive(Clone, Debug)]
pub(crate) struct HouseOptions {
    pub(crate) seed: u64,
    pub(crate) tick_hz: u32,
    pub(crate) players_max: usize,
    pub(crate) threads: u16,
    /// Edge of the arena, in tiles.
    pub(crate) tiles: i32,
    pub(crate) patience: super::model::Patience,
}

/// A network thread and when it runs next.
struct Thread {
    net: NetThread,
    handover: Handover,
    wakes: Duration,
    stalled_until: Duration,
}

pub(crate) struct House {
    origin: Instant,
    room: RoomWorker,
    pace: Pace,
    room_wakes: Duration,
    room_stalled_until: Duration,
    threads: Vec<Thread>,
    /// The network's end of the room's link.
    inboxes: Vec<Inbox>,
    ports: Vec<RoomPort>,
    /// The room's end of the threads' link.
    link: RoomLink,
    tally: Arc<Tally>,
    places: Arc<Semaphore>,
    inputs: Vec<InputNote>,
    proven: BTreeSet<ConnId>,
}

impl House {
    pub(crate) fn new(options: &HouseOptions) -> Self {
        let HouseOptions { seed, tick_hz, players_max, tiles, .. } = *options;
        let arena = Some(ArenaSpec::Tiles(tiles));
        let settings = Settings { arena, seed: Some(seed), ..Settings::default() };
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the arena can be made");
        let sim = SimOptions { tick_hz, seed, players_max, shards };
        let (link_hold_ms, session_ms) = options.patience.millis();
        let room_options = RoomOptions {
            is_private: false,
            name: "arena".to_owned(),
            sim,
            game: Game::default(),
            link_hold_ms,
            cores: 2,
            panic_at: None,
            stall_at: None,
        };
        let status = Arc::new(RoomStatus::new("arena".to_owned(), tick_hz, players_max));
        let threads = usize::from(options.threads);
        let arena_of = |directory: &Directory| {
            directory.open(Listing::sole("arena")).expect("a place is free")
        };
        let (room_directory, inboxes) = Directory::new(threads);
        let room_link = arena_of(&room_directory);
        let ports = (0..options.threads)
            .map(|thread| room_directory.port(room_link.id(), thread).expect("it is open"))
            .collect();
        let (directory, thread_inboxes) = Directory::new(threads);
        let link = arena_of(&directory);
        // How long the machine takes for things must decide nothing.
        room_link.gauge().hold(Some(Step::Open));
        let origin = Instant::now();
        let tally = Arc::new(Tally::default());
        let net_options = NetOptions {
            tally: Arc::clone(&tally),
            tickets: Arc::new(Tickets::new(None)),
            identities: Arc::new(Identities::new(Store::none())),
            store: Store::none(),
            directory,
            sessions: Arc::default(),
            link_hold_ms,
            session_ms,
        };
        let (nets, handovers) = NetThread::all(thread_inboxes, &net_options);
        let threads = nets
            .into_iter()
            .zip(handovers)
            .map(|(net, handover)| Thread {
                net: net.beginning_at(origin),
                handover,
                wakes: Duration::ZERO,
                stalled_until: Duration::ZERO,
            })
            .collect();
        Self {
            origin,
            room: RoomWorker::new(arena, &room_options, room_link, status, HubPort::none()),
            pace: Pace::new(origin, tick_hz),
            room_wakes: Duration::ZERO,
            room_stalled_until: Duration::ZERO,
            threads,
            inboxes,
            ports,
            link,
            tally,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            inputs: Vec::new(),
            proven: BTreeSet::new(),
        }
    }

    pub(crate) fn sim(&self) -> &Sim {
        self.room.sim()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn stall_thread(&mut self, thread: u16, until: Duration) {
        self.threads[usize::from(thread)].stalled_until = until;
    }

    pub(crate) fn stall_room(&mut self, until: Duration) {
        self.room_stalled_until = until;
    }

    /// Ends every stall.
    pub(crate) fn mend(&mut self) {
        self.room_stalled_until = Duration::ZERO;
        self.threads.iter_mut().for_each(|it| it.stalled_until = Duration::ZERO);
    }

    /// An upgraded connection comes in.
    pub(crate) fn admit(&mut self, thread: u16, number: u64, stream: DuplexStream) {
        let permit = Arc::clone(&self.places).try_acquire_owned().expect("there are places");
        let newborn = Newborn::near(stream, number, permit);
        // One that finds no place is dropped, which the client notices.
        self.threads[usize::from(thread)].handover.give(newborn);
    }

    /// Runs the room if a tick is due. `notices` are posted besides what the room has to
    /// say, behind it.
    pub(crate) fn run_room(
        &mut self,
        now: Duration,
        notices: &mut Vec<(ConnId, Vec<u8>)>,
        players: &dyn Fn(u16) -> Vec<ConnId>,
        out: &mut Vec<Transition>,
    ) {
        if now < self.room_wakes.max(self.room_stalled_until) {
            return;
        }
        loop {
            match self.room.turn(&mut self.pace, self.origin + now) {
                Due::At(deadline) => {
                    self.room_wakes = deadline - self.origin;
                    break;
                }
                Due::Ticks(_) => self.relay(now, notices, players, out),
            }
        }
    }

    /// Hands to the threads what the room has published.
    fn relay(
        &mut self,
        now: Duration,
        notices: &mut Vec<(ConnId, Vec<u8>)>,
        players: &dyn Fn(u16) -> Vec<ConnId>,
        out: &mut Vec<Transition>,
    ) {
        while let Some(publications) = self.published() {
            // Who gives a session away says so before another one has it.
            let mut late = Vec::new();
            for (thread, publication) in (0_u16..).zip(&publications) {
                tell(&publication.mail, players(thread), out, &mut late);
            }
            // Whoever finds no place finds none because of all who were seated.
            late.sort_by_key(|it| matches!(it, Transition::TurnedAway { .. }));
            out.append(&mut late);
            let Some(Publication { frame, next_deadline, period, following, step, .. }) =
                publications.first().cloned()
            else {
                return;
            };
            out.push(Transition::Ticked { tick: frame.tick().0 });
            for (thread, publication) in (0_u16..).zip(publications) {
                for mail in publication.mail {
                    self.link.post(thread, mail);
                }
            }
            for (conn, message) in notices.drain(..) {
                out.push(Transition::Posted { conn, what: super::fingerprint(&message) });
                self.link.post(conn.thread, Mail::Event { conn, message: message.into() });
            }
            self.link.publish(&frame, next_deadline, period, following, step);
            self.threads.iter_mut().for_each(|it| it.wakes = now);
        }
    }

    /// One tick's publication for each thread.
    fn published(&self) -> Option<Vec<Publication>> {
        let past = self.origin;
        let take = |(inbox, port): (&Inbox, &RoomPort)| {
            inbox.published(past).inspect(|_| port.note_taken())
        };
        self.inboxes.iter().zip(&self.ports).map(take).collect()
    }

    /// Runs each thread whose time has come; whether any did.
    pub(crate) fn run_threads(&mut self, now: Duration, out: &mut Vec<Transition>) -> bool {
        let mut ran = false;
        for index in 0..self.threads.len() {
            let thread = &mut self.threads[index];
            if now >= thread.wakes.max(thread.stalled_until) {
                let next = thread.net.turn(self.origin + now);
                thread.wakes = next - self.origin;
                ran = true;
            }
        }
        if ran {
            self.carry_up(out);
        }
        ran
    }

    /// Hands to the room what the threads ask of it.
    fn carry_up(&mut self, out: &mut Vec<Transition>) {
        let Self { link, ports, inputs, proven, .. } = self;
        let on_control = |control: Control| {
            out.extend(asked(&control));
            ports[0].control(control).expect("the room has places for all there is");
        };
        let mut notes = Vec::new();
        link.drain(usize::MAX, on_control, |&note| notes.push(note));
        for note in notes {
            if proven.insert(note.conn) {
                out.push(Transition::Proven { conn: note.conn });
            }
            inputs.push(note);
        }
        ports[0].inputs(inputs);
    }
}

/// What a thread asked of the room, as far as the model has to know.
fn asked(control: &Control) -> Option<Transition> {
    match *control {
        Control::Join { .. } | Control::Ask { .. } => None,
        // Nobody here goes to another room.
        Control::Depart { .. } => None,
        // The room's answer, which is seen when it comes, is what counts.
        Control::Rebind { .. } => None,
        Control::Leave { conn } => Some(Transition::Left { conn }),
        Control::Detach { conn } => Some(Transition::LinkDead { conn }),
    }
}

/// What a room's mail to one thread means to those who play there. What comes after
/// somebody is seated waits in `late`.
fn tell(
    mail: &[Mail],
    mut players: Vec<ConnId>,
    early: &mut Vec<Transition>,
    late: &mut Vec<Transition>,
) {
    let mut seated: Vec<ConnId> = Vec::new();
    for mail in mail {
        match mail {
            Mail::Joined { conn, you, .. } => {
                seated.push(*conn);
                late.push(Transition::Seated { conn: *conn, you: *you });
            }
            Mail::Departed { .. } => {}
            Mail::Refused { conn, .. } => late.push(Transition::TurnedAway { conn: *conn }),
            Mail::Moved { conn, to } => {
                players.retain(|it| it != conn);
                let moved = Transition::Moved { from: *conn, to: *to };
                if seated.contains(conn) {
                    late.push(moved)
                } else {
                    early.push(moved)
                }
                seated.retain(|it| it != conn);
            }
            Mail::Event { conn, message }
            | Mail::Watch { conn, message, .. }
            | Mail::Answer { conn, message } => {
                let posted = Transition::Posted { conn: *conn, what: super::fingerprint(message) };
                if seated.contains(conn) { late.push(posted) } else { early.push(posted) }
            }
            // Nobody orders that here.
            Mail::Expel { .. } => {}
            Mail::Broadcast { message } => {
                let what = super::fingerprint(message);
                early.extend(players.iter().map(|&conn| Transition::Posted { conn, what }));
                late.extend(seated.iter().map(|&conn| Transition::Posted { conn, what }));
            }
        }
    }
}

/// What the room says of a player, for the invariants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) shards: u32,
    pub(crate) kills: u16,
    pub(crate) flies: bool,
}

/// Each player's standing.
pub(crate) fn standings(sim: &Sim) -> Vec<(NetId, String, Standing)> {
    let mut all = Vec::new();
    sim.each_player(|it| {
        let flies = it.life == throng::sim::Life::Flying;
        let standing = Standing { shards: it.purse.shards, kills: it.purse.kills, flies };
        all.push((it.id, it.name.to_owned(), standing));
    });
    all
}
