//! Those who wait for a turn: one queue an address, and every address in turn, so that
//! who comes in thousands waits behind nobody but themselves. It keeps no clock.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::turnstile::Turnstile;

/// Who counts as one: an address of version 4, or the network of one of version 6, of
/// which a single machine has 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// This process, with its house bots.
    House,
    V4(u32),
    V6(u64),
}

impl Peer {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(it) => Self::V4(it.to_bits()),
            IpAddr::V6(it) => Self::V6((it.to_bits() >> 64) as u64),
        }
    }

    /// The address, or the first one of its network; none of this process.
    pub(super) fn address(self) -> Option<IpAddr> {
        match self {
            Self::House => None,
            Self::V4(it) => Some(Ipv4Addr::from_bits(it).into()),
            Self::V6(it) => Some(Ipv6Addr::from_bits(u128::from(it) << 64).into()),
        }
    }
}

/// Things of several peers that wait for a turnstile.
#[derive(Debug)]
pub(super) struct Lane<T> {
    queues: BTreeMap<Peer, VecDeque<(Instant, T)>>,
    /// Peers that have something here, in the order of their turns.
    turns: VecDeque<Peer>,
    len: usize,
    len_max: usize,
    turnstile: Turnstile,
}

impl<T> Lane<T> {
    pub(super) fn new(now: Instant, len_max: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            turns: VecDeque::new(),
            len: 0,
            len_max,
            turnstile: Turnstile::new(now),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts something behind what its peer has here. When that is too much, the last of
    /// the longest queue is given back.
    pub(super) fn push(&mut self, now: Instant, peer: Peer, item: T) -> Option<T> {
        let queue = self.queues.entry(peer).or_default();
        if queue.is_empty() {
            self.turns.push_back(peer);
        }
        queue.push_back((now, item));
        self.len += 1;
        if self.len <= self.len_max {
            return None;
        }
        let (&longest, queue) = self.queues.iter_mut().max_by_key(|(_, queue)| queue.len())?;
        self.len -= 1;
        let last = queue.pop_back();
        if queue.is_empty() {
            self.queues.remove(&longest);
            self.turns.retain(|&peer| peer != longest);
        }
        last.map(|(_, item)| item)
    }

    /// The next one, and when it came, if the turnstile lets anybody pass.
    pub(super) fn pass(&mut self, now: Instant, per_s: u32) -> Option<(Peer, Instant, T)> {
        if self.is_empty() || !self.turnstile.try_pass(now, per_s) {
            return None;
        }
        self.pop()
    }

    /// The next one, whatever the turnstile says.
    pub(super) fn pop(&mut self) -> Option<(Peer, Instant, T)> {
        let peer = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&peer)?;
        let (since, item) = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&peer);
        } else {
            self.turns.push_back(peer);
        }
        self.len -= 1;
        Some((peer, since, item))
    }

    /// The next one, if it came before a moment.
    pub(super) fn pop_older(&mut self, than: Instant) -> Option<(Peer, T)> {
        let peer = self.turns.front()?;
        let (since, _) = self.queues.get(peer)?.front()?;
        if *since >= than {
            return None;
        }
        self.pop().map(|(peer, _, item)| (peer, item))
    }

    /// How long whoever comes now waits, at this rate, at most.
    pub(super) fn wait(&self, peer: Peer, per_s: u32) -> Duration {
        let own = self.queues.get(&peer).map_or(0, VecDeque::len);
        let ahead = self.len.min((own + 1).saturating_mul(self.queues.len()));
        Duration::from_secs(ahead as u64) / per_s.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> Peer {
        Peer::V4(number)
    }

    #[test]
    fn a_machine_is_one_peer_however_many_addresses_it_has() {
        let of = |text: &str| Peer::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn a_flood_of_ten_peers_delays_an_eleventh_by_ten_turns() {
        let began = Instant::now();
        let mut lane = Lane::new(began, 100_000);
        let mut waits = Vec::new();
        for ms in 0..5_000 {
            let now = began + Duration::from_millis(ms);
            // Ten thousand a second, at a door that takes fifty.
            for flooder in 0..10 {
                assert!(lane.push(now, peer(flooder), false).is_none());
            }
            if ms % 500 == 0 {
                assert!(lane.wait(peer(99), 50) <= Duration::from_millis(220));
                lane.push(now, peer(99), true);
            }
            while let Some((_, since, is_honest)) = lane.pass(now, 50) {
                if is_honest {
                    waits.push(now - since);
                }
            }
        }
        assert_eq!(waits.len(), 10, "because all ten came in");
        let longest = waits.iter().max().expect("there are ten");
        assert!(*longest <= Duration::from_millis(240), "because ten are before it: {longest:?}");
    }

    #[test]
    fn one_peer_alone_is_served_in_order_and_at_the_rate() {
        let began = Instant::now();
        let mut lane = Lane::new(began, 1_000);
        for n in 0..100 {
            lane.push(began, peer(1), n);
        }
        assert_eq!(lane.wait(peer(1), 100), Duration::from_secs(1));
        let mut passed = Vec::new();
        for ms in 0..1_000 {
            let now = began + Duration::from_millis(ms);
            passed.extend(std::iter::from_fn(|| lane.pass(now, 100)).map(|(_, _, n)| n));
            assert!(passed.len() as u64 <= 3 + ms / 10, "because 100 a second may, and a few");
        }
        assert_eq!(passed, Vec::from_iter(0..100));
        assert!(lane.is_empty());
    }

    #[test]
    fn what_is_too_much_is_taken_from_the_longest_queue() {
        let now = Instant::now();
        let mut lane = Lane::new(now, 10);
        for n in 0..10 {
            assert_eq!(lane.push(now, peer(1), n), None);
        }
        assert_eq!(lane.push(now, peer(2), 20), Some(9), "because the flooder came last");
        assert_eq!(lane.push(now, peer(1), 10), Some(10), "because nobody else has as many");
        let order: Vec<_> = std::iter::from_fn(|| lane.pop()).map(|(_, _, n)| n).collect();
        assert_eq!(order, [0, 20, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_lane_of_many_peers_is_bounded_too() {
        let now = Instant::now();
        let mut lane = Lane::new(now, 10);
        for n in 0..1_000 {
            lane.push(now, peer(n), n);
        }
        assert_eq!((lane.turns.len(), lane.queues.len()), (10, 10));
        assert_eq!(std::iter::from_fn(|| lane.pop()).count(), 10);
        assert!(lane.is_empty() && lane.queues.is_empty() && lane.turns.is_empty());
    }

    #[test]
    fn who_waited_too_long_is_found() {
        let began = Instant::now();
        let mut lane = Lane::new(began, 10);
        lane.push(began, peer(1), 1);
        let later = began + Duration::from_secs(1);
        lane.push(later, peer(1), 2);
        assert_eq!(lane.pop_older(later), Some((peer(1), 1)));
        assert_eq!(lane.pop_older(later), None);
    }
}
