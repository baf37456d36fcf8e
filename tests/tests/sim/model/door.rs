//! Who is let in, and who is told to go.

use std::time::Duration;

use throng_shared::limits::{
    RESTART_RETRY_MAX_MS, RESTART_RETRY_MS, RETRY_MAX_MS, TICKET_AHEAD_S, TICKET_S, TICKET_SKEW_S,
};
use throng_shared::session::CloseCode;

use super::super::transition::{LineId, Made, TabId};
use super::{Model, Verdict};

impl Model {
    /// A session began with a ticket, which is taken once.
    pub(super) fn redeem(&mut self, now: Duration, line: LineId, session: usize) -> Verdict {
        let ticket = self.line_tickets.get(&line).and_then(|it| self.tickets.get_mut(it));
        let Some(ticket) = ticket else {
            return Err(format!("{line:?} was let in without a ticket"));
        };
        if ticket.made != Made::Honestly {
            return Err(format!("{line:?} was let in with a bad ticket: {ticket:?}"));
        }
        let life = Duration::from_secs(TICKET_S + TICKET_SKEW_S + 1);
        // A link may have held up the Welcome.
        if now > ticket.at + life + Duration::from_secs(30) {
            return Err(format!("{line:?} was let in with an old ticket: {ticket:?}"));
        }
        if ticket.at < self.started {
            return Err(format!("{line:?} was let in with a ticket from before the start"));
        }
        for &before in &ticket.sessions {
            let it = &self.sessions[before];
            if it.ended.is_none() || it.is_proven {
                return Err(format!("{ticket:?} was taken twice: {it:?}"));
            }
        }
        ticket.sessions.push(session);
        Ok(())
    }

    /// Whether a line brought a ticket that need not be taken.
    fn is_bad_ticket(&self, line: LineId) -> bool {
        let ticket = self.line_tickets.get(&line).and_then(|it| self.tickets.get(it));
        ticket.is_none_or(|ticket| {
            ticket.made != Made::Honestly || ticket.lines > 1 || ticket.at < self.started
        })
    }

    pub(super) fn dismissed(&mut self, now: Duration, line: LineId, code: u16) -> Verdict {
        let mut honest = vec![CloseCode::Left, CloseCode::Replaced];
        let is_over = match self.welcomed.get(&line) {
            Some(&session) => self.sessions[session].was_killed,
            None => {
                let since = self.connected.get(&line).copied().unwrap_or_default();
                self.crashed.is_some_and(|crashed| crashed >= since)
            }
        };
        if is_over {
            honest.push(CloseCode::RoomCrashed);
        }
        if self.has_tickets && self.is_bad_ticket(line) {
            let has_brought_one = self.line_tickets.contains_key(&line);
            honest.push(if has_brought_one {
                CloseCode::AuthFailed
            } else {
                CloseCode::NotAuthenticated
            });
        }
        if self.is_draining {
            honest.push(CloseCode::Restart);
        }
        let soon = self.started + Duration::from_secs(TICKET_AHEAD_S + 1);
        let ticket = self.line_tickets.get(&line).and_then(|it| self.tickets.get(it));
        if now < self.shut_until
            || ticket.is_some_and(|it| it.made == Made::Honestly && it.at < soon)
        {
            honest.push(CloseCode::Full);
        }
        if self.troubled.contains(&line) {
            honest.extend([CloseCode::Silent, CloseCode::SlowConsumer]);
        }
        let Some(tab) = self.lines.get(&line) else { return Ok(()) };
        let state = self.tabs.entry(*tab).or_default();
        self.counts.refused += u32::from(CloseCode::of(code) == Some(CloseCode::Full));
        let is_unwanted = |it| matches!(it, CloseCode::AuthFailed | CloseCode::NotAuthenticated);
        self.counts.unwanted += u32::from(CloseCode::of(code).is_some_and(is_unwanted));
        match CloseCode::of(code) {
            Some(CloseCode::Full) if !honest.contains(&CloseCode::Full) => match self
                .turned_away
                .checked_sub(1)
            {
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

    pub(super) fn told(&mut self, tab: TabId, code: u16, retry_after_ms: u32) -> Verdict {
        let is_full = CloseCode::of(code) == Some(CloseCode::Full);
        if is_full && !(RESTART_RETRY_MS..=RETRY_MAX_MS).contains(&retry_after_ms) {
            return Err(format!("{tab:?} is to come back after {retry_after_ms} ms"));
        }
        if CloseCode::of(code) == Some(CloseCode::Restart) {
            self.counts.drained += 1;
            if !(RESTART_RETRY_MS..RESTART_RETRY_MAX_MS).contains(&retry_after_ms) {
                return Err(format!("{tab:?} is to be back {retry_after_ms} ms after a restart"));
            }
        }
        let state = self.tabs.entry(tab).or_default();
        state.is_over |= CloseCode::of(code) == Some(CloseCode::Left);
        state.is_room_full |= is_full;
        Ok(())
    }
}
