//! The reference: what a session is, in the simplest terms. It sees transitions and nothing
//! else, and says what must not have happened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use throng::link::ConnId;
use throng_shared::ids::NetId;
use throng_shared::limits::EVENTS_MAX;
use throng_shared::session::CloseCode;

use super::faults::Fault;
use super::transition::{LineId, TabId, Transition, Word};

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

/// One session: what was posted to it, who has it, and how it ended.
pub(crate) struct Session {
    pub(crate) you: NetId,
    conn: ConnId,
    posted: Vec<(Duration, u64)>,
    /// Number of the newest event that a client has received.
    received: u32,
    lost: Option<Duration>,
    /// An input of it came to the room.
    is_proven: bool,
    /// More than one tab knows it.
    is_shared: bool,
    /// Its player said Bye, or was told not to come back.
    may_end: bool,
    ended: Option<Duration>,
    /// The line on which a Welcome left the server last.
    line: Option<LineId>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { you, conn, posted, received, lost, is_proven, is_shared, .. } = self;
        let posted = posted.len();
        write!(f, "{you:?} at {conn:?}, {posted} posted, {received} received, lost {lost:?}, ")?;
        write!(f, "proven {is_proven}, shared {is_shared}")
    }
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
    /// Most sessions at once since the last tick, and those turned away who were not yet told.
    fullest: usize,
    turned_away: u32,
    sessions: Vec<Session>,
    /// Sessions that have not ended, by glider and by connection.
    by_you: BTreeMap<NetId, usize>,
    by_conn: BTreeMap<ConnId, usize>,
    tabs: BTreeMap<TabId, TabState>,
    /// Whose line it is, and the session that was welcomed on it.
    lines: BTreeMap<LineId, TabId>,
    /// Lines of which the server may think that they are slow or dead.
    troubled: BTreeSet<LineId>,
    welcomed: BTreeMap<LineId, usize>,
    /// Connections that were lost, or left, before the room had answered them.
    early_lost: BTreeMap<ConnId, Duration>,
    early_left: BTreeSet<ConnId>,
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
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.resumed += more.resumed;
        self.joined += more.joined;
        self.replaced += more.replaced;
        self.expired += more.expired;
        self.link_dead += more.link_dead;
        self.received += more.received;
    }
}

type Verdict = Result<(), String>;

impl Model {
    pub(crate) fn new(patience: Patience, players_max: usize) -> Self {
        Self {
            patience,
            players_max,
            fullest: 0,
            turned_away: 0,
            sessions: Vec::new(),
            by_you: BTreeMap::new(),
            by_conn: BTreeMap::new(),
            tabs: BTreeMap::new(),
            lines: BTreeMap::new(),
            troubled: BTreeSet::new(),
            welcomed: BTreeMap::new(),
            early_lost: BTreeMap::new(),
            early_left: BTreeSet::new(),
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
    pub(crate) fn held(&self) -> impl Iterator<Item = (usize, NetId)> + '_ {
        self.by_you.iter().map(|(&you, &session)| (session, you))
    }

    /// Connections that have a session.
    pub(crate) fn conns(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.by_conn.keys().copied()
    }

    /// The session that plays by a connection.
    pub(crate) fn at(&self, conn: ConnId) -> Option<usize> {
        self.by_conn.get(&conn).copied()
    }

    /// The connection that a tab's session is at.
    pub(crate) fn conn_of(&self, tab: TabId) -> Option<ConnId> {
        let session = &self.sessions[self.tabs.get(&tab)?.session?];
        session.ended.is_none().then_some(session.conn)
    }

    /// Whether another line has the session that was welcomed on this one.
    pub(crate) fn is_overtaken(&self, line: LineId) -> bool {
        let session = self.welcomed.get(&line);
        session.is_some_and(|&session| self.sessions[session].line != Some(line))
    }

    /// How many events a tab has not received that were posted to its session.
    /// until then.
    pub(crate) fn missing(&self, tab: TabId, until: Duration) -> Option<usize> {
        let state = self.tabs.get(&tab)?;
        let posted = &self.sessions[state.session?].posted;
        let due = posted.iter().rposition(|&(at, _)| at <= until).map_or(0, |last| last + 1);
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
                self.struck(fault);
                Ok(())
            }
            Transition::Mended
            | Transition::Delivered { .. }
            | Transition::Ended { .. }
            | Transition::Lost { .. } => Ok(()),
            Transition::Ticked { .. } => {
                self.fullest = self.by_you.len();
                Ok(())
            }
            Transition::TurnedAway { conn } => self.turn_away(conn),
            Transition::Connected { tab, line, .. } => {
                let state = self.tabs.entry(tab).or_default();
                state.line = Some(line);
                if state.was_deaf {
                    self.troubled.insert(line);
                }
                self.lines.insert(line, tab);
                self.sane_tab(tab, "connected")
            }
            Transition::ClientSent { tab, word } => self.client_sent(tab, word),
            Transition::Seated { conn, you } => self.seated(now, conn, you),
            Transition::Moved { from, .. } => match self.by_conn.remove(&from) {
                Some(_) => Ok(()),
                None => Err(format!("{from:?} gave a session away that it did not have")),
            },
            Transition::Posted { conn, what } => {
                if let Some(session) = self.at(conn) {
                    self.sessions[session].posted.push((now, what));
                }
                Ok(())
            }
            Transition::Proven { conn } => {
                if let Some(session) = self.at(conn) {
                    self.sessions[session].is_proven = true;
                }
                Ok(())
            }
            Transition::LinkDead { conn } => self.link_dead(now, conn),
            Transition::Left { conn } => self.left(now, conn),
            Transition::Welcomed { line, you } => self.welcome(now, line, you),
            Transition::Dismissed { line, code } => self.dismissed(line, code),
            Transition::Overtaken { line } => {
                Err(format!("{line:?} is served although a newer one has its session"))
            }
            Transition::Resumed { tab, you, .. } => self.resumed(tab, you),
            Transition::JoinedAfresh { tab, you, .. } => self.joined_afresh(tab, you),
            Transition::EventReceived { tab, number, what } => self.received(tab, number, what),
            Transition::SecretRepeated { tab } => {
                Err(format!("{tab:?} was given a secret that was given before"))
            }
            Transition::Replaced { tab } => self.replaced(tab),
            Transition::Told { tab, code } => self.told(tab, code),
            Transition::Desynced { tab } => Err(format!("the view of {tab:?} did not hold")),
            Transition::Nonsense { tab } => {
                Err(format!("{tab:?} was sent a message that has no place where it stands"))
            }
        }
    }

    /// Remembers whose link may look dead. A server that sleeps must not take its own sleep
    /// for that.
    fn struck(&mut self, fault: Fault) {
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

    fn seated(&mut self, now: Duration, conn: ConnId, you: NetId) -> Verdict {
        let lost = self.early_lost.remove(&conn);
        if let Some(&session) = self.by_you.get(&you) {
            let it = &mut self.sessions[session];
            if self.by_conn.contains_key(&it.conn) {
                return Err(format!("{you:?} plays at {:?} and at {conn:?}", it.conn));
            }
            it.conn = conn;
            it.lost = lost;
            self.by_conn.insert(conn, session);
        } else {
            self.begin(conn, you, lost);
            // Of a connection that was lost before the room answered nobody knows.
            if let Some(session) = self.sessions.last_mut() {
                session.may_end = self.early_left.contains(&conn);
            }
        }
        self.fullest = self.fullest.max(self.by_you.len());
        if self.early_left.remove(&conn) { self.left(now, conn) } else { Ok(()) }
    }

    /// The room turns somebody away only while it has no place.
    fn turn_away(&mut self, conn: ConnId) -> Verdict {
        self.turned_away += 1;
        if self.fullest < self.players_max {
            return Err(format!("{conn:?} was turned away from a room with {}", self.fullest));
        }
        Ok(())
    }

    fn begin(&mut self, conn: ConnId, you: NetId, lost: Option<Duration>) {
        self.by_you.insert(you, self.sessions.len());
        self.by_conn.insert(conn, self.sessions.len());
        self.sessions.push(Session {
            you,
            conn,
            posted: Vec::new(),
            received: 0,
            lost,
            is_proven: false,
            is_shared: false,
            may_end: false,
            ended: None,
            line: None,
        });
    }

    fn link_dead(&mut self, now: Duration, conn: ConnId) -> Verdict {
        self.counts.link_dead += 1;
        match self.at(conn) {
            Some(session) => {
                self.sessions[session].lost = Some(now);
                Ok(())
            }
            None => {
                self.early_lost.insert(conn, now);
                Ok(())
            }
        }
    }

    /// A session ends only for a reason.
    fn left(&mut self, now: Duration, conn: ConnId) -> Verdict {
        let Some(session) = self.by_conn.remove(&conn) else {
            self.early_left.insert(conn);
            return Ok(());
        };
        let Patience { link_hold, session: patience } = self.patience;
        let it = &mut self.sessions[session];
        it.ended = Some(now);
        self.by_you.remove(&it.you);
        let hold = if it.is_proven { patience } else { patience.min(link_hold) };
        // Clocks of threads are in milliseconds.
        let held = |lost: Duration| now + Duration::from_millis(2) - lost >= hold;
        let has_expired = it.lost.is_some_and(held);
        let is_overrun = it.posted.len() - it.received as usize > EVENTS_MAX;
        self.counts.expired += u32::from(has_expired);
        if it.may_end || has_expired || is_overrun || it.is_shared {
            return Ok(());
        }
        Err(format!("the session of {:?} ended without a reason: {it:?}", it.you))
    }

    /// From now on this line has the session, and no other one.
    fn welcome(&mut self, now: Duration, line: LineId, you: NetId) -> Verdict {
        let Some(&session) = self.by_you.get(&you) else {
            // Who says Bye before its Welcome may get both answers at once.
            let just_left = |it: &Session| it.you == you && it.ended == Some(now);
            if self.sessions.iter().any(just_left) {
                return Ok(());
            }
            return Err(format!("{line:?} is welcomed as {you:?}, who does not play"));
        };
        let it = &mut self.sessions[session];
        it.line = Some(line);
        self.welcomed.insert(line, session);
        Ok(())
    }

    fn dismissed(&mut self, line: LineId, code: u16) -> Verdict {
        let mut honest = vec![CloseCode::Left, CloseCode::Replaced];
        if self.troubled.contains(&line) {
            honest.extend([CloseCode::Silent, CloseCode::SlowConsumer]);
        }
        let Some(tab) = self.lines.get(&line) else { return Ok(()) };
        let state = self.tabs.entry(*tab).or_default();
        match CloseCode::of(code) {
            Some(CloseCode::Full) => match self.turned_away.checked_sub(1) {
                Some(left) => {
                    self.turned_away = left;
                    Ok(())
                }
                None => Err(format!("{tab:?} was told that a room is full which did not say so")),
            },
            Some(CloseCode::Left) if !state.said_bye => {
                Err(format!("{tab:?} was told that it left, and did not"))
            }
            Some(code) if honest.contains(&code) => Ok(()),
            Some(_) | None => Err(format!("{tab:?} behaved and was closed with {code}")),
        }
    }

    fn resumed(&mut self, tab: TabId, you: NetId) -> Verdict {
        self.counts.resumed += 1;
        let state = self.tabs.entry(tab).or_default();
        state.is_room_full = false;
        match state.session {
            Some(session) if self.sessions[session].you == you => Ok(()),
            Some(_) | None => {
                Err(format!("{tab:?} resumed a session that is not its own: {you:?}"))
            }
        }
    }

    fn joined_afresh(&mut self, tab: TabId, you: NetId) -> Verdict {
        self.counts.joined += 1;
        let state = self.tabs.entry(tab).or_default();
        if let Some(session) = state.session {
            let it = &self.sessions[session];
            if it.ended.is_none() && !it.is_shared {
                return Err(format!("{tab:?} was not let into its session, which is held: {it:?}"));
            }
        }
        let session = self.sessions.iter().rposition(|session| session.you == you);
        state.session = session;
        state.received = 0;
        state.is_room_full = false;
        match session {
            Some(_) => Ok(()),
            None => Err(format!("{tab:?} plays {you:?}, whom the room never let in")),
        }
    }

    /// The ledger: every event once, and in order.
    fn received(&mut self, tab: TabId, number: u32, what: u64) -> Verdict {
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
        match it.posted.get(number as usize - 1) {
            Some(&(_, posted)) if posted == what => Ok(()),
            Some(_) => {
                let place = it.posted.iter().position(|&(_, posted)| posted == what);
                Err(format!("{tab:?} received as event {number} what was posted as {place:?}"))
            }
            None => Err(format!("{tab:?} received event {number}, which was not posted")),
        }
    }

    fn replaced(&mut self, tab: TabId) -> Verdict {
        self.counts.replaced += 1;
        let state = self.tabs.entry(tab).or_default();
        state.is_over = true;
        match state.session {
            Some(session) if self.sessions[session].is_shared => Ok(()),
            Some(_) | None => Err(format!("{tab:?} was replaced by nobody")),
        }
    }

    fn told(&mut self, tab: TabId, code: u16) -> Verdict {
        let state = self.tabs.entry(tab).or_default();
        state.is_over |= CloseCode::of(code) == Some(CloseCode::Left);
        state.is_room_full |= CloseCode::of(code) == Some(CloseCode::Full);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId { thread: 0, serial: 1 };
    const NEXT: ConnId = ConnId { thread: 1, serial: 2 };
    const YOU: NetId = NetId(7);
    const TAB: TabId = TabId(0);

    fn line(number: u32) -> LineId {
        LineId(number)
    }

    /// Plays what happens, a second each; what the model says of the last.
    fn judge(transitions: &[Transition]) -> Verdict {
        let patience =
            Patience { link_hold: Duration::from_secs(10), session: Duration::from_secs(60) };
        let mut model = Model::new(patience, 8);
        let mut verdict = Ok(());
        for (at, transition) in (1..).zip(transitions) {
            assert_eq!(verdict, Ok(()), "because only the last is wrong");
            verdict = model.step(Duration::from_secs(at), transition);
        }
        verdict
    }

    /// A tab that plays and has two events to receive, and then something happens.
    fn then(more: &[Transition]) -> Verdict {
        let mut all = vec![
            Transition::Connected { tab: TAB, line: line(0), thread: 0, resumes: false },
            Transition::Seated { conn: CONN, you: YOU },
            Transition::Welcomed { line: line(0), you: YOU },
            Transition::JoinedAfresh { tab: TAB, line: line(0), you: YOU },
            Transition::Proven { conn: CONN },
            Transition::Posted { conn: CONN, what: 11 },
            Transition::Posted { conn: CONN, what: 12 },
        ];
        all.extend(more);
        judge(&all)
    }

    fn received(number: u32, what: u64) -> Transition {
        Transition::EventReceived { tab: TAB, number, what }
    }

    #[test]
    fn an_event_that_is_lost_doubled_or_another_one_is_seen() {
        assert_eq!(then(&[received(1, 11), received(2, 12)]), Ok(()));
        assert!(then(&[received(2, 12)]).is_err(), "because the first is lost");
        assert!(then(&[received(1, 11), received(1, 11)]).is_err(), "because it came twice");
        assert!(then(&[received(1, 12)]).is_err(), "because the second was posted later");
        assert!(then(&[received(1, 11), received(2, 12), received(3, 0)]).is_err());
    }

    #[test]
    fn a_session_ends_for_a_reason_or_not_at_all() {
        let left = Transition::Left { conn: CONN };
        assert!(then(&[left]).is_err(), "because nobody left");
        assert_eq!(then(&[Transition::ClientSent { tab: TAB, word: Word::Bye }, left]), Ok(()));
        let lost = Transition::LinkDead { conn: CONN };
        assert!(then(&[lost, left]).is_err(), "because a minute has not passed");
        let minute = [Transition::Ticked { tick: 0 }; 59];
        assert_eq!(then(&[&[lost], &minute[..], &[left]].concat()), Ok(()));
    }

    #[test]
    fn a_session_that_is_held_is_gone_on_with() {
        let afresh = Transition::JoinedAfresh { tab: TAB, line: line(1), you: NetId(8) };
        let seated = Transition::Seated { conn: NEXT, you: NetId(8) };
        assert!(then(&[seated, afresh]).is_err(), "because its own session is still there");
        let moved = Transition::Moved { from: CONN, to: NEXT };
        let seated = Transition::Seated { conn: NEXT, you: YOU };
        let resumed = Transition::Resumed { tab: TAB, line: line(1), you: YOU };
        assert_eq!(then(&[moved, seated, resumed]), Ok(()));
        assert!(then(&[seated]).is_err(), "because two connections have one session");
        let other = Transition::Resumed { tab: TAB, line: line(1), you: NetId(9) };
        assert!(then(&[other]).is_err(), "because that is somebody else's");
    }

    #[test]
    fn nobody_is_dismissed_for_nothing() {
        let dismissed = |code| Transition::Dismissed { line: line(0), code };
        let stall = Transition::Struck(Fault::Stall { tab: TAB, ms: 9000 });
        for (code, is_fair) in [(4013, true), (4009, true), (1008, false), (1013, false)] {
            assert_eq!(then(&[stall, dismissed(code)]).is_ok(), is_fair, "{code}");
            assert!(then(&[dismissed(code)]).is_err(), "because its link was well");
        }
        assert!(then(&[Transition::Replaced { tab: TAB }]).is_err(), "because no twin came");
        assert!(then(&[dismissed(1000)]).is_err(), "because it did not say Bye");
        let away = Transition::TurnedAway { conn: NEXT };
        assert!(then(&[away]).is_err(), "because seven more have a place");
    }
}
