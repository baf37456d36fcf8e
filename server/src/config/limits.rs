//! The limits that an operator may turn, and what it takes to do without some: each has a
//! flag, a variable and a key under `[limits]`. The defaults are those of `limits.rs`.

use clap::Args;
use serde::Deserialize;
use throng_shared::limits as shared;

/// More than a server may stand still itself, and less than would be counted in ticks of 16 bits.
const STALL_MS_MIN: u32 = shared::STALL_FORGIVEN_MS as u32 + 500;
const STALL_MS_MAX: u32 = 120_000;
/// Guests come in, play and ask with messages of this length.
const MESSAGE_BYTES_MIN: u32 = 256;
const JSON_MESSAGE_BYTES_MIN: u32 = 512;

const _: () = assert!(
    (shared::TICK_HZ_MAX * STALL_MS_MAX / 1000) < i16::MAX as u32,
    "ticks in which nobody reads are counted"
);

macro_rules! limits {
    ($($name:ident = $default:expr, $least:expr, ..= $most:expr, $doc:literal;)+) => {
        /// What of the limits a flag, a variable or the file may give.
        #[derive(Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct LimitSettings {
            $(
                #[doc = $doc]
                #[arg(
                    long,
                    value_name = "N",
                    hide_short_help = true,
                    help_heading = "Limits",
                    help = format!("{} [default: {}]", $doc, $default),
                )]
                pub $name: Option<u32>,
            )+
        }

        /// Every limit.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(
                #[doc = $doc]
                pub $name: u32,
            )+
            pub switched_off: SwitchedOff,
        }

        impl LimitSettings {
            /// These settings, completed by others where they say nothing.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name)),+ }
            }

            /// The limit that a variable, without its prefix, sets.
            pub(super) fn of_variable(&mut self, key: &str) -> Option<&mut Option<u32>> {
                match key.to_ascii_lowercase().as_str() {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }

        impl Limits {
            /// The limits that settings mean.
            ///
            /// # Errors
            /// A sentence that names the limit that is out of bounds.
            pub fn new(settings: &LimitSettings, switched_off: SwitchedOff) -> Result<Self, String> {
                $(
                    let $name = settings.$name.unwrap_or($default);
                    if !($least..=$most).contains(&$name) {
                        let flag = stringify!($name).replace('_', "-");
                        let (least, most) = ($least, $most);
                        return Err(format!("{flag} is {}, and must be {least} to {most}.", $name));
                    }
                )+
                Ok(Self { $($name,)+ switched_off })
            }
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ switched_off: SwitchedOff::default() }
            }
        }
    };
}

limits! {
    connections_max = shared::CONNECTIONS_MAX as u32, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Connections inside, playing or about to";
    connections_per_address = shared::CONNECTIONS_PER_ADDRESS, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Connections of one address, pages too";
    accepts_per_s = shared::ACCEPTS_PER_S, 1, ..=1_000_000,
        "Connections accepted per second";
    address_accepts_per_s = shared::ADDRESS_ACCEPTS_PER_S, 1, ..=1_000_000,
        "Connections accepted per second and address";
    address_tickets_per_s = shared::ADDRESS_TICKETS_PER_S, 1, ..=1_000_000,
        "Tickets given per second and address";
    frames_per_s = shared::FRAMES_PER_S, 10, ..=1_000_000,
        "Frames that a client may send per second, of any kind; unless given, four a tick at most";
    bytes_per_s = shared::BYTES_PER_S, 1_024, ..=1 << 30,
        "Bytes that a client may send per second";
    head_timeout_ms = shared::HTTP_HEAD_MS as u32, 100, ..=60_000,
        "Time for the head of a request, TLS included, in milliseconds";
    handshakes_per_s = shared::HANDSHAKES_PER_S, shared::HANDSHAKES_PER_S_MIN, ..=1_000_000,
        "Handshakes of TLS begun per second";
    pages_per_s = shared::PAGES_PER_S, shared::PAGES_PER_S_MIN, ..=1_000_000,
        "Pages served per second";
    pages_per_address = shared::PAGES_PER_ADDRESS, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Pages of one address that are being served at once";
    hello_timeout_ms = shared::HELLO_MS as u32, 100, ..=60_000,
        "Time from the handshake to a Hello, in milliseconds";
    silence_timeout_ms = shared::SERVER_SILENCE_MS as u32, shared::PING_MS as u32 * 2, ..=600_000,
        "Silence after which a client is given up, in milliseconds";
    stall_timeout_ms = shared::STALLED_MS as u32, STALL_MS_MIN, ..=STALL_MS_MAX,
        "Time after which a client or a page that takes no byte is let go, in milliseconds";
    message_bytes = shared::CLIENT_MESSAGE_BYTES as u32, MESSAGE_BYTES_MIN, ..=shared::CLIENT_MESSAGE_BYTES as u32,
        "Bytes of a client's message in the binary form, and of each of its frames";
    json_message_bytes = shared::JSON_MESSAGE_BYTES as u32, JSON_MESSAGE_BYTES_MIN, ..=shared::JSON_MESSAGE_BYTES as u32,
        "Bytes of a client's message in JSON, and of each of its frames";
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
            tls: self.tls || other.tls,
            ladder: self.ladder || other.ladder,
        }
    }

    /// The switch that a variable, without its prefix, sets.
    pub(super) fn of_variable(&mut self, key: &str) -> Option<&mut bool> {
        match key {
            "UNSAFE_NO_ADDRESS_CAPS" => Some(&mut self.address_caps),
            "UNSAFE_NO_RATE_LIMITS" => Some(&mut self.rate_limits),
            "UNSAFE_PLAIN" => Some(&mut self.tls),
            "UNSAFE_DOORS_OPEN" => Some(&mut self.ladder),
            _ => None,
        }
    }

    /// The flags, and what each does without.
    #[must_use]
    pub fn flags(self) -> Vec<(&'static str, &'static str)> {
        let Self { address_caps, rate_limits, tls, ladder } = self;
        [
            (address_caps, "unsafe-no-address-caps", "one address may take every place"),
            (rate_limits, "unsafe-no-rate-limits", "a client may send as much as it likes"),
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
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_bounds_and_its_default_is_allowed() {
        let none = LimitSettings::default();
        let defaults = Limits::new(&none, SwitchedOff::default()).expect("defaults are allowed");
        assert_eq!(defaults, Limits::default());
        let none_at_all = LimitSettings { frames_per_s: Some(0), ..none.clone() };
        let error = Limits::new(&none_at_all, SwitchedOff::default()).expect_err("it is no rate");
        assert!(error.contains("frames-per-s is 0, and must be 10 to"), "{error}");
        for (limits, told) in [
            (LimitSettings { stall_timeout_ms: Some(1_000), ..none.clone() }, "1500 to 120000"),
            (LimitSettings { message_bytes: Some(1_025), ..none.clone() }, "256 to 1024"),
            (LimitSettings { json_message_bytes: Some(0), ..none.clone() }, "512 to 4096"),
        ] {
            let error = Limits::new(&limits, SwitchedOff::default()).expect_err("it is no limit");
            assert!(error.contains(told), "{error}");
        }
        let many = LimitSettings { connections_per_address: Some(10_241), ..none };
        let error = Limits::new(&many, SwitchedOff::default()).expect_err("nobody has so many");
        assert!(error.contains("connections-per-address is 10241"), "{error}");
    }

    #[test]
    fn the_first_source_that_speaks_wins_and_variables_are_named_like_flags() {
        let mut variables = LimitSettings::default();
        *variables.of_variable("ACCEPTS_PER_S").expect("it is a limit") = Some(7);
        assert_eq!(variables.of_variable("ACCEPT_PER_S"), None, "because a typo is no limit");
        let file: LimitSettings =
            toml::from_str("accepts-per-s = 5\nbytes-per-s = 2048").expect("the file is whole");
        let both = variables.or(file);
        assert_eq!((both.accepts_per_s, both.bytes_per_s), (Some(7), Some(2048)));
        assert!(toml::from_str::<LimitSettings>("accept-per-s = 5").is_err());
    }

    #[test]
    fn what_is_off_says_so() {
        let mut off = SwitchedOff::default();
        assert!(off.flags().is_empty());
        *off.of_variable("UNSAFE_PLAIN").expect("it is a switch") = true;
        assert_eq!(off.flags().iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), ["unsafe-plain"]);
    }
}
