//! How a run stands, while it runs: a block that is drawn over itself on a terminal,
//! and plain lines elsewhere.
//!
//! Text only: whoever has the terminal writes it, and says how wide it is.

use std::collections::VecDeque;
use std::time::Duration;

use self::strip::{bar, spark};
use super::chart::number;
use super::outcome::Sample;

mod strip;

/// Columns of the widest and the narrowest block.
const COLUMNS_MAX: usize = 100;
const COLUMNS_MIN: usize = 20;
/// Gaps that are remembered, and shown in a row.
const GAPS_MAX: usize = 40;
/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(1);
/// What is held up in red: the bounds of what counts as held.
const DELIVERED_MIN: f64 = 0.95;
const GAP_TICKS_MAX: f64 = 2.0;
const OWN_LATENESS_MS_MAX: f64 = 5.0;

/// A run at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// Since the begin of the run, or of the step when its end is known.
    pub elapsed: Duration,
    /// None when nobody knows when it ends, as in a search.
    pub total: Option<Duration>,
    /// What is going on: `step of 1024 players`, `stage 2 of 5`.
    pub stage: String,
    pub tick_rate: u32,
    pub players: usize,
    pub wanted: usize,
    /// The last second.
    pub sample: Sample,
    /// What all players together received in the last second.
    pub bytes_s: f64,
}

/// Whether a terminal is told colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    Red,
    None,
}

/// What was shown so far.
#[derive(Clone, Debug)]
pub struct Live {
    colours: Colours,
    /// Lines of the block above the cursor.
    lines: usize,
    /// The last p99 gaps, a second each.
    gaps: VecDeque<f64>,
    /// Of the sample that was remembered last.
    gap_at_s: Option<f64>,
    last_line: Option<Duration>,
}

/// A line, and whether it is bad news.
struct Row {
    text: String,
    is_bad: bool,
}

impl Live {
    #[must_use]
    pub fn new(colours: Colours) -> Self {
        let gaps = VecDeque::with_capacity(GAPS_MAX);
        Self { colours, lines: 0, gaps, gap_at_s: None, last_line: None }
    }

    /// The block for a terminal of so many columns: over the last one, if there was one.
    pub fn block(&mut self, glance: &Glance, columns: usize) -> String {
        self.remember(&glance.sample);
        // The last column stays free: some terminals wrap when it is written to.
        let columns = columns.clamp(COLUMNS_MIN, COLUMNS_MAX) - 1;
        let rows = self.rows(glance, columns);
        let mut block = self.up();
        for row in &rows {
            let text: String = row.text.chars().take(columns).collect();
            let (red, plain) = match (row.is_bad, self.colours) {
                (true, Colours::Red) => ("\x1b[31m", "\x1b[0m"),
                (_, Colours::Red | Colours::None) => ("", ""),
            };
            block.push_str(&format!("{red}{text}{plain}\x1b[K\n"));
        }
        // What a higher block or a wider terminal left below.
        block.push_str("\x1b[J");
        self.lines = rows.len();
        block
    }

    /// Takes the block away, so that something else can be said; the next one is drawn
    /// below that.
    pub fn erase(&mut self) -> String {
        let up = self.up();
        self.lines = 0;
        if up.is_empty() { up } else { up + "\x1b[J" }
    }

    /// Leaves the block where it is; the next one is drawn below.
    pub fn leave(&mut self) {
        self.lines = 0;
    }

    /// A plain line, where there is no terminal; none within a second of the last one.
    #[must_use]
    pub fn poll_line(&mut self, glance: &Glance) -> Option<String> {
        let is_due = self.last_line.is_none_or(|last| {
            // A clock that begins anew is another step.
            glance.elapsed < last || glance.elapsed - last >= LINE_EVERY
        });
        if !is_due {
            return None;
        }
        self.last_line = Some(glance.elapsed);
        Some(line(glance))
    }

    fn up(&self) -> String {
        if self.lines == 0 { String::new() } else { format!("\r\x1b[{}A", self.lines) }
    }

    fn remember(&mut self, sample: &Sample) {
        if self.gap_at_s.is_some_and(|last| last.total_cmp(&sample.at_s).is_eq()) {
            return;
        }
        self.gap_at_s = Some(sample.at_s);
        if self.gaps.len() == GAPS_MAX {
            self.gaps.pop_front();
        }
        self.gaps.push_back(sample.gap_p99_ms);
    }

    fn rows(&self, glance: &Glance, columns: usize) -> Vec<Row> {
        let Glance { tick_rate, players, wanted, sample, .. } = glance;
        let rate = f64::from(*tick_rate);
        let good = |text: String| Row { text, is_bad: false };
        let joined = Row {
            text: format!("players    {players} of {wanted}{}", troubles(sample)),
            is_bad: sample.lost > 0 || sample.desyncs > 0,
        };
        let delivered = Row {
            text: format!("delivered  {} of {tick_rate} Hz", number(sample.delivered_hz)),
            is_bad: sample.delivered_hz < rate * DELIVERED_MIN,
        };
        let gap_text = format!(
            "gap        p50 {}  p99 {}  max {} ms  ",
            number(sample.gap_p50_ms),
            number(sample.gap_p99_ms),
            number(sample.gap_max_ms)
        );
        let room = columns.saturating_sub(gap_text.chars().count());
        let gap = Row {
            text: gap_text + &spark(&self.gaps, room),
            is_bad: rate > 0.0 && sample.gap_p99_ms > GAP_TICKS_MAX * 1000.0 / rate,
        };
        let server = good(format!("server     {}", server(sample)));
        let traffic = good(format!(
            "traffic    {}/s a client, {}/s in all",
            bytes(sample.bytes_per_client_s),
            bytes(glance.bytes_s)
        ));
        let bots = Row {
            text: format!("bots       {}", bots(sample)),
            is_bad: sample.own_lateness_p99_ms > OWN_LATENESS_MS_MAX,
        };
        vec![
            good(title(glance, columns)),
            good(progress(glance, columns)),
            joined,
            delivered,
            gap,
            server,
            traffic,
            bots,
        ]
    }
}

/// What happened in the last second, as one line.
#[must_use]
pub fn line(glance: &Glance) -> String {
    let Glance { tick_rate, players, wanted, sample, .. } = glance;
    format!(
        "{} {}: {players} of {wanted} players{}, {} of {tick_rate} Hz, gap p99 {} ms, {}, {}/s a client, bots {}",
        clock(glance),
        clean(&glance.stage),
        troubles(sample),
        number(sample.delivered_hz),
        number(sample.gap_p99_ms),
        server(sample),
        bytes(sample.bytes_per_client_s),
        bots(sample)
    )
}

/// `  lost 3, 1 desyncs` when there is any trouble.
fn troubles(sample: &Sample) -> String {
    match (sample.lost, sample.desyncs) {
        (0, 0) => String::new(),
        (lost, 0) => format!(" ({lost} lost)"),
        (0, desyncs) => format!(" ({desyncs} desyncs)"),
        (lost, desyncs) => format!(" ({lost} lost, {desyncs} desyncs)"),
    }
}

fn server(sample: &Sample) -> String {
    let known = |value: Option<f64>| value.map_or("-".to_owned(), number);
    let (tick, cpu) = (known(sample.tick_work_p99_ms), known(sample.cpu_us_per_client_tick));
    format!("tick p99 {tick} ms, {cpu} us a client-tick")
}

fn bots(sample: &Sample) -> String {
    let cpu = sample.own_cpu_share.map(|share| format!(", {:.0} % of a core", share * 100.0));
    format!("{} ms late{}", number(sample.own_lateness_p99_ms), cpu.unwrap_or_default())
}

/// The stage on the left and the time on the right.
fn title(glance: &Glance, columns: usize) -> String {
    let (stage, clock) = (clean(&glance.stage), clock(glance));
    let room = columns.saturating_sub(clock.chars().count() + 1);
    let stage: String = stage.chars().take(room).collect();
    format!("{stage:<room$} {clock}")
}

/// A bar as wide as there is room, where the end is known.
fn progress(glance: &Glance, columns: usize) -> String {
    let Some(total) = glance.total.filter(|total| !total.is_zero()) else {
        return String::new();
    };
    let share = (glance.elapsed.as_secs_f64() / total.as_secs_f64()).min(1.0);
    let text = format!(" {:>3.0} %", (share * 100.0).floor());
    bar(share, columns.saturating_sub(text.chars().count())) + &text
}

/// `1:23`, or `1:23 of 5:00` when the end is known.
fn clock(glance: &Glance) -> String {
    let elapsed = minutes(glance.elapsed);
    glance.total.map_or_else(|| elapsed.clone(), |total| format!("{elapsed} of {}", minutes(total)))
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn bytes(count: f64) -> String {
    match count {
        count if count >= 1024.0 * 1024.0 => format!("{} MiB", number(count / 1024.0 / 1024.0)),
        count if count >= 1024.0 => format!("{} KiB", number(count / 1024.0)),
        count => format!("{} B", number(count)),
    }
}

/// Without what would move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
