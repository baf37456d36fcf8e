//! The limits that an operator may turn, and what it takes to do without some: each has a
//! flag, a variable and a key under `[limits]`. The defaults are those of `limits.rs`.

use clap::Args;
use serde::Deserialize;
use throng_shared::limits::{TICKET_S, TICKET_SKEW_S, TICKETS_USED_MAX};

mod table;

pub use table::{LimitSettings, Limits};

use crate::allowance::Rate;

impl Limits {
    /// The limits that settings mean. A default gives way to a setting that it has to be below.
    ///
    /// # Errors
    /// A sentence that names the limits that are out of bounds.
    pub fn new(settings: &LimitSettings, switched_off: SwitchedOff) -> Result<Self, String> {
        let mut limits = Self::bounded(settings, switched_off)?;
        if settings.frames_per_s.is_some() && settings.frames_per_tick.is_none() {
            limits.frames_per_tick = limits.frames_per_s;
        }
        let (asks, players) = (limits.asks_burst, limits.made_players_max);
        let (calls_max, made_bots_max) = (settings.calls_max, settings.made_bots_max);
        keep_below(&mut limits.calls_max, calls_max, ["calls-max", "asks-burst"], asks)?;
        let names = ["made-bots-max", "made-players-max"];
        keep_below(&mut limits.made_bots_max, made_bots_max, names, players)?;
        // A crowd is to wait where others can pass it, which is not before it is accepted.
        let (accepts, joins) = (limits.accepts_per_s, limits.joins_per_s);
        if settings.joins_per_s.is_some() && joins >= accepts {
            return Err(wrong(["joins-per-s", "accepts-per-s"], joins, accepts));
        }
        // Used tickets are remembered for as long as they are good, and nobody is to fill that.
        let (pages, ticket_s) = (limits.pages_per_s, limits.ticket_s);
        let most_s = (TICKETS_USED_MAX as u32 / pages).saturating_sub(TICKET_SKEW_S as u32 + 1);
        let most_s = most_s.max(TICKET_S as u32);
        if ticket_s > most_s {
            return Err(format!(
                "ticket-s is {ticket_s}, and must be at most {most_s} where pages-per-s is {pages}."
            ));
        }
        Ok(limits)
    }

    /// How often a client may ask for anything.
    pub(crate) fn asks(&self) -> Option<Rate> {
        self.talk(self.asks_burst, self.asks_every_ms)
    }

    /// How often what it asks for may be wrong.
    pub(crate) fn refused(&self) -> Option<Rate> {
        self.talk(self.refused_burst, self.refused_every_ms)
    }

    /// How often it may try a way to another room.
    pub(crate) fn ways(&self) -> Option<Rate> {
        self.talk(self.go_burst, self.go_every_ms)
    }

    /// How often it may tell operators of somebody.
    pub(crate) fn complaints(&self) -> Option<Rate> {
        self.talk(self.complaints_burst, self.complaints_every_ms)
    }

    /// How often it may say a line.
    pub(crate) fn chat(&self) -> Option<Rate> {
        self.talk(self.chat_burst, self.chat_every_ms)
    }

    /// How often all in a room may tell operators of somebody.
    pub(crate) fn room_complaints(&self) -> Option<Rate> {
        self.talk(self.room_complaints_burst, self.room_complaints_every_ms)
    }

    /// How often all in a room may.
    pub(crate) fn room_chat(&self) -> Option<Rate> {
        self.talk(self.room_chat_burst, self.room_chat_every_ms)
    }

    /// A rate of what players say and ask for, unless those are switched off.
    fn talk(&self, burst: u32, every_ms: u32) -> Option<Rate> {
        let rate = Rate { burst, every_ms: every_ms.into() };
        (!self.switched_off.chat_limits).then_some(rate)
    }
}

/// Keeps a limit below another one, unless it was given and is not.
fn keep_below(
    value: &mut u32,
    given: Option<u32>,
    names: [&str; 2],
    other: u32,
) -> Result<(), String> {
    if given.is_some_and(|given| given >= other) {
        return Err(wrong(names, *value, other));
    }
    *value = (*value).min(other - 1);
    Ok(())
}

fn wrong([name, other]: [&str; 2], value: u32, bound: u32) -> String {
    format!("{name} is {value}, and must be below {other}, which is {bound}.")
}

/// What was switched off, each by a flag that begins with `--unsafe-`.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SwitchedOff {
    /// No caps and rates of connections and tickets per address
    #[arg(long = "unsafe-no-address-caps", hide_short_help = true, help_heading = "Limits")]
    #[serde(rename = "unsafe-no-address-caps")]
    pub address_caps: bool,
    /// No rates of frames and bytes per client
    #[arg(long = "unsafe-no-rate-limits", hide_short_help = true, help_heading = "Limits")]
    #[serde(rename = "unsafe-no-rate-limits")]
    pub rate_limits: bool,
    /// No rates of chat and calls: private rooms' codes can be guessed
    #[arg(long = "unsafe-no-chat-limits", hide_short_help = true, help_heading = "Limits")]
    #[serde(rename = "unsafe-no-chat-limits")]
    pub chat_limits: bool,
    /// Listen without TLS where others may hear
    #[arg(long = "unsafe-plain", hide_short_help = true, help_heading = "TLS")]
    #[serde(rename = "unsafe-plain")]
    pub tls: bool,
    /// Never refuse newcomers or slow snapshots under load: to measure where the limit is
    #[arg(long = "unsafe-doors-open", hide_short_help = true, help_heading = "Limits")]
    #[serde(rename = "unsafe-doors-open")]
    pub ladder: bool,
}

impl SwitchedOff {
    /// What is switched off by this or by another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            address_caps: self.address_caps || other.address_caps,
            rate_limits: self.rate_limits || other.rate_limits,
            chat_limits: self.chat_limits || other.chat_limits,
            tls: self.tls || other.tls,
            ladder: self.ladder || other.ladder,
        }
    }

    /// The switch that a variable, without its prefix, sets.
    pub(super) fn of_variable(&mut self, key: &str) -> Option<&mut bool> {
        match key {
            "UNSAFE_NO_ADDRESS_CAPS" => Some(&mut self.address_caps),
            "UNSAFE_NO_RATE_LIMITS" => Some(&mut self.rate_limits),
            "UNSAFE_NO_CHAT_LIMITS" => Some(&mut self.chat_limits),
            "UNSAFE_PLAIN" => Some(&mut self.tls),
            "UNSAFE_DOORS_OPEN" => Some(&mut self.ladder),
            _ => None,
        }
    }

    /// The flags, and what each does without.
    #[must_use]
    pub fn flags(self) -> Vec<(&'static str, &'static str)> {
        let Self { address_caps, rate_limits, chat_limits, tls, ladder } = self;
        [
            (address_caps, "unsafe-no-address-caps", "one address may take every place"),
            (rate_limits, "unsafe-no-rate-limits", "a client may send as much as it likes"),
            (
                chat_limits,
                "unsafe-no-chat-limits",
                "a player may say and ask for as much as it likes",
            ),
            (tls, "unsafe-plain", "who is on the way can read and change what is said"),
            (ladder, "unsafe-doors-open", "more come in than the server can do well by"),
        ]
        .into_iter()
        .filter(|&(is_off, ..)| is_off)
        .map(|(_, flag, so)| (flag, so))
        .collect()
    }
}

#[cfg(test)]
mod tests;
