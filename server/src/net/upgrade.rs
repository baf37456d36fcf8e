//! The handshake from HTTP to WebSocket, read from the bytes of a request: it is
//! answered, or refused, without a server of HTTP.

use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, StatusCode, Uri};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::candidate::Ticket;
use super::origin::{Origins, Via};
use super::tongue::Tongue;

/// The one version of the protocol that there is.
const VERSION: &str = "13";
/// Where it is spoken.
const ENDPOINT: &str = "/ws";
/// Pages that are more than pages.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];
const STREAM: &str = "/events";
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

/// What a page needs, as far as that shows in its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Plain,
    /// By which others see whether the server lives.
    Probe,
    /// One whose answer has no end.
    Stream,
}

impl PageKind {
    fn of(method: Option<&str>, target: Option<&Uri>) -> Self {
        match target.map(Uri::path).filter(|_| method == Some(Method::GET.as_str())) {
            Some(path) if PROBES.contains(&path) => Self::Probe,
            Some(STREAM) => Self::Stream,
            Some(_) | None => Self::Plain,
        }
    }
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page, or nonsense: both are for the server of HTTP.
    Page(PageKind),
    Denied(Denied),
    /// A WebSocket: the answer that makes it one, and the bytes of the request's head.
    Socket {
        answer: Vec<u8>,
        head_len: usize,
        /// Of clients that cannot put it into Hello.
        ticket: Ticket,
        tongue: Tongue,
    },
}

/// Says that the head of a request is longer than anybody's has to be.
pub(super) const HEAD_TOO_LONG: Denied =
    Denied { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, why: "the head is too long" };

const FOREIGN: Denied = Denied { status: StatusCode::FORBIDDEN, why: "this origin is not allowed" };

/// What is asked for, if that can be told yet.
pub(super) fn read_head(head: &[u8], origins: &Origins, via: Via) -> Option<Asked> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let head_len = match request.parse(head) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return None,
        Err(httparse::Error::TooManyHeaders) => return Some(Asked::Denied(HEAD_TOO_LONG)),
        Err(_) => return Some(Asked::Page(PageKind::Plain)),
    };
    let target = request.path.and_then(|target| target.parse::<Uri>().ok());
    let kind = PageKind::of(request.method, target.as_ref());
    let target = target.filter(|target| target.path() == ENDPOINT);
    let is_post = request.method == Some(Method::POST.as_str());
    if target.is_none() && !is_post {
        return Some(Asked::Page(kind));
    }
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for field in &*request.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) else {
            return Some(Asked::Page(kind));
        };
        headers.append(name, value);
    }
    let Some(target) = target else {
        // A page of somebody else must not have a browser make or fetch anything here.
        let may = is_allowed(&headers, only(&headers, &HOST), origins, via);
        return Some(if may { Asked::Page(kind) } else { Asked::Denied(FOREIGN) });
    };
    let is_get = request.method == Some(Method::GET.as_str());
    // Minor version: 1 of 1.1.
    let is_current = request.version == Some(1);
    let checked = if is_get && is_current {
        accept_key(&headers, origins, via)
    } else if is_get {
        Err(denied(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "a WebSocket begins with HTTP/1.1"))
    } else {
        Err(denied(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with GET"))
    };
    Some(match checked {
        Ok(key) => {
            let mut answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: {key}\r\n"
            );
            // Who offers only what is not known is told nothing, and may end it there.
            let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
            let tongue = Tongue::choose(offered.filter_map(|value| value.to_str().ok()));
            if let Some(tongue) = tongue {
                answer.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", tongue.name()));
            }
            answer.push_str("\r\n");
            let tongue = tongue.unwrap_or_default();
            let ticket = ticket_of(target.query());
            Asked::Socket { answer: answer.into_bytes(), head_len, ticket, tongue }
        }
        Err(denied) => Asked::Denied(denied),
    })
}

/// The ticket in a query: `token=…`. It has no character that would have to be escaped.
fn ticket_of(query: Option<&str>) -> Ticket {
    let mut pairs = query.unwrap_or_default().split('&');
    Ticket(pairs.find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default().to_owned())
}

/// Checks a handshake, and gives the key that completes it. Extensions may be offered, and
/// none is ever agreed to: nothing is compressed.
fn accept_key(headers: &HeaderMap, origins: &Origins, via: Via) -> Result<String, Denied> {
    if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket") {
        return Err(denied(StatusCode::UPGRADE_REQUIRED, "this is the WebSocket endpoint"));
    }
    if only(headers, &SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return Err(denied(StatusCode::UPGRADE_REQUIRED, "only WebSocket version 13 is spoken"));
    }
    let Some(key) = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key)) else {
        return Err(denied(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed"));
    };
    let Some(host) = only(headers, &HOST) else {
        return Err(denied(StatusCode::BAD_REQUEST, "Host is missing, or there are several"));
    };
    if !is_allowed(headers, Some(host), origins, via) {
        return Err(FOREIGN);
    }
    Ok(derive_accept_key(key.as_bytes()))
}

/// Whether a request comes from a page that may send it, or from none.
fn is_allowed(headers: &HeaderMap, host: Option<&str>, origins: &Origins, via: Via) -> bool {
    let (true, Some(host)) = (headers.contains_key(ORIGIN), host) else {
        return !headers.contains_key(ORIGIN);
    };
    only(headers, &ORIGIN).is_some_and(|origin| origins.allows(via, host, origin))
}

/// The value of a field that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Sixteen bytes in base 64.
fn is_key(key: &str) -> bool {
    let is_digit = |it: u8| it.is_ascii_alphanumeric() || it == b'+' || it == b'/';
    key.strip_suffix("==").is_some_and(|digits| digits.len() == 22 && digits.bytes().all(is_digit))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn origins() -> Origins {
        let listed = vec!["https://play.example".parse().expect("an origin")];
        Origins { listed, is_tls: false }
    }

    /// A handshake at this host, with these fields instead of the usual ones of that name.
    fn asked_at(host: &str, replaced: &[(&str, &str)]) -> Option<Asked> {
        let fields = [
            ("Host", host),
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "WebSocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY),
        ];
        let mut head = "GET /ws HTTP/1.1\r\n".to_owned();
        let usual = fields.iter().filter(|(field, _)| replaced.iter().all(|it| it.0 != *field));
        for (field, value) in usual.chain(replaced) {
            head.push_str(&format!("{field}: {value}\r\n"));
        }
        head.push_str("\r\n");
        read_head(head.as_bytes(), &origins(), Via::Network)
    }

    fn asked_with(name: &str, value: &str) -> Option<Asked> {
        asked_at("127.0.0.1:8080", &[(name, value)])
    }

    fn status_with(name: &str, value: &str) -> StatusCode {
        status(asked_with(name, value))
    }

    fn status(asked: Option<Asked>) -> StatusCode {
        match asked {
            Some(Asked::Socket { .. }) => StatusCode::SWITCHING_PROTOCOLS,
            Some(Asked::Denied(denied)) => denied.status,
            Some(Asked::Page(_)) | None => StatusCode::NOT_FOUND,
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
        let Some(Asked::Denied(denied)) = read_head(post, &origins(), Via::Network) else {
            panic!("it is refused")
        };
        assert_eq!(denied.status, StatusCode::METHOD_NOT_ALLOWED);
        let answer = String::from_utf8(denied.answer()).expect("it is ASCII");
        assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
    }

    #[test]
    fn only_own_and_listed_origins_come_in() {
        const HERE: &str = "game.example:8080";
        const USUAL: &str = "game.example";
        const SIX: &str = "[2001:db8::1]:8080";
        const PUNY: &str = "xn--spiel-kua.example";
        let (yes, no) = (StatusCode::SWITCHING_PROTOCOLS, StatusCode::FORBIDDEN);
        let table = [
            // Own, and what stands for the same.
            (HERE, "http://game.example:8080", yes),
            (HERE, "http://GAME.example:8080", yes),
            ("GAME.EXAMPLE:8080", "http://game.example:8080", yes),
            (USUAL, "http://game.example", yes),
            (USUAL, "http://game.example:80", yes),
            ("game.example:80", "http://game.example", yes),
            (SIX, "http://[2001:db8::1]:8080", yes),
            (SIX, "http://[2001:DB8:0::1]:8080", yes),
            (PUNY, "http://xn--spiel-kua.example", yes),
            // Listed, whatever the host is.
            (HERE, "https://play.example", yes),
            (HERE, "https://play.example:443", yes),
            (HERE, "https://PLAY.EXAMPLE", yes),
            // Nobody's.
            (HERE, "null", no),
            (HERE, "", no),
            (HERE, "*", no),
            (HERE, "about:blank", no),
            (HERE, "file://", no),
            // Another scheme, port or host.
            (HERE, "https://game.example:8080", no),
            (HERE, "ws://game.example:8080", no),
            (HERE, "http://game.example", no),
            (HERE, "http://game.example:80800", no),
            (HERE, "http://game.example:808", no),
            (HERE, "http://game.example:08080", no),
            (HERE, "http://game.example:", no),
            (USUAL, "http://game.example:443", no),
            (HERE, "http://play.example", no),
            (HERE, "https://play.example:8443", no),
            // Names around ours.
            (HERE, "https://play.example.evil.example", no),
            (HERE, "https://evilplay.example", no),
            (HERE, "https://sub.play.example", no),
            (HERE, "https://play.example.", no),
            (HERE, "https://play.exampl", no),
            (HERE, "https://play-example", no),
            (PUNY, "http://spiel\u{e4}.example", no),
            (SIX, "http://2001:db8::1:8080", no),
            (SIX, "http://[2001:db8::2]:8080", no),
            // More than an origin, or two of them.
            (HERE, "https://play.example/", no),
            (HERE, "https://play.example/ws", no),
            (HERE, "https://play.example?x", no),
            (HERE, "https://play.example#x", no),
            (HERE, "https://evil@play.example", no),
            (HERE, "https://play.example@evil.example", no),
            (HERE, "https://play.example https://evil.example", no),
            (HERE, "https://play.example,https://play.example", no),
            (HERE, "https://play.example\\@evil.example", no),
            (HERE, "//play.example", no),
            (HERE, "play.example", no),
        ];
        assert!(table.len() >= 40);
        for (host, origin, expected) in table {
            let status = status(asked_at(host, &[("Origin", origin)]));
            assert_eq!(status, expected, "because of the origin {origin:?} at {host}");
        }
        let none = status(asked_at(HERE, &[]));
        assert_eq!(none, yes, "because bots and scripts have none");
        let twice = [("Origin", "https://play.example"), ("Origin", "https://play.example")];
        assert_eq!(status(asked_at(HERE, &twice)), no, "because nobody sends two");
    }

    #[test]
    fn what_must_be_there_once_is_refused_twice() {
        for (name, value, expected) in [
            ("Host", "game.example", StatusCode::BAD_REQUEST),
            ("Sec-WebSocket-Key", KEY, StatusCode::BAD_REQUEST),
            ("Sec-WebSocket-Version", "13", StatusCode::UPGRADE_REQUIRED),
        ] {
            let twice = asked_at("game.example", &[(name, value), (name, value)]);
            assert_eq!(status(twice), expected, "because there are two of {name}");
        }
        for version in ["12", "8", "0", "013", "13, 8", "14", ""] {
            let status = status_with("Sec-WebSocket-Version", version);
            assert_eq!(status, StatusCode::UPGRADE_REQUIRED, "because only 13 is spoken");
        }
        for key in ["", "short", "dGhlIHNhbXBsZSBub25jZQ=a", "dGhlIHNhbXBsZSBub25j*Q=="] {
            assert_eq!(status_with("Sec-WebSocket-Key", key), StatusCode::BAD_REQUEST, "{key:?}");
        }
        for head in ["GET /ws HTTP/1.0\r\nHost: here\r\n\r\n", "GET /ws HTTP/1.0\r\n\r\n"] {
            let asked = read_head(head.as_bytes(), &origins(), Via::Network);
            assert_eq!(status(asked), StatusCode::HTTP_VERSION_NOT_SUPPORTED, "{head:?}");
        }
    }

    #[test]
    fn one_of_the_offered_subprotocols_is_echoed_and_spoken() {
        for (offered, spoken, echoed) in [
            ("throng.json.1", Tongue::Json, Some("throng.json.1")),
            ("chat, throng.bin.1, throng.json.1", Tongue::Binary, Some("throng.bin.1")),
            ("chat", Tongue::Binary, None),
        ] {
            let asked = asked_with("Sec-WebSocket-Protocol", offered);
            let Some(Asked::Socket { answer, tongue, .. }) = asked else {
                panic!("it is a handshake")
            };
            assert_eq!(tongue, spoken, "because of {offered}");
            let answer = String::from_utf8(answer).expect("it is ASCII");
            let lines: Vec<_> = answer
                .lines()
                .filter_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "))
                .collect();
            assert_eq!(lines, Vec::from_iter(echoed), "because of {offered}");
            assert!(answer.ends_with("\r\n\r\n"));
        }
    }

    #[test]
    fn nothing_is_ever_compressed() {
        let offer = "permessage-deflate; client_max_window_bits";
        let Some(Asked::Socket { answer, .. }) = asked_with("Sec-WebSocket-Extensions", offer)
        else {
            panic!("it is a handshake")
        };
        let answer = String::from_utf8(answer).expect("it is ASCII");
        assert!(!answer.to_ascii_lowercase().contains("extensions"), "{answer}");
    }

    #[test]
    fn a_page_is_what_its_target_says_however_it_is_written() {
        for (request, expected) in [
            ("GET /events", PageKind::Stream),
            ("GET /events?topic=server", PageKind::Stream),
            ("GET http://here/events", PageKind::Stream),
            ("GET HTTP://here:80/events?topic=server", PageKind::Stream),
            ("HEAD /events", PageKind::Plain),
            ("POST /events", PageKind::Plain),
            ("GET /eventsx", PageKind::Plain),
            ("GET /assets/events", PageKind::Plain),
            ("GET /%65vents", PageKind::Plain),
            ("GET /healthz", PageKind::Probe),
            ("GET /readyz?from=here", PageKind::Probe),
            ("GET http://here/readyz", PageKind::Probe),
            ("GET /", PageKind::Plain),
        ] {
            let head = format!("{request} HTTP/1.1\r\nHost: here\r\n\r\n");
            let asked = read_head(head.as_bytes(), &origins(), Via::Network);
            assert_eq!(asked, Some(Asked::Page(expected)), "{request}");
        }
    }

    #[test]
    fn what_changes_anything_is_taken_from_the_pages_that_may_connect() {
        let own = "Origin: http://play.here\r\n";
        let foreign = "Origin: http://evil.example\r\n";
        for (target, fields, is_taken) in [
            ("/api/rooms", String::new(), true),
            ("/api/rooms", own.to_owned(), true),
            ("/api/rooms", "Origin: https://play.example\r\n".to_owned(), true),
            ("/api/rooms", foreign.to_owned(), false),
            ("http://play.here/api/rooms", foreign.to_owned(), false),
            ("/api/rooms?x=1", foreign.to_owned(), false),
            ("/api/rooms", "Origin: null\r\n".to_owned(), false),
            ("/api/rooms", own.repeat(2), false),
            ("/api/rooms", format!("Host: evil.example\r\n{foreign}"), false),
            ("/api/ticket", foreign.to_owned(), false),
        ] {
            let head = format!("POST {target} HTTP/1.1\r\nHost: play.here\r\n{fields}\r\n");
            let asked = read_head(head.as_bytes(), &origins(), Via::Network);
            let expected =
                if is_taken { Asked::Page(PageKind::Plain) } else { Asked::Denied(FOREIGN) };
            assert_eq!(asked, Some(expected), "{target} {fields}");
        }
        let read = format!("GET /api/rooms HTTP/1.1\r\nHost: play.here\r\n{foreign}\r\n");
        let asked = read_head(read.as_bytes(), &origins(), Via::Network);
        assert_eq!(asked, Some(Asked::Page(PageKind::Plain)), "because reading changes nothing");
    }

    #[test]
    fn anything_else_is_for_the_server_of_http_and_half_a_head_for_nobody() {
        for page in ["GET / HTTP/1.1", "GET /wsx HTTP/1.1", "GET /assets/ws HTTP/1.1", "\u{7f}"] {
            let head = format!("{page}\r\nHost: here\r\n\r\n");
            assert_eq!(
                read_head(head.as_bytes(), &origins(), Via::Network),
                Some(Asked::Page(PageKind::Plain)),
                "{page:?}"
            );
        }
        let whole = b"GET /ws?from=here HTTP/1.1\r\nHost: here\r\n\r\n";
        for len in 0..whole.len() {
            assert_eq!(read_head(&whole[..len], &origins(), Via::Network), None, "at {len} bytes");
        }
        assert!(matches!(read_head(whole, &origins(), Via::Network), Some(Asked::Denied(_))));
    }
}
