//! Spectators of a room: they have a connection and a number for the hub, and nothing in the
//! simulation.

use bytes::Bytes;
use throng_shared::ids::NetId;
use throng_shared::limits::{RETRY_MS, RETRY_SPREAD_MS};
use throng_shared::session::{CloseCode, Name};
use throng_shared::wire::{Ask, Event, Outcome, Problem, Whom, encode};

use super::RoomWorker;
use crate::hub::{Peak, Report};
use crate::link::{ConnId, Mail, Visitor};
use crate::room::news::News;
use crate::room::watchers::{Stage, Unwatched};
use crate::sim::{Link, Sim};

/// Why a spectator is not taken in.
const CROWDED: &str = "as many look on in this room as may";

impl RoomWorker {
    /// Takes in a spectator, if there is a place.
    pub(super) fn take_spectator(&mut self, conn: ConnId, name: &Name, who: Visitor) {
        let Self { sim, news, watchers, .. } = self;
        let Some((id, seeing)) = on_stage(sim, news, |stage| watchers.join(conn, stage)) else {
            let retry_after_ms = RETRY_MS + self.chance.below(RETRY_SPREAD_MS);
            let (code, reason) = (CloseCode::Full, CROWDED);
            self.link.post(conn.thread, Mail::Refused { conn, code, reason, retry_after_ms });
            return;
        };
        let name = name.as_str().to_owned();
        self.courier.tell(Report::Joined { you: id, name, who, spectator: true });
        self.show(conn, id, seeing);
    }

    /// A connection is lost, if it is a spectator's.
    pub(super) fn detach_spectator(&mut self, conn: ConnId) {
        if let Some(you) = self.watchers.detach(conn) {
            self.courier.tell(Report::Linked { you, dead: true });
        }
    }

    /// A session goes on at another connection, if it is a spectator's.
    pub(super) fn rebind_spectator(&mut self, from: ConnId, to: ConnId) {
        let Some((you, seeing)) = self.watchers.rebind(from, to) else { return };
        self.link.post(from.thread, Mail::Moved { conn: from, to });
        self.show(to, you, seeing);
        self.courier.tell(Report::Linked { you, dead: false });
    }

    /// Lets a connection go, if it is a spectator's.
    pub(super) fn dismiss_spectator(&mut self, conn: ConnId) {
        if let Some(you) = self.watchers.leave(conn) {
            self.courier.tell(Report::Left { you, peak: Peak::default() });
        }
    }

    /// A spectator asks for something: whom it looks at is decided here.
    pub(super) fn ask_as_spectator(&mut self, (conn, you): (ConnId, NetId), call: u32, ask: Ask) {
        let Ask::Watch { whom } = ask else {
            return self.courier.ask(&mut self.link, (conn, Some(you)), call, ask);
        };
        let tick_hz = u64::from(self.tick_hz);
        let every_ms = self.watch_every_ms;
        let every = (tick_hz * u64::from(every_ms) / 1000).max(1) as u32;
        let Self { sim, news, watchers, .. } = self;
        let when = (sim.tick(), every);
        let outcome = match on_stage(sim, news, |stage| watchers.watch(you, whom, when, stage)) {
            Ok(()) => Outcome::Done,
            Err(Unwatched::NoSuchPlayer) => {
                let who = match whom {
                    Whom::Player { who } => who.0,
                    Whom::Crown => NetId::NOBODY.0,
                };
                let text = format!("Nobody who plays in this room has the number {who}.");
                Outcome::Refused { problem: Problem::NoSuchPlayer, text, retry_after_ms: 0 }
            }
            Err(Unwatched::TooFast { ticks }) => Outcome::Refused {
                problem: Problem::TooFast,
                text: format!("You may look at another one every {every_ms} ms."),
                retry_after_ms: (u64::from(ticks) * 1000).div_ceil(tick_hz) as u32,
            },
        };
        let is_fault = outcome != Outcome::Done;
        let message = packed(&Event::Answer { call, outcome });
        self.link.post(conn.thread, Mail::Answer { conn, call, is_fault, message });
    }

    /// Shows every spectator whom it is to see from this tick on.
    pub(super) fn follow(&mut self) {
        let Self { sim, news, watchers, link, .. } = self;
        self.status.note_spectators(watchers.len());
        if watchers.len() == 0 {
            return;
        }
        on_stage(sim, news, |stage| {
            watchers.follow(stage, |conn, who| {
                let message = packed(&Event::Watching { who });
                link.post(conn.thread, Mail::Watch { conn, who, message })
            });
        });
    }

    /// The Welcome of a spectator, and what it has to know besides.
    fn show(&mut self, conn: ConnId, own: NetId, you: NetId) {
        let tick = self.sim.tick();
        let welcome = self.greeting.welcome_spectator(own, you, tick);
        self.link.post(conn.thread, Mail::Joined { conn, you, tick, welcome });
        let message = packed(&Event::Watching { who: you });
        self.link.post(conn.thread, Mail::Event { conn, message });
        self.news.greet(&self.sim, conn, &mut self.link);
    }
}

/// Has `run` look at who can be seen.
fn on_stage<T>(sim: &Sim, news: &News, run: impl FnOnce(&Stage<'_>) -> T) -> T {
    let plays = |who| sim.player(who).is_some_and(|it| it.link != Link::Away);
    let leaders = || news.standings().iter().map(|standing| standing.id);
    let anybody = || leaders().chain(sim.ids()).find(|&who| plays(who));
    run(&Stage { crown: sim.crown(), plays: &plays, anybody: &anybody })
}

fn packed(event: &Event) -> Bytes {
    encode(event).into_boxed_slice().into()
}
