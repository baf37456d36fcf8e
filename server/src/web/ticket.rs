//! `POST /api/ticket`: a name becomes a ticket for one join.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use throng_shared::limits::TICKET_REQUEST_BYTES;
use throng_shared::session::Name;
use tokio::time::timeout;

use super::WebState;
use crate::link::NoRoom;
use crate::tickets::AuthSecret;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    room: String,
    /// The secret of operators, from one of them.
    operator: Option<AuthSecret>,
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
    let elsewhere = || {
        let sentence = "Tickets of this server come from its operator's login service.\n";
        (StatusCode::FORBIDDEN, sentence).into_response()
    };
    if tickets.are_needed() && !tickets.are_for_operators() {
        return elsewhere();
    }
    let within = Duration::from_millis(state.limits.body_timeout_ms.into());
    let Ok(body) = timeout(within, Bytes::from_request(request, &())).await else {
        let sentence = "The rest of the request did not come in time.\n";
        return (StatusCode::REQUEST_TIMEOUT, sentence).into_response();
    };
    let is_known = |room: &str| state.rooms.directory().find(room, 0) != Err(NoRoom::Unknown);
    let (name, room, secret) = match wanted(body.ok().as_deref(), is_known) {
        Ok(wanted) => wanted,
        Err(sentence) => return (StatusCode::BAD_REQUEST, sentence).into_response(),
    };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let ticket = match secret {
        None if tickets.are_needed() => return elsewhere(),
        None => tickets.issue(&name, &room, now_s),
        Some(secret) if tickets.is_operator(&secret) => {
            tickets.issue_to_operator(&name, &room, now_s)
        }
        Some(_) => {
            let sentence = "That is not the secret of this server's operators.\n";
            return (StatusCode::FORBIDDEN, sentence).into_response();
        }
    };
    let given = Given { ticket, valid_s: tickets.valid_s() };
    let json = serde_json::to_vec(&given).expect("a text and a number can be written");
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], json).into_response()
}

/// The name in a request and what an operator shows, or a sentence that says what is wrong with it. It repeats
/// nothing of what came.
fn wanted(
    body: Option<&[u8]>,
    is_known: impl Fn(&str) -> bool,
) -> Result<(Name, String, Option<AuthSecret>), String> {
    let Some(body) = body else {
        return Err(format!("A request for a ticket has at most {TICKET_REQUEST_BYTES} bytes.\n"));
    };
    let Wanted { name, room, operator } = serde_json::from_slice(body).map_err(|_| {
        "A request for a ticket is JSON: {\"name\": \"…\", \"room\": \"…\"}.\n".to_owned()
    })?;
    if room.is_empty() || !is_known(&room) {
        return Err("There is no such room; GET /api/rooms has those there are.\n".to_owned());
    }
    let name = Name::parse(&name);
    let name = name.map_err(|error| format!("The name cannot be used: {error}.\n"))?;
    Ok((name, room, operator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_for_a_ticket_is_told_so() {
        let told = |body: &str| {
            let wanted = wanted(Some(body.as_bytes()), |room| room == "arena");
            wanted.map(|(name, room, _)| (name.into_string(), room))
        };
        let ada = ("Ada".to_owned(), "arena".to_owned());
        assert_eq!(told(r#"{"name":" Ada ","room":"arena"}"#), Ok(ada));
        for (body, expected) in [
            ("", "is JSON"),
            ("name=Ada", "is JSON"),
            (r#"{"name":"Ada"}"#, "is JSON"),
            (r#"{"name":"Ada","room":"arena","exp":9}"#, "is JSON"),
            (r#"{"name":"Ada","room":"arena","operator":true}"#, "is JSON"),
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
