//! Pages and status over HTTP: the game, `/healthz`, `/readyz`, `/api/rooms`, `/api/ticket`,
//! `/events`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;
use throng_shared::limits::{TICKS_TOLD, TICKS_TOLD_MAX};

use crate::config::Limits;
use crate::hub::HubDesk;
use crate::link::{Gauge, RoomGauge};
use crate::net::Tally;
use crate::room::{Quantiles, RoomStatus};
use crate::rooms::{Rooms, Shown};
use crate::store::{Health, Store};
use crate::tickets::Tickets;

mod events;
mod making;
mod ticket;

/// The built client: in the binary in release, from disk in debug.
#[derive(RustEmbed)]
#[folder = "../client-web/dist"]
struct Client;

/// Scripts, styles and connections of this server only; nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// What the pages tell of.
#[derive(Clone, Debug)]
pub struct WebState {
    pub rooms: Arc<Rooms>,
    pub tally: Arc<Tally>,
    pub reports: Arc<Mutex<Reports>>,
    pub tickets: Arc<Tickets>,
    pub store: Store,
    /// Where topics are listened to.
    pub hub: HubDesk,
    pub limits: Arc<Limits>,
}

/// Reports that may be made at once after a while in which nobody asked.
const REPORTS_AT_ONCE: u32 = 4;

/// The newest report of the rooms. Anybody may ask for one and it is work, so only so many
/// are made a second; whoever asks more gets the newest there is.
#[derive(Debug, Default)]
pub struct Reports {
    /// When the next one may be made, if all are made evenly.
    next: Option<Instant>,
    newest: Bytes,
}

impl Reports {
    fn get(&mut self, now: Instant, per_s: u32, make: impl FnOnce() -> Bytes) -> Bytes {
        let pause = Duration::from_secs(1) / per_s;
        let earliest = now.checked_sub(pause * (REPORTS_AT_ONCE - 1)).unwrap_or(now);
        let turn = self.next.unwrap_or(earliest).max(earliest);
        if turn <= now {
            self.next = Some(turn + pause);
            self.newest = make();
        }
        self.newest.clone()
    }
}

/// All routes but the WebSocket endpoint.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { file("index.html", &headers) }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/events", get(events::listen))
        .route("/api/rooms", making::route().get(rooms))
        .route("/api/ticket", ticket::route())
        .route("/{*path}", get(asset))
        .layer(middleware::map_response(with_policy))
        .with_state(state)
}

/// Whether newcomers are to be sent here.
async fn ready(State(state): State<WebState>) -> Response {
    if state.rooms.gauge().is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server stops\n").into_response();
    }
    "ready\n".into_response()
}

async fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&path, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Client::get(path) else {
        return (StatusCode::NOT_FOUND, "There is no such page.\n").into_response();
    };
    let etag = etag(&file);
    // Names under assets/ carry a hash of their content: they never change.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let head =
        [(CONTENT_TYPE, content_type(&file)), (CACHE_CONTROL, caching.to_owned()), (ETAG, etag)];
    if known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, file.data).into_response()
}

fn content_type(file: &EmbeddedFile) -> String {
    let mime = file.metadata.mimetype();
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

#[derive(Debug, Serialize)]
struct RoomsReport {
    /// The public ones, the arena first.
    rooms: Vec<RoomReport>,
    /// Private rooms, of which no more is told.
    private_rooms: usize,
    connections: usize,
    bytes_in: u64,
    bytes_out: u64,
    /// Connections that ended, by reason.
    ends: std::collections::BTreeMap<String, u64>,
    storage: StorageReport,
    /// Flags that switched a limit off.
    r#unsafe: Vec<&'static str>,
}

/// How what is kept is kept.
#[derive(Debug, Serialize)]
struct StorageReport {
    /// Whether it outlives the process.
    lasting: bool,
    /// Whether it can be written just now.
    works: bool,
    /// Records that wait to be written.
    waiting: usize,
    /// Records that found no place, and are lost.
    lost: u64,
}

impl From<Health> for StorageReport {
    fn from(Health { is_lasting, trouble, waiting, refused }: Health) -> Self {
        Self { lasting: is_lasting, works: trouble.is_none(), waiting, lost: refused }
    }
}

#[derive(Debug, Serialize)]
struct RoomReport {
    name: String,
    players: usize,
    players_max: usize,
    /// Who look on, also those whose connection is lost.
    spectators: usize,
    /// Players who are no house bots, also those who are away, and spectators.
    people: usize,
    tick_rate: u32,
    tick: u32,
    /// Ticks that the next four are about: the last ones.
    ticks: usize,
    /// Drain to publish.
    tick_work_us: Micros,
    /// Deadline to drain.
    tick_late_us: Micros,
    /// Standard deviation of the time between the beginnings of two ticks.
    interval_deviation_us: u32,
    /// Part of the ticks that were published before the next deadline.
    on_time_share: f64,
    /// Ticks that were published after the next deadline.
    overruns: u64,
    /// Deadlines that were skipped to catch up.
    skipped: u64,
    /// Inputs of players who have left that came after their tick.
    late_inputs: u64,
    /// Ordered messages that a network thread at a standstill never got.
    mail_dropped: u64,
    overload: OverloadReport,
}

#[derive(Debug, Serialize)]
struct OverloadReport {
    /// 0 nothing; 1 newcomers are refused; 2, 3, 4 and snapshots are rarer.
    step: u8,
    /// Ticks from one snapshot of a client to its next.
    ticks_per_snapshot: u32,
    /// What is being done of all that can be, 1 at most in the long run.
    load: f64,
    /// Seconds since the step was taken.
    since_s: u32,
    /// Newcomers that were sent away because of the load.
    refused: u64,
}

impl OverloadReport {
    fn new(server: &Gauge, gauge: &RoomGauge, room: &RoomStatus) -> Self {
        let step = gauge.step();
        Self {
            step: step.number(),
            ticks_per_snapshot: step.rhythm(),
            load: gauge.load(),
            since_s: room.tick().wrapping_sub(gauge.since_tick()) / room.tick_hz,
            refused: server.refused(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Micros {
    p50: u32,
    p99: u32,
    max: u32,
}

impl From<Quantiles> for Micros {
    fn from(Quantiles { p50_us, p99_us, max_us }: Quantiles) -> Self {
        Self { p50: p50_us, p99: p99_us, max: max_us }
    }
}

/// Ticks to sum up, as the query names them.
fn ticks_asked(query: Option<&str>) -> Option<usize> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Some(TICKS_TOLD) };
    let digits = query.strip_prefix("ticks=")?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|ticks| (1..=TICKS_TOLD_MAX).contains(ticks))
}

async fn rooms(State(state): State<WebState>, RawQuery(query): RawQuery) -> Response {
    let Some(ticks) = ticks_asked(query.as_deref()) else {
        let sentence =
            format!("The only query here is ticks=N, with N from 1 to {TICKS_TOLD_MAX}.\n");
        return (StatusCode::BAD_REQUEST, sentence).into_response();
    };
    let mut reports = state.reports.lock().unwrap_or_else(PoisonError::into_inner);
    let report = reports.get(Instant::now(), state.limits.reports_per_s, || report(&state, ticks));
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], report).into_response()
}

/// What there is to tell of the rooms, over so many ticks.
fn report(state: &WebState, ticks: usize) -> Bytes {
    let (private, public): (Vec<_>, Vec<_>) =
        state.rooms.shown().into_iter().partition(|room| room.is_private);
    let gauge = state.rooms.gauge();
    let rooms = public.iter().map(|Shown { id, status: room, .. }| {
        let timing = room.timing(ticks);
        RoomReport {
            name: room.name.clone(),
            players: room.players(),
            players_max: room.players_max,
            spectators: room.spectators(),
            people: gauge.room(id.place).company(),
            tick_rate: room.tick_hz,
            tick: room.tick(),
            ticks: timing.ticks,
            tick_work_us: timing.work.into(),
            tick_late_us: timing.late.into(),
            interval_deviation_us: timing.interval_deviation_us.round() as u32,
            on_time_share: timing.on_time_share,
            overruns: room.overruns(),
            skipped: room.skipped(),
            late_inputs: room.late_inputs(),
            mail_dropped: room.mail_dropped(),
            overload: OverloadReport::new(gauge, gauge.room(id.place), room),
        }
    });
    let (bytes_in, bytes_out) = state.tally.bytes();
    let off = state.limits.switched_off.flags();
    let report = RoomsReport {
        rooms: rooms.collect(),
        private_rooms: private.len(),
        connections: state.tally.open(),
        bytes_in,
        bytes_out,
        ends: state.tally.ends(),
        storage: state.store.health().into(),
        r#unsafe: off.iter().map(|(flag, _)| *flag).collect(),
    };
    serde_json::to_vec(&report).expect("numbers and texts can be written").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::limits::REPORTS_PER_S;

    #[test]
    fn however_many_ask_only_so_many_reports_are_made() {
        made_in_three_seconds(REPORTS_PER_S, 100);
        made_in_three_seconds(2, 500);
    }

    fn made_in_three_seconds(per_s: u32, oldest_ms: u64) {
        let began = Instant::now();
        let (mut reports, mut made) = (Reports::default(), 0);
        let mut made_at = 0;
        for ms in 0..3_000 {
            let now = began + Duration::from_millis(ms);
            let told = reports.get(now, per_s, || {
                made += 1;
                made_at = ms;
                Bytes::from(vec![0; made as usize])
            });
            assert_eq!(told.len(), made as usize, "because everybody gets the newest");
            assert!(ms - made_at < oldest_ms, "because it is never old");
        }
        assert!((3 * per_s..3 * per_s + REPORTS_AT_ONCE).contains(&made), "{made}");
    }

    #[test]
    fn a_query_names_a_number_of_ticks_or_is_refused() {
        for (query, expected) in [
            (None, Some(TICKS_TOLD)),
            (Some(""), Some(TICKS_TOLD)),
            (Some("ticks=1"), Some(1)),
            (Some("ticks=20000"), Some(20_000)),
            (Some("ticks=20001"), None),
            (Some("ticks=0"), None),
            (Some("ticks=+5"), None),
            (Some("ticks="), None),
            (Some("tick=5"), None),
            (Some("ticks=5&more=1"), None),
        ] {
            assert_eq!(ticks_asked(query), expected, "{query:?}");
        }
    }
}
