//! What is under test: a server, and what it costs while a load runs.

use std::net::SocketAddr;
use std::process::ExitStatus;

use super::cores::Cores;
use super::outcome::{Figures, Reads, Sample};
use super::server::{ServerChild, ServerError};
use super::watch::{Room, Watch};
use crate::load::{Beat, Ports, ProcessMeter, open_files_max, stolen};
use crate::report::round;
use crate::target::Target;

/// A server or a bare loop.
#[derive(Debug)]
pub(crate) struct Subject {
    url: String,
    tick_hz: u32,
    /// Cores that the bots have.
    bot_cores: usize,
    meter: Option<ProcessMeter>,
    /// Resident memory before the first client.
    empty_kib: Option<u64>,
    watch: Option<Watch>,
    /// Ends with the subject.
    child: Option<ServerChild>,
}

impl Subject {
    /// A server of its own, started with `arguments` for `players`.
    pub(crate) fn start(
        program: &std::path::Path,
        arguments: &[String],
        tick_hz: u32,
        cores: Option<&Cores>,
    ) -> Result<Self, ServerError> {
        let child = ServerChild::start(program, arguments, cores)?;
        let meter = ProcessMeter::new(child.pid());
        let watch = child.address().parse().ok().map(|server| Watch::start(server, tick_hz));
        Ok(Self {
            url: format!("ws://{}/ws", child.address()),
            tick_hz,
            bot_cores: cores.map_or(1, Cores::for_bots),
            meter: Some(meter),
            empty_kib: meter.resident_kib(),
            watch,
            child: Some(child),
        })
    }

    /// The bare loop in its place.
    pub(super) fn start_bare(
        program: &std::path::Path,
        frame_bytes: usize,
        tick_hz: u32,
        reads: Reads,
        cores: Option<&Cores>,
    ) -> Result<Self, ServerError> {
        let mut arguments = vec![
            "floor".to_owned(),
            "--tick-rate".to_owned(),
            tick_hz.to_string(),
            "--bytes".to_owned(),
            frame_bytes.to_string(),
        ];
        if reads == Reads::OnceATick {
            arguments.push("--once-a-tick".to_owned());
        }
        let bare = Self::start(program, &arguments, tick_hz, cores)?;
        Ok(Self { watch: None, ..bare })
    }

    /// A server that runs already, at its own tick rate.
    ///
    /// # Errors
    /// When it does not tell that at `/api/rooms`.
    pub(super) fn at(url: &str, address: SocketAddr) -> std::io::Result<Self> {
        let tick_hz = Watch::tick_rate(address)?;
        Ok(Self {
            url: url.to_owned(),
            tick_hz,
            bot_cores: 1,
            meter: None,
            empty_kib: None,
            watch: Some(Watch::start(address, tick_hz)),
            child: None,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Adds to the figures how many ports are held now. It takes a while with thousands
    /// of connections, so it is for the end of a load.
    pub(super) fn count_ports(&self, figures: &mut Figures) {
        let ports = Target::resolve(&self.url).ok().as_ref().and_then(Ports::towards);
        figures.own.ports = ports.map(|ports| ports.used);
        figures.own.ports_max = ports.map(|ports| ports.available);
    }

    /// Asks a server that was started for this to end.
    ///
    /// # Errors
    /// When there is none that could be asked.
    pub(super) fn terminate(&self) -> std::io::Result<()> {
        self.child.as_ref().map_or(Err(std::io::ErrorKind::NotFound.into()), ServerChild::terminate)
    }

    /// How that server ended, if it has.
    pub(super) fn exit(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.exit()
    }

    pub(super) fn tick_hz(&self) -> u32 {
        self.tick_hz
    }

    /// Where it listens, if its url names that by number.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.url.strip_prefix("ws://")?.strip_suffix("/ws")?.parse().ok()
    }

    /// CPU time so far of a server that was started for this, in seconds.
    pub(crate) fn cpu_s(&self) -> Option<f64> {
        self.meter.and_then(ProcessMeter::cpu_s)
    }

    /// Files that it has open, and its threads.
    pub(super) fn belongings(&self) -> Option<(usize, usize)> {
        self.meter
            .and_then(ProcessMeter::open_files)
            .zip(self.meter.and_then(ProcessMeter::threads))
    }

    /// Players that it says it has.
    pub(super) fn players(&self) -> Option<usize> {
        Some(self.watch.as_ref()?.ask(1)?.players)
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        self.meter.and_then(ProcessMeter::resident_kib)
    }
}

/// What a subject has cost until some moment.
#[derive(Clone, Copy, Debug)]
struct Mark {
    cpu_s: Option<f64>,
    room: Option<Room>,
    stolen: Option<(u64, u64)>,
}

impl Mark {
    fn now(subject: &Subject) -> Self {
        Self {
            cpu_s: subject.meter.and_then(ProcessMeter::cpu_s),
            room: subject.watch.as_ref().and_then(Watch::last),
            stolen: stolen(),
        }
    }
}

/// Keeps what bots and server say of the same time together.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    subject: &'a Subject,
    begin: Mark,
    last_cpu_s: Option<f64>,
    pub(crate) sum: Beat,
    pub(super) samples: Vec<Sample>,
}

impl<'a> Ledger<'a> {
    /// Begins now.
    pub(crate) fn open(subject: &'a Subject) -> Self {
        let begin = Mark::now(subject);
        Self { subject, last_cpu_s: begin.cpu_s, begin, sum: Beat::default(), samples: Vec::new() }
    }

    /// Adds a beat, `at_s` seconds after the begin of the run.
    pub(crate) fn add(&mut self, at_s: f64, beat: &Beat) -> Sample {
        self.sum.add_after(beat);
        let cpu_s = self.subject.meter.and_then(ProcessMeter::cpu_s);
        let spent = cpu_s.zip(self.last_cpu_s).map(|(now, before)| now - before);
        self.last_cpu_s = cpu_s;
        let figures = beat.figures();
        let sample = Sample {
            at_s: round(at_s),
            players: beat.players,
            delivered_hz: figures.delivered_hz,
            gap_p50_ms: figures.gap_ms.p50,
            gap_p99_ms: figures.gap_ms.p99,
            gap_max_ms: figures.gap_ms.max,
            input_ack_p99_ms: figures.input_ack_ms.p99,
            bytes_per_client_s: figures.bytes_per_client_s,
            tick_work_p99_ms: self
                .subject
                .watch
                .as_ref()
                .and_then(Watch::last)
                .map(|room| room.work_ms().p99),
            cpu_us_per_client_tick: spent.and_then(|spent| self.cpu_us(spent, beat)),
            own_cpu_share: figures.own.cpu_share,
            own_lateness_p99_ms: figures.own.lateness_ms.p99,
            resident_kib: self.subject.meter.and_then(ProcessMeter::resident_kib),
            lost: beat.lost,
            desyncs: beat.desyncs,
        };
        self.samples.push(sample);
        sample
    }

    fn cpu_us(&self, spent_s: f64, beat: &Beat) -> Option<f64> {
        let client_ticks = beat.player_s * f64::from(self.subject.tick_hz);
        // While most of them are still settling, the cost is not that of those who play.
        (2.0 * beat.player_s > beat.players as f64 * beat.seconds)
            .then(|| round(spent_s * 1e6 / client_ticks))
    }

    /// The figures so far, as far as they are known without asking anybody.
    pub(super) fn so_far(&self) -> Figures {
        let work = self.subject.watch.as_ref().and_then(Watch::last).map(|room| room.work_ms());
        Figures { tick_work_ms: work, ..self.sum.figures() }
    }

    /// Ends now, while everybody still plays, and gives the figures of what was added;
    /// `joins` has what is counted over more than that.
    pub(crate) fn close(&self, joins: Option<&Beat>) -> Figures {
        let end = Mark::now(self.subject);
        let sum = &self.sum;
        let ticks = (sum.seconds * f64::from(self.subject.tick_hz)).round() as u64;
        let room = self.subject.watch.as_ref().and_then(|watch| watch.ask(ticks));
        let spent = end.cpu_s.zip(self.begin.cpu_s).map(|(end, begin)| end - begin);
        let resident = self.subject.meter.and_then(ProcessMeter::resident_kib);
        let grown =
            resident.zip(self.subject.empty_kib).map(|(now, then)| now.saturating_sub(then));
        let steal = end.stolen.zip(self.begin.stolen).map(|(end, begin)| {
            (end.0 - begin.0) as f64 / (end.1.saturating_sub(begin.1)).max(1) as f64
        });
        let mut closed = joins.unwrap_or(sum).clone();
        closed.close();
        let mut figures = closed.figures();
        figures.tick_work_ms = room.map(|room| room.work_ms());
        figures.ticks =
            room.or(end.room).zip(self.begin.room).map(|(end, begin)| end.since(&begin));
        figures.cpu_us_per_client_tick = spent.and_then(|spent| self.cpu_us(spent, sum));
        figures.server_cpu_share =
            spent.filter(|_| sum.seconds > 0.0).map(|spent| round(spent / sum.seconds));
        figures.resident_kib_per_client =
            grown.filter(|_| sum.players > 0).map(|grown| round(grown as f64 / sum.players as f64));
        figures.own.cpu_share =
            figures.own.cpu_share.map(|share| round(share / self.subject.bot_cores as f64));
        figures.own.steal_share = steal.map(round);
        figures.own.open_files_max = open_files_max();
        figures
    }
}
