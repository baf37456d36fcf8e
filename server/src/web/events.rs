//! `GET /events?topic=…`: topics as server-sent events, for those who only listen.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::WebState;
use crate::hub::Unheard;

/// Events as they come, until the hub has no more.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

/// JSON as an answer.
fn say(value: &Value) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], value.to_string())
}

/// A stream of the topics that the query names, from behind `Last-Event-ID` on.
pub(super) async fn listen(
    State(state): State<WebState>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    if let Some((key, _)) = query.iter().find(|(key, _)| key != "topic") {
        let text =
            format!("There is no parameter {key:?} here, only topic, which may be repeated.");
        return (StatusCode::BAD_REQUEST, say(&json!({ "error": text }))).into_response();
    }
    let topics = query.into_iter().map(|(_, topic)| topic).collect();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    match state.hub.listen(topics, last).await {
        Ok(events) => {
            let head = [
                (CONTENT_TYPE, "text/event-stream"),
                (CACHE_CONTROL, "no-store"),
                (HeaderName::from_static("x-accel-buffering"), "no"),
            ];
            (head, Body::new(Events(events))).into_response()
        }
        Err(Unheard::Unknown { topic, topics }) => {
            let error = format!("There is no topic {topic:?}.");
            let body = say(&json!({ "error": error, "topics": topics }));
            (StatusCode::NOT_FOUND, body).into_response()
        }
        Err(Unheard::Count) => {
            let most = state.limits.topics_max;
            let error = format!("Name 1 to {most} topics, as in /events?topic=rooms&topic=server.");
            (StatusCode::BAD_REQUEST, say(&json!({ "error": error }))).into_response()
        }
        Err(Unheard::Busy) => {
            let body = say(&json!({ "error": "Too many listen just now." }));
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], body).into_response()
        }
    }
}
