//! What became of an attacker's connections.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::load::Times;
use crate::report::Spread;

/// How one connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server sent a close frame.
    Closed(u16),
    /// It answered a request with something else than a WebSocket.
    Http(u16),
    /// It ended the stream without a word.
    HungUp,
    Reset,
    /// No connection came about.
    NoConnection,
    /// The attacker left, as it meant to.
    Left,
    /// A player of the crowd, to the end.
    Played,
    /// The server did nothing about it.
    StillOpen,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(code) => write!(f, "closed {code}"),
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::HungUp => f.write_str("hung up"),
            Self::Reset => f.write_str("reset"),
            Self::NoConnection => f.write_str("no connection"),
            Self::Left => f.write_str("left"),
            Self::Played => f.write_str("played"),
            Self::StillOpen => f.write_str("still open"),
        }
    }
}

/// Connections that ended alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    pub count: u64,
    /// From the begin of the offence to the end.
    pub after_ms: Spread,
}

/// What an attacker tells when it is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// By how the server ended them: `closed 4008`, `HTTP 431`, `hung up` and so on.
    pub ends: BTreeMap<String, Ends>,
    /// How long it took.
    pub seconds: f64,
    /// Bytes that the server's system took.
    pub sent_bytes: u64,
}

/// Counts ends.
#[derive(Debug, Default)]
pub(super) struct Toll {
    ends: BTreeMap<String, Times>,
}

impl Toll {
    pub(super) fn add(&mut self, end: End, after: Duration) {
        self.ends.entry(end.to_string()).or_default().add(after);
    }

    pub(super) fn told(&self, seconds: f64, sent_bytes: u64) -> Told {
        let ends = self.ends.iter().map(|(end, times)| {
            (end.clone(), Ends { count: times.len(), after_ms: times.spread() })
        });
        Told { ends: ends.collect(), seconds, sent_bytes }
    }
}

impl Told {
    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.ends.values().map(|ends| ends.count).sum()
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ends.is_empty() {
            return f.write_str("nothing");
        }
        for (n, (end, Ends { count, after_ms })) in self.ends.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {end} after {:.1} s", after_ms.p50 / 1000.0)?;
            if after_ms.max - after_ms.p50 > 100.0 {
                write!(f, " ({:.1} at most)", after_ms.max / 1000.0)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted_by_kind_and_survive_the_way_between_processes() {
        let mut toll = Toll::default();
        for ms in [900, 1000, 5000] {
            toll.add(End::Closed(4008), Duration::from_millis(ms));
        }
        toll.add(End::HungUp, Duration::from_millis(5000));
        let told = toll.told(6.0, 17);
        assert_eq!((told.connections(), told.ends["closed 4008"].count), (4, 3));
        assert_eq!(
            told.to_string(),
            "3 closed 4008 after 1.0 s (5.0 at most), 1 hung up after 5.0 s"
        );
        let text = serde_json::to_string(&told).expect("plain numbers");
        assert_eq!(serde_json::from_str::<Told>(&text).expect("as it was written"), told);
    }
}
