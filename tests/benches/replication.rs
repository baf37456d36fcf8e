//! What the replications cost that the product was chosen from: timings first, then
//! a table of bytes. `docs/replication.md` has the figures and the reasons.
//!
//! `cargo bench -p throng-tests --bench replication`

use std::cell::RefCell;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;

#[path = "replication/alternatives.rs"]
mod alternatives;

use alternatives::{
    Bytes, Intents, Keyframed, Packed, Period, Reckoned, Replication, Stepwise, Workload, bytes,
    read_back,
};

const PLAYERS: usize = 1000;
const TICK_HZ: f64 = 30.0;
/// Ticks until walkers are spread as they stay, those at the walls included.
const WARM_TICKS: u32 = 600;
/// Ticks of each figure in bytes, and of each time.
const TICKS: u32 = 240;
const TIMED_TICKS: u32 = 600;
/// Ticks of every 20th client that are read back.
const READ_TICKS: u32 = 200;
const READ_NTH: usize = 20;

fn main() {
    divan::main();
    // Not when `cargo test` asks whether benchmarks run.
    if std::env::args().any(|arg| arg == "--bench") {
        print_table();
    }
}

/// A world and its replication, between two ticks.
struct Stage<R> {
    world: Workload,
    server: R,
    out: Vec<u8>,
}

impl<R: Replication> Stage<R> {
    fn new() -> Self {
        let world = Workload::field(PLAYERS, WARM_TICKS);
        let mut stage = Self { server: R::new(&world), world, out: Vec::new() };
        for _ in 0..30 {
            stage.world.step();
            stage.encode();
            stage.gather();
        }
        stage
    }

    fn encode(&mut self) {
        self.server.encode(&self.world);
    }

    fn gather(&mut self) {
        for client in self.world.ids() {
            self.out.clear();
            self.server.gather(client, &mut self.out);
            divan::black_box(&self.out);
        }
    }
}

/// One tick of a thousand players, once for everybody.
#[divan::bench(
    sample_size = 1,
    sample_count = 300,
    types = [
        Stepwise<Reckoned<1>>, Stepwise<Reckoned<2>>, Keyframed<8>, Keyframed<12>, Keyframed<15>,
        Intents, Stepwise<Packed>,
    ]
)]
fn encode<R: Replication>(bencher: Bencher<'_, '_>) {
    let stage = RefCell::new(Stage::<R>::new());
    bencher
        .with_inputs(|| {
            let mut stage = stage.borrow_mut();
            stage.gather();
            stage.world.step();
        })
        .bench_local_values(|()| stage.borrow_mut().encode());
}

/// A snapshot for each of a thousand clients.
#[divan::bench(
    sample_size = 1,
    sample_count = 300,
    types = [
        Stepwise<Reckoned<1>>, Stepwise<Reckoned<2>>, Keyframed<8>, Keyframed<12>, Keyframed<15>,
        Intents, Stepwise<Packed>,
    ]
)]
fn gather<R: Replication>(bencher: Bencher<'_, '_>) {
    let stage = RefCell::new(Stage::<R>::new());
    bencher
        .counter(ItemsCount::new(PLAYERS))
        .with_inputs(|| {
            let mut stage = stage.borrow_mut();
            stage.world.step();
            stage.encode();
        })
        .bench_local_values(|()| stage.borrow_mut().gather());
}

fn print_table() {
    let seen = bytes::<Intents>(&mut Workload::field(PLAYERS, WARM_TICKS), Period(1), TICKS);
    println!(
        "\n{PLAYERS} walkers at {TICK_HZ} Hz with {:.1} moving others in view. Bytes have WebSocket \
         headers and all else in them.",
        seen.others_in_view()
    );
    println!(
        "Crowd: kB a client and second, all on one disc of 8 tiles. ×: times of the product.\n"
    );
    println!(
        "| replication | bytes an entity-tick | bytes a snapshot: each tick | every 2nd | every 11th \
         | crowd | encode a tick | gather a client |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    row::<Stepwise<Reckoned<1>>>("dead reckoning by velocity");
    row::<Stepwise<Reckoned<2>>>("dead reckoning by turn");
    row::<Keyframed<8>>("keyframe every 8 ticks");
    row::<Keyframed<12>>("keyframe every 12 ticks");
    row::<Keyframed<15>>("keyframe every 15 ticks");
    row::<Intents>("intents, the product's bytes");
    row::<Stepwise<Packed>>("intents, bit-packed");
}

fn row<R: Replication>(name: &str) {
    read_back::<R>(&mut Workload::field(PLAYERS, WARM_TICKS), READ_NTH, Period(1), READ_TICKS);
    let measured = |period, ticks| {
        bytes::<R>(&mut Workload::field(PLAYERS, WARM_TICKS), Period(period), ticks)
    };
    let [each, second, eleventh] = [1, 2, 11].map(|period| measured(period, TICKS));
    let crowd: Bytes = bytes::<R>(&mut Workload::crowd(PLAYERS, WARM_TICKS), Period(1), TICKS);
    let [[encode, gather], product] = timed::<R>();
    println!(
        "| {name} | {:.2} | {:.1} | {:.1} | {:.0} | {:.1} | {encode:.0} µs, {:.1} × | {:.2} µs, {:.1} × |",
        each.an_entity_tick(),
        each.a_snapshot(),
        second.a_snapshot(),
        eleventh.a_snapshot(),
        crowd.a_snapshot() * TICK_HZ / 1000.0,
        encode / product[0],
        gather / PLAYERS as f64,
        gather / product[1],
    );
}

/// Times to encode a tick and to gather all snapshots of it.
#[derive(Default)]
struct Times([Vec<Duration>; 2]);

impl Times {
    fn measure<R: Replication>(&mut self, stage: &mut Stage<R>) {
        stage.world.step();
        let begin = Instant::now();
        stage.encode();
        let encoded = Instant::now();
        stage.gather();
        self.0[0].push(encoded - begin);
        self.0[1].push(encoded.elapsed());
    }

    /// In µs.
    fn medians(self) -> [f64; 2] {
        self.0.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e6
        })
    }
}

/// Medians of a replication and of the product, tick by tick in turns, so that what
/// else the machine does is the same for both.
fn timed<R: Replication>() -> [[f64; 2]; 2] {
    let (mut stage, mut product) = (Stage::<R>::new(), Stage::<Intents>::new());
    let (mut times, mut product_times) = (Times::default(), Times::default());
    for _ in 0..TIMED_TICKS {
        times.measure(&mut stage);
        product_times.measure(&mut product);
    }
    [times.medians(), product_times.medians()]
}
