//! What players have reached: kept while they play, and when a life is over.

use throng_shared::ids::NetId;

use super::{Hub, Now, Peak, RoomId, Standing};
use crate::identity::PlayerId;
use crate::store::Score;

impl Hub {
    pub(super) fn note_standings(&mut self, room: RoomId, standings: Vec<Standing>) {
        for standing in &standings {
            self.note_peak((room, standing.you), standing.peak);
        }
        if let Some(it) = self.rooms.get_mut(&room) {
            it.standings = standings;
        }
    }

    /// What the room says that somebody held at once in this life, at best.
    pub(super) fn note_peak(&mut self, (room, you): (RoomId, NetId), peak: Peak) {
        let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
        if let Some(member) = member {
            member.peak = member.peak.max(peak);
        }
    }

    /// Keeps what a player has reached in this life, which may be over. A best is news once it is durable.
    pub(super) fn record(&mut self, now: Now, room: RoomId, you: NetId, over: bool) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.get_mut(&you) else { return };
        let Peak { shards, kills } = member.peak;
        let player = member.who.player;
        if over {
            member.peak = Peak::default();
        }
        if player == PlayerId(0) || shards == 0 {
            return;
        }
        // What it had on visits before may be read from the disk only after it came.
        let known = self.keeper.best(player);
        if known > member.recorded {
            member.best = member.best.max(known);
        }
        member.recorded = if over { 0 } else { shards };
        let is_best = shards > member.best;
        if over && is_best {
            member.best = shards;
        }
        let (name, room) = (member.name.clone(), it.info.name.clone());
        let at_s = u64::from(now.unix_s);
        let taken = self.keeper.record(Score { player, name, room, shards, kills, at_s });
        if let Some(number) = taken.filter(|_| over && is_best) {
            self.expect_best(number, player, shards);
        }
    }
}
