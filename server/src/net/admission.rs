//! Who may stand at the door: so many of an address, and so many in a second.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::lane::Peer;
use super::places::{Addresses, PeerRates, Presence};
use super::tally::Tally;
use crate::config::Limits;

/// What is known of an arrival before it has said anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may come in.
    Welcome,
    /// Its address has too many already.
    Crowded,
    /// A proxy, at this address, that has to say for whom it speaks.
    Proxy(IpAddr),
}

/// What each address has, and how fast it comes.
#[derive(Debug)]
pub(super) struct Admission {
    /// None: as many as come.
    connections_per_address: Option<u32>,
    turned_away: u32,
    addresses: Arc<Addresses>,
    accepts: PeerRates,
    tally: Arc<Tally>,
}

impl Admission {
    pub(super) fn new(limits: &Limits, tally: Arc<Tally>) -> Self {
        let is_capped = !limits.switched_off.address_caps;
        Self {
            connections_per_address: is_capped.then_some(limits.connections_per_address),
            turned_away: limits.turned_away_per_address,
            addresses: Arc::default(),
            accepts: PeerRates::new(limits.address_accepts_per_s, limits.address_accepts_burst_s),
            tally,
        }
    }

    /// Counts one more of an address, unless it has far too many, or they come too fast:
    /// then it is to be dropped, which is counted and costs no more than that.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        peer: Peer,
    ) -> Option<(Standing, Option<Presence>)> {
        let Some(most) = self.connections_per_address else {
            return Some((Standing::Welcome, None));
        };
        if !self.accepts.try_take(now, peer) {
            self.tally.closed("dropped: its address knocks too often".to_owned());
            return None;
        }
        let (presence, count) = self.addresses.enter(peer);
        if count <= most {
            Some((Standing::Welcome, Some(presence)))
        } else if count <= most + self.turned_away {
            Some((Standing::Crowded, Some(presence)))
        } else {
            self.tally.closed("dropped: its address has too many".to_owned());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_few_too_many_are_told_and_the_others_dropped() {
        let limits = Limits { connections_per_address: 3, ..Limits::default() };
        let limits = Limits { turned_away_per_address: 7, address_accepts_burst_s: 1, ..limits };
        let now = Instant::now();
        let mut admission = Admission::new(&limits, Arc::default());
        let all: Vec<_> = (0..100).map(|_| admission.admit(now, Peer::V4(1))).collect();
        let count = |standing| all.iter().flatten().filter(|(of, _)| *of == standing).count();
        assert_eq!(count(Standing::Welcome), 3);
        assert_eq!(count(Standing::Crowded), 7);
        assert_eq!(all.len() - all.iter().flatten().count(), 90, "because those are dropped");
        assert!(admission.admit(now, Peer::V4(2)).is_some(), "because others have their own");
        drop(all);
        assert!(admission.admit(now, Peer::V4(1)).is_none(), "because its burst is used up");
        let later = now + Duration::from_secs(1);
        let (standing, _) = admission.admit(later, Peer::V4(1)).expect("all have gone");
        assert_eq!(standing, Standing::Welcome);
    }
}
