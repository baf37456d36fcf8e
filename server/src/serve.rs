//! A whole server: front, network threads, rooms and their workers, house bots. The caller
//! says when it stops.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use socket2::{Domain, Socket, Type};
use throng_shared::limits::{BACKLOG, CRASH_REPORTS_MS, DRAIN_MS};
use tokio::sync::{Notify, mpsc};
use tokio::task::LocalSet;
use tokio::time::interval;

use crate::config::{ARENA, Config};
use crate::hub::{HubDesk, HubThread, Traffic};
use crate::identity::Identities;
use crate::link::{Directory, Gauge, Step};
use crate::net::{Door, Front, FrontOptions, NetOptions, NetThread, Tally, Tls};
use crate::room::{Pool, RoomStatus};
use crate::rooms::{HouseOrder, Plan, Rooms};
use crate::sim::SimOptions;
use crate::stop::StopSign;
use crate::store::{Kept, Store};
use crate::tickets::Tickets;
use crate::web::{self, WebState};
use crate::words::FILTER;

/// How often it is looked where nobody is.
const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// A running server. Dropping it without [`Server::stop`] leaves it running.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    status: Arc<RoomStatus>,
    rooms: Arc<Rooms>,
    pool: Arc<Pool>,
    gauge: Arc<Gauge>,
    tally: Arc<Tally>,
    tls: Option<Arc<Tls>>,
    stop_house: Arc<Notify>,
    stop_front: Arc<Notify>,
    stop_net: StopSign,
    stop_hub: StopSign,
    stop_store: StopSign,
    store: Store,
    hub: HubDesk,
    threads: Threads,
}

#[derive(Debug, Default)]
struct Threads {
    house: Option<JoinHandle<()>>,
    front: Vec<JoinHandle<()>>,
    net: Vec<JoinHandle<()>>,
    store: Option<JoinHandle<()>>,
    hub: Vec<JoinHandle<()>>,
}

/// Listens with room for all who come at once: a slow accept under load must not make
/// the kernel drop the first word of newcomers.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Elsewhere it would allow two servers on one port.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Starts a server and returns when it accepts connections.
///
/// # Errors
/// A sentence for the operator: the address is taken, the map is broken, …
pub fn start(config: &Config) -> Result<Server, String> {
    let (arena, shards) = config.arena()?;
    let (store, writer) = Store::open(config.data.as_deref(), Kept::of(&config.limits))?;
    if config.data.is_none() {
        tracing::info!(
            "Scores, players and bans are kept in memory, and gone when this server stops: \
             --data DIR keeps them."
        );
    }
    let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
    let listener = listen(config.listen).map_err(|error| {
        format!("The address {} cannot be listened on: {error}.", config.listen)
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("The address of the listener is unknown: {error}."))?;

    let sim = SimOptions {
        tick_hz: config.tick_hz,
        seed: config.seed,
        players_max: config.players_max,
        shards,
    };
    let tally = Arc::new(Tally::default());
    let limits = Arc::new(config.limits.clone());
    let (directory, inboxes) = Directory::new(config.net_threads);
    let tickets = Tickets::new(config.auth_secret.as_ref()).since(unix().as_secs());
    let tickets = tickets.valid_for(limits.ticket_s.into());
    let tickets = Arc::new(tickets.with_operator_secret(config.operator_secret.clone()));
    let options = NetOptions {
        tally: Arc::clone(&tally),
        tickets: Arc::clone(&tickets),
        identities: Arc::new(Identities::new(store.clone())),
        store: store.clone(),
        directory: Arc::clone(&directory),
        sessions: Arc::default(),
        limits: Arc::clone(&limits),
        link_hold_ms: config.link_hold_ms,
        session_ms: config.session_ms,
    };
    let (net_threads, handovers) = NetThread::all(inboxes, &options);
    let gauge = Arc::clone(directory.gauge());
    let pool = Pool::start(config.room_workers)?;
    let edge = Arc::clone(&tally);
    let traffic = move || {
        let ((bytes_in, bytes_out), connections) = (edge.bytes(), edge.open());
        Traffic { connections, bytes_in, bytes_out }
    };
    let keeper = Box::new(store.clone());
    let clean = |text: &str| FILTER.clean(text).into_owned();
    let (hub, desk) =
        HubThread::new(Arc::clone(&limits), Box::new(clean), keeper, Box::new(traffic));
    let (rooms, orders) = Rooms::new(config, directory, Arc::clone(&pool), desk.clone());
    let state = WebState {
        rooms: Arc::clone(&rooms),
        tally: Arc::clone(&tally),
        reports: Arc::default(),
        tickets,
        store: store.clone(),
        hub: desk.clone(),
        limits,
    };
    let options = FrontOptions {
        origins: config.origins.clone(),
        limits: config.limits.clone(),
        proxies: config.proxies.clone(),
        tls: tls.clone(),
        page: web::router(state),
        handovers,
        gauge: Arc::clone(&gauge),
        tally: Arc::clone(&tally),
    };
    let (front, door, stop_front) = Front::new(listener, options);
    let plan = Plan {
        name: ARENA.to_owned(),
        code: None,
        arena,
        sim,
        house_bots: config.house_bots,
        maker: None,
    };
    let status = rooms
        .open_for_good(plan)
        .map_err(|why| format!("The room {ARENA} cannot be opened: {why:?}."))?;

    let (stop_hub, stop_store) = (StopSign::default(), StopSign::default());
    let stop_net = StopSign::default();
    let stop_house = Arc::new(Notify::new());
    let mut threads = Threads::default();
    let sign = stop_store.clone();
    threads.store = Some(spawn("store", move || writer.run(&sign))?);
    let sign = stop_hub.clone();
    threads.hub.push(spawn("hub", move || {
        hub.run(&sign);
        Ok(())
    })?);
    for (index, thread) in net_threads.into_iter().enumerate() {
        let stop = stop_net.clone();
        threads.net.push(spawn(&format!("net-{index}"), move || thread.run(&stop))?);
    }
    threads.front.push(spawn("front", move || front.run())?);
    let (kept, stop) = (Arc::clone(&rooms), Arc::clone(&stop_house));
    threads.house = Some(spawn("house", move || keep_house(&kept, orders, door, &stop))?);
    Ok(Server {
        address,
        status,
        rooms,
        pool,
        gauge,
        tally,
        tls,
        stop_house,
        stop_front,
        stop_net,
        stop_hub,
        stop_store,
        store,
        hub: desk,
        threads,
    })
}

impl Server {
    /// Where it listens; the port is the real one, also when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The rooms that it has.
    #[must_use]
    pub fn rooms(&self) -> &Arc<Rooms> {
        &self.rooms
    }

    /// What the arena says of itself that was opened at the start.
    #[must_use]
    pub fn status(&self) -> &RoomStatus {
        &self.status
    }

    /// Keeps the ladder of overload at a step, or lets it follow the load again: for
    /// rehearsals, which must not depend on how fast a machine is.
    pub fn hold_step(&self, step: Option<Step>) {
        self.gauge.hold(step);
    }

    /// How loaded the server is, and what it gave up for that.
    #[must_use]
    pub fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// What outlives it, if it is kept.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the edge counts.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What handshakes of TLS are made with, if they are.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_deref()
    }

    /// Whether a thread has ended that should run on, or no room is left.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let Threads { house: _, front, net, hub, store } = &self.threads;
        let all = front.iter().chain(net).chain(hub).chain(store);
        let is_over = all.into_iter().any(JoinHandle::is_finished);
        is_over || self.pool.is_broken() || self.rooms.is_over()
    }

    /// Begins to let everybody go: `/readyz` says so at once, players get a notice and then
    /// 1012, a few at a time. [`Server::stop`] comes after.
    pub fn drain(&self) {
        self.gauge.drain();
        self.hub.restart(restart_s());
        self.stop_house.notify_one();
    }

    /// Accepts nobody more, closes every client with 1012, and waits for the
    /// threads to end: at most about a second.
    pub fn stop(self) {
        self.stop_house.notify_one();
        self.stop_front.notify_one();
        self.stop_net.raise();
        let Threads { house, front, net, hub, store } = self.threads;
        for thread in net.into_iter().chain(front).chain(house) {
            join(thread);
        }
        self.pool.stop();
        self.rooms.clerk().wait(Duration::from_millis(CRASH_REPORTS_MS));
        self.stop_hub.raise();
        hub.into_iter().for_each(join);
        // Last: what the others had to keep has come by now.
        self.stop_store.raise();
        store.into_iter().for_each(join);
    }
}

/// When a server that stops now may be there again, in seconds of Unix time.
fn restart_s() -> u32 {
    let wait = Duration::from_millis(DRAIN_MS);
    u32::try_from((unix() + wait).as_secs()).unwrap_or(u32::MAX)
}

/// Unix time.
fn unix() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Keeps the house bots of all rooms, and looks after rooms where nobody is.
fn keep_house(
    rooms: &Rooms,
    mut orders: mpsc::Receiver<HouseOrder>,
    door: Door,
    stop: &Notify,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bots = LocalSet::new();
    bots.block_on(&runtime, async {
        let mut sweeps = interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stop.notified() => return,
                _ = sweeps.tick() => rooms.sweep(Instant::now()),
                Some(HouseOrder { house, stop }) = orders.recv() => {
                    let door = door.clone();
                    bots.spawn_local(async move {
                        throng_bot::house::run(house, || door.knock(), stop.notified()).await;
                    });
                }
            }
        }
    });
    Ok(())
}

fn spawn(
    name: &str,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<()>, String> {
    let who = name.to_owned();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if let Err(error) = run() {
                tracing::error!("The thread {who} ended: {error}.");
            }
        })
        .map_err(|error| format!("The thread {name} cannot be started: {error}."))
}

fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or("unnamed").to_owned();
    if thread.join().is_err() {
        tracing::error!("The thread {name} had panicked.");
    }
}
