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

use crate::config::{Config, Limits, Rehearsal};
use crate::game::Game;
use crate::hub::HubDesk;
use crate::link::{Directory, Gauge, Listing, RoomId, Roster, Taken};
use crate::net::Caller;
use crate::room::{Clerk, Job, Pace, Pool, RoomOptions, RoomStatus, RoomWorker, Turn};
use crate::sim::{Arena, SimOptions};

mod making;
mod revival;

pub use making::{Made, Unmade, Wanted};
use revival::Revival;

/// Houses that wait to be kept.
const HOUSES_WAITING_MAX: usize = 64;

/// What a room is to be.
#[derive(Clone, Debug)]
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

/// The room that is to be there as long as any is.
#[derive(Debug)]
struct Lasting {
    plan: Plan,
    revival: Revival,
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
    limits: Arc<Limits>,
    cores: usize,
    seed: u64,
    is_fixed: bool,
    patience: Duration,
    rehearsals: [Option<Rehearsal>; 2],
    clerk: Clerk,
    open: Mutex<Vec<Open>>,
    /// Who has a room made just now, once for each.
    making: Mutex<Vec<Caller>>,
    lasting: Mutex<Option<Lasting>>,
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
            limits: Arc::new(config.limits.clone()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            seed: config.seed,
            is_fixed: config.rooms_fixed,
            patience: Duration::from_secs(config.room_empty_s),
            rehearsals: [config.panic_at.clone(), config.stall_at.clone()],
            clerk: Clerk::new(std::env::temp_dir(), slow_disk),
            open: Mutex::default(),
            making: Mutex::default(),
            lasting: Mutex::default(),
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

    /// Opens the room that is to be there as long as any is: where it crashes and another one
    /// is open, it is opened anew, after a pause that grows while it keeps crashing.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn open_for_good(&self, plan: Plan) -> Result<Arc<RoomStatus>, Taken> {
        let status = self.open(plan.clone())?;
        let lasting = Lasting { plan, revival: Revival::new(Instant::now()) };
        *lock(&self.lasting) = Some(lasting);
        Ok(status)
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
            limits: Arc::clone(&self.limits),
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
        lock(&self.open).push(entry);
        let pace = Pace::new(now, tick_hz);
        self.pool.add(pace.deadline(), Box::new(Running { room, pace, clerk: self.clerk.clone() }));
        Ok(status)
    }

    /// Forgets rooms that have ended, closes those that players made and where nobody has been
    /// for a while, and opens the one anew that is to be there.
    pub fn sweep(&self, now: Instant) {
        // In this order: a room is listed before it is among the open ones, and would be taken for
        // one that has ended if it became one after the list was made.
        let mut open = lock(&self.open);
        let there = self.directory.rooms();
        open.retain_mut(|room| {
            if !there.iter().any(|it| it.id == room.id) {
                room.stop_house.notify_one();
                return false;
            }
            if self.gauge().room(room.id.place).company() > 0 {
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
        drop(open);
        let is_alone = there.is_empty() && !self.is_awaited();
        if !is_alone && !self.gauge().is_draining() {
            self.revive(now, &there);
        }
    }

    /// Whether no room is left, nor will be opened by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        // In this order: one that is being opened anew is awaited until it is listed.
        !self.is_awaited() && self.directory.rooms().is_empty()
    }

    /// Whether a name is kept for the room that is opened anew, also while it is not there.
    fn is_reserved(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        lock(&self.lasting).as_ref().is_some_and(|it| it.plan.name.to_lowercase() == name)
    }

    fn is_awaited(&self) -> bool {
        lock(&self.lasting).as_ref().is_some_and(|it| it.revival.is_pending())
    }

    fn revive(&self, now: Instant, there: &[Roster]) {
        let mut lasting = lock(&self.lasting);
        let Some(Lasting { plan, revival }) = &mut *lasting else { return };
        if there.iter().any(|room| room.name == plan.name) {
            return;
        }
        if let Some(pause) = revival.note_gone(now) {
            let (name, pause_s) = (&plan.name, pause.as_secs());
            tracing::warn!("The room {name} is gone, and opened anew in {pause_s} s.");
        }
        if !revival.try_open(now) {
            return;
        }
        // What a seed brought about it would bring about again.
        let mut plan = plan.clone();
        plan.sim.seed = plan.sim.seed.wrapping_add(u64::from(self.directory.opened()));
        let name = plan.name.clone();
        match self.open(plan) {
            Ok(_) => tracing::info!("The room {name} is open again."),
            Err(why) => tracing::error!("The room {name} cannot be opened anew: {why:?}."),
        }
    }

    /// The rooms that are open, oldest first.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let there = self.directory.rooms();
        let rooms = lock(&self.open);
        let open = rooms.iter().filter(|room| there.iter().any(|it| it.id == room.id));
        open.map(|room| Shown {
            id: room.id,
            status: Arc::clone(&room.status),
            is_private: room.is_private,
        })
        .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests;
