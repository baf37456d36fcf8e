//! The reference: what a session is, in the simplest terms. It sees transitions and nothing
//! else, and says what must not have happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use throng::link::ConnId;
use throng_shared::ids::NetId;
use throng_shared::limits::{EVENTS_MAX, TRAVEL_MS};
use throng_shared::session::RESTART_NOTICE;
use throng_shared::wire::{Event, encode};

use self::session::{Entry, Next, Session, What};
use super::faults::Fault;
use super::fingerprint;
use super::transition::{Answer, LineId, Made, Site, TabId, TicketId, Transition, Word};

mod door;
mod rooms;
mod session;

/// What leaves the server may have been said so long before.
const SHUT_LAG: Duration = Duration::from_secs(1);

/// Times that the server goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) link_hold: Duration,
    pub(crate) session: Duration,
}

impl Patience {
    /// Both in milliseconds.
    pub(crate) fn millis(&self) -> (u64, u64) {
        (self.link_hold.as_millis() as u64, self.session.as_millis() as u64)
    }
}

/// A ticket, and what came of it.
#[derive(Debug)]
struct Ticket {
    made: Made,
    at: Duration,
    /// Sessions that began with it.
    sessions: Vec<usize>,
    /// Lines on which it was brought.
    lines: u32,
}

#[derive(Debug, Default)]
struct TabState {
    session: Option<usize>,
    received: u32,
    said_bye: bool,
    is_over: bool,
    /// Told so, and not let in since.
    is_room_full: bool,
    line: Option<LineId>,
    /// It has not read for a while, on whichever line.
    was_deaf: bool,
}

/// Everything that should be true.
#[derive(Debug)]
pub(crate) struct Model {
    patience: Patience,
    players_max: usize,
    has_tickets: bool,
    /// Most gliders of a room at once since its last tick, and those turned away who were not
    /// yet told.
    fullest: BTreeMap<Site, usize>,
    turned_away: u32,
    /// Until then somebody may be told that no room takes anybody.
    shut_until: Duration,
    /// When the newest room crashed, and since when there is this server; and whether it lets
    /// everybody go.
    crashed: Option<Duration>,
    started: Duration,
    is_draining: bool,
    sessions: Vec<Session>,
    tickets: BTreeMap<TicketId, Ticket>,
    line_tickets: BTreeMap<LineId, TicketId>,
    connected: BTreeMap<LineId, Duration>,
    /// Sessions that have not ended, by glider and by connection. One on its way has two
    /// gliders.
    by_you: BTreeMap<(Site, NetId), usize>,
    by_conn: BTreeMap<ConnId, usize>,
    tabs: BTreeMap<TabId, TabState>,
    /// Whose line it is, and the session that was welcomed on it.
    lines: BTreeMap<LineId, TabId>,
    /// Lines of which the server may think that they are slow or dead.
    troubled: BTreeSet<LineId>,
    welcomed: BTreeMap<LineId, usize>,
    /// Connections that were lost, or left, before the room had answered them.
    early_lost: BTreeMap<(Site, ConnId), Duration>,
    early_left: BTreeSet<(Site, ConnId)>,
    /// Sessions that a room is to let go.
    departing: BTreeMap<(Site, ConnId), usize>,
    pub(crate) counts: Counts,
}

/// How often what a run is for came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) resumed: u32,
    pub(crate) joined: u32,
    pub(crate) replaced: u32,
    pub(crate) expired: u32,
    pub(crate) link_dead: u32,
    pub(crate) received: u32,
    pub(crate) travelled: u32,
    pub(crate) crashed: u32,
    pub(crate) restarts: u32,
    pub(crate) refused: u32,
    pub(crate) unwanted: u32,
    pub(crate) drained: u32,
    pub(crate) forewarned: u32,
    pub(crate) doubled: u32,
    /// What was posted to who plays at the end, and never came.
    pub(crate) lost: u32,
    /// Lines that were reset in the middle of something, and those of them that had events on
    /// their way which never came.
    pub(crate) kills: u32,
    pub(crate) cut_events: u32,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.resumed += more.resumed;
        self.joined += more.joined;
        self.replaced += more.replaced;
        self.expired += more.expired;
        self.link_dead += more.link_dead;
        self.received += more.received;
        self.travelled += more.travelled;
        self.crashed += more.crashed;
        self.restarts += more.restarts;
        self.refused += more.refused;
        self.unwanted += more.unwanted;
        self.drained += more.drained;
        self.forewarned += more.forewarned;
        self.doubled += more.doubled;
        self.lost += more.lost;
        self.kills += more.kills;
        self.cut_events += more.cut_events;
    }
}

type Verdict = Result<(), String>;

impl Model {
    pub(crate) fn new(patience: Patience, players_max: usize, has_tickets: bool) -> Self {
        Self {
            patience,
            players_max,
            has_tickets,
            fullest: BTreeMap::new(),
            turned_away: 0,
            shut_until: Duration::ZERO,
            crashed: None,
            started: Duration::ZERO,
            is_draining: false,
            sessions: Vec::new(),
            tickets: BTreeMap::new(),
            line_tickets: BTreeMap::new(),
            connected: BTreeMap::new(),
            by_you: BTreeMap::new(),
            by_conn: BTreeMap::new(),
            tabs: BTreeMap::new(),
            lines: BTreeMap::new(),
            troubled: BTreeSet::new(),
            welcomed: BTreeMap::new(),
            early_lost: BTreeMap::new(),
            early_left: BTreeSet::new(),
            departing: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// A second tab knows what another one knows.
    pub(crate) fn share(&mut self, from: TabId, with: TabId) {
        let Some(TabState { session, received, .. }) = self.tabs.get(&from) else { return };
        let (session, received) = (*session, *received);
        if let Some(session) = session {
            self.sessions[session].is_shared = true;
        }
        self.tabs.insert(with, TabState { session, received, ..TabState::default() });
    }

    /// Sessions that are held, by the glider that must be there.
    pub(crate) fn held(&self) -> impl Iterator<Item = (usize, Site, NetId)> + '_ {
        self.by_you.iter().map(|(&(site, you), &session)| (session, site, you))
    }

    /// Connections that have a glider in a room.
    pub(crate) fn conns_in(&self, site: Site) -> impl Iterator<Item = ConnId> + '_ {
        let is_there = move |&(_, &session): &(&ConnId, &usize)| {
            let it = &self.sessions[session];
            it.site == site || it.next.as_ref().is_some_and(|next| next.site == site)
        };
        self.by_conn.iter().filter(is_there).map(|(&conn, _)| conn)
    }

    /// The session that plays by a connection.
    pub(crate) fn at(&self, conn: ConnId) -> Option<usize> {
        self.by_conn.get(&conn).copied()
    }

    /// The room where a tab's session is, and its connection.
    pub(crate) fn conn_of(&self, tab: TabId) -> Option<(Site, ConnId)> {
        let session = &self.sessions[self.tabs.get(&tab)?.session?];
        session.ended.is_none().then_some((session.site, session.conn))
    }

    /// The ticket that a tab brought at its newest line.
    pub(crate) fn ticket_of(&self, tab: TabId) -> Option<TicketId> {
        self.line_tickets.get(&self.tabs.get(&tab)?.line?).copied()
    }

    /// Whether another line has the session that was welcomed on this one.
    pub(crate) fn is_overtaken(&self, line: LineId) -> bool {
        let session = self.welcomed.get(&line);
        session.is_some_and(|&session| self.sessions[session].line != Some(line))
    }

    /// How many events a tab has not received that were posted to its session until then.
    pub(crate) fn missing(&self, tab: TabId, until: Duration) -> Option<usize> {
        let state = self.tabs.get(&tab)?;
        let posted = &self.sessions[state.session?].posted;
        let is_due = |it: &Entry| it.at <= until && !it.may_miss;
        let due = posted.iter().rposition(is_due).map_or(0, |last| last + 1);
        Some(due.saturating_sub(state.received as usize))
    }

    /// Whether a tab has to wait for a place.
    pub(crate) fn waits(&self, tab: TabId) -> bool {
        self.tabs.get(&tab).is_some_and(|state| state.is_room_full)
    }

    /// Takes a step.
    pub(crate) fn step(&mut self, now: Duration, transition: &Transition) -> Verdict {
        match *transition {
            Transition::Struck(fault) => {
                self.struck(now, fault);
                Ok(())
            }
            Transition::Mended => {
                self.tabs.values_mut().for_each(|state| state.is_room_full = false);
                self.shut_until = self.shut_until.min(now + SHUT_LAG);
                Ok(())
            }
            Transition::Delivered { .. }
            | Transition::Ended { .. }
            | Transition::Missed { .. }
            | Transition::Lost { .. } => Ok(()),
            Transition::Ticked { site, .. } => {
                let gliders = self.gliders_in(site);
                self.fullest.insert(site, gliders);
                Ok(())
            }
            Transition::Crashed { site } => {
                self.crash(now, site);
                Ok(())
            }
            Transition::Killed { until } => {
                self.kill(now);
                (self.started, self.is_draining) = (until, false);
                Ok(())
            }
            Transition::Draining { until } => {
                self.is_draining = true;
                let here = self.sessions.iter_mut().filter(|it| it.ended.is_none());
                here.for_each(|it| it.was_drained = true);
                self.shut_until = self.shut_until.max(until + SHUT_LAG);
                Ok(())
            }
            Transition::Issued { ticket, made } => {
                let sessions = Vec::new();
                self.tickets.insert(ticket, Ticket { made, at: now, sessions, lines: 0 });
                Ok(())
            }
            Transition::TurnedAway { site, conn } => self.turn_away(site, conn),
            Transition::Connected { tab, line, ticket, .. } => {
                if let Some(ticket) = ticket {
                    self.line_tickets.insert(line, ticket);
                    self.tickets.entry(ticket).and_modify(|it| it.lines += 1);
                }
                self.connected.insert(line, now);
                let state = self.tabs.entry(tab).or_default();
                state.line = Some(line);
                if state.was_deaf {
                    self.troubled.insert(line);
                }
                self.lines.insert(line, tab);
                self.sane_tab(tab, "connected")
            }
            Transition::ClientSent { tab, word } => self.client_sent(tab, word),
            Transition::Wished { tab, call, site } => {
                let session = self.tabs.get(&tab).and_then(|state| state.session);
                if let (Some(session), Some(site)) = (session, site) {
                    self.sessions[session].wishes.push((call, site));
                }
                Ok(())
            }
            Transition::Asked { conn, .. } => {
                if let Some(session) = self.at(conn) {
                    self.sessions[session].set_out = now;
                }
                Ok(())
            }
            Transition::Seated { site, conn, you } => self.seated(now, (site, conn), you),
            Transition::Departing { site, conn } => self.departing(now, site, conn),
            Transition::Departed { site, conn } => {
                if let Some(session) = self.departing.remove(&(site, conn)) {
                    let it = &mut self.sessions[session];
                    let waited = now + Duration::from_millis(2) - it.set_out;
                    it.arrive(now, waited >= Duration::from_millis(TRAVEL_MS));
                }
                Ok(())
            }
            Transition::Claimed { site, conn } => {
                self.hurry(now, site, conn);
                Ok(())
            }
            Transition::Moved { from, .. } => match self.by_conn.remove(&from) {
                Some(_) => Ok(()),
                None => Err(format!("{from:?} gave a session away that it did not have")),
            },
            Transition::Posted { site, conn, what } => {
                self.posted(
                    site,
                    conn,
                    Entry { at: now, what: What::Posted(what), may_miss: false },
                );
                Ok(())
            }
            Transition::Proven { conn } => {
                if let Some(session) = self.at(conn) {
                    self.sessions[session].is_proven = true;
                }
                Ok(())
            }
            Transition::LinkDead { site, conn } => self.link_dead(now, site, conn),
            Transition::Left { site, conn } => self.left(now, site, conn),
            Transition::Welcomed { line, site, you } => self.welcome(now, line, (site, you)),
            Transition::Dismissed { line, code } => self.dismissed(now, line, code),
            Transition::Overtaken { line } => {
                Err(format!("{line:?} is served although a newer one has its session"))
            }
            Transition::Resumed { tab, you, .. } => self.resumed(tab, you),
            Transition::JoinedAfresh { tab, line, you } => self.joined_afresh((tab, line), you),
            Transition::Arrived { tab, you } => {
                self.counts.travelled += 1;
                self.is_own(tab, you)
            }
            Transition::EventReceived { tab, number, what, answer } => {
                self.received(tab, number, (what, answer))
            }
            Transition::Doubled { tab } => {
                self.counts.doubled += 1;
                let session = self.tabs.get(&tab).and_then(|state| state.session);
                match session {
                    Some(session) if self.sessions[session].is_shared => Ok(()),
                    Some(_) | None => Err(format!("{tab:?} was told something twice")),
                }
            }
            Transition::SecretRepeated { tab } => {
                Err(format!("{tab:?} was given a secret that was given before"))
            }
            Transition::Replaced { tab } => self.replaced(tab),
            Transition::Told { tab, code, retry_after_ms } => self.told(tab, code, retry_after_ms),
            Transition::Desynced { tab } => Err(format!("the view of {tab:?} did not hold")),
            Transition::Nonsense { tab } => {
                Err(format!("{tab:?} was sent a message that has no place where it stands"))
            }
        }
    }

    /// Remembers whose link may look dead. A server that sleeps must not take its own sleep
    /// for that.
    fn struck(&mut self, now: Duration, fault: Fault) {
        if let Fault::Shut { ms, .. }
        | Fault::Panic { ms, .. }
        | Fault::Restart { ms }
        | Fault::Drain { ms } = fault
        {
            let end = now + Duration::from_millis(ms.into()) + SHUT_LAG;
            self.shut_until = self.shut_until.max(end);
        }
        let (Fault::Stall { tab, .. }
        | Fault::Throttle { tab, .. }
        | Fault::HalfOpen { tab, .. }
        | Fault::Crumble { tab, .. }
        | Fault::SlowReader { tab, .. }
        | Fault::Burst { tab, .. }) = fault
        else {
            return;
        };
        let state = self.tabs.entry(tab).or_default();
        state.was_deaf |= matches!(fault, Fault::SlowReader { .. });
        self.troubled.extend(state.line);
        // Notices are the session's, whichever tab has it.
        if let (Fault::Burst { .. }, Some(session)) = (fault, state.session) {
            let sharing = self.tabs.values().filter(|it| it.session == Some(session));
            self.troubled.extend(sharing.filter_map(|it| it.line));
        }
    }

    fn sane_tab(&self, tab: TabId, what: &str) -> Verdict {
        match self.tabs.get(&tab) {
            Some(state) if state.is_over => {
                Err(format!("{tab:?} {what} although it was told to stay away"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn client_sent(&mut self, tab: TabId, word: Word) -> Verdict {
        if word == Word::Bye {
            let state = self.tabs.entry(tab).or_default();
            state.said_bye = true;
            if let Some(session) = state.session {
                self.sessions[session].may_end = true;
            }
        }
        Ok(())
    }

    fn seated(&mut self, now: Duration, (site, conn): (Site, ConnId), you: NetId) -> Verdict {
        let lost = self.early_lost.remove(&(site, conn));
        let has_left = self.early_left.remove(&(site, conn));
        if let Some(&session) = self.by_you.get(&(site, you)) {
            let it = &mut self.sessions[session];
            if self.by_conn.contains_key(&it.conn) {
                return Err(format!("{you:?} plays at {:?} and at {conn:?}", it.conn));
            }
            it.conn = conn;
            it.lost = lost;
            self.by_conn.insert(conn, session);
        } else if let Some(session) = self.at(conn) {
            let it = &mut self.sessions[session];
            if it.site == site {
                return Err(format!("{conn:?} has two gliders in {site:?}"));
            }
            if has_left {
                return Ok(());
            }
            let (posted, departs, has_crashed) = (Vec::new(), false, false);
            it.next = Some(Next { site, you, posted, departs, has_crashed });
            self.by_you.insert((site, you), session);
        } else {
            self.begin(site, conn, (you, lost));
            // Of a connection that was lost before the room answered nobody knows.
            if let Some(session) = self.sessions.last_mut() {
                session.may_end = has_left;
            }
        }
        let gliders = self.gliders_in(site);
        let fullest = self.fullest.entry(site).or_default();
        *fullest = gliders.max(*fullest);
        if has_left { self.left(now, site, conn) } else { Ok(()) }
    }

    /// A room turns somebody away only while it has no place.
    fn turn_away(&mut self, site: Site, conn: ConnId) -> Verdict {
        self.turned_away += 1;
        self.early_left.remove(&(site, conn));
        let fullest = self.fullest.get(&site).copied().unwrap_or_default();
        if fullest < self.players_max {
            return Err(format!("{conn:?} was turned away from {site:?} with {fullest}"));
        }
        Ok(())
    }

    fn gliders_in(&self, site: Site) -> usize {
        self.by_you.range((site, NetId(0))..=(site, NetId(u16::MAX))).count()
    }

    fn begin(&mut self, site: Site, conn: ConnId, (you, lost): (NetId, Option<Duration>)) {
        self.by_you.insert((site, you), self.sessions.len());
        self.by_conn.insert(conn, self.sessions.len());
        self.sessions.push(Session {
            site,
            you,
            next: None,
            visited: vec![site],
            wishes: Vec::new(),
            set_out: Duration::ZERO,
            conn,
            posted: Vec::new(),
            received: 0,
            lost,
            is_proven: false,
            is_shared: false,
            may_end: false,
            was_killed: false,
            was_drained: self.is_draining,
            ended: None,
            line: None,
        });
    }

    fn posted(&mut self, site: Site, conn: ConnId, entry: Entry) {
        let Some(session) = self.at(conn) else { return };
        let it = &mut self.sessions[session];
        if it.site == site {
            it.posted.push(entry);
        } else if let Some(next) = it.next.as_mut().filter(|next| next.site == site) {
            next.posted.push(entry);
        }
    }

    fn link_dead(&mut self, now: Duration, site: Site, conn: ConnId) -> Verdict {
        self.counts.link_dead += 1;
        self.hurry(now, site, conn);
        match self.at(conn) {
            Some(session) => {
                self.sessions[session].lost = Some(now);
                Ok(())
            }
            None => {
                self.early_lost.insert((site, conn), now);
                Ok(())
            }
        }
    }

    /// A room hears that somebody is gone.
    fn left(&mut self, now: Duration, site: Site, conn: ConnId) -> Verdict {
        let Some(session) = self.at(conn) else {
            self.early_left.insert((site, conn));
            return Ok(());
        };
        let it = &mut self.sessions[session];
        if it.site == site {
            return self.end(now, session);
        }
        match it.next.take_if(|next| next.site == site) {
            Some(next) if next.departs => {
                it.next = Some(next);
                it.arrive(now, true);
                self.end(now, session)
            }
            // It gave up its way.
            Some(next) => {
                self.by_you.remove(&(site, next.you));
                Ok(())
            }
            None => {
                self.early_left.insert((site, conn));
                Ok(())
            }
        }
    }

    /// A session ends only for a reason.
    fn end(&mut self, now: Duration, session: usize) -> Verdict {
        self.by_conn.retain(|_, &mut it| it != session);
        self.by_you.retain(|_, &mut it| it != session);
        let Patience { link_hold, session: patience } = self.patience;
        let it = &mut self.sessions[session];
        it.ended = Some(now);
        let hold = if it.is_proven { patience } else { patience.min(link_hold) };
        // Clocks of threads are in milliseconds.
        let held = |lost: Duration| now + Duration::from_millis(2) - lost >= hold;
        let has_expired = it.lost.is_some_and(held);
        let is_overrun = it.posted.len() - it.received as usize > EVENTS_MAX;
        self.counts.expired += u32::from(has_expired);
        if it.may_end || has_expired || is_overrun || it.is_shared {
            return Ok(());
        }
        // Whoever brought a ticket and never said a word makes way for who brings it again.
        if self.has_tickets && !it.is_proven {
            return Ok(());
        }
        Err(format!("the session of {:?} ended without a reason: {it:?}", it.you))
    }

    /// From now on this line has the session, and no other one.
    fn welcome(&mut self, now: Duration, line: LineId, (site, you): (Site, NetId)) -> Verdict {
        let Some(&session) = self.by_you.get(&(site, you)) else {
            // Who says Bye before its Welcome may get both answers at once.
            let just_left = |it: &Session| {
                (it.site, it.you) == (site, you) && (it.ended == Some(now) || it.was_killed)
            };
            if let Some(session) = self.sessions.iter().rposition(just_left) {
                self.welcomed.insert(line, session);
                return Ok(());
            }
            return Err(format!("{line:?} is welcomed as {you:?}, who does not play"));
        };
        let is_new = self.sessions[session].line.is_none();
        if is_new && self.has_tickets {
            self.redeem(now, line, session)?;
        }
        let it = &mut self.sessions[session];
        if it.site != site {
            it.arrive(now, true);
        }
        it.line = Some(line);
        let tab = self.lines.get(&line).and_then(|tab| self.tabs.get(tab));
        it.may_end |= tab.is_some_and(|tab| tab.said_bye);
        self.welcomed.insert(line, session);
        Ok(())
    }

    fn resumed(&mut self, tab: TabId, you: NetId) -> Verdict {
        self.counts.resumed += 1;
        self.tabs.entry(tab).or_default().is_room_full = false;
        self.is_own(tab, you)
    }

    /// A tab is welcomed to a session as one who has been there.
    fn is_own(&self, tab: TabId, you: NetId) -> Verdict {
        match self.tabs.get(&tab).and_then(|state| state.session) {
            Some(session) if self.sessions[session].you == you => Ok(()),
            Some(_) | None => {
                Err(format!("{tab:?} goes on with a session that is not its own: {you:?}"))
            }
        }
    }

    fn joined_afresh(&mut self, (tab, line): (TabId, LineId), you: NetId) -> Verdict {
        self.counts.joined += 1;
        let state = self.tabs.entry(tab).or_default();
        if let Some(session) = state.session {
            let it = &self.sessions[session];
            if it.ended.is_none() && !it.is_shared {
                return Err(format!("{tab:?} was not let into its session, which is held: {it:?}"));
            }
        }
        let session = self.welcomed.get(&line).copied();
        state.session = session;
        state.received = 0;
        state.is_room_full = false;
        match session {
            Some(_) => Ok(()),
            None => Err(format!("{tab:?} plays {you:?}, whom the room never let in")),
        }
    }

    /// The ledger: every event once, and in order.
    fn received(&mut self, tab: TabId, number: u32, told: (u64, Option<Answer>)) -> Verdict {
        self.counts.received += 1;
        let state = self.tabs.entry(tab).or_default();
        let Some(session) = state.session else {
            return Err(format!("{tab:?} received an event and has no session"));
        };
        let it = &mut self.sessions[session];
        if number != state.received + 1 {
            let after = state.received;
            return Err(format!("{tab:?} received event {number} after {after}"));
        }
        state.received = number;
        it.received = it.received.max(number);
        if told.0 == notice_of_a_restart() {
            if !it.was_drained {
                return Err(format!("{tab:?} was told of a restart that nobody ordered"));
            }
            self.counts.forewarned += 1;
            it.forewarn(number as usize);
        }
        it.settle(number as usize, told.0, told.1).map_err(|why| format!("{tab:?}: {why}"))
    }

    fn replaced(&mut self, tab: TabId) -> Verdict {
        self.counts.replaced += 1;
        let state = self.tabs.entry(tab).or_default();
        state.is_over = true;
        // Somebody else has its ticket, and brought it before it had said a word.
        let ticket = state.line.and_then(|line| self.line_tickets.get(&line));
        let has_lent = ticket.and_then(|it| self.tickets.get(it)).is_some_and(|it| it.lines > 1);
        match state.session {
            Some(session) if self.sessions[session].is_shared => Ok(()),
            Some(session) if has_lent && !self.sessions[session].is_proven => Ok(()),
            None if has_lent => Ok(()),
            Some(_) | None => Err(format!("{tab:?} was replaced by nobody")),
        }
    }
}

/// What every network thread says to those who are there when the server stops.
fn notice_of_a_restart() -> u64 {
    fingerprint(&encode(&Event::Notice { text: RESTART_NOTICE.to_owned() }))
}

#[cfg(test)]
mod tests;
