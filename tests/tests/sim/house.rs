//! The server's pieces, driven by hand: rooms, network threads, and between them a relay
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
use throng::tickets::{AuthSecret, Tickets};
use throng_shared::ids::NetId;
use throng_shared::limits::CONNECTIONS_MAX;
use throng_shared::session::Name;
use tokio::io::DuplexStream;
use tokio::sync::Semaphore;

use super::relay::{asked, tell};
use super::transition::{Made, Site, Transition};

/// What rooms are called.
const NAMES: [&str; 3] = ["arena", "attic", "cellar"];
/// What the login service signs with, and what somebody else does.
const SECRET: &str = "what the login service signs with";
const GUESS: &str = "what somebody takes for that secret";
/// What may be on its way to a room, for each of its players.
const PLACES_EACH: usize = 16;

/// A run begins so long after the time of its threads, of which Unix time is made.
const BEGINS: Duration = Duration::from_secs(1000);
/// A ticket of long ago was made so much earlier.
const LONG_AGO: Duration = Duration::from_secs(120);

/// What a server is to be.
#[derive(Clone, Debug)]
pub(crate) struct HouseOptions {
    pub(crate) seed: u64,
    pub(crate) tick_hz: u32,
    pub(crate) players_max: usize,
    pub(crate) threads: u16,
    /// Rooms, three at most.
    pub(crate) halls: usize,
    /// Edge of an arena, in tiles.
    pub(crate) tiles: i32,
    pub(crate) patience: super::model::Patience,
    /// Whether nobody comes in without a ticket.
    pub(crate) has_tickets: bool,
}

/// A network thread and when it runs next.
struct Thread {
    net: NetThread,
    handover: Handover,
    wakes: Duration,
    stalled_until: Duration,
}

/// A room with both ends of the relay.
struct Hall {
    site: Site,
    room: RoomWorker,
    pace: Pace,
    wakes: Duration,
    stalled_until: Duration,
    /// The network's end of the room's link, for each thread.
    ports: Vec<RoomPort>,
    /// The room's end of the threads' link.
    link: RoomLink,
    inputs: Vec<InputNote>,
}

pub(crate) struct House {
    options: HouseOptions,
    /// The moment from which a run's time counts, for every server in it; and one that is
    /// past, so that nobody waits for it.
    origin: Instant,
    past: Instant,
    halls: Vec<Option<Hall>>,
    /// When those that panicked are opened again.
    opens_at: Vec<Duration>,
    shut_until: Vec<Duration>,
    sites_made: u32,
    threads: Vec<Thread>,
    /// What rooms say, and the rooms as they know themselves.
    inboxes: Vec<Inbox>,
    within: Arc<Directory>,
    /// The rooms as the threads know them.
    without: Arc<Directory>,
    tally: Arc<Tally>,
    places: Arc<Semaphore>,
    proven: BTreeSet<ConnId>,
}

impl House {
    pub(crate) fn new(options: &HouseOptions) -> Self {
        Self::starting(options.clone(), (Instant::now(), Duration::ZERO), 0)
    }

    /// The same server, started again at `now`: of what was before it knows nothing.
    pub(crate) fn restarted(&self, now: Duration) -> Self {
        Self::starting(self.options.clone(), (self.past, now), self.sites_made)
    }

    fn starting(options: HouseOptions, (past, now): (Instant, Duration), sites_made: u32) -> Self {
        let origin = past + BEGINS;
        let (link_hold_ms, session_ms) = options.patience.millis();
        let threads = usize::from(options.threads);
        let (within, inboxes) = Directory::new(threads);
        let (without, thread_inboxes) = Directory::new(threads);
        // How long the machine takes for things must decide nothing.
        within.gauge().hold(Some(Step::Open));
        let tally = Arc::new(Tally::default());
        let secret = options.has_tickets.then(|| AuthSecret::from(SECRET));
        let net_options = NetOptions {
            tally: Arc::clone(&tally),
            tickets: Arc::new(Tickets::new(secret.as_ref()).since((BEGINS + now).as_secs())),
            identities: Arc::new(Identities::new(Store::none())),
            store: Store::none(),
            directory: Arc::clone(&without),
            sessions: Arc::default(),
            limits: Arc::default(),
            link_hold_ms,
            session_ms,
        };
        let (nets, handovers) = NetThread::all(thread_inboxes, &net_options);
        let threads = nets
            .into_iter()
            .zip(handovers)
            .map(|(net, handover)| Thread {
                net: net.beginning_at(past),
                handover,
                wakes: now,
                stalled_until: Duration::ZERO,
            })
            .collect();
        let halls = options.halls;
        let mut house = Self {
            options,
            origin,
            past,
            halls: (0..halls).map(|_| None).collect(),
            opens_at: vec![now; halls],
            shut_until: vec![Duration::ZERO; halls],
            sites_made,
            threads,
            inboxes,
            within,
            without,
            tally,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            proven: BTreeSet::new(),
        };
        house.open_halls(now);
        house
    }

    /// Opens the rooms that are to be there and are not.
    fn open_halls(&mut self, now: Duration) {
        for index in 0..self.halls.len() {
            if self.halls[index].is_none() && now >= self.opens_at[index] {
                let hall = self.hall(index, now);
                self.halls[index] = Some(hall);
            }
        }
    }

    fn hall(&mut self, index: usize, now: Duration) -> Hall {
        let HouseOptions { seed, tick_hz, players_max, threads, tiles, patience, .. } =
            self.options;
        let seed = seed.wrapping_add(index as u64);
        let name = NAMES[index];
        let arena = Some(ArenaSpec::Tiles(tiles));
        let settings = Settings { arena, seed: Some(seed), ..Settings::default() };
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the arena can be made");
        let room_options = RoomOptions {
            is_private: false,
            name: name.to_owned(),
            sim: SimOptions { tick_hz, seed, players_max, shards },
            game: Game::default(),
            link_hold_ms: patience.millis().0,
            limits: Arc::default(),
            cores: 2,
            panic_at: None,
            stall_at: None,
        };
        let status = Arc::new(RoomStatus::new(name.to_owned(), tick_hz, players_max));
        let places = PLACES_EACH * players_max.max(64);
        let open = |directory: &Directory| {
            let listing = Listing { places, ..Listing::sole(name) };
            directory.open(listing).expect("a place is free")
        };
        let (room_link, link) = (open(&self.within), open(&self.without));
        assert_eq!(room_link.id(), link.id(), "because both are opened together");
        let port = |thread| self.within.port(room_link.id(), thread).expect("it is open");
        let ports = (0..threads).map(port).collect();
        self.sites_made += 1;
        Hall {
            site: Site(self.sites_made),
            room: RoomWorker::new(arena, &room_options, room_link, status, HubPort::none()),
            pace: Pace::new(self.origin + now, tick_hz),
            wakes: now,
            stalled_until: Duration::ZERO,
            ports,
            link,
            inputs: Vec::new(),
        }
    }

    /// Every room that is open.
    pub(crate) fn sims(&self) -> impl Iterator<Item = (Site, &Sim)> {
        self.halls.iter().flatten().map(|hall| (hall.site, hall.room.sim()))
    }

    /// The newest room of this name.
    pub(crate) fn site(&self, name: &str) -> Option<Site> {
        let hall = self.halls.iter().flatten().find(|hall| hall.room.name() == name);
        hall.map(|hall| hall.site)
    }

    pub(crate) fn name(&self, hall: usize) -> &'static str {
        NAMES[hall % self.halls.len()]
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// A ticket of the login service, or of somebody who takes himself for it.
    pub(crate) fn ticket(&self, now: Duration, name: &str, made: Made) -> String {
        let now = BEGINS + now;
        let (secret, at) = match made {
            Made::Honestly => (SECRET, now),
            Made::Forged => (GUESS, now),
            Made::LongAgo => (SECRET, now - LONG_AGO),
        };
        let name = Name::parse(name).expect("tabs have names");
        Tickets::new(Some(&AuthSecret::from(secret))).issue(&name, NAMES[0], at.as_secs())
    }

    pub(crate) fn stall_thread(&mut self, thread: u16, until: Duration) {
        self.threads[usize::from(thread)].stalled_until = until;
    }

    pub(crate) fn stall_room(&mut self, hall: usize, until: Duration) {
        if let Some(hall) = &mut self.halls[hall] {
            hall.stalled_until = until;
        }
    }

    /// The room takes in nobody until then.
    pub(crate) fn shut(&mut self, hall: usize, until: Duration) {
        self.shut_until[hall] = until;
    }

    /// What the pool does with a room that panics: drops it, and with it its end of the link.
    pub(crate) fn panic(&mut self, hall: usize, opens_at: Duration) -> Option<Site> {
        self.opens_at[hall] = opens_at;
        self.halls[hall].take().map(|hall| hall.site)
    }

    /// The server is told to stop: each thread lets its connections go.
    pub(crate) fn drain(&self) {
        self.without.gauge().drain();
    }

    /// Ends every stall.
    pub(crate) fn mend(&mut self) {
        self.opens_at.fill(Duration::ZERO);
        self.shut_until.fill(Duration::ZERO);
        self.halls.iter_mut().flatten().for_each(|it| it.stalled_until = Duration::ZERO);
        self.threads.iter_mut().for_each(|it| it.stalled_until = Duration::ZERO);
    }

    /// An upgraded connection comes in.
    pub(crate) fn admit(&mut self, thread: u16, number: u64, stream: DuplexStream) {
        let permit = Arc::clone(&self.places).try_acquire_owned().expect("there are places");
        // Who comes in over a made-up link is no bot of the house.
        let newborn = Newborn { is_house: false, ..Newborn::near(stream, number, permit) };
        // One that finds no place is dropped, which the client notices.
        self.threads[usize::from(thread)].handover.give(newborn);
    }

    /// Runs each room of which a tick is due. `notices` are posted besides what a room has to
    /// say, behind it.
    pub(crate) fn run_rooms(
        &mut self,
        now: Duration,
        notices: &mut Vec<(Site, ConnId, Vec<u8>)>,
        players: &dyn Fn(Site, u16) -> Vec<ConnId>,
        out: &mut Vec<Transition>,
    ) {
        self.open_halls(now);
        for index in 0..self.halls.len() {
            let Some(mut hall) = self.halls[index].take() else { continue };
            let is_shut = now < self.shut_until[index];
            let step = if is_shut { Step::Shut } else { Step::Open };
            while now >= hall.wakes.max(hall.stalled_until) {
                match hall.room.turn(&mut hall.pace, self.origin + now) {
                    Due::At(deadline) => hall.wakes = deadline - self.origin,
                    Due::Ticks(_) => {
                        if self.relay(&mut hall, notices, players, out) {
                            self.threads.iter_mut().for_each(|it| it.wakes = now);
                        }
                    }
                }
            }
            let place = hall.link.id().place;
            let (told, known) = (self.within.gauge().room(place), hall.link.room_gauge());
            known.set_people(told.people());
            known.set_full(told.is_full());
            known.set_step(step, hall.room.sim().tick().0);
            self.halls[index] = Some(hall);
        }
        notices.retain(|&(to, ..)| self.halls.iter().flatten().any(|hall| hall.site == to));
    }

    /// Hands to the threads what a room has published; whether it has.
    fn relay(
        &self,
        hall: &mut Hall,
        notices: &mut Vec<(Site, ConnId, Vec<u8>)>,
        players: &dyn Fn(Site, u16) -> Vec<ConnId>,
        out: &mut Vec<Transition>,
    ) -> bool {
        let site = hall.site;
        let mut has_published = false;
        while let Some(publications) = self.published(&hall.ports) {
            has_published = true;
            // Who gives a session away says so before another one has it.
            let mut late = Vec::new();
            for (thread, publication) in (0_u16..).zip(&publications) {
                tell(site, &publication.mail, players(site, thread), (out, &mut late));
            }
            // Whoever finds no place finds none because of all who were seated.
            late.sort_by_key(|it| matches!(it, Transition::TurnedAway { .. }));
            out.append(&mut late);
            let Some(Publication { frame, next_deadline, period, following, step, .. }) =
                publications.first().cloned()
            else {
                return has_published;
            };
            out.push(Transition::Ticked { site, tick: frame.tick().0 });
            for (thread, publication) in (0_u16..).zip(publications) {
                for mail in publication.mail {
                    hall.link.post(thread, mail);
                }
            }
            for (_, conn, message) in notices.extract_if(.., |(to, ..)| *to == site) {
                out.push(Transition::Posted { site, conn, what: super::fingerprint(&message) });
                hall.link.post(conn.thread, Mail::Event { conn, message: message.into() });
            }
            hall.link.publish(&frame, next_deadline, period, following, step);
        }
        has_published
    }

    /// One tick's publication of one room for each thread.
    fn published(&self, ports: &[RoomPort]) -> Option<Vec<Publication>> {
        let past = self.past;
        let take = |(inbox, port): (&Inbox, &RoomPort)| {
            inbox.published(past).inspect(|_| port.note_taken())
        };
        self.inboxes.iter().zip(ports).map(take).collect()
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

    /// Hands to the rooms what the threads ask of them.
    fn carry_up(&mut self, out: &mut Vec<Transition>) {
        let Self { halls, proven, .. } = self;
        for Hall { site, link, ports, inputs, .. } in halls.iter_mut().flatten() {
            let on_control = |control: Control| {
                out.extend(asked(*site, &control));
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
}

/// What the room says of a player, for the invariants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) shards: u32,
    pub(crate) kills: u16,
    pub(crate) flies: bool,
}

/// Each player's standing.
pub(crate) fn standings(sim: &Sim) -> Vec<(NetId, Standing)> {
    let mut all = Vec::new();
    sim.each_player(|it| {
        let flies = it.life == throng::sim::Life::Flying;
        let standing = Standing { shards: it.purse.shards, kills: it.purse.kills, flies };
        all.push((it.id, standing));
    });
    all
}
