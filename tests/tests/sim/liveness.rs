//! Who has to play again by when, once nothing goes wrong any more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::transition::{LineId, TabId};

/// A client plays again so long after its wait has ended, or after the last fault.
pub(crate) const ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// The waits of clients from the last fault on. Those that faults brought about count: the one
/// that a client was in, the one after it has lost a line from before, and once the one until a
/// ticket is good that is from too soon after a restart. Nothing else is a reason to be away.
#[derive(Debug)]
pub(crate) struct Liveness {
    healed: Duration,
    /// The first line that no fault has struck.
    well_from: LineId,
    waits: BTreeMap<TabId, Wait>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    until: Duration,
    was_too_soon: bool,
}

impl Liveness {
    pub(crate) fn new(healed: Duration, well_from: LineId) -> Self {
        Self { healed, well_from, waits: BTreeMap::new() }
    }

    /// A client waits since before the last fault.
    pub(crate) fn found_waiting(&mut self, tab: TabId, until: Duration) {
        self.waits.entry(tab).or_default().until = until;
    }

    /// A client has lost a line, and waits; `is_too_soon` when it was told so of its ticket.
    pub(crate) fn lost(&mut self, tab: TabId, line: LineId, until: Duration, is_too_soon: bool) {
        let wait = self.waits.entry(tab).or_default();
        let is_first = is_too_soon && !wait.was_too_soon;
        if line < self.well_from || is_first {
            wait.until = until;
        }
        wait.was_too_soon |= is_too_soon;
    }

    /// When a client must play again.
    pub(crate) fn due(&self, tab: TabId) -> Duration {
        let until = self.waits.get(&tab).map(|wait| wait.until).unwrap_or_default();
        until.max(self.healed) + ALIVE_WITHIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_faults_brought_about_is_a_reason_to_be_away() {
        let at = Duration::from_secs;
        let (tab, old, new) = (TabId(1), LineId(4), LineId(5));
        let mut liveness = Liveness::new(at(10), new);
        assert_eq!(liveness.due(tab), at(15));
        liveness.found_waiting(tab, at(12));
        assert_eq!(liveness.due(tab), at(17));
        liveness.lost(tab, new, at(40), false);
        assert_eq!(liveness.due(tab), at(17), "because nothing went wrong on that line");
        liveness.lost(tab, old, at(14), false);
        assert_eq!(liveness.due(tab), at(19));
        liveness.lost(tab, new, at(20), true);
        liveness.lost(tab, new, at(30), true);
        assert_eq!(liveness.due(tab), at(25), "because a ticket is too early once");
    }
}
