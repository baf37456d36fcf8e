//! What two steps are compared by.

use super::super::outcome::{Figures, Sample, Step};

/// Differences below this part are noise, however sure they are: bytes are counted,
/// but what takes time drifts with whoever shares the machine, by a fifth in an hour.
const NOISE_COUNTED: f64 = 0.02;
const NOISE_TIMED: f64 = 0.25;

/// A figure with a value for each second.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) noise: f64,
    of: fn(&Sample) -> Option<f64>,
}

const METRICS: [Metric; 6] = [
    Metric { name: "delivered Hz", noise: NOISE_COUNTED, of: |s| Some(s.delivered_hz) },
    Metric { name: "gap p50 ms", noise: NOISE_TIMED, of: |s| Some(s.gap_p50_ms) },
    Metric { name: "gap p99 ms", noise: NOISE_TIMED, of: |s| Some(s.gap_p99_ms) },
    Metric { name: "ack p99 ms", noise: NOISE_TIMED, of: |s| Some(s.input_ack_p99_ms) },
    Metric { name: "tick p99 ms", noise: NOISE_TIMED, of: |s| s.tick_work_p99_ms },
    Metric { name: "bytes/s a client", noise: NOISE_COUNTED, of: |s| Some(s.bytes_per_client_s) },
];

/// A figure of a whole step that is counted.
type Counter = (&'static str, fn(&Figures) -> u64);

/// What must be equal.
pub(super) const COUNTERS: [Counter; 3] = [
    ("desyncs", |figures| figures.desyncs),
    ("lost", |figures| figures.lost as u64),
    ("refused", |figures| figures.refused as u64),
];

/// The values of both, a second each.
pub(super) struct Pair {
    pub(super) name: &'static str,
    pub(super) noise: f64,
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
}

/// All that both steps have a value of.
pub(super) fn pairs(a: &Step, b: &Step) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = METRICS
        .iter()
        .map(|metric| Pair {
            name: metric.name,
            noise: metric.noise,
            a: values(a, metric.of),
            b: values(b, metric.of),
        })
        .collect();
    pairs.push(cpu(a, b));
    pairs.retain(|pair| !pair.a.is_empty() && !pair.b.is_empty());
    pairs
}

/// CPU over that of the bare loop where both know it, as that leaves the machine out.
fn cpu(a: &Step, b: &Step) -> Pair {
    let us = |step| values(step, |sample| sample.cpu_us_per_client_tick);
    let (mut pair_a, mut pair_b, mut name) = (us(a), us(b), "CPU us/client-tick");
    if let Some((floor_a, floor_b)) = floor_us(a).zip(floor_us(b)) {
        name = "CPU over floor";
        pair_a.iter_mut().for_each(|us| *us /= floor_a);
        pair_b.iter_mut().for_each(|us| *us /= floor_b);
    }
    Pair { name, noise: NOISE_TIMED, a: pair_a, b: pair_b }
}

/// What the bare loop took right after the step, in µs a client and tick.
pub(super) fn floor_us(step: &Step) -> Option<f64> {
    let (cpu, ratio) = step.figures.cpu_us_per_client_tick.zip(step.figures.floor_ratio)?;
    let floor = cpu / ratio;
    (floor.is_finite() && floor > 0.0).then_some(floor)
}

fn values(step: &Step, of: fn(&Sample) -> Option<f64>) -> Vec<f64> {
    step.samples.iter().filter_map(of).filter(|value| value.is_finite()).collect()
}
