//! What became of those who played on a server that was told to stop, and whether that is what
//! they are promised.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use throng_shared::limits::{RESTART_RETRY_MAX_MS, RESTART_RETRY_MS, RESTART_RETURNS_PER_S};
use throng_shared::session::CloseCode;

use crate::load::Beat;
use crate::report::round;

/// When `/readyz` is to say 503, in milliseconds after the signal.
const UNREADY_WITHIN_MS: f64 = 50.0;
/// When the process is to be gone: with so many players, and with more.
const FEW_PLAYERS: usize = 200;
const FEW_GONE_WITHIN_MS: f64 = 2_000.0;
const GONE_WITHIN_MS: f64 = 10_000.0;
/// Part by which a time is off in a histogram, at most.
const OFF: f64 = 0.002;
/// Players that come back in one second, as a part of what that is to be on average.
const CROWDED: f64 = 1.5;

/// What was seen of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ending {
    /// What `/readyz` said before.
    pub(super) ready_before: Option<u16>,
    /// Since the signal: when `/readyz` said 503, and when the process was gone.
    pub(super) unready_ms: Option<f64>,
    pub(super) exit_ms: Option<f64>,
    pub(super) exit_code: Option<i32>,
}

/// What came of it. `Option`s are none where it did not come to that.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drained {
    pub players: usize,
    pub house_bots: usize,
    /// Players that were lost before the signal.
    pub lost_before: usize,
    /// What `/readyz` said before it, and when it said 503, in milliseconds after it.
    pub ready_before: Option<u16>,
    pub unready_ms: Option<f64>,
    /// Players that read the notice.
    pub forewarned: usize,
    /// Those who were closed with 1012, and all ends by their code; 0 where there was none.
    pub restarted: usize,
    pub ends: BTreeMap<u16, usize>,
    /// What those were told of when to come back: the first, the middle one and the last;
    /// and how many do in one second at most.
    pub retry_min_ms: f64,
    pub retry_p50_ms: f64,
    pub retry_max_ms: f64,
    pub back_in_a_second: u64,
    /// When the process was gone, in milliseconds after the signal, and with which code.
    pub exit_ms: Option<f64>,
    pub exit_code: Option<i32>,
    /// What is not as it should be, and what was too late; empty when all is.
    pub broken: Vec<String>,
    pub late: Vec<String>,
}

impl Drained {
    /// With what players counted since the signal.
    pub(super) fn new(
        (players, house_bots): (usize, usize),
        lost_before: usize,
        ending: Ending,
        sum: &Beat,
    ) -> Self {
        let retry = sum.retry.spread();
        let restarted = sum.ends.get(&CloseCode::Restart.number()).copied();
        let mut drained = Self {
            players,
            house_bots,
            lost_before,
            ready_before: ending.ready_before,
            unready_ms: ending.unready_ms,
            forewarned: sum.forewarned,
            restarted: restarted.unwrap_or_default(),
            ends: sum.ends.clone(),
            retry_min_ms: round(sum.retry.min()),
            retry_p50_ms: round(retry.p50),
            retry_max_ms: round(retry.max),
            back_in_a_second: sum.retry.busiest_second(),
            exit_ms: ending.exit_ms,
            exit_code: ending.exit_code,
            broken: Vec::new(),
            late: Vec::new(),
        };
        drained.judge();
        drained
    }

    fn judge(&mut self) {
        let (mut broken, mut late) = (Vec::new(), Vec::new());
        let players = self.players;
        if self.lost_before > 0 {
            broken.push(format!("{} players were lost before the signal", self.lost_before));
        }
        if self.ready_before != Some(200) {
            let said = self.ready_before.map_or("nothing".to_owned(), |code| code.to_string());
            broken.push(format!("/readyz said {said} before the signal"));
        }
        match self.unready_ms {
            None => broken.push("/readyz never said 503".to_owned()),
            Some(ms) if ms > UNREADY_WITHIN_MS => {
                late.push(format!("/readyz said 503 after {ms:.0} ms, over {UNREADY_WITHIN_MS}"));
            }
            Some(_) => {}
        }
        if self.forewarned != players {
            broken.push(format!("{} of {players} players read the notice", self.forewarned));
        }
        if self.restarted != players {
            let (restarted, ends) = (self.restarted, self.told_ends());
            broken.push(format!("{restarted} of {players} were closed with 1012: {ends}"));
        }
        let (least, most) = (f64::from(RESTART_RETRY_MS), f64::from(RESTART_RETRY_MAX_MS));
        let is_early = self.retry_min_ms < least * (1.0 - OFF);
        if self.restarted > 0 && (is_early || self.retry_max_ms > most * (1.0 + OFF)) {
            broken.push(format!(
                "players were told to come back after {:.0} to {:.0} ms, not {least} to {most}",
                self.retry_min_ms, self.retry_max_ms
            ));
        }
        if self.back_in_a_second as f64 > f64::from(RESTART_RETURNS_PER_S) * CROWDED {
            let crowd = self.back_in_a_second;
            broken.push(format!("{crowd} players were told to come back in the same second"));
        }
        match self.exit_ms {
            None => broken.push("the server did not end".to_owned()),
            Some(_) if self.exit_code != Some(0) => {
                let code = self.exit_code.map_or("none".to_owned(), |code| code.to_string());
                broken.push(format!("its exit code was {code}"));
            }
            Some(ms) => {
                let most = if players <= FEW_PLAYERS { FEW_GONE_WITHIN_MS } else { GONE_WITHIN_MS };
                if ms > most {
                    late.push(format!("it was gone after {ms:.0} ms, over {most:.0}"));
                }
            }
        }
        (self.broken, self.late) = (broken, late);
    }

    /// Whether all was as promised, and in time.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken.is_empty() && self.late.is_empty()
    }

    fn told_ends(&self) -> String {
        let told = |(code, count): (&u16, &usize)| match code {
            0 => format!("{count} without a code"),
            code => format!("{count} with {code}"),
        };
        let ends: Vec<String> = self.ends.iter().map(told).collect();
        if ends.is_empty() { "nobody was closed".to_owned() } else { ends.join(", ") }
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain numbers and names are always JSON")
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Option<f64>| time.map_or("never".to_owned(), |ms| format!("{ms:.0} ms"));
        let mut row = |name: &str, text: String| writeln!(f, "{name:<12} {text}");
        let (players, house) = (self.players, self.house_bots);
        row("players", format!("{players}, and {house} house bots"))?;
        row("/readyz", format!("503 after {}", ms(self.unready_ms)))?;
        row("notice", format!("read by {} of {players}", self.forewarned))?;
        row("closed", self.told_ends())?;
        row(
            "come back",
            format!(
                "after {:.0} to {:.0} ms, {:.0} in the middle; {} in one second at most",
                self.retry_min_ms, self.retry_max_ms, self.retry_p50_ms, self.back_in_a_second
            ),
        )?;
        let code = self.exit_code.map_or("none".to_owned(), |code| code.to_string());
        row("exit", format!("{}, code {code}", ms(self.exit_ms)))?;
        let all: Vec<&str> = self.broken.iter().chain(&self.late).map(String::as_str).collect();
        row("verdict", if all.is_empty() { "kept".to_owned() } else { all.join("; ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Drained {
        Drained {
            players: 200,
            ready_before: Some(200),
            unready_ms: Some(3.0),
            forewarned: 200,
            restarted: 200,
            ends: [(1012, 200)].into(),
            retry_min_ms: 1_000.0,
            retry_p50_ms: 1_200.0,
            retry_max_ms: 1_400.0,
            back_in_a_second: 200,
            exit_ms: Some(800.0),
            exit_code: Some(0),
            ..Drained::default()
        }
    }

    fn judged(mut drained: Drained) -> (String, String) {
        drained.judge();
        (drained.broken.join("; "), drained.late.join("; "))
    }

    #[test]
    fn what_was_promised_is_named_where_it_was_not_kept() {
        assert_eq!(judged(good()), Default::default());
        for (drained, named) in [
            (Drained { lost_before: 2, ..good() }, "2 players were lost before"),
            (Drained { ready_before: Some(503), ..good() }, "said 503 before"),
            (Drained { unready_ms: None, ..good() }, "never said 503"),
            (Drained { forewarned: 199, ..good() }, "199 of 200 players read the notice"),
            (
                Drained { restarted: 199, ends: [(0, 1), (1012, 199)].into(), ..good() },
                "199 of 200 were closed with 1012: 1 without a code, 199 with 1012",
            ),
            (Drained { retry_min_ms: 900.0, ..good() }, "after 900 to 1400 ms"),
            (Drained { back_in_a_second: 751, ..good() }, "751 players"),
            (Drained { exit_code: Some(1), ..good() }, "its exit code was 1"),
            (Drained { exit_ms: None, ..good() }, "did not end"),
        ] {
            let (broken, late) = judged(drained);
            assert!(broken.contains(named) && late.is_empty(), "{broken}; {late}");
        }
    }

    #[test]
    fn how_late_is_too_late_depends_on_how_many_there_are() {
        let late = Drained { exit_ms: Some(2_500.0), ..good() };
        assert_eq!(
            judged(late.clone()),
            (String::new(), "it was gone after 2500 ms, over 2000".into())
        );
        let (players, ends) = (2_000, [(1012, 2_000)].into());
        let many = Drained { players, forewarned: players, restarted: players, ends, ..late };
        assert_eq!(judged(many), Default::default());
        let (broken, late) = judged(Drained { unready_ms: Some(51.0), ..good() });
        assert!(broken.is_empty() && late.contains("503 after 51 ms"), "{broken}; {late}");
    }
}
