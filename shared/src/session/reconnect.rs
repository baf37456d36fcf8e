//! When a client connects again: full jitter under a growing ceiling.
//!
//! It plans and opens nothing. Time and chance are arguments, and all is whole numbers, so
//! that `client-web/src/session/reconnect.ts` plans the same to the millisecond.

use super::close::Comeback;
use crate::limits::{
    RECONNECT_BASE_MS, RECONNECT_CAP_MS, RECONNECT_HINT_MS, RECONNECT_STABLE_MS, RETRY_MAX_MS,
};
use crate::time::Millis;

/// Where a client stands with its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// An attempt is on its way.
    Trying,
    /// Welcomed, since.
    Up(Millis),
    /// Nothing runs until `at`. A hint may bring it forward, but not before `floor`, which
    /// is what the server asked for.
    Waiting { at: Millis, floor: Millis },
    /// The server wants no further attempt.
    Over,
}

/// The plan of one client's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconnect {
    stage: Stage,
    /// When the last attempt began.
    tried: Millis,
    /// Most that the next wait takes, in milliseconds.
    ceiling_ms: u64,
}

impl Reconnect {
    /// The first attempt begins now.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self { stage: Stage::Trying, tried: now, ceiling_ms: RECONNECT_BASE_MS }
    }

    /// The server took the client in.
    pub fn handle_welcome(&mut self, now: Millis) {
        self.stage = Stage::Up(now);
    }

    /// The attempt or the connection ended. `retry_after_ms` is what the server asked for, of
    /// which [`RETRY_MAX_MS`] are granted, and the jitter comes on top of it; `chance` is uniform over all of `u32`.
    pub fn handle_end(
        &mut self,
        now: Millis,
        comeback: Comeback,
        retry_after_ms: u32,
        chance: u32,
    ) {
        if comeback == Comeback::Never {
            self.stage = Stage::Over;
            return;
        }
        if let Stage::Up(since) = self.stage
            && now.since(since) >= RECONNECT_STABLE_MS
        {
            self.ceiling_ms = RECONNECT_BASE_MS;
        }
        let jitter_ms = (self.ceiling_ms * u64::from(chance)) >> 32;
        self.ceiling_ms = (self.ceiling_ms * 9 / 5).min(RECONNECT_CAP_MS);
        let floor = now.plus(u64::from(retry_after_ms.min(RETRY_MAX_MS)));
        self.stage = Stage::Waiting { at: floor.plus(jitter_ms), floor };
    }

    /// The network is back, or somebody looks: there is no reason to wait out the jitter.
    pub fn handle_hint(&mut self, now: Millis) {
        if let Stage::Waiting { at, floor } = self.stage {
            let soon = now.max(floor).max(self.tried.plus(RECONNECT_HINT_MS));
            self.stage = Stage::Waiting { at: at.min(soon), floor };
        }
    }

    /// The player asks for it, and need not wait for what the server would like either.
    pub fn handle_wish(&mut self, now: Millis) {
        if let Stage::Waiting { at, floor } = self.stage {
            let soon = now.max(self.tried.plus(RECONNECT_HINT_MS));
            self.stage = Stage::Waiting { at: at.min(soon), floor };
        }
    }

    /// Whether to connect now. If so, that attempt has begun.
    #[must_use]
    pub fn poll(&mut self, now: Millis) -> bool {
        let Stage::Waiting { at, .. } = self.stage else { return false };
        if now < at {
            return false;
        }
        self.stage = Stage::Trying;
        self.tried = now;
        true
    }

    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_ms(plan: &mut Reconnect, now: u64, retry_after_ms: u32, chance: u32) -> u64 {
        plan.handle_end(Millis(now), Comeback::Retry, retry_after_ms, chance);
        let Stage::Waiting { at, .. } = plan.stage() else { panic!("because the code says retry") };
        at.0 - now
    }

    #[test]
    fn the_ceiling_grows_and_ends() {
        let mut plan = Reconnect::new(Millis(0));
        let waits: Vec<u64> = (0..9).map(|_| wait_ms(&mut plan, 0, 0, u32::MAX)).collect();
        assert_eq!(waits, [249, 449, 809, 1457, 2623, 4722, 7999, 7999, 7999]);
        assert_eq!(wait_ms(&mut plan, 0, 0, 0), 0, "because the whole wait is jitter");
    }

    #[test]
    fn what_the_server_asks_for_is_the_least() {
        let mut plan = Reconnect::new(Millis(0));
        assert_eq!(wait_ms(&mut plan, 0, 3000, 0), 3000);
        plan.handle_hint(Millis(1500));
        assert!(!plan.poll(Millis(2999)), "because the server asked for three seconds");
        plan.handle_wish(Millis(2999));
        assert!(plan.poll(Millis(2999)), "because a person asked");
    }

    #[test]
    fn only_a_stable_connection_forgets_failures() {
        let mut plan = Reconnect::new(Millis(0));
        let _ = [wait_ms(&mut plan, 0, 0, 0), wait_ms(&mut plan, 0, 0, 0)];
        plan.handle_welcome(Millis(0));
        assert_eq!(wait_ms(&mut plan, RECONNECT_STABLE_MS - 1, 0, u32::MAX), 809);
        plan.handle_welcome(Millis(0));
        assert_eq!(wait_ms(&mut plan, RECONNECT_STABLE_MS, 0, u32::MAX), 249);
    }

    #[test]
    fn a_storm_of_hints_is_one_attempt_a_second() {
        let mut plan = Reconnect::new(Millis(0));
        let mut attempts = 0;
        for now in 0..10_000 {
            if plan.stage() == Stage::Trying {
                attempts += 1;
                let _ = wait_ms(&mut plan, now, 60_000, u32::MAX);
            }
            plan.handle_hint(Millis(now));
            plan.handle_wish(Millis(now));
            let _ = plan.poll(Millis(now));
        }
        assert_eq!(attempts, 10);
    }

    #[test]
    fn a_terminal_code_is_the_end() {
        let mut plan = Reconnect::new(Millis(0));
        plan.handle_welcome(Millis(1));
        plan.handle_end(Millis(2), Comeback::Never, 0, 0);
        plan.handle_hint(Millis(3));
        plan.handle_wish(Millis(3));
        assert!(!plan.poll(Millis(u64::MAX)), "because the server wants no further attempt");
        assert_eq!(plan.stage(), Stage::Over);
    }
}
