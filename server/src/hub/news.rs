//! Notifications: what somebody may want to know, to whom it matters.

use throng_shared::ids::NetId;
use throng_shared::limits::BESTS_WAITING_MAX;
use throng_shared::wire::{Event, News, Notification, Priority};

use super::{Hub, Now, Peak, RoomId};
use crate::identity::PlayerId;

impl Hub {
    pub(super) fn notify(&mut self, now: Now, to: (RoomId, NetId), priority: Priority, news: News) {
        let notification = Notification { priority, at_s: now.unix_s, news };
        self.tell(to, &Event::Notification(notification));
    }

    pub(super) fn note_death(
        &mut self,
        now: Now,
        (room, who): (RoomId, NetId),
        by: NetId,
        peak: Peak,
    ) {
        let name = self.rooms.get(&room).and_then(|it| it.members.get(&by));
        let name = name.map(|killer| killer.name.clone()).unwrap_or_default();
        self.notify(now, (room, who), Priority::Normal, News::KilledBy { name });
        self.note_peak((room, who), peak);
        self.record(now, room, who, true);
    }

    /// A player's best was sent to the disk under that number.
    pub(super) fn expect_best(&mut self, number: u64, player: PlayerId, score: u32) {
        if self.bests.len() >= BESTS_WAITING_MAX {
            self.bests.pop_front();
        }
        self.bests.push_back((number, player, score));
    }

    /// Tells whose best is durable: from now on no crash takes it.
    pub(super) fn tell_bests(&mut self, now: Now) {
        let durable = self.keeper.durable();
        while let Some((_, player, score)) = self.bests.pop_front_if(|it| it.0 <= durable) {
            // Once this is durable, so is what was read of its visits before.
            if self.keeper.best(player) > score {
                continue;
            }
            for place in self.places_of(player) {
                self.notify(now, place, Priority::High, News::PersonalBest { score });
            }
        }
    }

    pub(super) fn note_crown(&mut self, now: Now, room: RoomId, holder: Option<NetId>) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let before = std::mem::replace(&mut it.crown, holder);
        let Some(holder) = holder.filter(|_| before != holder) else { return };
        let name = it.members.get(&holder).map(|member| member.name.clone()).unwrap_or_default();
        let lost = before.filter(|loser| it.members.contains_key(loser));
        self.notify(now, (room, holder), Priority::Normal, News::TookCrown);
        if let Some(loser) = lost {
            self.notify(now, (room, loser), Priority::Normal, News::LostCrown { name });
        }
    }

    /// The server stops, and may be there again at that second of Unix time.
    pub fn announce_restart(&mut self, now: Now, at_s: u32) {
        self.tell_all(now, Priority::High, &News::Restart { at_s }, |_| true);
        self.end_listeners();
    }

    /// Says so when scores cannot be kept any more, or can again.
    pub(super) fn watch_storage(&mut self, now: Now) {
        let works = self.keeper.works();
        if works != self.works {
            self.works = works;
            self.tell_all(now, Priority::Normal, &News::Storage { works }, |_| true);
        }
    }

    /// Tells everybody in every room who is meant; how many that is.
    pub(super) fn tell_all(
        &mut self,
        now: Now,
        priority: Priority,
        news: &News,
        is_meant: impl Fn(&super::members::Member) -> bool,
    ) -> usize {
        let meant: Vec<_> = self
            .rooms
            .iter()
            .flat_map(|(&room, it)| {
                it.members.iter().map(move |(&you, member)| (room, you, member))
            })
            .filter(|(_, _, member)| is_meant(member))
            .map(|(room, you, _)| (room, you))
            .collect();
        for &to in &meant {
            self.notify(now, to, priority, news.clone());
        }
        meant.len()
    }
}
