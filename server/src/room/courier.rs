//! The room as courier between its players and the hub: what they ask goes on, what is
//! for them goes to the connection that plays them at that moment, in one order with all
//! else that the room tells.

use std::collections::VecDeque;

use bytes::Bytes;
use throng_shared::ids::NetId;
use throng_shared::limits::{BOARD_MS, PLAYERS_MAX};
use throng_shared::wire::{Ask, Event, Outcome, Problem, encode};

use super::news::Conns;
use super::peaks::Peaks;
use super::watchers::Watchers;
use crate::hub::{Delivery, HubPort, Report, RoomInfo, Standing as Place, Untold};
use crate::link::{ConnId, Mail, RoomLink};
use crate::sim::{Happening, Sim, Standing};

/// Comings and goings that wait for a hub that takes nothing.
const BACKLOG_MAX: usize = PLAYERS_MAX * 2;

/// What is told the hub once a second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) spectators: u16,
    /// Ticks that were published late or skipped since the start.
    pub(super) late_ticks: u32,
}

#[derive(Debug)]
pub(super) struct Courier {
    port: HubPort,
    second_ticks: u32,
    /// What the hub has to know sooner or later, in order.
    backlog: VecDeque<Report>,
    /// Longest work of a tick in this second.
    work_us: u32,
    peaks: Peaks,
}

impl Courier {
    pub(super) fn new(port: HubPort, info: RoomInfo) -> Self {
        let second_ticks = (u32::from(info.tick_hz) * BOARD_MS as u32 / 1000).max(1);
        let (backlog, peaks) = (VecDeque::new(), Peaks::default());
        let mut courier = Self { port, second_ticks, backlog, work_us: 0, peaks };
        courier.tell(Report::Opened(info));
        courier
    }

    /// Tells the hub something that it has to know, now or later.
    pub(super) fn tell(&mut self, report: Report) {
        self.clear_backlog();
        if !self.backlog.is_empty() {
            self.keep(report);
        } else if let Err(Untold::Full(report)) = self.port.tell(report) {
            self.keep(report);
        }
    }

    /// A player goes, with what it reached in this life.
    pub(super) fn let_go(&mut self, you: NetId) {
        let peak = self.peaks.take(you);
        self.tell(Report::Left { you, peak });
    }

    fn keep(&mut self, report: Report) {
        if self.backlog.len() < BACKLOG_MAX {
            self.backlog.push_back(report);
        }
    }

    fn clear_backlog(&mut self) {
        while let Some(report) = self.backlog.pop_front() {
            if let Err(Untold::Full(report)) = self.port.tell(report) {
                self.backlog.push_front(report);
                break;
            }
        }
    }

    /// Passes on what a player asks for, or says at once why it cannot.
    pub(super) fn ask(
        &mut self,
        link: &mut RoomLink,
        (conn, you): (ConnId, Option<NetId>),
        call: u32,
        ask: Ask,
    ) {
        self.clear_backlog();
        let (problem, text) = match you {
            None => (Problem::OutOfPlace, "You are not in this room any more."),
            Some(_) if !self.backlog.is_empty() => BUSY,
            Some(you) => match self.port.tell(Report::Asked { you, call, ask }) {
                Ok(()) => return,
                Err(Untold::Full(_)) => BUSY,
                Err(Untold::Nobody) => {
                    (Problem::NotAllowed, "This room has nobody who could answer that.")
                }
            },
        };
        let outcome = Outcome::Refused { problem, text: text.to_owned(), retry_after_ms: 0 };
        let message = Bytes::from(encode(&Event::Answer { call, outcome }));
        let is_fault = false;
        link.post(conn.thread, Mail::Answer { conn, call, is_fault, message });
    }

    /// Tells of a tick, and once a second how the room is.
    pub(super) fn report(&mut self, sim: &Sim, standings: &[Standing], sums: Sums) {
        for happening in sim.happenings() {
            let ended = self.peaks.follow(sim, happening);
            match *happening {
                Happening::Died { who, by, .. } => {
                    self.tell(Report::Died { who, by, peak: ended.unwrap_or_default() });
                }
                Happening::Crowned { holder } => self.tell(Report::Crown { holder }),
                Happening::Steered { .. }
                | Happening::Thrust { .. }
                | Happening::Dashed { .. }
                | Happening::Joined { .. }
                | Happening::Spawned { .. }
                | Happening::Left { .. }
                | Happening::Withdrew { .. }
                | Happening::Linked { .. }
                | Happening::Returned { .. }
                | Happening::Health { .. }
                | Happening::Fired { .. }
                | Happening::BoltHit { .. }
                | Happening::ShardFell { .. }
                | Happening::Gathered { .. }
                | Happening::Scored { .. } => {}
            }
        }
        if !sim.tick().0.is_multiple_of(self.second_ticks) || !self.port.is_some() {
            return;
        }
        self.clear_backlog();
        let place = |it: &Standing| {
            let kills = sim.player(it.id).map_or(0, |player| player.purse.kills.into());
            Place { you: it.id, shards: it.shards, kills, peak: self.peaks.of(it.id) }
        };
        let standings = Report::Standings(standings.iter().map(place).collect());
        let players = u16::try_from(sim.players()).unwrap_or(u16::MAX);
        let Sums { spectators, late_ticks } = sums;
        let work_us = std::mem::take(&mut self.work_us);
        let pulse = Report::Pulse { players, spectators, work_us, late_ticks };
        if self.backlog.is_empty() {
            // The next second brings newer ones.
            drop(self.port.tell(standings));
            drop(self.port.tell(pulse));
        }
    }

    pub(super) fn note_work(&mut self, work_us: u32) {
        self.work_us = self.work_us.max(work_us);
    }

    /// Hands over what the hub has for players.
    pub(super) fn deliver(&self, (conns, watchers): (&Conns, &Watchers), link: &mut RoomLink) {
        let conn_of = |you: NetId| conns.conn(you).or_else(|| watchers.conn(you));
        for delivery in self.port.take() {
            match delivery {
                Delivery::Event { you, message } => {
                    if let Some(conn) = conn_of(you) {
                        link.post(conn.thread, Mail::Event { conn, message });
                    }
                }
                Delivery::Answer { you, call, message } => {
                    if let Some(conn) = conn_of(you) {
                        // The hub counts what is wrong in what it is asked for.
                        let is_fault = false;
                        link.post(conn.thread, Mail::Answer { conn, call, is_fault, message });
                    }
                }
                Delivery::Broadcast { message } => link.broadcast(&message),
                Delivery::Expel { you, code, reason } => {
                    if let Some(conn) = conn_of(you) {
                        link.post(conn.thread, Mail::Expel { conn, code, reason });
                    }
                }
            }
        }
    }
}

impl Drop for Courier {
    /// A room that ends, however it does, ends the lives of all who are in it.
    fn drop(&mut self) {
        for (you, peak) in self.peaks.drain() {
            self.tell(Report::Left { you, peak });
        }
    }
}

const BUSY: (Problem, &str) = (Problem::Busy, "The server has too much to do just now.");

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Limits;
    use crate::hub::{HubThread, Traffic};
    use crate::identity::PlayerId;
    use crate::link::{RoomId, Visitor};
    use crate::room::peaks::tests::world;
    use crate::stop::StopSign;
    use crate::store::{Kept, Store};

    #[test]
    fn what_somebody_reached_is_kept_however_a_room_ends_and_when_the_hub_stops() {
        let (store, _writer) = Store::open(None, Kept::default()).expect("there is memory");
        let clean = Box::new(str::to_owned);
        let traffic = Box::new(Traffic::default);
        let keeper = Box::new(store.clone());
        let (hub, desk) = HubThread::new(Arc::new(Limits::default()), clean, keeper, traffic);
        let info = RoomInfo { name: "arena".to_owned(), tick_hz: 30, ..RoomInfo::default() };
        let mut courier = Courier::new(desk.port(RoomId { place: 1, number: 1 }), info);
        let (mut sim, you) = world();
        let (player, name) = (PlayerId(7), "Ada".to_owned());
        let who = Visitor { player, operator: false };
        courier.tell(Report::Joined { you, name, who, spectator: false });
        // No second is over, so that nothing was told of it.
        for _ in 0..3 {
            sim.step();
            courier.report(&sim, &[], Sums::default());
            sim.forget();
        }
        drop(courier);
        let stop = StopSign::default();
        stop.raise();
        hub.run(&stop);
        assert_eq!(store.best(player), 40);
    }
}
