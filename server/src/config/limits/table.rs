//! Every limit with its default, the least and the most that it may be, and what it is; and
//! what follows from that: flags, variables, keys and bounds.

use clap::Args;
use serde::Deserialize;
use throng_shared::limits as shared;

use super::SwitchedOff;

/// More than a server may stand still itself, and less than would be counted in ticks of 16 bits.
const STALL_MS_MIN: u32 = shared::STALL_FORGIVEN_MS as u32 + 500;
const STALL_MS_MAX: u32 = 120_000;
/// Nobody is kept out for the length of what an honest client says first.
const MESSAGE_BYTES_MIN: u32 = shared::HELLO_BYTES as u32;
const JSON_MESSAGE_BYTES_MIN: u32 = shared::JSON_HELLO_BYTES as u32;
/// What has no other bound: rates, bursts, counts, and times in milliseconds.
const PER_S_MAX: u32 = 1_000_000;
const BURST_MAX: u32 = 10_000;
const COUNT_MAX: u32 = 65_536;
const MS_MAX: u32 = 600_000;
/// A client that comes back is to find the updates of all its topics in its ring, and the
/// presence of the largest room.
const EVENTS_MIN: u32 = (shared::TOPICS_MAX * shared::TOPIC_UPDATES_KEPT) as u32 + 1;
const EVENTS_BYTES_MIN: u32 = (shared::PRESENCE_ROWS_MAX * (shared::NAME_BYTES_MAX + 8)) as u32 + 1;
/// The lines of a room are told to each newcomer, and have to fit its ring with all else.
const CHAT_LINES_MAX: u32 = EVENTS_MIN - 1;
/// Bytes of a head with which the HTTP library is content.
const HEAD_BYTES_MIN: u32 = 8 << 10;

const _: () = {
    assert!(
        (shared::TICK_HZ_MAX * STALL_MS_MAX / 1000) < i16::MAX as u32,
        "ticks in which nobody reads are counted"
    );
    assert!(CHAT_LINES_MAX as usize * (shared::CHAT_BYTES_MAX + 256) < EVENTS_BYTES_MIN as usize);
};

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
            pub(in crate::config) fn of_variable(&mut self, key: &str) -> Option<&mut Option<u32>> {
                match key.to_ascii_lowercase().as_str() {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }

        impl Limits {
            /// The limits that settings mean, each by itself.
            ///
            /// # Errors
            /// A sentence that names the limit that is out of bounds.
            pub(super) fn bounded(
                settings: &LimitSettings,
                switched_off: SwitchedOff,
            ) -> Result<Self, String> {
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

        /// Names of all limits, as in a variable without its prefix, with the most of each.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, u32)] = &[$((stringify!($name), $most)),+];
    };
}

limits! {
    // The door.
    connections_max = shared::CONNECTIONS_MAX as u32, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Connections inside, playing or about to";
    connections_per_address = shared::CONNECTIONS_PER_ADDRESS, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Connections of one address, pages too";
    turned_away_per_address = shared::TURNED_AWAY_PER_ADDRESS, 0, ..=shared::CONNECTIONS_MAX as u32,
        "Connections of one address beyond that, which are told why they have to go";
    accepts_per_s = shared::ACCEPTS_PER_S, 1, ..=PER_S_MAX,
        "Connections accepted per second";
    address_accepts_per_s = shared::ADDRESS_ACCEPTS_PER_S, 1, ..=PER_S_MAX,
        "Connections accepted per second and address";
    address_accepts_burst_s = shared::ADDRESS_ACCEPTS_BURST_S, 1, ..=3_600,
        "Seconds' worth of the connections of an address that may come at once";
    handshakes_per_s = shared::HANDSHAKES_PER_S, shared::HANDSHAKES_PER_S_MIN, ..=PER_S_MAX,
        "Handshakes of TLS begun per second";
    doorstep_max = shared::DOORSTEP_MAX as u32, 1, ..=COUNT_MAX,
        "Connections at the door that have not said what they want";
    lane_max = shared::LANE_MAX as u32, 1, ..=COUNT_MAX,
        "Newcomers that wait for their turn, and as many that wait to be sent away";
    turn_ms = shared::TURN_MS as u32, 100, ..=shared::CLIENT_SILENCE_MS as u32 - 1,
        "Time that a newcomer waits for its turn, in milliseconds";
    joins_per_s = shared::JOINS_PER_S, 1, ..=PER_S_MAX,
        "Newcomers let in per second, while the server idles";
    refusals_per_s = shared::REFUSALS_PER_S, shared::RETURNS_PER_S + 1, ..=PER_S_MAX,
        "Newcomers sent away per second";
    head_timeout_ms = shared::HTTP_HEAD_MS as u32, 100, ..=60_000,
        "Time for the head of a request, TLS included, in milliseconds";
    head_bytes = shared::HTTP_HEAD_BYTES as u32, HEAD_BYTES_MIN, ..=1 << 20,
        "Bytes of the head of a request";
    body_timeout_ms = shared::TICKET_REQUEST_MS as u32, 100, ..=60_000,
        "Time for the rest of a request, in milliseconds";
    hello_timeout_ms = shared::HELLO_MS as u32, 100, ..=60_000,
        "Time from the handshake to a Hello, in milliseconds";
    // Pages.
    pages_per_s = shared::PAGES_PER_S, shared::PAGES_PER_S_MIN, ..=PER_S_MAX,
        "Pages served per second";
    pages_max = shared::PAGES_MAX as u32, 1, ..=COUNT_MAX,
        "Pages that are being served at once, and as many that wait";
    pages_per_address = shared::PAGES_PER_ADDRESS, 1, ..=shared::CONNECTIONS_MAX as u32,
        "Pages of one address that are being served at once";
    page_timeout_ms = shared::HTTP_MS as u32, 1_000, ..=MS_MAX,
        "Time for a page, in milliseconds";
    probes_max = shared::PROBES_MAX as u32, 1, ..=COUNT_MAX,
        "Questions for the server's health that are being answered at once";
    reports_per_s = shared::REPORTS_PER_S, 1, ..=1_000,
        "Reports of the rooms that are made per second";
    streams_max = shared::STREAMS_MAX as u32, 1, ..=COUNT_MAX,
        "Streams of server-sent events at once";
    streams_per_address = shared::STREAMS_PER_ADDRESS, 1, ..=COUNT_MAX,
        "Streams of server-sent events of one address";
    // Tickets.
    ticket_s = shared::TICKET_S as u32, 5, ..=shared::TICKET_S_MAX as u32,
        "Time for which a ticket of this server is good, in seconds";
    address_tickets_per_s = shared::ADDRESS_TICKETS_PER_S, 1, ..=PER_S_MAX,
        "Tickets given per second and address";
    address_tickets_burst_s = shared::ADDRESS_TICKETS_BURST_S, 1, ..=3_600,
        "Seconds' worth of the tickets of an address that may be given at once";
    // What a connection may send, and leave unread.
    frames_per_s = shared::FRAMES_PER_S, 10, ..=PER_S_MAX,
        "Frames that a client may send per second, of any kind";
    frames_per_tick = shared::FRAMES_PER_TICK, 2, ..=PER_S_MAX,
        "And per tick of its room, unless only that is given";
    bytes_per_s = shared::BYTES_PER_S, 1_024, ..=1 << 30,
        "Bytes that a client may send per second";
    budget_burst_s = shared::BUDGET_BURST_S, 1, ..=60,
        "Seconds' worth of frames and bytes that a client may send at once";
    over_budget_ms = shared::OVER_BUDGET_MS as u32, shared::OVER_BUDGET_GAP_MS as u32 + 1, ..=MS_MAX,
        "Time for which a client may send too many inputs, in milliseconds";
    message_bytes = shared::CLIENT_MESSAGE_BYTES as u32, MESSAGE_BYTES_MIN, ..=shared::CLIENT_MESSAGE_BYTES as u32,
        "Bytes of a client's message in the binary form, and of each of its frames";
    json_message_bytes = shared::JSON_MESSAGE_BYTES as u32, JSON_MESSAGE_BYTES_MIN, ..=shared::JSON_MESSAGE_BYTES as u32,
        "Bytes of a client's message in JSON, and of each of its frames";
    silence_timeout_ms = shared::SERVER_SILENCE_MS as u32, shared::PING_MS as u32 * 2, ..=MS_MAX,
        "Silence after which a client is given up, in milliseconds";
    stall_timeout_ms = shared::STALLED_MS as u32, STALL_MS_MIN, ..=STALL_MS_MAX,
        "Time after which a client or a page that takes no byte is let go, in milliseconds";
    events_max = shared::EVENTS_MAX as u32, EVENTS_MIN, ..=8 * shared::EVENTS_MAX as u32,
        "Ordered messages kept for one client until it has acknowledged them";
    events_bytes_max = shared::EVENTS_BYTES_MAX as u32, EVENTS_BYTES_MIN, ..=8 * shared::EVENTS_BYTES_MAX as u32,
        "Bytes of those messages";
    resync_ms = shared::RESYNC_MS as u32, 100, ..=60_000,
        "Least time from one request for all keyframes to the next, in milliseconds";
    // What players ask for.
    calls_max = shared::CALLS_MAX as u32, 1, ..=shared::CALLS_MAX as u32,
        "Calls of one client that wait for their answer";
    asks_burst = shared::ASKS_BURST, 2, ..=BURST_MAX,
        "Calls that a client may make at once";
    asks_every_ms = shared::ASKS_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which it may make one more, in milliseconds";
    refused_burst = shared::REFUSED_BURST, 1, ..=BURST_MAX,
        "Calls of a client that may be wrong at once";
    refused_every_ms = shared::REFUSED_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which one more may be, in milliseconds";
    go_burst = shared::GO_BURST, 1, ..=BURST_MAX,
        "Ways to other rooms that a client may try at once";
    go_every_ms = shared::GO_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which it may try one more, in milliseconds";
    complaints_burst = shared::COMPLAINTS_BURST, 1, ..=BURST_MAX,
        "Players whom one may report at once";
    complaints_every_ms = shared::COMPLAINTS_EVERY_MS as u32, 1, ..=86_400_000,
        "Time after which it may report one more, in milliseconds";
    room_complaints_burst = shared::COMPLAINTS_ROOM_BURST, 1, ..=BURST_MAX,
        "Players whom all of a room may report at once";
    room_complaints_every_ms = shared::COMPLAINTS_ROOM_EVERY_MS as u32, 1, ..=86_400_000,
        "Time after which they may report one more, in milliseconds";
    chat_burst = shared::CHAT_BURST, 1, ..=BURST_MAX,
        "Lines that a player may say at once";
    chat_every_ms = shared::CHAT_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which it may say one more, in milliseconds";
    room_chat_burst = shared::CHAT_ROOM_BURST, 1, ..=BURST_MAX,
        "Lines that all players of a room may say at once";
    room_chat_every_ms = shared::CHAT_ROOM_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which they may say one more, in milliseconds";
    chat_chars_max = shared::CHAT_CHARS_MAX as u32, 1, ..=shared::CHAT_CHARS_MAX as u32,
        "Characters of a line";
    chat_lines_kept = shared::CHAT_LINES_KEPT as u32, 0, ..=CHAT_LINES_MAX,
        "Lines of a room that a newcomer is told";
    deaf_max = shared::DEAF_MAX as u32, 0, ..=shared::DEAF_MAX as u32,
        "Players whom one may mute for itself on one visit";
    ignored_max = shared::IGNORED_MAX as u32, 0, ..=shared::IGNORED_MAX as u32,
        "Players whom one may mute for good";
    silenced_max = shared::SILENCED_MAX as u32, 1, ..=COUNT_MAX,
        "Players whom operators may have muted at a time";
    topics_max = shared::TOPICS_MAX as u32, 1, ..=shared::TOPICS_MAX as u32,
        "Topics that a client or a stream may follow";
    topic_ms = shared::TOPIC_MS as u32, 200, ..=60_000,
        "Least time between two updates of a topic, in milliseconds";
    watch_every_ms = shared::WATCH_EVERY_MS as u32, 1, ..=MS_MAX,
        "Time after which a spectator may look at somebody else, in milliseconds";
    watchers_max = shared::WATCHERS_MAX as u32, 0, ..=shared::WATCHERS_MAX as u32,
        "Spectators of one room";
    // Rooms that players make.
    rooms_max = shared::ROOMS_MAX as u32, 1, ..=shared::ROOMS_MAX as u32,
        "Rooms at once, the arena too";
    made_per_address = shared::MADE_PER_ADDRESS as u32, 1, ..=shared::ROOMS_MAX as u32,
        "Rooms that one address may have made at a time";
    address_rooms_burst = shared::ADDRESS_ROOMS_BURST, 1, ..=3_600,
        "Rooms that one address may ask for at once; one more each second";
    made_players_max = shared::MADE_PLAYERS_MAX as u32, 1, ..=shared::PLAYERS_MAX as u32,
        "Players of a room that a player makes";
    made_bots_max = shared::MADE_BOTS_MAX as u32, 0, ..=shared::HOUSE_BOTS_MAX as u32,
        "House bots of such a room";
    made_tiles_max = shared::MADE_TILES_MAX as u32, shared::MAP_TILES_MIN as u32, ..=shared::MAP_TILES_MAX as u32,
        "Edge of the map of such a room, in tiles";
    // What is kept of players.
    players_kept = shared::PLAYERS_KEPT, 1_000, ..=100 * shared::PLAYERS_KEPT,
        "Players that are kept in the file of scores";
    score_days_kept = shared::SCORE_DAYS_KEPT, 1, ..=3_660,
        "Days of which scores are kept";
    audit_lines_kept = shared::AUDIT_LINES_KEPT, 1_000, ..=100 * shared::AUDIT_LINES_KEPT,
        "Lines of the audit log that are kept";
}
