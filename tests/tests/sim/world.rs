//! One run: tabs, lines and the house on one clock, what goes wrong with them, and what has
//! to be true after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use throng::link::ConnId;
use throng_bot::brain::BrainKind;
use throng_shared::ids::NetId;
use throng_shared::limits::{SECRET_BYTES, TICKET_SOON_MS};
use throng_shared::prng::Prng;
use throng_shared::wire::{Event, ServerMessage, decode_server, encode};

use super::faults::{Fake, Fault, Plan, Targets};
use super::house::{House, HouseOptions, Standing, standings};
use super::line::{GOODBYE, Line, WELCOME};
use super::link::{Leaving, Link, Way};
use super::liveness::{ALIVE_WITHIN, Liveness};
use super::model::{Counts, Model};
use super::tab::{self, State, Tab, Wish};
use super::transition::{LineId, Made, Site, TabId, TicketId, Trace, Transition, Word};

/// Time of a step.
const STEP: Duration = Duration::from_millis(2);
/// Most tabs of one run.
const TABS_MAX: usize = 16;
/// What leaves the server may be older than what it does, for so long after its socket was
/// full.
const LAG: Duration = Duration::from_millis(500);
/// A server that lets everybody go takes so long before it ends.
const DRAIN: Duration = Duration::from_millis(1500);
/// Then nothing is posted besides what the room has to say, for so long.
const QUIET: Duration = Duration::from_secs(2);
/// Who plays has a snapshot that is not older than this.
const FRESH: Duration = Duration::from_secs(1);
/// What was posted so long before the end has arrived.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// Kills come within so many bytes that a client says, and so many that it is told behind the
/// keyframes, which is a few seconds of either; and what comes before those is not known to be
/// shorter.
const UP_BYTES: u32 = 500;
const STREAM_BYTES: u32 = 1500;
const OPENING_BYTES: usize = 500;

/// What a run is to be.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) house: HouseOptions,
    pub(crate) clients: u32,
    /// Without eyes they hold no view.
    pub(crate) have_eyes: bool,
    /// How long things go wrong.
    pub(crate) trouble: Duration,
    /// Resets of each line's tab at a random byte, besides what the plan has.
    pub(crate) kills: u32,
    /// Of so many players one is posted a notice at a time.
    pub(crate) notices_one_in: u32,
    pub(crate) delay: Duration,
    pub(crate) jitter_us: u32,
    /// Bytes that the server's socket takes.
    pub(crate) socket_bytes: usize,
    /// Whether the plan interferes.
    pub(crate) has_plan: bool,
}

/// A run as it goes.
pub(crate) struct World {
    run: Run,
    now: Duration,
    chance: Prng,
    plan: Option<Plan>,
    house: House,
    tabs: Vec<Tab>,
    kills_left: Vec<u32>,
    /// Most bytes from a Welcome to the first keyframes, as far as is known.
    opening_bytes: usize,
    lines: BTreeMap<LineId, Line>,
    lines_made: u32,
    away: BTreeMap<TabId, Duration>,
    /// The server is not there until then.
    down_until: Duration,
    /// When a server that lets everybody go ends, and when there is another one.
    ends: Option<(Duration, Duration)>,
    /// Every ticket that was given out.
    tickets: Vec<String>,
    notices: Vec<(Site, ConnId, Vec<u8>)>,
    noticed: u64,
    posts: bool,
    secrets: BTreeSet<[u8; SECRET_BYTES]>,
    watched: BTreeMap<(Site, NetId), (usize, Standing)>,
    /// From the last fault on.
    liveness: Option<Liveness>,
    model: Model,
    trace: Trace,
    failure: Option<String>,
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) failure: Option<String>,
}

impl World {
    pub(crate) fn new(run: Run) -> Self {
        let seed = run.house.seed;
        let brain = run.have_eyes.then_some(BrainKind::Hunt);
        let tabs: Vec<Tab> = (0..run.clients)
            .map(|n| Tab::new(Duration::ZERO, TabId(n), format!("tab {n}"), (seed, brain)))
            .collect();
        Self {
            now: Duration::ZERO,
            chance: Prng::stream(seed, 2),
            plan: run.has_plan.then(|| Plan::new(seed)),
            house: House::new(&run.house),
            kills_left: vec![run.kills; tabs.len()],
            opening_bytes: 0,
            tabs,
            lines: BTreeMap::new(),
            lines_made: 0,
            away: BTreeMap::new(),
            down_until: Duration::ZERO,
            ends: None,
            tickets: Vec::new(),
            notices: Vec::new(),
            noticed: 0,
            posts: true,
            secrets: BTreeSet::new(),
            watched: BTreeMap::new(),
            liveness: None,
            model: Model::new(run.house.patience, run.house.players_max, run.house.has_tickets),
            trace: Trace::default(),
            failure: None,
            run,
        }
    }

    /// Trouble first, and then whether everybody is well again.
    pub(crate) fn play(mut self) -> Outcome {
        while self.now < self.run.trouble && self.failure.is_none() {
            self.step();
            if self.plan.is_none() && self.now > ALIVE_WITHIN && self.all_were_killed() {
                break;
            }
        }
        self.mend();
        self.steps_until(self.now + ALIVE_WITHIN);
        self.await_those_away();
        self.posts = false;
        let strangers = self.strangers();
        self.steps_until(self.now + QUIET);
        if let Some((site, you)) = self.strangers().intersection(&strangers).next() {
            self.fail(format!("{you:?} stays in {site:?} and is nobody's"));
        }
        if self.failure.is_none() {
            self.close_the_ledger();
        }
        let Self { trace, model, failure, .. } = self;
        Outcome { trace, counts: model.counts, failure }
    }

    /// Gliders that no session has.
    fn strangers(&self) -> BTreeSet<(Site, NetId)> {
        let held: BTreeSet<_> = self.model.held().map(|(_, site, you)| (site, you)).collect();
        let all = self
            .house
            .sims()
            .flat_map(|(site, sim)| standings(sim).into_iter().map(move |(you, _)| (site, you)));
        all.filter(|it| !held.contains(it)).collect()
    }

    fn all_were_killed(&self) -> bool {
        self.kills_left.iter().all(|&left| left == 0)
    }

    fn fail(&mut self, sentence: String) {
        self.failure.get_or_insert(sentence);
    }

    /// Nothing is lost: whoever plays has received all that was posted to it, but for what
    /// may be on its way.
    fn close_the_ledger(&mut self) {
        for index in 0..self.tabs.len() {
            let tab = &self.tabs[index];
            let due = self.now.saturating_sub(ON_THE_WAY);
            if let (Some(_), Some(missing)) = (tab.seen_at(), self.model.missing(tab.id, due))
                && missing > 0
            {
                let sentence = format!("{:?} never received {missing} events", tab.id);
                self.model.counts.lost += missing as u32;
                self.fail(sentence);
            }
        }
        let ends = self.house.tally().ends();
        let is_our_fault = |end: &&String| {
            ["1002", "1003", "1007", "1008", "1009", "4001", "4012", "4014"]
                .iter()
                .any(|code| end.starts_with(code))
        };
        if let Some(end) = ends.keys().find(is_our_fault) {
            let sentence = format!("somebody who behaved was closed with {end}");
            self.fail(sentence);
        }
    }

    fn step(&mut self) {
        self.now += STEP;
        self.interfere();
        if let Some((_, until)) = self.ends.filter(|&(end, _)| self.now >= end) {
            self.restart(until);
        }
        self.post_notices();
        let mut out = Vec::new();
        let model = &self.model;
        let players = |site: Site, thread: u16| {
            let all = model.conns_in(site).filter(|conn| conn.thread == thread);
            all.collect()
        };
        if self.now >= self.down_until {
            self.house.run_rooms(self.now, &mut self.notices, &players, &mut out);
        }
        let ticked = !out.is_empty();
        self.note(&mut out);
        if ticked {
            self.check_room();
        }
        if self.now >= self.down_until {
            self.house.run_threads(self.now, &mut out);
        }
        self.note(&mut out);
        self.carry(&mut out);
        self.run_tabs(&mut out);
    }

    fn steps_until(&mut self, end: Duration) {
        while self.now < end && self.failure.is_none() {
            self.step();
        }
    }

    /// Goes on until all play again, or one of them should and does not.
    fn await_those_away(&mut self) {
        while self.failure.is_none() {
            let Some(liveness) = &self.liveness else { return };
            let dues = self.tabs.iter().filter(|tab| self.is_missed(tab));
            let Some((due, tab)) = dues.map(|tab| (liveness.due(tab.id), tab.id)).min() else {
                return;
            };
            if due <= self.now {
                let Tab { state, .. } = &self.tabs[tab.0 as usize];
                let s = due.as_secs_f64();
                let sentence = format!("{tab:?} does not play, and should at {s} s: {state:?}");
                return self.fail(sentence);
            }
            self.step();
        }
    }

    /// Whether a tab does not play that has no reason to stay away.
    fn is_missed(&self, tab: &Tab) -> bool {
        let plays = tab.seen_at().is_some_and(|at| self.now - at < FRESH);
        // Where there are places for all, nobody waits for one.
        let waits = self.run.house.players_max < TABS_MAX && self.model.waits(tab.id);
        !plays && !tab.is_over() && !waits && tab.fake.is_none()
    }

    /// Lets the model judge what happened.
    fn note(&mut self, out: &mut Vec<Transition>) {
        for transition in out.drain(..) {
            self.trace.push(self.now, transition);
            if let Err(sentence) = self.model.step(self.now, &transition) {
                self.failure.get_or_insert(sentence);
            }
        }
    }

    fn post_notices(&mut self) {
        if !self.posts || !self.notices.is_empty() {
            return;
        }
        for index in 0..self.tabs.len() {
            if self.chance.one_in(self.run.notices_one_in) {
                self.notice(index, 1);
            }
        }
    }

    fn notice(&mut self, index: usize, count: u32) {
        let Some((site, conn)) = self.model.conn_of(self.tabs[index].id) else { return };
        for _ in 0..count {
            self.noticed += 1;
            let text = format!("notice {}", self.noticed);
            self.notices.push((site, conn, encode(&Event::Notice { text })));
        }
    }

    fn interfere(&mut self) {
        let Some(plan) = &mut self.plan else { return };
        let tabs: Vec<TabId> =
            self.tabs.iter().filter(|tab| !tab.is_over()).map(|tab| tab.id).collect();
        let HouseOptions { threads, halls, has_tickets, .. } = self.run.house;
        let targets = Targets { tabs: &tabs, threads, halls, has_tickets };
        let Some(fault) = plan.next(self.now, targets) else { return };
        self.note(&mut vec![Transition::Struck(fault)]);
        self.strike(fault);
    }

    fn strike(&mut self, fault: Fault) {
        let now = self.now;
        let until = |ms: u32| now + Duration::from_millis(ms.into());
        match fault {
            Fault::Stall { tab, ms } => self.on_link(tab, |link| link.stall(until(ms))),
            Fault::Throttle { tab, bytes_per_s, ms } => {
                self.on_link(tab, |link| link.narrow(bytes_per_s, until(ms)));
            }
            Fault::Cut { tab } => self.on_link(tab, Link::cut),
            Fault::Reset { tab, way, bytes } => {
                self.on_link(tab, |link| link.reset_after(way, bytes));
            }
            Fault::HalfOpen { tab, way } => self.on_link(tab, |link| link.swallow(way)),
            Fault::Crumble { tab, ms } => self.on_link(tab, |link| link.crumble(until(ms))),
            Fault::SlowReader { tab, ms } => self.tabs[tab.0 as usize].deaf_until = until(ms),
            Fault::Twin { tab } => self.twin(tab),
            Fault::Leave { tab } => self.leave(tab),
            Fault::Away { tab, ms } => {
                self.on_link(tab, Link::cut);
                self.away.insert(tab, until(ms));
            }
            Fault::Burst { tab, notices } => self.notice(tab.0 as usize, notices),
            Fault::ClockJump { thread, ms } => self.house.stall_thread(thread, until(ms)),
            Fault::TickStall { hall, ms } => self.house.stall_room(hall, until(ms)),
            Fault::Panic { hall, ms } => {
                if let Some(site) = self.house.panic(hall, until(ms)) {
                    self.note(&mut vec![Transition::Crashed { site }]);
                }
            }
            Fault::Shut { hall, ms } => self.house.shut(hall, until(ms)),
            Fault::Restart { ms } => self.restart(until(ms)),
            Fault::Drain { ms } => self.drain(until(ms) + DRAIN),
            Fault::Go { tab, to } => self.go(tab, to),
            Fault::Intruder { with } => self.intrude(with),
        }
    }

    /// The server is killed, and begins again at `until`.
    fn restart(&mut self, until: Duration) {
        self.lines.values_mut().for_each(|line| line.link.cut());
        self.notices.clear();
        self.house = self.house.restarted(until);
        (self.down_until, self.ends) = (until, None);
        self.note(&mut vec![Transition::Killed { until }]);
    }

    /// The server is told to stop, and another one begins at `again`.
    fn drain(&mut self, again: Duration) {
        if self.ends.is_some() || self.now < self.down_until {
            return;
        }
        let until = self.now + DRAIN;
        self.ends = Some((until, again));
        self.house.drain();
        self.note(&mut vec![Transition::Draining { until }]);
    }

    fn go(&mut self, tab: TabId, to: Option<usize>) {
        let it = &mut self.tabs[tab.0 as usize];
        let Some(line) = it.line().and_then(|line| self.lines.get_mut(&line)) else { return };
        let room = to.map_or("", |hall| self.house.name(hall));
        if let Some(call) = it.go(room, &mut line.socket) {
            let site = self.house.site(room);
            self.note(&mut vec![Transition::Wished { tab, call, site }]);
        }
    }

    fn intrude(&mut self, with: Fake) {
        if self.tabs.len() >= TABS_MAX {
            return;
        }
        let id = TabId(self.tabs.len() as u32);
        let name = format!("tab {}", id.0);
        let mut intruder = Tab::new(self.now, id, name, (self.run.house.seed, None));
        intruder.fake = Some(with);
        self.tabs.push(intruder);
        self.kills_left.push(0);
    }

    /// The ticket that a tab brings, and its text.
    fn ticket(&mut self, index: usize) -> Option<(TicketId, String)> {
        let made = match self.tabs[index].fake {
            None => Made::Honestly,
            Some(Fake::Missing) => return None,
            Some(Fake::Forged) => Made::Forged,
            Some(Fake::LongAgo) => Made::LongAgo,
            Some(Fake::Used(tab)) => {
                let ticket = self.model.ticket_of(tab)?;
                return Some((ticket, self.tickets[ticket.0 as usize].clone()));
            }
        };
        if !self.run.house.has_tickets {
            return None;
        }
        let ticket = TicketId(self.tickets.len() as u32);
        let text = self.house.ticket(self.now, &self.tabs[index].name, made);
        self.tickets.push(text.clone());
        self.note(&mut vec![Transition::Issued { ticket, made }]);
        Some((ticket, text))
    }

    fn on_link(&mut self, tab: TabId, act: impl FnOnce(&mut Link)) {
        let line = self.tabs[tab.0 as usize].line();
        if let Some(line) = line.and_then(|line| self.lines.get_mut(&line)) {
            act(&mut line.link);
        }
    }

    fn twin(&mut self, of: TabId) {
        if self.tabs.len() >= TABS_MAX {
            return;
        }
        let id = TabId(self.tabs.len() as u32);
        if let Some(twin) = self.tabs[of.0 as usize].twin(self.now, id, self.run.house.seed) {
            self.model.share(of, id);
            self.tabs.push(twin);
            self.kills_left.push(0);
        }
    }

    fn leave(&mut self, tab: TabId) {
        let it = &mut self.tabs[tab.0 as usize];
        let Some(line) = it.line().and_then(|line| self.lines.get_mut(&line)) else { return };
        it.leave(&mut line.socket);
        self.note(&mut vec![Transition::ClientSent { tab, word: Word::Bye }]);
    }

    /// Ends all trouble.
    fn mend(&mut self) {
        self.note(&mut vec![Transition::Mended]);
        self.plan = None;
        self.away.clear();
        if self.now < self.down_until || self.ends.is_some() {
            self.restart(self.now);
        }
        self.house.mend();
        self.lines.values_mut().for_each(|line| line.link.mend());
        let mut liveness = Liveness::new(self.now, LineId(self.lines_made));
        for tab in &mut self.tabs {
            tab.deaf_until = Duration::ZERO;
            tab.hint(self.now);
            if let Some(until) = tab.tries_at() {
                liveness.found_waiting(tab.id, until);
            }
        }
        self.liveness = Some(liveness);
    }

    /// Moves bytes, and sees what leaves the server.
    fn carry(&mut self, out: &mut Vec<Transition>) {
        let mut leaving: Vec<(LineId, Leaving)> = Vec::new();
        for (&id, line) in &mut self.lines {
            let carried = line.link.carry(self.now, line.socket.get_mut());
            if carried.up + carried.down > 0 {
                let (up, down) = (carried.up, carried.down);
                out.push(Transition::Delivered { line: id, up, down });
            }
            if let Some(end) = carried.end {
                out.push(Transition::Ended { line: id, end });
            }
            if line.link.is_backed_up() || carried.left.len() * 2 >= self.run.socket_bytes {
                line.lags_until = self.now + LAG;
            }
            if !carried.left.is_empty() {
                leaving.extend(line.leave(&carried.left).into_iter().map(|it| (id, it)));
                self.opening_bytes = self.opening_bytes.max(line.opening_bytes.unwrap_or(0));
            }
        }
        self.lines.retain(|_, line| line.owner.is_some() || !line.link.is_over());
        let mut welcomes = Vec::new();
        for (line, it) in leaving {
            match it {
                Leaving::Close(code) => out.push(Transition::Dismissed { line, code }),
                Leaving::Message(message) => match message.first() {
                    Some(&WELCOME) => welcomes.push((line, message)),
                    Some(&GOODBYE) => {}
                    Some(_) | None => {
                        let lags = self.lines.get(&line).is_none_or(|it| self.now < it.lags_until);
                        if !lags && self.model.is_overtaken(line) {
                            out.push(Transition::Overtaken { line });
                        }
                    }
                },
                Leaving::Other => {}
            }
        }
        for (line, message) in welcomes {
            let Ok(ServerMessage::Welcome(welcome)) = decode_server(&message) else { continue };
            // A room that has crashed since is as good as one that nobody knows.
            let site = self.house.site(&welcome.room).unwrap_or(Site(0));
            out.push(Transition::Welcomed { line, site, you: welcome.you });
        }
        self.note(out);
    }

    fn run_tabs(&mut self, out: &mut Vec<Transition>) {
        for index in 0..self.tabs.len() {
            match &self.tabs[index].state {
                State::Over => {}
                State::Waiting => self.await_turn(index, out),
                State::Linked(_) => self.run_tab(index, out),
            }
            self.note_secret(index, out);
            self.note(out);
        }
    }

    /// A tab that has no line tries when it is time: there is one, or there is no network or
    /// no server.
    fn await_turn(&mut self, index: usize, out: &mut Vec<Transition>) {
        if !self.tabs[index].tries(self.now) {
            return;
        }
        // Who lets everybody go takes nobody in.
        let is_open = self.now >= self.down_until && self.ends.is_none();
        if is_open && !self.is_away(index) {
            self.connect(index, out);
        } else {
            self.tabs[index].miss(self.now);
            out.push(Transition::Missed { tab: self.tabs[index].id });
        }
    }

    fn is_away(&self, index: usize) -> bool {
        self.away.get(&self.tabs[index].id).is_some_and(|&until| self.now < until)
    }

    fn run_tab(&mut self, index: usize, out: &mut Vec<Transition>) {
        let tab = &mut self.tabs[index];
        let Some(id) = tab.line() else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let from = out.len();
        let wish = tab.run(self.now, &mut line.socket, out);
        let came = |it: &&Transition| {
            matches!(it, Transition::EventReceived { .. } | Transition::Doubled { .. })
        };
        line.events_came += out[from..].iter().filter(came).count() as u32;
        if wish == Wish::HangUp {
            line.owner = None;
            line.link.hang_up();
            self.model.counts.cut_events += u32::from(line.is_doomed && line.has_lost_events());
            if self.run.kills > 0 {
                tab.hint(self.now);
            }
            if let (Some(liveness), Some(until)) = (&mut self.liveness, tab.tries_at()) {
                let is_too_soon = |it: &Transition| {
                    matches!(it, Transition::Told { retry_after_ms: TICKET_SOON_MS, .. })
                };
                liveness.lost(tab.id, id, until, out[from..].iter().any(is_too_soon));
            }
        }
    }

    fn connect(&mut self, index: usize, out: &mut Vec<Transition>) {
        let (ticket, text) = self.ticket(index).unzip();
        let id = LineId(self.lines_made);
        self.lines_made += 1;
        let thread = self.chance.below(self.run.house.threads.into()) as u16;
        let (near, far) = tokio::io::duplex(self.run.socket_bytes);
        self.house.admit(thread, self.lines_made.into(), near);
        let chance = Prng::stream(self.run.house.seed, 100_000 + u64::from(id.0));
        let mut link = Link::new(far, self.run.delay, self.run.jitter_us, chance);
        let is_doomed = self.kills_left[index] > 0;
        if is_doomed {
            self.kills_left[index] -= 1;
            self.model.counts.kills += 1;
            let (way, bytes) = self.kill();
            link.reset_after(way, bytes);
        }
        let mut socket = tab::socket();
        let tab = &mut self.tabs[index];
        let resumes = tab.resumes();
        out.push(Transition::Connected { tab: tab.id, line: id, thread, resumes, ticket });
        out.push(Transition::ClientSent { tab: tab.id, word: Word::Hello });
        tab.connect(self.now, (id, text.unwrap_or_default()), &mut socket);
        let line = Line::new((index, is_doomed), link, socket, self.now);
        self.lines.insert(id, line);
    }

    /// Where a line is reset: a third of them in what the client says, a third in the Welcome,
    /// what it has missed, and the keyframes, and a third in what comes then.
    fn kill(&mut self) -> (Way, usize) {
        let opening_bytes = self.opening_bytes.max(OPENING_BYTES);
        match self.chance.below(3) {
            0 => (Way::Up, self.chance.below(UP_BYTES) as usize),
            1 => (Way::Down, self.chance.below(opening_bytes as u32) as usize),
            _ => (Way::Down, opening_bytes + self.chance.below(STREAM_BYTES) as usize),
        }
    }

    /// Secrets of Welcomes that came just now must be new.
    fn note_secret(&mut self, index: usize, out: &mut Vec<Transition>) {
        let is_welcome = |transition: &Transition| {
            matches!(
                transition,
                Transition::Resumed { .. }
                    | Transition::JoinedAfresh { .. }
                    | Transition::Arrived { .. }
            )
        };
        if out.iter().any(is_welcome)
            && let Some(secret) = self.tabs[index].secret()
            && !self.secrets.insert(secret)
        {
            out.push(Transition::SecretRepeated { tab: self.tabs[index].id });
        }
    }

    /// What the room says after a tick, held against the sessions that there are.
    fn check_room(&mut self) {
        let mut now: BTreeMap<(Site, NetId), Standing> = BTreeMap::new();
        let places = self.run.house.players_max;
        let mut failures = Vec::new();
        for (site, sim) in self.house.sims() {
            let standings = standings(sim);
            if standings.len() > places {
                failures.push(format!("{} play where {places} have a place", standings.len()));
            }
            now.extend(standings.into_iter().map(|(id, standing)| ((site, id), standing)));
        }
        let mut watched = BTreeMap::new();
        for (session, site, you) in self.model.held() {
            let Some(standing) = now.get(&(site, you)) else {
                failures
                    .push(format!("{you:?} is gone from {site:?} although its session is held"));
                continue;
            };
            let before = self.watched.get(&(site, you)).filter(|(it, _)| *it == session);
            if let Some((_, before)) = before {
                let died = before.flies && !standing.flies;
                let fell = standing.shards < before.shards && !died;
                if fell || standing.kills < before.kills {
                    failures.push(format!(
                        "{you:?} had {before:?} and has {standing:?}, and did not die"
                    ));
                }
            }
            watched.insert((site, you), (session, *standing));
        }
        self.watched = watched;
        failures.into_iter().for_each(|sentence| self.fail(sentence));
    }
}
