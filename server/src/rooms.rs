//! The rooms of the process: which are there from the start, which players make, and how
//! they end.

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use throng_bot::house::House;
use throng_shared::ids::Tick;
use throng_shared::limits::{CONNECTIONS_MAX, CONTROL_CREDIT, LINK_PLACES};
use tokio::sync::{Notify, mpsc};

use crate::config::{Config, Rehearsal};
use crate::game::Game;
use crate::hub::HubDesk;
use crate::link::{Directory, Gauge, Listing, RoomId, Taken};
use crate::net::Caller;
use crate::room::{Clerk, Job, Pace, Pool, RoomOptions, RoomStatus, RoomWorker, Turn};
use crate::sim::{Arena, SimOptions};

mod making;

pub use making::{Made, Unmade, Wanted};

/// Houses that wait to be kept.
const HOUSES_WAITING_MAX: usize = 64;

/// What a room is to be.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    /// By which alone it is found, if it is private.
    pub code: Option<String>,
    pub arena: Arena,
    pub sim: SimOptions,
    pub house_bots: usize,
    /// Who made it; a room of nobody's stays.
    pub maker: Option<Caller>,
}

/// Bots to be kept in a room until it ends.
#[derive(Debug)]
pub struct HouseOrder {
    pub house: House,
    pub stop: Arc<Notify>,
}

/// A room that is open.
#[derive(Debug)]
struct Open {
    id: RoomId,
    status: Arc<RoomStatus>,
    is_private: bool,
    maker: Option<Caller>,
    /// Since when nobody is there.
    empty: Option<Instant>,
    stop_house: Arc<Notify>,
}

/// What others may know of a room.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: RoomId,
    pub status: Arc<RoomStatus>,
    pub is_private: bool,
}

/// All rooms of a process.
#[derive(Debug)]
pub struct Rooms {
    directory: Arc<Directory>,
    pool: Arc<Pool>,
    houses: mpsc::Sender<HouseOrder>,
    hub: HubDesk,
    game: Game,
    link_hold_ms: u64,
    cores: usize,
    seed: u64,
    is_fixed: bool,
    patience: Duration,
    rehearsals: [Option<Rehearsal>; 2],
    clerk: Clerk,
    open: Mutex<Vec<Open>>,
}

impl Rooms {
    /// No room yet, and where houses are ordered.
    #[must_use]
    pub fn new(
        config: &Config,
        directory: Arc<Directory>,
        pool: Arc<Pool>,
        hub: HubDesk,
    ) -> (Arc<Self>, mpsc::Receiver<HouseOrder>) {
        let (houses, orders) = mpsc::channel(HOUSES_WAITING_MAX);
        let slow_disk = config.panic_at.as_ref().map_or(0, |it| it.ms);
        let slow_disk = Duration::from_millis(slow_disk);
        let rooms = Self {
            directory,
            pool,
            houses,
            hub,
            game: config.game,
            link_hold_ms: config.link_hold_ms,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            seed: config.seed,
            is_fixed: config.rooms_fixed,
            patience: Duration::from_secs(config.room_empty_s),
            rehearsals: [config.panic_at.clone(), config.stall_at.clone()],
            clerk: Clerk::new(std::env::temp_dir(), slow_disk),
            open: Mutex::default(),
        };
        (Arc::new(rooms), orders)
    }

    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        self.directory.gauge()
    }

    /// Who reports crashes.
    #[must_use]
    pub fn clerk(&self) -> &Clerk {
        &self.clerk
    }

    /// Opens a room: from now on it ticks, and is found.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn open(&self, plan: Plan) -> Result<Arc<RoomStatus>, Taken> {
        let Plan { name, code, arena, sim, house_bots, maker } = plan;
        let (players, tick_hz, seed) = (sim.players_max, sim.tick_hz, sim.seed);
        let places = if maker.is_none() { LINK_PLACES } else { link_places(players) };
        let is_private = code.is_some();
        let wish = code.clone().unwrap_or_else(|| name.clone());
        let link = self.directory.open(Listing { name: name.clone(), code, places })?;
        let id = link.id();
        let status = Arc::new(RoomStatus::new(name.clone(), tick_hz, players));
        let [panic_at, stall_at] =
            self.rehearsals.each_ref().map(|it| it.as_ref().filter(|it| it.room == name));
        let options = RoomOptions {
            name,
            is_private,
            sim,
            game: self.game,
            link_hold_ms: self.link_hold_ms,
            cores: self.cores,
            panic_at: panic_at.map(|it| Tick(it.tick)),
            stall_at: stall_at.map(|it| (Tick(it.tick), Duration::from_millis(it.ms))),
        };
        let hub = self.hub.port(id);
        let room = RoomWorker::new(arena, &options, link, Arc::clone(&status), hub);
        let now = Instant::now();
        let (empty, stop_house) = (Some(now), Arc::new(Notify::new()));
        if house_bots > 0 {
            let house = House { room: wish, count: house_bots, seed };
            let order = HouseOrder { house, stop: Arc::clone(&stop_house) };
            if self.houses.try_send(order).is_err() {
                tracing::warn!("A room has no house bots: too many wait for theirs.");
            }
        }
        let entry = Open { id, status: Arc::clone(&status), is_private, maker, empty, stop_house };
        self.lock().push(entry);
        let pace = Pace::new(now, tick_hz);
        self.pool.add(pace.deadline(), Box::new(Running { room, pace, clerk: self.clerk.clone() }));
        Ok(status)
    }

    /// Forgets rooms that have ended, and closes those that players made and where nobody has
    /// been for a while.
    pub fn sweep(&self, now: Instant) {
        let there = self.directory.rooms();
        self.lock().retain_mut(|room| {
            if !there.iter().any(|it| it.id == room.id) {
                room.stop_house.notify_one();
                return false;
            }
            if self.gauge().room(room.id.place).people() > 0 {
                room.empty = None;
            } else if room.maker.is_some() {
                let since = *room.empty.get_or_insert(now);
                if now.saturating_duration_since(since) >= self.patience {
                    tracing::info!("The room {} is closed: nobody is there.", room.status.name);
                    self.directory.close(room.id);
                }
            }
            true
        });
    }

    /// The rooms that are open, oldest first.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let there = self.directory.rooms();
        let rooms = self.lock();
        let open = rooms.iter().filter(|room| there.iter().any(|it| it.id == room.id));
        open.map(|room| Shown {
            id: room.id,
            status: Arc::clone(&room.status),
            is_private: room.is_private,
        })
        .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places of the link to a room of so many players: the credit of all of them, twice, as some
/// come while others leave. Whoever finds none is told to come back.
fn link_places(players_max: usize) -> usize {
    (players_max * 2 + CONNECTIONS_MAX / 40) * CONTROL_CREDIT
}

/// A room that the pool runs.
struct Running {
    room: RoomWorker,
    pace: Pace,
    clerk: Clerk,
}

impl Job for Running {
    fn run(&mut self, now: Instant) -> Turn {
        if self.room.is_closed() {
            return Turn::Over;
        }
        self.room.turn(&mut self.pace, now);
        Turn::At(self.pace.deadline())
    }

    fn fail(&mut self, panic: &(dyn Any + Send)) {
        self.room.report_crash(panic, &self.clerk);
    }

    fn name(&self) -> &str {
        self.room.name()
    }

    fn stalled(&self) -> Arc<AtomicBool> {
        Arc::clone(self.room.stalled())
    }
}
