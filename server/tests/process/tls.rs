//! The certificate of a running process, and another after SIGHUP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{file, throng};

/// Long, because a busy machine is no fault of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a certificate at these paths.
fn certify(cert: &Path, key: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
    std::fs::write(cert, made.cert.pem()).expect("the file can be written");
    std::fs::write(key, made.signing_key.serialize_pem()).expect("the file can be written");
    made.cert.der().clone()
}

/// The answer to a request by someone who trusts this certificate; none when it is not
/// what the server has.
fn get(address: &str, cert: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(cert.clone()).expect("it is a certificate");
    let config =
        ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring has the suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::new(config), name).expect("the settings are whole");
    let stream = TcpStream::connect(address).expect("the server listens");
    let mut stream = StreamOwned::new(tls, stream);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn hang_up(child: &Child) {
    let sent = Command::new("kill").args(["-HUP", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "because the process runs");
}

#[test]
fn sighup_changes_the_certificate_and_a_broken_one_changes_nothing() {
    let (cert, key) = (file("reload.crt", ""), file("reload.key", ""));
    let first = certify(&cert, &key);
    let mut child = throng()
        .args(["--listen", "127.0.0.1:0", "--house-bots", "0"])
        .arg("--tls-cert")
        .arg(&cert)
        .arg("--tls-key")
        .arg(&key)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    let mut log = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut next_line = move || {
        let mut line = String::new();
        log.read_line(&mut line).expect("the log is text");
        line
    };
    let mut line = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut line).expect("stdout is text");
    let address = line.trim().strip_prefix("throng listening on https://");
    let address = address.expect("the first line tells the address").to_owned();
    let answer = get(&address, &first).expect("the first certificate is shown");
    assert!(answer.ends_with("ok\n"), "{answer}");

    let second = certify(&cert, &key);
    hang_up(&child);
    let began = Instant::now();
    while get(&address, &second).is_none() {
        assert!(began.elapsed() < PATIENCE, "because the new certificate is read");
    }
    assert_eq!(get(&address, &first), None, "because the old one is gone");

    std::fs::write(&cert, "not a certificate\n").expect("the file can be written");
    hang_up(&child);
    let complaint = loop {
        let line = next_line();
        assert!(!line.is_empty(), "because the process says so");
        if line.contains("the old certificate stays") {
            break line;
        }
    };
    assert!(complaint.contains("reload.crt"), "{complaint}");
    assert!(get(&address, &second).is_some(), "because the old one still serves");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    for path in [cert, key] {
        std::fs::remove_file(path).expect("the file was written");
    }
}
