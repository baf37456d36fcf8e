//! What a room tells as ordered messages: own scores, the board, the crown, kills.

use std::collections::HashMap;

use bytes::Bytes;
use throng_shared::ids::NetId;
use throng_shared::lattice::SUB_BITS;
use throng_shared::limits::{BOARD_MS, BOARD_ROWS, CROWN_MS};
use throng_shared::wire::{BoardRow, Event, encode, encode_into};

use super::watchers::Watchers;
use crate::link::{ConnId, Mail, RoomLink};
use crate::sim::{Happening, Sim, Standing};

/// Remembers what was told, so that only news is.
#[derive(Debug)]
pub(super) struct News {
    board_ticks: u32,
    crown_ticks: u32,
    rows: Vec<BoardRow>,
    players: usize,
    /// Rank that each player was told.
    ranks: HashMap<NetId, u16>,
    standings: Vec<Standing>,
}

impl News {
    pub(super) fn new(tick_hz: u32) -> Self {
        let ticks = |ms: u64| (u64::from(tick_hz) * ms / 1000).max(1) as u32;
        Self {
            board_ticks: ticks(BOARD_MS),
            crown_ticks: ticks(CROWN_MS),
            rows: Vec::new(),
            players: 0,
            ranks: HashMap::new(),
            standings: Vec::new(),
        }
    }

    /// Posts what the last tick's happenings and the clock make due.
    pub(super) fn report(
        &mut self,
        sim: &Sim,
        (conns, watchers): (&Conns, &Watchers),
        link: &mut RoomLink,
    ) {
        for happening in sim.happenings() {
            self.report_happening(sim, conns, link, happening);
        }
        let tick = sim.tick().0;
        if tick.is_multiple_of(self.board_ticks) {
            self.report_board(sim, (conns, watchers), link);
        }
        if tick.is_multiple_of(self.crown_ticks)
            && let Some(leader) = sim.crown().and_then(|id| sim.player(id))
        {
            let tile = (leader.body.pos.as_uvec2()) >> SUB_BITS;
            link.broadcast(&bytes(Event::CrownAt { x: tile.x as u16, y: tile.y as u16 }));
        }
    }

    /// Tells a spectator who has come what others were told before.
    pub(super) fn greet(&self, sim: &Sim, conn: ConnId, link: &mut RoomLink) {
        post(link, conn, crown(sim, sim.crown()));
        post(link, conn, bytes(self.board()));
    }

    /// The last board, for somebody without a rank.
    fn board(&self) -> Event {
        let players = u16::try_from(self.players).unwrap_or(u16::MAX);
        Event::Board { rows: self.rows.clone(), players, rank: 0 }
    }

    /// The standings of the last board, best first.
    pub(super) fn standings(&self) -> &[Standing] {
        &self.standings
    }

    fn report_happening(
        &mut self,
        sim: &Sim,
        conns: &Conns,
        link: &mut RoomLink,
        happening: &Happening,
    ) {
        match *happening {
            Happening::Scored { who } => {
                let (Some(it), Some(conn)) = (sim.player(who), conns.conn(who)) else { return };
                let score = Event::Score { shards: it.purse.shards, kills: it.purse.kills };
                post(link, conn, bytes(score));
            }
            Happening::Crowned { holder } => link.broadcast(&crown(sim, holder)),
            Happening::Joined { who } => {
                let Some(conn) = conns.conn(who) else { return };
                post(link, conn, crown(sim, sim.crown()));
            }
            // Whoever comes back may have forgotten all it knew.
            Happening::Returned { who } => {
                self.ranks.remove(&who);
                let (Some(it), Some(conn)) = (sim.player(who), conns.conn(who)) else { return };
                post(link, conn, crown(sim, sim.crown()));
                let score = Event::Score { shards: it.purse.shards, kills: it.purse.kills };
                post(link, conn, bytes(score));
            }
            Happening::Left { who, .. } => {
                self.ranks.remove(&who);
            }
            Happening::Died { who, by, crown, .. } => {
                let name = |id| sim.player(id).map_or_else(String::new, |it| it.name.to_owned());
                let message = bytes(Event::Kill {
                    killer: by,
                    killer_name: name(by),
                    victim: who,
                    victim_name: name(who),
                    crown,
                });
                if crown {
                    link.broadcast(&message);
                    return;
                }
                for conn in [by, who].into_iter().filter_map(|id| conns.conn(id)) {
                    post(link, conn, message.clone());
                }
            }
            Happening::Steered { .. }
            | Happening::Thrust { .. }
            | Happening::Dashed { .. }
            | Happening::Spawned { .. }
            | Happening::Withdrew { .. }
            | Happening::Linked { .. }
            | Happening::Health { .. }
            | Happening::Fired { .. }
            | Happening::BoltHit { .. }
            | Happening::ShardFell { .. }
            | Happening::Gathered { .. } => {}
        }
    }

    /// Tells the board to everybody for whom it reads differently than last time.
    fn report_board(
        &mut self,
        sim: &Sim,
        (conns, watchers): (&Conns, &Watchers),
        link: &mut RoomLink,
    ) {
        sim.standings(&mut self.standings);
        let rows: Vec<BoardRow> = self
            .standings
            .iter()
            .take(BOARD_ROWS)
            .filter_map(|standing| {
                let name = sim.player(standing.id)?.name.to_owned();
                Some(BoardRow { id: standing.id, name, shards: standing.shards })
            })
            .collect();
        let changed = rows != self.rows || self.standings.len() != self.players;
        self.players = self.standings.len();
        self.rows = rows;
        let board = self.board();
        if changed && watchers.len() > 0 {
            let message = bytes(board.clone());
            for conn in watchers.conns() {
                post(link, conn, message.clone());
            }
        }
        // The same bytes for all but the rank, the last field, of one byte when zero.
        let mut same = encode(&board);
        same.pop();
        let mut above = 0;
        for (place, standing) in self.standings.iter().enumerate() {
            // Equals share the better rank, so that nobody's rank moves without cause.
            if place == 0 || self.standings[place - 1].shards != standing.shards {
                above = place;
            }
            let rank = u16::try_from(above + 1).unwrap_or(u16::MAX);
            let moved = self.ranks.insert(standing.id, rank) != Some(rank);
            if let Some(conn) = conns.conn(standing.id).filter(|_| changed || moved) {
                let mut message = same.clone();
                encode_into(&mut message, &rank);
                post(link, conn, packed(message));
            }
        }
    }
}

fn crown(sim: &Sim, holder: Option<NetId>) -> Bytes {
    let name = holder.and_then(|id| sim.player(id)).map_or("", |it| it.name).to_owned();
    bytes(Event::Crown { holder: holder.unwrap_or_default(), name })
}

fn bytes(event: Event) -> Bytes {
    packed(encode(&event))
}

/// Without spare capacity: messages are kept until their clients have acknowledged them.
fn packed(message: Vec<u8>) -> Bytes {
    message.into_boxed_slice().into()
}

fn post(link: &mut RoomLink, conn: ConnId, message: Bytes) {
    link.post(conn.thread, Mail::Event { conn, message });
}

/// Which connection plays which player.
#[derive(Debug, Default)]
pub(super) struct Conns {
    by_conn: HashMap<ConnId, NetId>,
    by_id: Vec<Option<ConnId>>,
}

impl Conns {
    pub(super) fn insert(&mut self, conn: ConnId, id: NetId) {
        self.by_conn.insert(conn, id);
        if self.by_id.len() <= id.index() {
            self.by_id.resize(id.index() + 1, None);
        }
        self.by_id[id.index()] = Some(conn);
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<NetId> {
        let id = self.by_conn.remove(&conn)?;
        self.by_id[id.index()] = None;
        Some(id)
    }

    pub(super) fn id(&self, conn: ConnId) -> Option<NetId> {
        self.by_conn.get(&conn).copied()
    }

    pub(super) fn conn(&self, id: NetId) -> Option<ConnId> {
        *self.by_id.get(id.index())?
    }
}
