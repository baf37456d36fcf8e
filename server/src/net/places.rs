//! The share that an address has: how many connections it may have open, and how often it
//! may ask for something. A network of version 6 counts as one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use throng_shared::limits::ADDRESSES_MAX;
use tokio::sync::OwnedSemaphorePermit;

use super::lane::Peer;

/// Between two sweeps of a table that is full.
const SWEEP: Duration = Duration::from_secs(1);

/// How many connections each address has open.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<BTreeMap<Peer, u32>>);

impl Addresses {
    /// Counts one more of an address until what is given is dropped; and how many there
    /// are with it.
    pub(super) fn enter(self: &Arc<Self>, peer: Peer) -> (Presence, u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        *count += 1;
        (Presence { addresses: Arc::clone(self), peer }, *count)
    }
}

/// One that is counted.
#[derive(Debug)]
pub(super) struct Presence {
    addresses: Arc<Addresses>,
    peer: Peer,
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counts.get_mut(&self.peer).map_or(0, |count| {
            *count -= 1;
            *count
        });
        // Only addresses that have something open are remembered.
        if left == 0 {
            counts.remove(&self.peer);
        }
    }
}

/// A place inside, until it is dropped: one of all, and one of its address.
#[derive(Debug)]
pub struct Place {
    pub(super) _permit: OwnedSemaphorePermit,
    pub(super) presence: Option<Presence>,
}

impl Place {
    /// Where its owner comes from; a network, if it is of version 6.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.presence.as_ref()?.peer.address()
    }
}

/// A rate for each address. It keeps no clock, and remembers only those who have used
/// some of theirs, and of them only so many.
#[derive(Debug)]
pub(super) struct PeerRates {
    /// Between two, if all come evenly.
    pause: Duration,
    /// How far ahead of that one may be.
    burst: Duration,
    /// When each has all of its rate again.
    full: BTreeMap<Peer, Instant>,
    /// The same for all who find no place in the table.
    others_full: Option<Instant>,
    swept: Option<Instant>,
}

impl PeerRates {
    pub(super) fn new(per_s: u32, burst_s: u32) -> Self {
        let pause = Duration::from_secs(1) / per_s.max(1);
        Self {
            pause,
            burst: Duration::from_secs(burst_s.into()).max(pause),
            full: BTreeMap::new(),
            others_full: None,
            swept: None,
        }
    }

    /// Whether an address may have one more; if so, it has had it.
    pub(super) fn try_take(&mut self, now: Instant, peer: Peer) -> bool {
        if peer == Peer::House {
            return true;
        }
        if self.full.len() >= ADDRESSES_MAX && !self.full.contains_key(&peer) {
            self.sweep(now);
        }
        let has_place = self.full.len() < ADDRESSES_MAX || self.full.contains_key(&peer);
        let known = if has_place { self.full.get(&peer).copied() } else { self.others_full };
        let full = known.unwrap_or(now).max(now) + self.pause;
        if full.saturating_duration_since(now) > self.burst {
            return false;
        }
        if has_place {
            self.full.insert(peer, full);
        } else {
            self.others_full = Some(full);
        }
        true
    }

    /// Forgets those who have all of their rate.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP) {
            self.swept = Some(now);
            self.full.retain(|_, full| *full > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_from_coming_to_going() {
        let addresses = Arc::new(Addresses::default());
        let (first, one) = addresses.enter(Peer::V4(1));
        let (second, two) = addresses.enter(Peer::V4(1));
        let (other, one_of_other) = addresses.enter(Peer::V4(2));
        assert_eq!((one, two, one_of_other), (1, 2, 1));
        drop(first);
        assert_eq!(addresses.enter(Peer::V4(1)).1, 2, "because one has gone");
        drop((second, other));
        let left = addresses.0.lock().expect("nobody panicked").len();
        assert_eq!(left, 0, "because nobody is remembered who has nothing open");
    }

    #[test]
    fn a_flood_of_one_address_takes_nothing_from_others() {
        let began = Instant::now();
        let mut rates = PeerRates::new(50, 6);
        let mut passed = 0;
        for ms in 0..10_000 {
            let now = began + Duration::from_millis(ms);
            passed += (0..10).filter(|_| rates.try_take(now, Peer::V4(1))).count();
            if ms % 20 == 0 {
                assert!(rates.try_take(now, Peer::V4(2)), "because 50 a second may come");
            }
        }
        assert!((790..=801).contains(&passed), "because that is burst and rate: {passed}");
        assert!((0..1000).all(|_| rates.try_take(began, Peer::House)));
    }

    #[test]
    fn the_table_is_bounded_and_who_is_not_in_it_shares_a_rate() {
        let began = Instant::now();
        let mut rates = PeerRates::new(1, 1);
        let max = ADDRESSES_MAX as u32;
        assert!((0..max).all(|n| rates.try_take(began, Peer::V4(n))));
        let others = (max..max * 2).filter(|&n| rates.try_take(began, Peer::V4(n))).count();
        assert_eq!(others, 1, "because they share one rate");
        assert_eq!(rates.full.len(), ADDRESSES_MAX);
        let later = began + Duration::from_secs(2);
        assert!(rates.try_take(later, Peer::V4(max * 2)));
        assert_eq!(rates.full.len(), 1, "because nobody else has used any of theirs");
    }
}
