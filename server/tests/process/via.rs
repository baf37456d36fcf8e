//! Bad links as an operator meets them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::{Serving, complaint, run, throng};

#[test]
fn a_link_that_cannot_be_is_told_with_its_place() {
    for (args, named) in [
        (&["via", "latency=80±90", "--to", "127.0.0.1:1"][..], "at 12"),
        (&["via", "latency=80"], "--to"),
        (&["via", "latency=80", "--to", "nowhere"], "--to nowhere"),
        (&["bots", "--via", "rate=40"], "GB, MB, KB, B"),
        (&["bots", "--via", "cut=1/60s,cut=1/2s"], "given twice"),
    ] {
        let text = complaint(args);
        assert!(text.contains(named), "because {args:?} must be explained, not: {text}");
    }
}

#[test]
fn pages_are_read_through_a_link_that_stands_alone() {
    let serving = Serving::start(&["--house-bots", "0"]);
    let mut link = throng()
        .args(["via", "latency=20+-10", "--to", &serving.address, "--until-stdin-ends"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary was built");
    let mut line = String::new();
    let stdout = link.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut line).expect("stdout is text");
    let address = line.trim().strip_prefix("throng via listening on ");
    let mut stream =
        TcpStream::connect(address.expect("the line tells the address")).expect("it listens");
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        serving.address
    )
    .expect("the link takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(link.stdin.take());
    assert!(link.wait().expect("it ends").success(), "because it was told to end");
}

#[test]
fn bots_report_that_they_came_back() {
    let serving = Serving::start(&["--house-bots", "0"]);
    let url = format!("ws://{}/ws", serving.address);
    let output = run(&[
        "bots",
        "--url",
        &url,
        "--count",
        "8",
        "--seconds",
        "6",
        "--via",
        "cut=1/2s",
        "--json",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let count = |name: &str| report[name].as_u64().expect("a number");
    assert_eq!((count("joined"), count("lost"), count("desyncs")), (8, 0, 0), "{report}");
    assert!(count("resumed") + count("rejoined") > 0, "because two seconds are short: {report}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("of them cut"), "because the link is told of, too: {said}");
}
