//! The handshake from HTTP to WebSocket, read from the bytes of a request: it is
//! answered, or refused, without a server of HTTP.

use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, StatusCode, Uri};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::conn::Ticket;

/// The one version of the protocol that there is.
const VERSION: &str = "13";
/// Where it is spoken.
const ENDPOINT: &str = "/ws";
/// Header fields of a request.
const FIELDS_MAX: usize = 100;

/// Why a request is no handshake: the status, and a sentence for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    pub(super) why: &'static str,
}

impl Denied {
    /// As a peer is told.
    pub(super) fn answer(self) -> Vec<u8> {
        let Self { status, why } = self;
        let len = why.len();
        format!(
            "HTTP/1.1 {status}\r\nSec-WebSocket-Version: {VERSION}\r\nConnection: close\r\n\
             Content-Type: text/plain\r\nContent-Length: {len}\r\n\r\n{why}"
        )
        .into_bytes()
    }
}

fn denied(status: StatusCode, why: &'static str) -> Denied {
    Denied { status, why }
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page, or nonsense: both are for the server of HTTP.
    Page,
    Denied(Denied),
    /// A WebSocket: the answer that makes it one, and the bytes of the request's head.
    Socket {
        answer: Vec<u8>,
        head_len: usize,
        /// Of clients that cannot put it into Hello.
        ticket: Ticket,
    },
}

/// What is asked for, if that can be told yet. `origins` are allowed besides the
/// server's own.
pub(super) fn read_head(head: &[u8], origins: &[String]) -> Option<Asked> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let head_len = match request.parse(head) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return None,
        Err(_) => return Some(Asked::Page),
    };
    let target = request.path.and_then(|target| target.parse::<Uri>().ok());
    let Some(target) = target.filter(|target| target.path() == ENDPOINT) else {
        return Some(Asked::Page);
    };
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for field in &*request.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) else {
            return Some(Asked::Page);
        };
        headers.append(name, value);
    }
    let is_get = request.method == Some(Method::GET.as_str());
    Some(match accept_key(is_get, &headers, origins) {
        Ok(key) => {
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: {key}\r\n\r\n"
            );
            let ticket = ticket_of(target.query());
            Asked::Socket { answer: answer.into_bytes(), head_len, ticket }
        }
        Err(denied) => Asked::Denied(denied),
    })
}

/// The ticket in a query: `token=…`. It has no character that would have to be escaped.
fn ticket_of(query: Option<&str>) -> Ticket {
    let mut pairs = query.unwrap_or_default().split('&');
    Ticket(pairs.find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default().to_owned())
}

/// Checks a handshake, and gives the key that completes it.
fn accept_key(is_get: bool, headers: &HeaderMap, origins: &[String]) -> Result<String, Denied> {
    if !is_get {
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
    Ok(derive_accept_key(key.as_bytes()))
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

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// A handshake, with one field replaced.
    fn asked_with(name: &str, value: &str) -> Option<Asked> {
        let fields = [
            ("Host", "127.0.0.1:8080"),
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "WebSocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY),
        ];
        let mut head = "GET /ws HTTP/1.1\r\n".to_owned();
        for (field, usual) in fields.into_iter().filter(|(field, _)| *field != name) {
            head.push_str(&format!("{field}: {usual}\r\n"));
        }
        head.push_str(&format!("{name}: {value}\r\n\r\n"));
        read_head(head.as_bytes(), &["https://play.example".to_owned()])
    }

    fn status_with(name: &str, value: &str) -> StatusCode {
        match asked_with(name, value) {
            Some(Asked::Socket { .. }) => StatusCode::SWITCHING_PROTOCOLS,
            Some(Asked::Denied(denied)) => denied.status,
            Some(Asked::Page) | None => StatusCode::NOT_FOUND,
        }
    }

    #[test]
    fn the_key_of_the_standard_gets_the_answer_of_the_standard() {
        let Some(Asked::Socket { answer, .. }) = asked_with("X-More", "1") else {
            panic!("it is a handshake")
        };
        let answer = String::from_utf8(answer).expect("it is ASCII");
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }

    #[test]
    fn a_ticket_comes_along_in_the_query() {
        for (query, expected) in [
            (None, ""),
            (Some("token=a.b-c.d_e"), "a.b-c.d_e"),
            (Some("from=here&token=x"), "x"),
            (Some("token="), ""),
            (Some("mytoken=x"), ""),
        ] {
            assert_eq!(ticket_of(query), Ticket(expected.to_owned()), "{query:?}");
        }
    }

    #[test]
    fn what_is_no_handshake_is_told_so() {
        assert_eq!(status_with("Connection", "close"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status_with("Sec-WebSocket-Version", "8"), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(status_with("Sec-WebSocket-Key", "short"), StatusCode::BAD_REQUEST);
        let post = b"POST /ws HTTP/1.1\r\nHost: here\r\n\r\n";
        let Some(Asked::Denied(denied)) = read_head(post, &[]) else { panic!("it is refused") };
        assert_eq!(denied.status, StatusCode::METHOD_NOT_ALLOWED);
        let answer = String::from_utf8(denied.answer()).expect("it is ASCII");
        assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
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
            assert_eq!(status_with("Origin", origin), expected, "{origin}");
        }
    }

    #[test]
    fn anything_else_is_for_the_server_of_http_and_half_a_head_for_nobody() {
        for page in ["GET / HTTP/1.1", "GET /wsx HTTP/1.1", "GET /assets/ws HTTP/1.1", "\u{7f}"] {
            let head = format!("{page}\r\nHost: here\r\n\r\n");
            assert_eq!(read_head(head.as_bytes(), &[]), Some(Asked::Page), "{page:?}");
        }
        let whole = b"GET /ws?from=here HTTP/1.1\r\nHost: here\r\n\r\n";
        for len in 0..whole.len() {
            assert_eq!(read_head(&whole[..len], &[]), None, "at {len} bytes");
        }
        assert!(matches!(read_head(whole, &[]), Some(Asked::Denied(_))));
    }
}
