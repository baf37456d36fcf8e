//! TLS at the same port: the game and its pages, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use throng::config::{Config, LimitSettings, Settings};
use throng::serve::{Server, start};
use throng_bot::client::{Client, News};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::sockets::{empty, server};

const PATIENCE: Duration = Duration::from_secs(60);

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("throng-tls-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("the temporary folder can be written");
    path
}

/// A certificate of localhost, and settings that use it.
fn certified(name: &str) -> (CertificateDer<'static>, Settings) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
    let settings = Settings {
        tls_cert: Some(file(&format!("{name}.crt"), &made.cert.pem())),
        tls_key: Some(file(&format!("{name}.key"), &made.signing_key.serialize_pem())),
        ..empty()
    };
    (made.cert.der().clone(), settings)
}

async fn connect(server: &Server, cert: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(cert.clone()).expect("it is a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the suites")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await.expect("the server listens");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("they shake hands")
}

async fn page(server: &Server, cert: &CertificateDer<'static>, path: &str) -> String {
    let mut stream = connect(server, cert).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server ends as TLS does");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_of_wss_plays_and_pages_come_by_the_same_port() {
    let (cert, settings) = certified("plays");
    let server = server(Settings { house_bots: Some(20), ..settings });
    let url = "ws://localhost/ws";
    let stream = connect(&server, &cert).await;
    let mut client = Client::join(stream, url, "Ada", 3).await.expect("there is room");
    let mut snapshots = 0;
    while snapshots < 60 {
        let news = timeout(PATIENCE, client.next()).await.expect("within the test");
        snapshots += usize::from(matches!(news.expect("nobody is lost"), News::Snapshot(_)));
    }
    assert_eq!(client.desyncs(), 0, "because bytes are bytes");
    client.leave().await;
    let index = page(&server, &cert, "/").await;
    assert!(index.starts_with("HTTP/1.1 200 ") && index.contains("<canvas"), "{index}");
    let lower = index.to_ascii_lowercase();
    assert!(lower.contains("strict-transport-security: max-age=31536000"), "{index}");
    server.stop();
}

#[tokio::test]
async fn who_speaks_plainly_at_the_port_of_tls_is_hung_up_on() {
    let (_, settings) = certified("plain");
    let server = server(settings);
    let mut stream = TcpStream::connect(server.address()).await.expect("the server listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("it is read");
    let mut answer = Vec::new();
    // An alert of TLS, or nothing.
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    drop(read.expect("because nobody waits for more"));
    assert!(!answer.starts_with(b"HTTP"), "because nothing is said plainly");
    server.stop();
}

#[tokio::test]
async fn half_a_handshake_ends_in_time() {
    let (_, settings) = certified("half");
    let limits = LimitSettings { head_timeout_ms: Some(300), ..LimitSettings::default() };
    let server = server(Settings { limits, ..settings });
    let mut stream = TcpStream::connect(server.address()).await.expect("the server listens");
    // The beginning of a hello that does not go on.
    stream.write_all(&[22, 3, 1, 1, 0, 1, 0]).await.expect("the server reads");
    let read = timeout(PATIENCE, stream.read(&mut [0; 16])).await.expect("within the test");
    assert!(matches!(read, Ok(0) | Err(_)), "because a handshake has its time: {read:?}");
    server.stop();
}

#[tokio::test]
async fn who_is_dropped_unread_takes_nobodys_turn_for_a_handshake() {
    let (cert, settings) = certified("dropped");
    let limits = LimitSettings {
        address_accepts_per_s: Some(1),
        handshakes_per_s: Some(50),
        ..LimitSettings::default()
    };
    let server = server(Settings { limits, ..settings });
    // Fifty handshakes a second would make these wait forty seconds.
    let mut flood = Vec::new();
    for _ in 0..2000 {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 9, 9, 9], 0).into()).expect("all of 127 is this machine");
        flood.push(socket.connect(server.address()).await.expect("the kernel takes it"));
    }
    let handshake = timeout(Duration::from_secs(30), connect(&server, &cert)).await;
    assert!(handshake.is_ok(), "because nobody of the flood began one");
    server.stop();
}

#[tokio::test]
async fn who_says_nothing_takes_nobodys_turn_for_a_handshake() {
    let (cert, settings) = certified("silent");
    let limits = LimitSettings { handshakes_per_s: Some(50), ..LimitSettings::default() };
    let server = server(Settings { limits, ..settings });
    // Their handshakes alone would take thirty seconds.
    let mut silent = Vec::new();
    for number in 0..1500 {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let from = [127, 9, 8, 1 + (number % 6) as u8];
        socket.bind((from, 0).into()).expect("all of 127 is this machine");
        silent.push(timeout(PATIENCE, socket.connect(server.address())).await);
    }
    let handshake = timeout(Duration::from_secs(15), connect(&server, &cert)).await;
    assert!(handshake.is_ok(), "because a turn is for who speaks");
    server.stop();
}

#[test]
fn files_that_do_not_serve_are_named() {
    let (_, settings) = certified("one");
    let (_, other) = certified("other");
    let empty_file = Some(file("empty.crt", "nothing in here\n"));
    let missing = Some(PathBuf::from("no-such.crt"));
    for (settings, parts) in [
        (Settings { tls_cert: missing, ..settings.clone() }, ["no-such.crt", "cannot be read"]),
        (
            Settings { tls_cert: empty_file.clone(), ..settings.clone() },
            ["empty.crt", "none in PEM"],
        ),
        (Settings { tls_key: empty_file, ..settings.clone() }, ["empty.crt", "none in PEM"]),
        (Settings { tls_key: other.tls_key, ..settings.clone() }, ["other.key", "together"]),
    ] {
        let config = Config::new(settings).expect("both are given");
        let error = start(&config).map(|_| ()).expect_err("it cannot serve");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    for settings in [
        Settings { tls_key: None, ..settings.clone() },
        Settings { tls_cert: None, ..settings.clone() },
    ] {
        let error = Config::new(settings).expect_err("one is missing");
        assert!(error.contains("tls-key") && error.contains("tls-cert"), "{error}");
    }
}

#[test]
fn a_plain_listener_where_others_can_hear_has_to_be_asked_for() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let listen = Some(listen.parse().expect("an address"));
        let error = Config::new(Settings { listen, ..empty() }).expect_err("others can hear");
        for part in ["others can hear", "tls-cert", "unsafe-plain"] {
            assert!(error.contains(part), "because {part} helps: {error}");
        }
        let (_, settings) = certified("heard");
        assert!(Config::new(Settings { listen, ..settings }).is_ok());
        let mut asked = Settings { listen, ..empty() };
        asked.switched_off.tls = true;
        assert!(Config::new(asked).is_ok());
    }
    for listen in ["127.0.0.1:0", "127.3.2.1:0", "[::1]:0"] {
        let listen = Some(listen.parse().expect("an address"));
        assert!(Config::new(Settings { listen, ..empty() }).is_ok(), "{listen:?}");
    }
}
