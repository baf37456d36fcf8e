//! `POST /api/rooms`: somebody makes a room.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use throng_shared::limits::ROOM_REQUEST_BYTES;
use tokio::time::timeout;

use super::WebState;
use crate::net::Caller;
use crate::rooms::{Unmade, Wanted};

pub(super) fn route() -> MethodRouter<WebState> {
    post(make).layer(DefaultBodyLimit::max(ROOM_REQUEST_BYTES))
}

async fn make(State(state): State<WebState>, request: Request) -> Response {
    let maker = request.extensions().get::<Caller>().copied().unwrap_or_default();
    let within = Duration::from_millis(state.limits.body_timeout_ms.into());
    let Ok(body) = timeout(within, Bytes::from_request(request, &())).await else {
        let sentence = "The rest of the request did not come in time.\n";
        return (StatusCode::REQUEST_TIMEOUT, sentence).into_response();
    };
    let wanted = match wanted(body.ok().as_deref()) {
        Ok(wanted) => wanted,
        Err(sentence) => return (StatusCode::BAD_REQUEST, sentence).into_response(),
    };
    // Maps take a while to be made, and this thread has a door to keep.
    let made = tokio::task::spawn_blocking(move || state.rooms.make(&wanted, maker)).await;
    let Ok(made) = made else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "The room could not be made.\n")
            .into_response();
    };
    match made {
        Ok(made) => {
            let json = serde_json::to_vec(&made).expect("texts can be written");
            let head = [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")];
            (StatusCode::CREATED, head, json).into_response()
        }
        Err(why) => {
            let status = match why {
                Unmade::Fixed(_) => StatusCode::FORBIDDEN,
                Unmade::Wrong(_) => StatusCode::BAD_REQUEST,
                Unmade::Taken(_) => StatusCode::CONFLICT,
                Unmade::TooMany(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, format!("{}\n", why.sentence())).into_response()
        }
    }
}

/// What a request asks for, or a sentence that says what is wrong with it.
fn wanted(body: Option<&[u8]>) -> Result<Wanted, String> {
    let Some(body) = body else {
        return Err(format!("A request for a room has at most {ROOM_REQUEST_BYTES} bytes.\n"));
    };
    serde_json::from_slice(body).map_err(|error| {
        let column = error.column();
        format!(
            "A request for a room is JSON with any of name, private, map, tick_hz, players_max \
             and house_bots; this one is not, near byte {column}.\n"
        )
    })
}
