//! Every bound on what a peer or an operator can make grow, in one place.
//!
//! Suffixes give the unit: `_MAX` a largest count, `_BYTES`, `_MS`, `_TICKS`,
//! `_TILES`. The assertions at the end relate the numbers to each other.

/// Version of the protocol that this build speaks; a different one is refused with 4012.
pub const PROTOCOL_VERSION: u16 = 1;

/// Slowest and fastest tick rate that the movement rule is defined for, in Hz.
pub const TICK_HZ_MIN: u32 = 10;
pub const TICK_HZ_MAX: u32 = 128;

/// Edge of the smallest and largest map, in tiles.
pub const MAP_TILES_MIN: i32 = 8;
pub const MAP_TILES_MAX: i32 = 1024;
/// Size of a map file that is read at all.
pub const MAP_FILE_BYTES: u64 = 16 << 20;
/// Alternations of floor and wall in a map: all of them go into a Welcome.
pub const MAP_RUNS_MAX: usize = 300_000;

/// Edge of an interest cell, in tiles.
pub const CELL_TILES: i32 = 8;
/// What every screen shows around its glider, in sub-units: 40 × 22.5 tiles.
pub const VIEW_WIDTH: i32 = 40 * 256;
pub const VIEW_HEIGHT: i32 = 22 * 256 + 128;
/// How far a held cell may lie outside the view before it is dropped, in sub-units.
pub const VIEW_SLACK: i32 = 256;
/// Most cells that one client can hold.
pub const FOCUS_CELLS_MAX: usize = 64;

/// Gliders in one room, and with them clients that play.
pub const PLAYERS_MAX: usize = 8192;
/// Those who look on in one room, and the least of their numbers, which no glider has.
pub const WATCHERS_MAX: usize = 1024;
pub const WATCHER_IDS: u16 = 60_000;
/// Time between two calls of one of them for somebody else to look at, in milliseconds: what
/// it is to see then may have to be told it whole.
pub const WATCH_EVERY_MS: u64 = 100;
/// House bots that one room takes.
pub const HOUSE_BOTS_MAX: usize = 1000;
/// Network threads of one process.
pub const NET_THREADS_MAX: usize = 64;
/// Bolts in flight in one room; more shots are refused by the sim.
pub const BOLTS_MAX: usize = 16_384;
/// Shards lying in one room.
pub const SHARDS_MAX: usize = 32_768;

/// Ticks for which a freed id rests, so that nobody mistakes the next owner for the last.
pub const ID_REST_TICKS: u32 = 256;

/// Health of a fresh glider.
pub const HP_MAX: u8 = 100;

/// A name's length in bytes of UTF-8 and in characters as people count them (extended
/// grapheme clusters), both once it is in its compatibility form (NFKC).
pub const NAME_BYTES_MAX: usize = 64;
pub const NAME_CHARS_MAX: usize = 16;
/// Bytes of a name as it was typed, beyond which nobody looks at it.
pub const NAME_TYPED_BYTES_MAX: usize = 256;
/// A ticket's length in bytes.
pub const TICKET_BYTES: usize = 768;
/// What a session is resumed with, in random bytes.
pub const SECRET_BYTES: usize = 16;
/// Who a guest is: a number of eight bytes and its signature.
pub const IDENTITY_BYTES: usize = 24;
/// Colour schemes that a glider can have.
pub const LOOKS: u8 = 16;
/// Steps of thrust: 0 drifts, this is full speed.
pub const THRUST_MAX: u8 = 15;

/// Inputs that wait for their tick, per player.
pub const INPUTS_BUFFERED_MAX: usize = 8;
/// An input that names a tick further ahead than this is refused with 1008.
pub const INPUT_AHEAD_TICKS_MAX: i32 = 256;
/// An input older than this is refused with 1008: no pause of a tab or link explains it.
pub const INPUT_BEHIND_TICKS_MAX: i32 = 60 * 128;
/// A client sends at least this often, in milliseconds, and at most once a tick.
pub const INPUT_INTERVAL_MS: u64 = 100;
/// An input that could not be sent for so long is dropped: nobody wants it any more.
pub const INPUT_STALE_MS: u64 = 500;

/// Largest message that a client may send; and the limit of its decoder.
pub const CLIENT_MESSAGE_BYTES: usize = 1024;
/// And as JSON, which spells out what bytes only number.
pub const JSON_MESSAGE_BYTES: usize = 4 << 10;
/// The longest Hello that an honest client says: a name and a room, a ticket, a session to go
/// on with and an identity, and what tells them apart.
pub const HELLO_BYTES: usize =
    NAME_BYTES_MAX + ROOM_NAME_BYTES + TICKET_BYTES + SECRET_BYTES + IDENTITY_BYTES + 32;
/// And as JSON: each byte of a name may be written as six, and those of secrets are in
/// hexadecimal.
pub const JSON_HELLO_BYTES: usize = (NAME_BYTES_MAX + ROOM_NAME_BYTES) * 6
    + TICKET_BYTES
    + (SECRET_BYTES + IDENTITY_BYTES) * 2
    + 256;
/// Largest message that a server sends; and the limit of a client's decoder.
pub const SERVER_MESSAGE_BYTES: usize = 1 << 20;
/// Ticks of one snapshot; a client that skipped more gets keyframes. Twice the slowest
/// rhythm of an overloaded server, so that a snapshot left out there costs none.
pub const CATCH_UP_TICKS_MAX: usize = 8;
/// Snapshots that may be unacknowledged beyond the round trip, in milliseconds.
pub const UNACKED_MS_MAX: u64 = 150;
/// Snapshots of one client whose acknowledgement is awaited one by one; beyond that, the
/// newest stands for those before it.
pub const UNSEEN_MAX: usize = 32;
/// Published ticks that wait for a network thread.
pub const PUBLISHED_MAX: usize = 16;

/// Ordered messages that are kept for one client until it has acknowledged them.
pub const EVENTS_MAX: usize = 512;
pub const EVENTS_BYTES_MAX: usize = 256 << 10;
/// Text of a notice or a close reason. A close frame holds 123 bytes.
pub const REASON_BYTES_MAX: usize = 120;
/// Names on the leaderboard.
pub const BOARD_ROWS: usize = 10;
/// Ordered messages that the room keeps for one stalled network thread.
pub const ROOM_MAIL_MAX: usize = 65_536;

/// Rooms of one process; and the length of a room's name, and of a private room's code.
pub const ROOMS_MAX: usize = 64;
pub const ROOM_NAME_BYTES: usize = 24;
pub const ROOM_CODE_CHARS: usize = 8;
/// Threads that rooms are run by, and those that take the place of some that stand still; and
/// when one does: its tick has taken so long.
pub const ROOM_WORKERS_MAX: usize = 64;
pub const ROOM_WORKERS_SPARE: usize = 8;
pub const ROOM_STALL_MS: u64 = 1_000;
/// And where others wait for a thread, so early that they skip no tick.
pub const ROOM_HELD_MS: u64 = 100;
/// Reports of crashed rooms that are written at once; and how long a server that stops waits
/// for them.
pub const CRASH_REPORTS_MAX: usize = 4;
pub const CRASH_REPORTS_MS: u64 = 1_000;
/// What players may make: players of such a room, its house bots, the edge of its map in
/// tiles, and rooms of one address at a time.
pub const MADE_PLAYERS_MAX: usize = 256;
pub const MADE_BOTS_MAX: usize = 50;
pub const MADE_TILES_MAX: i32 = 256;
pub const MADE_PER_ADDRESS: usize = 8;
/// Size of a request for a room, and how often one address may ask for one: so many at
/// once, and one more each second.
pub const ROOM_REQUEST_BYTES: usize = 1 << 10;
pub const ADDRESS_ROOMS_BURST: u32 = 5;
/// How long such a room stays without anybody, by default and at most, in seconds.
pub const ROOM_EMPTY_S: u64 = 60;
pub const ROOM_EMPTY_S_MAX: u64 = 86_400;
/// What a room may take to let somebody in who travels, or out, in milliseconds.
pub const TRAVEL_MS: u64 = 5_000;
/// A line of chat, in characters and in bytes; lines that a newcomer is told; and how many a
/// player may say: so many at once, and one more each time.
pub const CHAT_CHARS_MAX: usize = 200;
pub const CHAT_BYTES_MAX: usize = 600;
pub const CHAT_LINES_KEPT: usize = 16;
pub const CHAT_BURST: u32 = 5;
pub const CHAT_EVERY_MS: u64 = 1_000;
/// Topics of one client, the length of a topic's name, and the time between two updates.
pub const TOPICS_MAX: usize = 8;
pub const TOPIC_BYTES: usize = 48;
pub const TOPIC_MS: u64 = 1_000;
/// How long a link has to be behind, or not to be any more, before its topics wait, or are
/// told again, in milliseconds. It is behind when a heartbeat is overdue by so much, or with half
/// of the ordered messages that are kept unacknowledged, too.
pub const LAG_MS: u64 = 300;
pub const LAG_PONG_MS: u64 = 1_000;
/// Calls of one client that wait for their answer; a client that is not connected keeps so
/// many for later.
pub const CALLS_MAX: usize = 8;
pub const CALLS_QUEUED_MAX: usize = 100;
/// Calls that were refused for what was wrong in them: so many at once, and one more each
/// time, before it ends with 4008.
pub const REFUSED_BURST: u32 = 20;
pub const REFUSED_EVERY_MS: u64 = 3_000;
/// Ways to other rooms that a client may try: so many at once, and one more each time. Codes
/// of private rooms are not to be guessed, and each way is a join and a whole map.
pub const GO_BURST: u32 = 5;
pub const GO_EVERY_MS: u64 = 2_000;

/// All calls of one client, whatever they ask for: so many at once, and one more each time.
pub const ASKS_BURST: u32 = 32;
pub const ASKS_EVERY_MS: u64 = 100;
/// Times that one player may tell the operators of another: each is a line of the audit log.
pub const COMPLAINTS_BURST: u32 = 3;
pub const COMPLAINTS_EVERY_MS: u64 = 60_000;
/// And all players of a room together: so many at once, and one more each time.
pub const COMPLAINTS_ROOM_BURST: u32 = 20;
pub const COMPLAINTS_ROOM_EVERY_MS: u64 = 5_000;
/// Lines that all players of a room may say together.
pub const CHAT_ROOM_BURST: u32 = 40;
pub const CHAT_ROOM_EVERY_MS: u64 = 50;
/// Whom one player does not want to hear; whom operators have muted; the longest that they
/// may mute and ban, in minutes; and the slowest chat of a room, in seconds.
pub const DEAF_MAX: usize = 64;
pub const SILENCED_MAX: usize = 4096;
pub const ORDER_MINUTES_MAX: u32 = 60 * 24 * 366;
pub const SLOW_S_MAX: u16 = 600;
/// From the word that somebody is banned to the end of its session, in milliseconds: what is on
/// its way when a connection closes may not arrive.
pub const BAN_TOLD_MS: u64 = 300;
/// Players of a room of whom it is remembered in slow mode when they spoke.
pub const SLOW_SPEAKERS_MAX: usize = 4096;
/// The longest that what is said waits for a newcomer until it is known whom it does not want to
/// hear, in milliseconds; and how many lines wait.
pub const FIRST_LINES_MS: u64 = 2_000;
pub const FIRST_LINES_MAX: usize = 64;
/// Players who left of whom it is remembered whom they do not hear and what they said.
pub const ABSENT_KEPT: usize = 1024;
/// Rooms with more people tell nobody who joins and leaves.
pub const NEWS_ROOM_PLAYERS: usize = 16;
/// Places on a board of a topic, and the time between two records of what all have reached.
pub const LEADERS: usize = 10;
pub const RECORD_EVERY_MS: u64 = 30_000;
/// Bests whose players are told of them once they are on the disk; the oldest give way.
pub const BESTS_WAITING_MAX: usize = 1024;
/// Players whom the presence of a room names, and those of one message.
pub const PRESENCE_ROWS_MAX: usize = 2048;
pub const PRESENCE_ROWS_AT_ONCE: usize = 512;
/// Updates of a topic that are kept for those who come back.
pub const TOPIC_UPDATES_KEPT: usize = 16;
/// Words on their way to the hub, and those that it takes before it tells anything.
pub const HUB_WORDS_MAX: usize = 65_536;
pub const HUB_WORDS_A_TURN: usize = 4096;
/// Deliveries on their way to a room, those that it takes in a tick, and those that wait
/// for one that stands still.
pub const HUB_DELIVERIES_MAX: usize = 16_384;
pub const HUB_DELIVERIES_A_TICK: usize = 4096;
pub const HUB_OUTBOX_MAX: usize = 65_536;
/// Streams of server-sent events of the process and of one address, events that wait for a
/// slow reader of one, and the longest silence on it, in milliseconds.
pub const STREAMS_MAX: usize = 256;
pub const STREAMS_PER_ADDRESS: u32 = 16;
pub const STREAM_EVENTS_MAX: usize = 64;
pub const STREAM_SILENCE_MS: u64 = 15_000;

/// Control messages that one connection or one seat without any may have on their way to
/// a room: its calls, whether its link lags, and at worst it takes a session over, finds that it
/// cannot go on with it, leaves that one, joins afresh, and is lost.
pub const CONTROL_CREDIT: usize = 5 + CALLS_MAX;
/// Places of the link between network threads and a room. The whole credit of every
/// connection fits, and that of every session without one, so a control message finds it
/// full only when the room stands still.
pub const LINK_PLACES: usize = (CONNECTIONS_MAX + PLAYERS_MAX) * CONTROL_CREDIT;
/// Claims, seats and answers on their way to one network thread. Every connection makes
/// one claim in its life, and every session has one seat.
pub const WORDS_MAX: usize = CONNECTIONS_MAX + PLAYERS_MAX;
/// Connections that wait for a session while another one takes it over.
pub const CLAIMS_MAX: usize = 8;
/// Inputs of one network thread that wait for a room that stands still.
pub const INPUTS_WAITING_MAX: usize = 65_536;
/// Input batches on their way to a room.
pub const INPUT_BATCHES_MAX: usize = 256;

/// Connections of one process, playing or not.
pub const CONNECTIONS_MAX: usize = 10_240;
/// Connections that the kernel holds until they are accepted; it may allow fewer.
pub const BACKLOG: i32 = 4096;
/// Upgraded sockets that wait for their network thread to take them.
pub const HANDOVER_MAX: usize = 1024;
/// Read buffer of one connection. The library's default costs 138 KB each.
pub const READ_BUFFER_BYTES: usize = 2 << 10;
/// Kernel send buffer of one connection, before the kernel doubles it.
pub const SEND_BUFFER_BYTES: usize = 64 << 10;
/// Unsent bytes that the kernel takes before it calls the socket full.
pub const UNSENT_BYTES: u32 = 16 << 10;
/// Bytes of an HTTP request head, and the time that it may take.
pub const HTTP_HEAD_BYTES: usize = 16 << 10;
pub const HTTP_HEAD_MS: u64 = 5_000;
/// Time from the upgrade to a Hello.
pub const HELLO_MS: u64 = 5_000;
/// A peer that accepts no byte, or shows no more that it reads, is closed with 4013 after
/// this long.
pub const STALLED_MS: u64 = 5_000;
/// What it then has to take a close frame before it is aborted.
pub const CLOSING_MS: u64 = 1_000;
/// The same for one that sends more than it may.
pub const FLOOD_CLOSING_MS: u64 = 400;

/// Frames and bytes that a client may send in a second, and the seconds' worth of them
/// that it may send at once. All frames count: pings, fragments and empty ones too.
pub const FRAMES_PER_S: u32 = 300;
pub const BYTES_PER_S: u32 = 16 << 10;
/// And no more than so many frames a tick, where a client has one input to send in each.
pub const FRAMES_PER_TICK: u32 = 4;
pub const BUDGET_BURST_S: u32 = 2;
/// A client that sends more for this long, in milliseconds, is closed with 4008; a pause
/// from this length on ends such a time.
pub const OVER_BUDGET_MS: u64 = 3_000;
pub const OVER_BUDGET_GAP_MS: u64 = 1_000;
/// Bytes that are read from one connection before the others get their turn.
pub const TURN_BYTES: usize = 16 << 10;
/// Unsent bytes beyond which a client's pings get no answer.
pub const PONGS_BYTES_MAX: usize = 4 << 10;

/// A client gets all its keyframes anew at most so often, in milliseconds.
pub const RESYNC_MS: u64 = 1_000;
/// An HTTP exchange that is no upgrade ends after this long.
pub const HTTP_MS: u64 = 60_000;

/// Heartbeat of the server, and the silence after which each end gives up.
pub const PING_MS: u64 = 2_500;
/// And to who looks on, whose answers are all that tells of its link.
pub const WATCH_PING_MS: u64 = 250;
pub const SERVER_SILENCE_MS: u64 = 20_000;
pub const CLIENT_SILENCE_MS: u64 = 10_000;
/// Most that counts as the server's silence between two looks of a client: in a longer gap
/// it was stalled itself.
pub const CLIENT_STALL_MS: u64 = 1_000;

/// Most that a client waits before it connects again, in milliseconds: the first time, and
/// however often it failed.
pub const RECONNECT_BASE_MS: u64 = 250;
pub const RECONNECT_CAP_MS: u64 = 8_000;
/// A connection that lived this long was a good one: the next wait is a first one again.
pub const RECONNECT_STABLE_MS: u64 = 10_000;
/// Least time between two attempts that a hint brings about, whatever it is: the network came
/// back, the page is looked at, the player is impatient.
pub const RECONNECT_HINT_MS: u64 = 1_000;

/// How long a glider without connection stays in the arena, and how long its player's
/// session can be taken up again, by default, in milliseconds since the loss.
pub const LINK_HOLD_MS: u64 = 10_000;
pub const SESSION_MS: u64 = 60_000;
/// The longest that an operator may set, in seconds.
pub const SESSION_S_MAX: u64 = 3_600;
/// The latest time of day that a Welcome tells: the largest whole number that JavaScript holds.
pub const TIME_MS_MAX: u64 = (1 << 53) - 1;
/// A network thread that slept longer than this blames no client for it.
pub const STALL_FORGIVEN_MS: u64 = 1_000;

/// How long a ticket of this server is valid, in seconds; how far clocks may differ; and
/// the furthest end of a ticket that others signed.
pub const TICKET_S: u64 = 30;
pub const TICKET_SKEW_S: u64 = 30;
pub const TICKET_S_MAX: u64 = 300;
/// How far ahead of ours the clock of a login service may be, and so for how long after a
/// start a new ticket may be one that was used before it; and when another one is tried. By a
/// clock that is behind, that is for as much longer as clocks may differ.
pub const TICKET_AHEAD_S: u64 = 2;
pub const TICKET_SOON_MS: u32 = (TICKET_AHEAD_S as u32 + 1) * 1000;
/// Used tickets that are remembered until nobody could use them again.
pub const TICKETS_USED_MAX: usize = 65_536;
/// A ticket's own number, in bytes.
pub const TICKET_ID_BYTES: usize = 64;
/// Least length of a secret that tickets are signed with, and the size of its file.
pub const AUTH_SECRET_BYTES_MIN: usize = 32;
pub const AUTH_SECRET_BYTES_MAX: usize = 4 << 10;
/// Size of a request for a ticket.
pub const TICKET_REQUEST_BYTES: usize = 1 << 10;
/// And the time that it may take to come.
pub const TICKET_REQUEST_MS: u64 = 3_000;

/// Greatest length of the secret with which operators get their tickets; the least is that of
/// secrets that sign.
pub const OPERATOR_SECRET_BYTES_MAX: usize = 512;

/// Records that wait to be written, while the disk is slow or full; more are not taken.
pub const RECORDS_WAITING_MAX: usize = 16_384;
/// Records of one transaction, and the least time from one transaction to the next, in
/// milliseconds.
pub const RECORDS_AT_ONCE: usize = 1_024;
pub const COMMIT_MS: u64 = 50;
/// Time between two tries of a transaction that failed, in milliseconds.
pub const COMMIT_RETRY_MS: u64 = 1_000;
/// Longest look at a file of scores before it is used, in milliseconds.
pub const STORE_CHECK_MS: u64 = 5_000;
/// Numbers of players that are taken from the file at once, so that none comes twice.
pub const PLAYERS_RESERVED: u32 = 8_192;
/// Players that are kept: in a file, and where there is none. Those who were not seen for
/// the longest time are forgotten first, unless they are banned or on the board.
pub const PLAYERS_KEPT: u32 = 1_000_000;
pub const PLAYERS_KEPT_IN_MEMORY: u32 = 65_536;
/// Players of whom it is known without a look at the file what counts for them.
pub const PLAYERS_KNOWN: usize = 16_384;
/// Players who came, and of whom it is still to be read what is kept of them.
pub const RECALLS_WAITING_MAX: usize = 4096;
/// Days of which scores are kept, and lines of the audit log.
pub const SCORE_DAYS_KEPT: u32 = 32;
pub const AUDIT_LINES_KEPT: u32 = 100_000;
/// Rows of the lasting boards, of which clients see the first.
pub const BOARD_ROWS_KEPT: usize = 500;
/// Bans and mutes at one time, and whom one player may not want to hear.
pub const SANCTIONS_MAX: usize = 16_384;
pub const IGNORED_MAX: usize = 100;
/// Text of a ban, a mute or a line of the audit log.
pub const SANCTION_REASON_BYTES: usize = 64;
pub const AUDIT_BYTES: usize = 512;
/// The longest ban and mute, in seconds: ten years.
pub const SANCTION_S_MAX: u64 = 10 * 365 * 86_400;
/// Time between two sweeps of what has expired, in milliseconds.
pub const SWEEP_MS: u64 = 600_000;

/// Rates of what the room tells everybody, in milliseconds between two messages.
pub const BOARD_MS: u64 = 1_000;
pub const CROWN_MS: u64 = 500;

/// Ticks run at once after a stall, and the lag beyond which deadlines are skipped.
pub const CATCH_UP_TICKS: u32 = 2;
pub const SLIP_MS: u64 = 250;
/// Ticks between two check values of one cell.
pub const CHECK_EVERY_TICKS: u32 = 64;

/// The load is judged so often, in milliseconds: often enough to act within a second,
/// and each time over several ticks even at the slowest rate.
pub const LOAD_EVERY_MS: u64 = 500;
/// Load from which newcomers are refused, as part of all that the server can do, and
/// for how long it has to last. What is left pays for those who come in meanwhile, for
/// refusals, and for a machine whose speed varies by a tenth.
pub const SHUT_LOAD: f64 = 0.85;
pub const SHUT_AFTER_MS: u64 = 1_000;
/// Load below which they are let in again. The gap is more than a second of joins brings.
pub const OPEN_LOAD: f64 = 0.75;
/// Part of the ticks that may overrun before newcomers are refused: a busy machine
/// wakes a thread late now and then, and that is no load.
pub const OVERRUN_SHARE_MAX: f64 = 0.25;
/// Load from which snapshots become rarer: clearly more than there is, that is, when the
/// last client has its snapshot a quarter of a tick after the next deadline. Before that a
/// slower rhythm takes more from everybody than it gives. Each step is given time to show
/// in the load, which is smoothed over a second.
pub const SLOW_LOAD: f64 = 1.25;
pub const SLOW_AFTER_MS: u64 = 3_000;
/// What a slower rhythm has to take off the load, or it is not worth its price.
pub const RELIEF_MIN: f64 = 0.1;
/// Load that an easier step may bring about, and for how long it has to look like it.
/// More than a server has whose door shut in time, or it would never ease again.
pub const EASE_LOAD: f64 = 0.95;
pub const EASE_AFTER_MS: u64 = 5_000;
/// Most ticks between two snapshots of one client.
pub const RHYTHM_TICKS_MAX: u32 = 4;
/// Time between two notices of the ladder to those inside, in milliseconds.
pub const NOTICE_MS: u64 = 3_000;

/// Players that come in per second, at most, while the server idles; the load takes its
/// share of this. A join costs about half a millisecond in all threads together.
pub const JOINS_PER_S: u32 = 1_000;
/// What is left of it under any load while newcomers are taken.
pub const JOINS_PER_S_MIN: u32 = 50;
/// A newcomer waits so long for its turn, in milliseconds, and is then refused. Clients
/// wait ten seconds for a Welcome.
pub const TURN_MS: u64 = 5_000;
/// Sockets accepted per second, whoever they are; the rest waits in the kernel, where
/// nobody can be preferred. Accepting and reading a request takes about a hundredth of a
/// millisecond.
pub const ACCEPTS_PER_S: u32 = 2_000;
/// Pages served per second, and what is left of it under load.
pub const PAGES_PER_S: u32 = 500;
pub const PAGES_PER_S_MIN: u32 = 100;
/// Pages that wait for their turn, and as many that are being served.
pub const PAGES_MAX: usize = 1024;
/// Newcomers that wait for their turn, and as many that wait to be told to go.
pub const LANE_MAX: usize = 4096;
/// Connections that have not said what they want, and as many that were told to go and
/// have not gone.
pub const DOORSTEP_MAX: usize = 8192;
/// Connections of one address, from accept to close; and those beyond that are told why
/// they have to go. A network of version 6 is one address.
pub const CONNECTIONS_PER_ADDRESS: u32 = 256;
pub const TURNED_AWAY_PER_ADDRESS: u32 = 16;
/// Pages of one address that are being served.
pub const PAGES_PER_ADDRESS: u32 = 64;
/// Places of `/healthz` and `/readyz` besides: whoever holds up pages must not make a
/// server look dead.
pub const PROBES_MAX: usize = 64;
/// Connections accepted per second and address, and the seconds' worth of them that come
/// at once: all that may be open.
pub const ADDRESS_ACCEPTS_PER_S: u32 = 50;
pub const ADDRESS_ACCEPTS_BURST_S: u32 = 6;
/// Tickets per second and address.
pub const ADDRESS_TICKETS_PER_S: u32 = 20;
pub const ADDRESS_TICKETS_BURST_S: u32 = 10;
/// Addresses whose rates are remembered; the others share one rate.
pub const ADDRESSES_MAX: usize = 65_536;
/// Handshakes of TLS begun per second, and what is left of it under load: one takes about
/// half a millisecond.
pub const HANDSHAKES_PER_S: u32 = 400;
pub const HANDSHAKES_PER_S_MIN: u32 = 50;
/// Bytes that TLS holds of one connection in each direction.
pub const TLS_BUFFER_BYTES: usize = 64 << 10;
/// Networks of proxies that are trusted, and addresses in one X-Forwarded-For.
pub const PROXIES_MAX: usize = 64;
pub const FORWARDED_MAX: usize = 32;
/// Newcomers sent away per second.
pub const REFUSALS_PER_S: u32 = 500;
/// Upgraded sockets that a network thread takes in one turn.
pub const NEWBORNS_PER_TURN: usize = 32;
/// When a refused newcomer shall come back, in milliseconds: not before, spread so that
/// thousands do not come at once, and not after.
pub const RETRY_MS: u32 = 5_000;
pub const RETRY_SPREAD_MS: u32 = 15_000;
pub const RETRY_MAX_MS: u32 = 60_000;
/// Refused newcomers that come back per second. More of them wait longer for that.
pub const RETURNS_PER_S: u32 = 100;

/// A stopping server: from its notice to the first close, in milliseconds; connections
/// that each network thread then closes per second; and the time in which all are to be
/// gone.
pub const DRAIN_NOTICE_MS: u64 = 300;
pub const DRAINS_PER_S: u32 = 1_000;
pub const DRAIN_MS: u64 = 8_000;
/// When the client of a server that restarts shall come back, in milliseconds: not before,
/// spread so that this many come per second, and not after.
pub const RESTART_RETRY_MS: u32 = 1_000;
pub const RESTART_RETURNS_PER_S: u32 = 500;
pub const RESTART_RETRY_MAX_MS: u32 = 20_000;

/// Commands that a room keeps, to be written when it crashes.
pub const COMMANDS_KEPT: usize = 65_536;

/// Ticks that a room can sum up for whoever asks, eleven minutes at 30 Hz, and how
/// many it does unasked.
pub const TICKS_TOLD_MAX: usize = 20_000;
pub const TICKS_TOLD: usize = 512;
/// Reports of the rooms that are made per second, whoever asks: each may be a millisecond's
/// work.
pub const REPORTS_PER_S: u32 = 10;

const _: () = {
    assert!(TICK_HZ_MIN >= 10, "a dash must stay below one cell a tick");
    assert!(PLAYERS_MAX < WATCHER_IDS as usize);
    assert!(
        WATCHER_IDS as usize + WATCHERS_MAX * 4 < u16::MAX as usize,
        "ids rest, the last for good"
    );
    assert!(BOLTS_MAX < u16::MAX as usize);
    assert!(SHARDS_MAX < u16::MAX as usize, "ids are 16 bits, and the last one rests");
    assert!(CONNECTIONS_MAX > PLAYERS_MAX, "a full room must still be able to say so");
    assert!(FOCUS_CELLS_MAX < 251, "a list of keyframes has a length of one byte");
    assert!(CELL_TILES * 256 <= 1 << 12, "a place in a cell is packed into twelve bits an axis");
    assert!(NAME_BYTES_MAX < 251, "a name's length is one byte on the wire");
    assert!(NAME_BYTES_MAX <= NAME_TYPED_BYTES_MAX, "a name is what may be typed for itself");
    assert!(REASON_BYTES_MAX <= 123, "a close frame holds 123 bytes of reason");
    assert!(CLIENT_MESSAGE_BYTES < JSON_MESSAGE_BYTES);
    assert!(JSON_MESSAGE_BYTES <= TURN_BYTES);
    assert!(READ_BUFFER_BYTES <= TURN_BYTES);
    assert!(OVER_BUDGET_GAP_MS < OVER_BUDGET_MS);
    assert!(FLOOD_CLOSING_MS < CLOSING_MS);
    assert!(FRAMES_PER_S > TICK_HZ_MAX * 2, "a client may send an input a tick");
    assert!(HELLO_BYTES < CLIENT_MESSAGE_BYTES && JSON_HELLO_BYTES < JSON_MESSAGE_BYTES);
    assert!(CHAT_BYTES_MAX + 32 < CLIENT_MESSAGE_BYTES && TOPIC_BYTES > ROOM_NAME_BYTES + 16);
    assert!(ROOM_CODE_CHARS <= ROOM_NAME_BYTES);
    assert!(PRESENCE_ROWS_MAX * (NAME_BYTES_MAX + 8) < EVENTS_BYTES_MAX);
    assert!(PRESENCE_ROWS_MAX / PRESENCE_ROWS_AT_ONCE + TOPICS_MAX < STREAM_EVENTS_MAX);
    assert!(TOPICS_MAX * TOPIC_UPDATES_KEPT < EVENTS_MAX && LEADERS < 256);
    assert!(CALLS_MAX < ASKS_BURST as usize && SLOW_S_MAX > 0);
    assert!(ROOMS_MAX <= 64, "a set of rooms is 64 bits");
    assert!(MADE_BOTS_MAX < MADE_PLAYERS_MAX && MADE_PLAYERS_MAX <= PLAYERS_MAX);
    assert!(ROOM_STALL_MS > SLIP_MS * 2 && ROOM_STALL_MS < TRAVEL_MS);
    assert!(ROOM_HELD_MS * 2 < SLIP_MS, "it takes a moment to notice");
    assert!(HP_MAX < 128, "health has seven bits");
    assert!(MAP_RUNS_MAX * 3 + 1024 < SERVER_MESSAGE_BYTES, "a Welcome holds the whole map");
    assert!(CONTROL_CREDIT >= 5 + CALLS_MAX, "take over, leave, join, lag, be lost, and all calls");
    assert!(
        LAG_MS < TOPIC_MS && TOPICS_MAX * 2 < EVENTS_MAX / 2,
        "a topic waits before it is late"
    );
    assert!(LINK_HOLD_MS <= SESSION_MS && SESSION_MS <= SESSION_S_MAX * 1000);
    assert!(STALL_FORGIVEN_MS < STALLED_MS && STALL_FORGIVEN_MS < HELLO_MS);
    assert!(
        PAGES_PER_S as u64 * (TICKET_S + TICKET_SKEW_S) < TICKETS_USED_MAX as u64,
        "those who ask for tickets cannot fill the memory of used ones"
    );
    assert!(TICKET_AHEAD_S < TICKET_SKEW_S && TICKET_SOON_MS < RETRY_MAX_MS);
    assert!(OPERATOR_SECRET_BYTES_MAX + NAME_BYTES_MAX + ROOM_NAME_BYTES < TICKET_REQUEST_BYTES);
    assert!(AUTH_SECRET_BYTES_MIN < OPERATOR_SECRET_BYTES_MAX);
    assert!(SANCTION_REASON_BYTES + 56 <= REASON_BYTES_MAX, "it is told how long a ban lasts");
    assert!(BOARD_ROWS <= BOARD_ROWS_KEPT);
    assert!(COMMIT_MS < COMMIT_RETRY_MS && CHAT_LINES_KEPT < FIRST_LINES_MAX);
    assert!(CLIENT_SILENCE_MS > PING_MS * 2);
    assert!(SERVER_SILENCE_MS > PING_MS * 4 && WATCH_PING_MS < PING_MS);
    assert!(CLIENT_STALL_MS * 2 < CLIENT_SILENCE_MS, "silence must be noticed between stalls");
    assert!(RECONNECT_BASE_MS < RECONNECT_CAP_MS && RECONNECT_CAP_MS < RECONNECT_STABLE_MS);
    assert!((TICK_HZ_MAX as u64) * STALLED_MS / 1000 < i16::MAX as u64);
    assert!(CATCH_UP_TICKS as usize <= CATCH_UP_TICKS_MAX);
    assert!(CATCH_UP_TICKS_MAX < PUBLISHED_MAX);
    assert!(INPUT_AHEAD_TICKS_MAX as usize > INPUTS_BUFFERED_MAX);
    assert!(TICKS_TOLD <= TICKS_TOLD_MAX);
    assert!(OPEN_LOAD < SHUT_LOAD && SHUT_LOAD < EASE_LOAD && EASE_LOAD < SLOW_LOAD);
    assert!(RHYTHM_TICKS_MAX as usize * 2 <= CATCH_UP_TICKS_MAX, "one may be left out");
    assert!(LOAD_EVERY_MS * TICK_HZ_MIN as u64 >= 5_000, "a judgement is over several ticks");
    assert!(JOINS_PER_S_MIN < JOINS_PER_S && PAGES_PER_S_MIN < PAGES_PER_S);
    assert!(CONNECTIONS_PER_ADDRESS <= ADDRESS_ACCEPTS_PER_S * ADDRESS_ACCEPTS_BURST_S);
    assert!(PAGES_PER_ADDRESS < CONNECTIONS_PER_ADDRESS);
    assert!(JOINS_PER_S < ACCEPTS_PER_S, "a crowd must wait where others can pass it");
    assert!(BACKLOG as u64 * 1000 / (ACCEPTS_PER_S as u64) < TURN_MS);
    assert!(RETURNS_PER_S < REFUSALS_PER_S, "those who come back are told so at once");
    assert!(RETRY_MS + RETRY_SPREAD_MS < RETRY_MAX_MS);
    assert!(RESTART_RETURNS_PER_S <= JOINS_PER_S && RESTART_RETRY_MS < RESTART_RETRY_MAX_MS);
    assert!(DRAIN_NOTICE_MS + CLOSING_MS < DRAIN_MS);
    assert!(TURN_MS < CLIENT_SILENCE_MS, "a client must not give up while it waits its turn");
};
