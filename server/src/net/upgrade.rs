//! The handshake from HTTP to WebSocket.

use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The one version of the protocol that there is.
const VERSION: &str = "13";

/// Why a request is no handshake: the status, and a sentence for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    pub(super) why: &'static str,
}

fn denied(status: StatusCode, why: &'static str) -> Denied {
    Denied { status, why }
}

/// Checks a handshake and gives the answer that completes it. `origins` are
/// allowed besides the server's own.
///
/// # Errors
/// When the request is no handshake, or comes from a page of somebody else.
pub(super) fn accept<B>(
    request: &Request<B>,
    origins: &[String],
) -> Result<Response<axum::body::Body>, Denied> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(denied(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with GET"));
    }
    if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket") {
        return Err(denied(StatusCode::UPGRADE_REQUIRED, "this is the WebSocket endpoint"));
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        return Err(denied(StatusCode::UPGRADE_REQUIRED, "only WebSocket version 13 is spoken"));
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24) else {
        return Err(denied(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed"));
    };
    if !is_origin_allowed(headers, origins) {
        return Err(denied(StatusCode::FORBIDDEN, "this origin is not allowed"));
    }
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .expect("base64 is a valid header value");
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// No Origin is allowed (bots, scripts), and so are the server's own and listed
/// ones, exactly. `null` is not.
fn is_origin_allowed(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| {
        ["http://", "https://"]
            .iter()
            .any(|scheme| origin.strip_prefix(scheme).is_some_and(|rest| rest == host))
    });
    own || origins.iter().any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake() -> Request<()> {
        let request = Request::get("/ws")
            .header(HOST, "127.0.0.1:8080")
            .header(CONNECTION, "keep-alive, Upgrade")
            .header(UPGRADE, "WebSocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
        request.body(()).expect("the request is well formed")
    }

    fn status_with(name: HeaderName, value: &str) -> StatusCode {
        let mut request = handshake();
        let value = HeaderValue::from_str(value).expect("the value is well formed");
        request.headers_mut().insert(name, value);
        match accept(&request, &["https://play.example".to_owned()]) {
            Ok(response) => response.status(),
            Err(denied) => denied.status,
        }
    }

    #[test]
    fn the_key_of_the_standard_gets_the_answer_of_the_standard() {
        let response = accept(&handshake(), &[]).expect("a handshake");
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_handshake_is_told_so() {
        assert_eq!(status_with(CONNECTION, "close"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status_with(SEC_WEBSOCKET_VERSION, "8"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status_with(SEC_WEBSOCKET_KEY, "short"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn only_own_and_listed_origins_come_in() {
        for (origin, expected) in [
            ("http://127.0.0.1:8080", StatusCode::SWITCHING_PROTOCOLS),
            ("https://play.example", StatusCode::SWITCHING_PROTOCOLS),
            ("https://play.example.evil.example", StatusCode::FORBIDDEN),
            ("http://127.0.0.1:80800", StatusCode::FORBIDDEN),
            ("http://127.0.0.1", StatusCode::FORBIDDEN),
            ("null", StatusCode::FORBIDDEN),
        ] {
            assert_eq!(status_with(ORIGIN, origin), expected, "{origin}");
        }
    }
}
