//! One session in the simplest terms: where it is, and what it is owed.

use std::time::Duration;

use throng::link::ConnId;
use throng_shared::ids::NetId;

use super::super::transition::{Answer, LineId, Site};

/// An ordered event of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) at: Duration,
    pub(super) what: What,
    /// The network need not tell it any more: it was said in a room that its player had
    /// left in a hurry.
    pub(super) may_miss: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A room posted it.
    Posted(u64),
    /// The network's word that the session is in another room, to whatever call it is.
    Arrival,
    /// The network's word that the server stops.
    Forewarned,
    /// The network's answer to a call.
    Answered { call: u32, what: u64 },
}

/// The room that a session is on its way to, where it has a glider already.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) site: Site,
    pub(super) you: NetId,
    pub(super) posted: Vec<Entry>,
    /// The room before was asked to let it go: there is no way back.
    pub(super) departs: bool,
    pub(super) has_crashed: bool,
}

/// One session: where it is, what was posted to it, who has it, and how it ended.
pub(super) struct Session {
    pub(super) site: Site,
    pub(super) you: NetId,
    pub(super) next: Option<Next>,
    /// Every room where it was, and those that its clients asked for, by call.
    pub(super) visited: Vec<Site>,
    pub(super) wishes: Vec<(u32, Site)>,
    /// When it set out last.
    pub(super) set_out: Duration,
    pub(super) conn: ConnId,
    pub(super) posted: Vec<Entry>,
    /// Number of the newest event that a client has received.
    pub(super) received: u32,
    pub(super) lost: Option<Duration>,
    /// An input of it came to the room.
    pub(super) is_proven: bool,
    /// More than one tab knows it.
    pub(super) is_shared: bool,
    /// Its player said Bye, or was told not to come back.
    pub(super) may_end: bool,
    /// It ended with its room, or with the server.
    pub(super) was_killed: bool,
    /// It was there when the server was told to stop.
    pub(super) was_drained: bool,
    pub(super) ended: Option<Duration>,
    /// The line on which a Welcome left the server last.
    pub(super) line: Option<LineId>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { site, you, conn, posted, received, lost, is_proven, is_shared, next, .. } = self;
        let posted = posted.len();
        write!(f, "{you:?} in {site:?} at {conn:?}, {posted} posted, {received} received, ")?;
        write!(f, "lost {lost:?}, proven {is_proven}, shared {is_shared}, ")?;
        write!(f, "next {:?}", next.as_ref().map(|next| (next.site, next.departs)))
    }
}

impl Session {
    /// It is in the next room for good. Whoever left in a hurry hears nothing more of the
    /// room before.
    pub(super) fn arrive(&mut self, now: Duration, in_a_hurry: bool) {
        let Some(next) = self.next.take_if(|next| next.departs && !next.has_crashed) else {
            return;
        };
        let since = self.set_out;
        let late = self.posted.iter_mut().rev().take_while(|entry| entry.at >= since);
        late.for_each(|entry| entry.may_miss |= in_a_hurry);
        self.posted.push(Entry { at: now, what: What::Arrival, may_miss: false });
        self.posted.extend(next.posted);
        (self.site, self.you) = (next.site, next.you);
        self.visited.push(self.site);
    }

    /// It is told as this number that the server stops: by its thread, between what rooms post,
    /// and on its way to another thread by that one as well.
    pub(super) fn forewarn(&mut self, number: usize) {
        let at = (number - 1).min(self.posted.len());
        if self.posted.get(at).is_none_or(|it| it.what != What::Forewarned) {
            let time = self.posted.get(at).map_or(self.set_out, |it| it.at);
            let entry = Entry { at: time, what: What::Forewarned, may_miss: false };
            self.posted.insert(at, entry);
        }
    }

    /// What was promised as this number is told now: what need not be told is left out, and
    /// what the network said itself is put where it came.
    pub(super) fn settle(
        &mut self,
        number: usize,
        what: u64,
        answer: Option<Answer>,
    ) -> Result<(), String> {
        let at = number - 1;
        let told = |it: &Entry| match it.what {
            What::Posted(posted) => posted == what,
            What::Arrival => answer.is_some_and(|answer| answer.is_there),
            What::Forewarned => answer.is_none(),
            What::Answered { what: said, .. } => said == what,
        };
        if let Some(Answer { call, .. }) = answer {
            let before =
                |it: &Entry| matches!(it.what, What::Answered { call: of, .. } if of == call);
            if self.posted.iter().position(before).is_some_and(|before| before != at) {
                return Err(format!("call {call} was answered twice"));
            }
        }
        // A refusal comes between what was posted, and in place of nothing.
        let is_between = answer.is_some_and(|answer| !answer.is_there);
        while !is_between && self.posted.get(at).is_some_and(|it| it.may_miss && !told(it)) {
            self.posted.remove(at);
        }
        if let Some(Answer { call, is_there }) = answer {
            let answered = What::Answered { call, what };
            let was_there = self.was_there(call);
            match self.posted.get_mut(at) {
                Some(it) if it.what == What::Arrival && is_there => it.what = answered,
                Some(it) if it.what == answered => {}
                Some(_) | None if is_there && !was_there => {
                    return Err(format!("call {call} was done when nobody had arrived"));
                }
                Some(_) | None => {
                    let at = at.min(self.posted.len());
                    let time = self.posted.get(at).map_or(self.set_out, |it| it.at);
                    self.posted.insert(at, Entry { at: time, what: answered, may_miss: false });
                }
            }
        }
        match self.posted.get(at) {
            Some(it) if told(it) => Ok(()),
            Some(it) => {
                let place = self.posted.iter().position(told);
                Err(format!("event {number} should be {it:?} and is what was posted as {place:?}"))
            }
            None => Err(format!("event {number} was not posted")),
        }
    }

    /// Whether a call was for a room where it is, and need not go.
    fn was_there(&self, call: u32) -> bool {
        self.wishes.iter().any(|(of, site)| *of == call && self.visited.contains(site))
    }
}
