//! Sessions between rooms, and rooms and servers that end.

use std::time::Duration;

use throng::link::ConnId;

use super::super::transition::Site;
use super::{Model, Verdict};

impl Model {
    /// The room before is to let a session go, which the next one has.
    pub(super) fn departing(&mut self, now: Duration, site: Site, conn: ConnId) -> Verdict {
        let Some(session) = self.at(conn) else {
            return Err(format!("{conn:?} is to leave {site:?}, and has no session"));
        };
        let it = &mut self.sessions[session];
        self.by_you.retain(|&(of, _), &mut it| of != site || it != session);
        if it.site != site {
            // It has arrived in a hurry.
            return Ok(());
        }
        let Some(next) = &mut it.next else {
            // It has left the next one just now as well.
            return self.end(now, session);
        };
        if next.has_crashed {
            self.forget(now, session);
            return Ok(());
        }
        next.departs = true;
        self.departing.insert((site, conn), session);
        Ok(())
    }

    /// Something concerns a session in the next room: so it is there, whatever the room
    /// before has to say.
    pub(super) fn hurry(&mut self, now: Duration, site: Site, conn: ConnId) {
        let Some(session) = self.at(conn) else { return };
        let it = &mut self.sessions[session];
        if let Some(next) = it.next.as_mut().filter(|next| next.site == site) {
            next.departs = true;
            it.arrive(now, true);
        }
    }

    /// A room has crashed: its sessions are over, and no other.
    pub(super) fn crash(&mut self, now: Duration, site: Site) {
        self.counts.crashed += 1;
        self.crashed = Some(now);
        self.by_you.retain(|&(of, _), _| of != site);
        for session in 0..self.sessions.len() {
            let it = &mut self.sessions[session];
            if it.ended.is_some() {
                continue;
            }
            if it.site != site {
                let Some(next) = it.next.as_mut().filter(|next| next.site == site) else {
                    continue;
                };
                next.has_crashed = true;
                if next.departs {
                    self.forget(now, session);
                }
            } else if let Some(next) = &mut it.next {
                // Whether it is there already is for its thread to say.
                next.departs = true;
                it.may_end = true;
                it.arrive(now, true);
            } else {
                self.forget(now, session);
            }
        }
    }

    /// A session is over that nobody ended.
    pub(super) fn forget(&mut self, now: Duration, session: usize) {
        let it = &mut self.sessions[session];
        it.was_killed = true;
        it.ended = Some(now);
        self.by_you.retain(|_, &mut it| it != session);
        self.by_conn.retain(|_, &mut it| it != session);
    }

    /// The server is killed.
    pub(super) fn kill(&mut self, now: Duration) {
        self.counts.restarts += 1;
        for it in self.sessions.iter_mut().filter(|it| it.ended.is_none()) {
            it.was_killed = true;
            it.ended = Some(now);
        }
        self.by_you.clear();
        self.by_conn.clear();
        self.early_lost.clear();
        self.early_left.clear();
        self.departing.clear();
        self.fullest.clear();
        self.turned_away = 0;
    }
}
