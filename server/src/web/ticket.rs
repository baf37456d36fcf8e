//! `POST /api/ticket`: a name becomes a ticket for one join.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use throng_shared::limits::{TICKET_REQUEST_BYTES, TICKET_REQUEST_MS, TICKET_S};
use throng_shared::session::Name;
use tokio::time::timeout;

use super::WebState;
use crate::link::NoRoom;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    room: String,
}

#[derive(Serialize)]
struct Given {
    ticket: String,
    /// Seconds for which it is good.
    valid_s: u64,
}

pub(super) fn route() -> MethodRouter<WebState> {
    post(ticket).layer(DefaultBodyLimit::max(TICKET_REQUEST_BYTES))
}

async fn ticket(State(state): State<WebState>, request: Request) -> Response {
    let tickets = &state.tickets;
    if tickets.are_needed() {
        let sentence = "Tickets of this server come from its operator's login service.\n";
        return (StatusCode::FORBIDDEN, sentence).into_response();
    }
    let within = Duration::from_millis(TICKET_REQUEST_MS);
    let Ok(body) = timeout(within, Bytes::from_request(request, &())).await else {
        let sentence = "The rest of the request did not come in time.\n";
        return (StatusCode::REQUEST_TIMEOUT, sentence).into_response();
    };
    let is_known = |room: &str| state.rooms.directory().find(room, 0) != Err(NoRoom::Unknown);
    let (name, room) = match wanted(body.ok().as_deref(), is_known) {
        Ok(wanted) => wanted,
        Err(sentence) => return (StatusCode::BAD_REQUEST, sentence).into_response(),
    };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let given = Given { ticket: tickets.issue(&name, &room, now_s), valid_s: TICKET_S };
    let json = serde_json::to_vec(&given).expect("a text and a number can be written");
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], json).into_response()
}

/// The name in a request, or a sentence that says what is wrong with it. It repeats
/// nothing of what came.
fn wanted(body: Option<&[u8]>, is_known: impl Fn(&str) -> bool) -> Result<(Name, String), String> {
    let Some(body) = body else {
        return Err(format!("A request for a ticket has at most {TICKET_REQUEST_BYTES} bytes.\n"));
    };
    let Wanted { name, room } = serde_json::from_slice(body).map_err(|_| {
        "A request for a ticket is JSON: {\"name\": \"…\", \"room\": \"…\"}.\n".to_owned()
    })?;
    if room.is_empty() || !is_known(&room) {
        return Err("There is no such room; GET /api/rooms has those there are.\n".to_owned());
    }
    let name =
        Name::parse(&name).map_err(|error| format!("The name cannot be used: {error}.\n"))?;
    Ok((name, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_for_a_ticket_is_told_so() {
        let told = |body: &str| wanted(Some(body.as_bytes()), |room| room == "arena");
        let ada = (Name::parse("Ada").expect("it is a name"), "arena".to_owned());
        assert_eq!(told(r#"{"name":" Ada ","room":"arena"}"#), Ok(ada));
        for (body, expected) in [
            ("", "is JSON"),
            ("name=Ada", "is JSON"),
            (r#"{"name":"Ada"}"#, "is JSON"),
            (r#"{"name":"Ada","room":"arena","exp":9}"#, "is JSON"),
            (r#"{"name":["Ada"],"room":"arena"}"#, "is JSON"),
            (r#"{"name":"Ada","room":"<b>"}"#, "no such room"),
            (r#"{"name":"","room":"arena"}"#, "at least one character"),
            (r#"{"name":"a\u0000","room":"arena"}"#, "control"),
        ] {
            let sentence = told(body).expect_err("it is wrong");
            assert!(sentence.contains(expected) && !sentence.contains("<b>"), "{sentence}");
        }
        assert!(wanted(None, |_| true).is_err_and(|sentence| sentence.contains("1024")));
    }
}
