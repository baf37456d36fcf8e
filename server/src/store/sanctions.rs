//! Bans and mutes that count, in memory: they are asked for at the door and at each line
//! of chat, where nothing may wait for a disk.

use std::collections::BTreeMap;
use std::net::IpAddr;

use throng_shared::limits::{SANCTION_REASON_BYTES, SANCTION_S_MAX, SANCTIONS_MAX};

use crate::identity::PlayerId;

/// Somebody is not let in, or not heard, until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    pub player: PlayerId,
    /// Whoever comes from there as somebody new is banned or muted, too.
    pub address: Option<IpAddr>,
    /// In seconds of Unix time.
    pub until_s: u64,
    pub reason: String,
    /// Who decided it.
    pub operator: String,
}

impl Ban {
    /// What a banned player is told at `now_s`.
    #[must_use]
    pub fn sentence(&self, now_s: u64) -> String {
        let left = time_left(self.until_s.saturating_sub(now_s));
        match self.reason.as_str() {
            "" => format!("you are banned for another {left}"),
            reason => format!("you are banned for another {left}: {reason}"),
        }
    }
}

/// How long, in the largest unit that says it well.
fn time_left(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds.max(1), "second"),
        120..=7_199 => (seconds.div_ceil(60), "minute"),
        7_200..=172_799 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Cuts a text at a character.
pub(super) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

/// What was decided about players, and has not run out.
#[derive(Debug, Default)]
pub(super) struct Sanctions {
    by_player: BTreeMap<PlayerId, Ban>,
    by_address: BTreeMap<IpAddr, PlayerId>,
}

impl Sanctions {
    /// Puts one in the place of any that there was. When there are far too many, those
    /// that end first make room.
    pub(super) fn put(&mut self, mut ban: Ban, now_s: u64) -> Ban {
        ban.until_s = ban.until_s.min(now_s + SANCTION_S_MAX);
        ban.address = ban.address.map(|it| it.to_canonical());
        cut(&mut ban.reason, SANCTION_REASON_BYTES);
        cut(&mut ban.operator, SANCTION_REASON_BYTES);
        self.lift(ban.player);
        if self.by_player.len() >= SANCTIONS_MAX {
            self.expire(now_s);
        }
        if self.by_player.len() >= SANCTIONS_MAX {
            let first = self.by_player.values().min_by_key(|ban| ban.until_s);
            if let Some(player) = first.map(|ban| ban.player) {
                self.lift(player);
            }
        }
        if let Some(address) = ban.address
            && self.of_address(address).is_none_or(|it| it.until_s <= ban.until_s)
        {
            self.by_address.insert(address, ban.player);
        }
        self.by_player.insert(ban.player, ban.clone());
        ban
    }

    /// The one of whoever comes from an address as somebody new.
    fn of_address(&self, address: IpAddr) -> Option<&Ban> {
        self.by_player.get(self.by_address.get(&address)?)
    }

    /// Takes one back. Whether there was any.
    pub(super) fn lift(&mut self, player: PlayerId) -> bool {
        let Some(ban) = self.by_player.remove(&player) else { return false };
        if let Some(address) = ban.address
            && self.by_address.get(&address) == Some(&player)
        {
            self.by_address.remove(&address);
            // Another one of that address may run on.
            let others = self.by_player.values().filter(|it| it.address == Some(address));
            if let Some(other) = others.max_by_key(|it| it.until_s).map(|it| it.player) {
                self.by_address.insert(address, other);
            }
        }
        true
    }

    /// What counts for somebody at `now_s`.
    pub(super) fn find(
        &self,
        player: PlayerId,
        address: Option<IpAddr>,
        now_s: u64,
    ) -> Option<&Ban> {
        let of = |player: &PlayerId| {
            self.by_player.get(player).filter(|ban| player.is_somebody() && ban.until_s > now_s)
        };
        let by_address = || of(self.by_address.get(&address?.to_canonical())?);
        of(&player).or_else(by_address)
    }

    /// Forgets what has run out.
    pub(super) fn expire(&mut self, now_s: u64) {
        self.by_player.retain(|_, ban| ban.until_s > now_s);
        let Self { by_player, by_address } = self;
        by_address.retain(|_, player| by_player.contains_key(player));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(player: u32, address: Option<&str>, until_s: u64) -> Ban {
        let address = address.map(|text| text.parse().expect("it is an address"));
        let (reason, operator) = ("insults".to_owned(), "Ada".to_owned());
        Ban { player: PlayerId(player), address, until_s, reason, operator }
    }

    #[test]
    fn a_ban_counts_for_the_player_and_the_address_until_it_runs_out() {
        let mut sanctions = Sanctions::default();
        sanctions.put(ban(1, Some("::ffff:192.0.2.1"), 100), 50);
        sanctions.put(ban(2, None, 200), 50);
        let there = Some("192.0.2.1".parse().expect("it is an address"));
        assert!(sanctions.find(PlayerId(1), None, 99).is_some());
        assert!(sanctions.find(PlayerId(7), there, 99).is_some());
        assert!(sanctions.find(PlayerId(7), None, 99).is_none());
        assert!(sanctions.find(PlayerId(1), there, 100).is_none(), "because it is over");
        sanctions.expire(100);
        assert_eq!((sanctions.by_player.len(), sanctions.by_address.len()), (1, 0));
        assert!(sanctions.lift(PlayerId(2)) && !sanctions.lift(PlayerId(2)));
        assert!(sanctions.find(PlayerId(2), None, 99).is_none());
    }

    #[test]
    fn of_two_from_one_address_the_longer_counts_there() {
        let mut sanctions = Sanctions::default();
        let there = Some("192.0.2.1".parse().expect("it is an address"));
        for (player, until_s) in [(1, 200), (2, 100), (3, 150)] {
            sanctions.put(ban(player, Some("192.0.2.1"), until_s), 50);
        }
        let found = |sanctions: &Sanctions, now_s| {
            sanctions.find(PlayerId(7), there, now_s).map(|ban| ban.player)
        };
        assert_eq!(found(&sanctions, 160), Some(PlayerId(1)));
        sanctions.put(ban(4, Some("192.0.2.1"), 300), 50);
        assert_eq!(found(&sanctions, 250), Some(PlayerId(4)));
        sanctions.lift(PlayerId(4));
        assert_eq!(found(&sanctions, 160), Some(PlayerId(1)), "because that one runs on");
    }

    #[test]
    fn nobody_in_particular_cannot_be_banned() {
        let mut sanctions = Sanctions::default();
        sanctions.put(ban(0, None, 100), 50);
        assert!(sanctions.find(PlayerId::NOBODY, None, 60).is_none());
    }

    #[test]
    fn however_many_there_are_they_are_bounded_and_the_longest_stay() {
        let mut sanctions = Sanctions::default();
        for player in 1..=SANCTIONS_MAX as u32 + 5 {
            sanctions.put(ban(player, None, 1_000 + u64::from(player)), 50);
        }
        assert_eq!(sanctions.by_player.len(), SANCTIONS_MAX);
        assert!(sanctions.find(PlayerId(5), None, 60).is_none());
        assert!(sanctions.find(PlayerId(6), None, 60).is_some());
    }

    #[test]
    fn the_longest_sentence_fits_a_close_frame() {
        use throng_shared::limits::REASON_BYTES_MAX;
        let mut sanctions = Sanctions::default();
        let long = Ban { reason: "é".repeat(200), until_s: u64::MAX, ..ban(1, None, 0) };
        let kept = sanctions.put(long, 0);
        let sentence = kept.sentence(0);
        assert!(sentence.len() <= REASON_BYTES_MAX, "{sentence}");
        assert!(sentence.starts_with("you are banned for another 3650 days: éé"));
        for (left_s, told) in [(1, "1 second"), (120, "2 minutes"), (3_601, "61 minutes")] {
            assert_eq!(time_left(left_s), told);
        }
        assert_eq!((time_left(7_200), time_left(172_800)), ("2 hours".into(), "2 days".into()));
    }
}
