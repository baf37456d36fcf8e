//! The threads that rooms are run by. Rooms wait in one schedule; a worker takes the one that
//! is due first, runs its ticks, and puts it back.
//!
//! A room that panics is gone, and no other. One that stands still keeps its worker, and
//! another worker takes that one's place, of which there are only so many: early where others
//! wait for a worker, so that they skip no tick, and in any case once it has stood for long.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use throng_shared::limits::{ROOM_HELD_MS, ROOM_STALL_MS, ROOM_WORKERS_SPARE};

use super::schedule::Schedule;

/// How often it is looked whether a job stands still; and while others wait for a worker.
const WATCH_EVERY: Duration = Duration::from_millis(100);
const WATCH_CLOSELY: Duration = Duration::from_millis(20);
/// What stopping waits for a job that stands still.
const STOP_WITHIN: Duration = Duration::from_secs(1);
const STOP_LOOK: Duration = Duration::from_millis(5);

/// When a job is to be run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    At(Instant),
    Over,
}

/// Something that is run again and again, each time on any of the threads.
pub trait Job: Send {
    /// Does what is due at `now`.
    fn run(&mut self, now: Instant) -> Turn;

    /// It has panicked, and is not run again.
    fn fail(&mut self, panic: &(dyn Any + Send));

    fn name(&self) -> &str;

    /// Raised while the job stands still.
    fn stalled(&self) -> Arc<AtomicBool>;
}

/// How long a job may run until its worker is replaced where others wait; and until it stands
/// still, whoever waits.
#[derive(Clone, Copy, Debug)]
struct Patience {
    held: Duration,
    stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            held: Duration::from_millis(ROOM_HELD_MS),
            stall: Duration::from_millis(ROOM_STALL_MS),
        }
    }
}

/// What a worker does, for the watch.
#[derive(Debug)]
struct Busy {
    since: Instant,
    stalled: Arc<AtomicBool>,
    /// Whether another worker is to be there in its place.
    is_replaced: bool,
    stands_still: bool,
}

impl Busy {
    fn new(since: Instant, stalled: Arc<AtomicBool>) -> Self {
        Self { since, stalled, is_replaced: false, stands_still: false }
    }
}

struct State {
    schedule: Schedule<Box<dyn Job>>,
    /// By worker: what it runs.
    busy: Vec<Option<Busy>>,
    /// By worker: whether there is one.
    are_there: Vec<bool>,
    /// Whether a worker waits for the next deadline; the others wait for their turn to.
    has_lookout: bool,
    /// Workers that need not be replaced.
    able: usize,
    stops: bool,
}

impl State {
    fn new(workers: usize) -> Self {
        let most = workers + ROOM_WORKERS_SPARE;
        Self {
            schedule: Schedule::new(),
            busy: (0..most).map(|_| None).collect(),
            are_there: (0..most).map(|worker| worker < workers).collect(),
            has_lookout: false,
            able: workers,
            stops: false,
        }
    }

    /// Whether a job is due, and every worker has another one.
    fn is_short(&self, now: Instant) -> bool {
        let is_free = |(busy, &is_there): (&Option<Busy>, &bool)| is_there && busy.is_none();
        let is_due = self.schedule.next().is_some_and(|due| due <= now);
        is_due && !self.busy.iter().zip(&self.are_there).any(is_free)
    }

    /// Looks whose worker is to be replaced: how many jobs were found to stand still.
    fn look(&mut self, now: Instant, patience: Patience) -> usize {
        let is_short = self.is_short(now);
        let (mut stalled, mut replaced) = (0, 0);
        for busy in self.busy.iter_mut().flatten() {
            let held = now.saturating_duration_since(busy.since);
            if held >= patience.stall && !busy.stands_still {
                busy.stands_still = true;
                busy.stalled.store(true, Ordering::Relaxed);
                stalled += 1;
            }
            let is_in_the_way = busy.stands_still || (is_short && held >= patience.held);
            if is_in_the_way && !busy.is_replaced {
                busy.is_replaced = true;
                replaced += 1;
            }
        }
        self.able -= replaced;
        stalled
    }
}

struct Shared {
    state: Mutex<State>,
    /// Where the lookout waits, and the others.
    lookout: Condvar,
    others: Condvar,
    watch: Condvar,
    workers: usize,
    patience: Patience,
}

/// Whether a worker keeps its place, or another one has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

/// A pool of workers.
pub struct Pool {
    shared: Arc<Shared>,
    /// The watch, and the workers that there were from the start.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("workers", &self.shared.workers).finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts so many workers, and a thread that watches them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(workers: usize) -> Result<Arc<Self>, String> {
        Self::patient(workers, Patience::default())
    }

    fn patient(workers: usize, patience: Patience) -> Result<Arc<Self>, String> {
        let shared = Arc::new(Shared::new(workers, patience));
        let watched = Arc::clone(&shared);
        let mut threads = vec![spawn("room-watch".to_owned(), move || watched.watch())?];
        for worker in 0..workers {
            threads.push(spawn_worker(&shared, worker)?);
        }
        Ok(Arc::new(Self { shared, threads: Mutex::new(threads) }))
    }

    /// Has a job run from `due` on.
    pub fn add(&self, due: Instant, job: Box<dyn Job>) {
        let mut state = self.shared.lock();
        if !state.stops {
            self.shared.put_back(&mut state, due, job);
        }
    }

    /// Whether nobody watches the workers any more. Each of those may end for another one.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.first().is_some_and(JoinHandle::is_finished)
    }

    /// Lets every job end its turn and drops all; one that stands still is not waited for.
    pub fn stop(&self) {
        let waiting = {
            let mut state = self.shared.lock();
            state.stops = true;
            std::mem::replace(&mut state.schedule, Schedule::new())
        };
        for condvar in [&self.shared.lookout, &self.shared.others, &self.shared.watch] {
            condvar.notify_all();
        }
        waiting.into_items().for_each(take_down);
        let end = Instant::now() + STOP_WITHIN;
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            while !thread.is_finished() && Instant::now() < end {
                std::thread::sleep(STOP_LOOK);
            }
            if thread.is_finished() && thread.join().is_err() {
                tracing::error!("A room worker had panicked.");
            }
        }
    }
}

impl Shared {
    fn new(workers: usize, patience: Patience) -> Self {
        Self {
            state: Mutex::new(State::new(workers)),
            lookout: Condvar::new(),
            others: Condvar::new(),
            watch: Condvar::new(),
            workers,
            patience,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, state: &mut State, due: Instant, job: Box<dyn Job>) {
        let is_first = state.schedule.next().is_none_or(|next| due < next);
        state.schedule.push(due, job);
        if is_first {
            // It waits for a later one.
            self.lookout.notify_one();
        }
        if !state.has_lookout {
            self.others.notify_one();
        }
    }

    /// A worker, until it stops or another one has taken its place.
    fn work(&self, worker: usize) {
        while let Some(job) = self.next_job(worker) {
            if self.serve(worker, job, Instant::now()) == Kept::No {
                return;
            }
        }
    }

    /// Runs a job's turn, and puts it back or takes it down; whether the worker keeps its place.
    fn serve(&self, worker: usize, mut job: Box<dyn Job>, now: Instant) -> Kept {
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(now)));
        let again = match ran {
            Ok(Turn::At(due)) => Some(due),
            Ok(Turn::Over) => None,
            Err(panic) => {
                drop(catch_unwind(AssertUnwindSafe(|| job.fail(&*panic))));
                None
            }
        };
        let mut state = self.lock();
        let busy = state.busy[worker].take();
        let is_replaced = busy.is_some_and(|busy| {
            busy.stalled.store(false, Ordering::Relaxed);
            if busy.stands_still {
                tracing::warn!("The room {} goes on.", job.name());
            }
            busy.is_replaced
        });
        match again.filter(|_| !state.stops) {
            Some(due) => self.put_back(&mut state, due, job),
            None => {
                // Its end takes time that others need not wait for.
                drop(state);
                take_down(job);
                state = self.lock();
            }
        }
        if is_replaced {
            if state.able >= self.workers {
                state.are_there[worker] = false;
                return Kept::No;
            }
            state.able += 1;
        }
        Kept::Yes
    }

    /// Waits for a job that is due. None when the pool stops.
    fn next_job(&self, worker: usize) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            if state.stops {
                return None;
            }
            let now = Instant::now();
            if let Some(job) = state.schedule.pop(now) {
                state.busy[worker] = Some(Busy::new(now, job.stalled()));
                if !state.has_lookout {
                    self.others.notify_one();
                }
                return Some(job);
            }
            state = match state.schedule.next() {
                Some(next) if !state.has_lookout => {
                    state.has_lookout = true;
                    let wait = next.saturating_duration_since(now);
                    let waited = self.lookout.wait_timeout(state, wait);
                    let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                    state.has_lookout = false;
                    state
                }
                Some(_) | None => self.others.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Looks for jobs that stand still until the pool stops.
    fn watch(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.stops {
            let now = Instant::now();
            let stalled = state.look(now, self.patience);
            if stalled > 0 {
                tracing::error!(
                    "{stalled} rooms stand still: each has held its thread for {ROOM_STALL_MS} ms."
                );
            }
            let pause = if state.is_short(now) { WATCH_CLOSELY } else { WATCH_EVERY };
            while state.able < self.workers && self.replace(&mut state) {}
            let waited = self.watch.wait_timeout(state, pause);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Starts a worker in a place that nobody has.
    fn replace(self: &Arc<Self>, state: &mut State) -> bool {
        let Some(worker) = state.are_there.iter().position(|is_there| !is_there) else {
            return false;
        };
        if let Err(error) = spawn_worker(self, worker) {
            tracing::error!("{error}");
            return false;
        }
        state.are_there[worker] = true;
        state.able += 1;
        true
    }
}

/// A pool without a thread: its only worker takes the next turn whenever a test says so.
#[cfg(test)]
pub(crate) struct StillPool(Shared);

#[cfg(test)]
impl StillPool {
    pub(crate) fn new() -> Self {
        Self(Shared::new(1, Patience::default()))
    }

    pub(crate) fn add(&self, due: Instant, job: Box<dyn Job>) {
        self.0.put_back(&mut self.0.lock(), due, job);
    }

    /// Runs the job that is due next, at the moment at which it is; false when none is until
    /// `end`.
    pub(crate) fn turn(&self, end: Instant) -> bool {
        let mut state = self.0.lock();
        let due = state.schedule.next().filter(|&due| due <= end);
        let Some((due, job)) = due.and_then(|due| Some((due, state.schedule.pop(due)?))) else {
            return false;
        };
        state.busy[0] = Some(Busy::new(due, job.stalled()));
        drop(state);
        assert_eq!(self.0.serve(0, job, due), Kept::Yes, "because nobody watches it");
        true
    }
}

/// Drops what is run no more. What panics even then takes its worker from nobody.
fn take_down(job: Box<dyn Job>) {
    let name = job.name().to_owned();
    if catch_unwind(AssertUnwindSafe(|| drop(job))).is_err() {
        tracing::error!("The room {name} crashed once more when it was taken down.");
    }
}

fn spawn_worker(shared: &Arc<Shared>, worker: usize) -> Result<JoinHandle<()>, String> {
    let shared = Arc::clone(shared);
    spawn(format!("room-{worker}"), move || shared.work(worker))
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let error = format!("The thread {name} cannot be started");
    let builder = std::thread::Builder::new().name(name);
    builder.spawn(run).map_err(|why| format!("{error}: {why}."))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// No test fails because a machine is slow.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Counts its turns, and does something special in one of them.
    struct Counter {
        turns: Arc<AtomicU32>,
        special: Option<(u32, Special)>,
        stalled: Arc<AtomicBool>,
        failed: Arc<AtomicBool>,
        drops_badly: bool,
    }

    enum Special {
        Panic,
        /// Waits for a word.
        Wait(Mutex<Receiver<()>>),
        End,
        /// Ends, and panics when it is dropped.
        EndBadly,
    }

    impl Counter {
        fn new(special: Option<(u32, Special)>) -> Self {
            let (turns, stalled, failed) = Default::default();
            Self { turns, special, stalled, failed, drops_badly: false }
        }
    }

    impl Job for Counter {
        fn run(&mut self, now: Instant) -> Turn {
            let turn = self.turns.fetch_add(1, Ordering::Relaxed);
            match self.special.take_if(|(at, _)| *at == turn) {
                Some((_, Special::Panic)) => panic!("a rehearsal"),
                Some((_, Special::Wait(word))) => {
                    drop(word.lock().map(|word| word.recv()));
                }
                Some((_, Special::End)) => return Turn::Over,
                Some((_, Special::EndBadly)) => {
                    self.drops_badly = true;
                    return Turn::Over;
                }
                None => {}
            }
            Turn::At(now + Duration::from_millis(2))
        }

        fn fail(&mut self, _: &(dyn Any + Send)) {
            self.failed.store(true, Ordering::Relaxed);
        }

        fn name(&self) -> &str {
            "counter"
        }

        fn stalled(&self) -> Arc<AtomicBool> {
            Arc::clone(&self.stalled)
        }
    }

    impl Drop for Counter {
        fn drop(&mut self) {
            assert!(!self.drops_badly, "a rehearsal");
        }
    }

    fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < end, "because {what} in time");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn goes_on(turns: &AtomicU32) {
        let before = turns.load(Ordering::Relaxed);
        until("it is run again", || turns.load(Ordering::Relaxed) > before + 5);
    }

    fn word() -> (SyncSender<()>, Special) {
        let (sender, receiver) = sync_channel(1);
        (sender, Special::Wait(Mutex::new(receiver)))
    }

    #[test]
    fn a_job_that_panics_or_ends_is_run_no_more_and_the_others_go_on() {
        let pool = Pool::start(1).expect("there are threads");
        let jobs = [None, Some((3, Special::Panic)), Some((4, Special::End))].map(Counter::new);
        let counts: Vec<_> = jobs.iter().map(|job| Arc::clone(&job.turns)).collect();
        let failed = Arc::clone(&jobs[1].failed);
        for job in jobs {
            pool.add(Instant::now(), Box::new(job));
        }
        until("one panics", || failed.load(Ordering::Relaxed));
        until("one ends", || counts[2].load(Ordering::Relaxed) == 5);
        goes_on(&counts[0]);
        let counted = [1, 2].map(|job: usize| counts[job].load(Ordering::Relaxed));
        assert_eq!(counted, [4, 5]);
        pool.stop();
    }

    #[test]
    fn a_job_that_panics_when_it_is_dropped_takes_no_worker_along() {
        let pool = Pool::start(1).expect("there are threads");
        let calm = Counter::new(None);
        let turns = Arc::clone(&calm.turns);
        pool.add(Instant::now(), Box::new(calm));
        let bad = Counter::new(Some((1, Special::EndBadly)));
        let ended = Arc::clone(&bad.turns);
        pool.add(Instant::now(), Box::new(bad));
        until("it ends", || ended.load(Ordering::Relaxed) == 2);
        goes_on(&turns);
        // One that nobody runs any more when the pool stops.
        let mut late = Counter::new(None);
        late.drops_badly = true;
        pool.add(Instant::now() + PATIENCE, Box::new(late));
        pool.stop();
    }

    #[test]
    fn a_worker_is_replaced_early_where_others_wait_and_late_where_nobody_does() {
        let origin = Instant::now();
        let at = |ms: u64| origin + Duration::from_millis(ms);
        let patience = Patience::default();
        let (held, stall) = (ROOM_HELD_MS, ROOM_STALL_MS);
        let begin = |workers| {
            let mut state = State::new(2);
            for worker in 0..workers {
                state.busy[worker] = Some(Busy::new(origin, Arc::default()));
            }
            state
        };
        let waiting = |mut state: State, due| {
            state.schedule.push(at(due), Box::new(Counter::new(None)) as Box<dyn Job>);
            state
        };
        let stands = |state: &State| {
            state.busy.iter().flatten().filter(|busy| busy.stalled.load(Ordering::Relaxed)).count()
        };
        // Another one waits: both are replaced, and neither counts as standing still.
        let mut short = waiting(begin(2), held - 1);
        assert_eq!((short.look(at(held - 1), patience), short.able), (0, 2));
        assert_eq!((short.look(at(held), patience), short.able, stands(&short)), (0, 0, 0));
        assert_eq!((short.look(at(held + 1), patience), short.able), (0, 0), "because once is it");
        assert_eq!((short.look(at(stall), patience), short.able, stands(&short)), (2, 0, 2));
        // Nobody waits, or nobody yet, or somebody is free for it.
        for mut calm in [begin(2), waiting(begin(2), stall + 1), waiting(begin(1), 0)] {
            assert_eq!((calm.look(at(stall - 1), patience), calm.able), (0, 2));
            assert!(calm.look(at(stall), patience) > 0 && calm.able < 2);
        }
    }

    #[test]
    fn others_go_on_before_a_job_counts_as_one_that_stands_still() {
        let patience = Patience { held: Duration::from_millis(10), stall: PATIENCE * 60 };
        let pool = Pool::patient(2, patience).expect("there are threads");
        let calm = Counter::new(None);
        let turns = Arc::clone(&calm.turns);
        pool.add(Instant::now(), Box::new(calm));
        let stalls: Vec<_> = (0..3)
            .map(|_| {
                let (word, special) = word();
                let job = Counter::new(Some((2, special)));
                let (of, stalled) = (Arc::clone(&job.turns), Arc::clone(&job.stalled));
                pool.add(Instant::now(), Box::new(job));
                (word, of, stalled)
            })
            .collect();
        for (_, of, _) in &stalls {
            until("it stands still", || of.load(Ordering::Relaxed) == 3);
        }
        goes_on(&turns);
        for (word, of, stalled) in &stalls {
            assert!(!stalled.load(Ordering::Relaxed), "because that would take an hour");
            word.send(()).expect("it waits");
            goes_on(of);
        }
        goes_on(&turns);
        until("workers that are too many end", || {
            let state = pool.shared.lock();
            state.able == 2 && state.are_there.iter().filter(|&&is_there| is_there).count() == 2
        });
        pool.stop();
    }

    #[test]
    fn others_go_on_while_jobs_stand_still_and_so_do_those_behind_it() {
        let pool = Pool::start(1).expect("there are threads");
        let calm = Counter::new(None);
        let turns = Arc::clone(&calm.turns);
        pool.add(Instant::now(), Box::new(calm));
        let stalls: Vec<_> = (0..2)
            .map(|_| {
                let (word, special) = word();
                let job = Counter::new(Some((2, special)));
                let (turns, stalled) = (Arc::clone(&job.turns), Arc::clone(&job.stalled));
                pool.add(Instant::now(), Box::new(job));
                (word, turns, stalled)
            })
            .collect();
        for (_, _, stalled) in &stalls {
            until("it is noticed", || stalled.load(Ordering::Relaxed));
        }
        goes_on(&turns);
        for (word, turns, stalled) in &stalls {
            assert_eq!(turns.load(Ordering::Relaxed), 3, "because it stands still");
            word.send(()).expect("it waits");
            goes_on(turns);
            assert!(!stalled.load(Ordering::Relaxed));
        }
        goes_on(&turns);
        assert!(!pool.is_broken());
        pool.stop();
    }
}
