//! A server that is asked to stop lets everybody go.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use throng_bot::client::{Client, Ended, News};
use throng_shared::limits::{CLOSING_MS, DRAIN_NOTICE_MS, RESTART_RETRY_MAX_MS, RESTART_RETRY_MS};
use throng_shared::wire::Event;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Serving, complaint, run};

const PLAYERS: usize = 200;

fn terminate(serving: &Serving) {
    let sent = Command::new("kill").args(["-TERM", &serving.child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "because the process runs");
}

async fn join(address: SocketAddr) -> Client<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let url = format!("ws://{address}/ws");
    Client::join(stream, &url, "Ada", 1).await.expect("there is room")
}

/// Plays until the end, and tells whether there was a notice, and the end.
async fn play(mut client: Client<TcpStream>) -> (bool, Ended) {
    let mut has_notice = false;
    loop {
        match client.next().await {
            Ok(News::Event(Event::Notice { text })) => has_notice |= text.contains("restarts"),
            Ok(News::Event(_) | News::Snapshot(_) | News::Moved) => {}
            Err(ended) => return (has_notice, ended),
        }
    }
}

#[test]
fn everybody_is_told_and_let_go_and_the_exit_is_clean() {
    // A machine that is busy would else send some of them away.
    let args = ["--house-bots", "5", "--arena", "auto:250", "--unsafe-doors-open"];
    let mut serving = Serving::start(&args);
    let address: SocketAddr = serving.address.parse().expect("an address");
    assert!(serving.get("/readyz").contains(" 200 "), "because it takes players");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    let ends = runtime.block_on(async {
        let mut games = JoinSet::new();
        for _ in 0..PLAYERS {
            games.spawn(play(join(address).await));
        }
        terminate(&serving);
        // It stays open for two hundred milliseconds at least, while nobody is closed yet.
        let asked = Instant::now();
        let answer = tokio::task::spawn_blocking({
            let address = serving.address.clone();
            move || super::get(&address, "/readyz")
        });
        let answer = answer.await.expect("nothing panics");
        assert!(answer.contains(" 503 "), "after {:?}: {answer}", asked.elapsed());
        games.join_all().await
    });
    let status = serving.child.wait().expect("it ends");
    assert!(status.success(), "because it was asked to stop: {status}");
    let mut retries = Vec::new();
    for (has_notice, ended) in ends {
        assert!(has_notice, "because players are told before they are let go");
        let Ended::Closed { code: 1012, retry_after_ms, .. } = ended else {
            panic!("the close code says that the server restarts: {ended}")
        };
        assert!((RESTART_RETRY_MS..RESTART_RETRY_MAX_MS).contains(&retry_after_ms));
        retries.push(retry_after_ms);
    }
    retries.sort_unstable();
    retries.dedup();
    assert!(retries.len() > PLAYERS / 4, "because they shall not come back all at once");
}

#[test]
fn a_drain_is_counted_from_its_first_word_to_the_exit() {
    let arguments = ["--players", "40", "--house-bots", "5", "--seconds-before", "1", "--json"];
    let output = run(&[&["stress", "drain"][..], &arguments].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let drained: serde_json::Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(drained["broken"], serde_json::json!([]), "{told}");
    assert_eq!(drained["ends"], serde_json::json!({"1012": 40}), "{told}");
    assert_eq!((&drained["forewarned"], &drained["exit_code"]), (&40.into(), &0.into()), "{told}");
    assert!(drained["unready_ms"].is_number() && drained["exit_ms"].is_number(), "{told}");
    // Whether it was in time is for a machine that has nothing else to do.
    let is_late = drained["late"].as_array().is_some_and(|late| !late.is_empty());
    assert_eq!(output.status.code(), Some(if is_late { 99 } else { 0 }), "{told}");
}

#[test]
fn too_many_to_drain_are_refused_at_once() {
    let text = complaint(&["stress", "drain", "--players", "8000", "--house-bots", "500"]);
    assert!(text.contains("8500 together"), "{text}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut serving = Serving::start(&["--house-bots", "0"]);
    let address: SocketAddr = serving.address.parse().expect("an address");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    let client = runtime.block_on(join(address));
    let asked = Instant::now();
    terminate(&serving);
    let deadline = asked + Duration::from_secs(30);
    // The first signal was heard once it takes nobody any more.
    while !serving.get("/readyz").contains(" 503 ") {
        assert!(Instant::now() < deadline, "because a signal is heard");
    }
    // Sooner it would be taken for the first.
    std::thread::sleep(Duration::from_millis(300));
    let took = asked.elapsed();
    terminate(&serving);
    let status = serving.child.wait().expect("it ends");
    // A client that says nothing more is let go after more than a second anyway.
    let is_late = took > Duration::from_millis(DRAIN_NOTICE_MS + CLOSING_MS);
    assert!(status.code() == Some(1) || is_late, "because a connection was cut: {status}");
    drop(client);
}

#[test]
fn a_room_that_crashes_is_closed_and_leaves_what_it_was_told() {
    let mut serving =
        Serving::start_telling(&["--house-bots", "0", "--seed", "77", "--panic-at-tick", "90"]);
    let address: SocketAddr = serving.address.parse().expect("an address");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    let (_, ended) = runtime.block_on(async { play(join(address).await).await });
    assert!(matches!(ended, Ended::Closed { code: 1011, .. }), "because the room is gone: {ended}");
    let status = serving.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "because it had but this room: {status}");
    let log = serving.told();
    let path = log.split_whitespace().find(|word| word.contains("throng-crash-"));
    let path = path.expect("the log names the file").trim_end_matches('.');
    let report = std::fs::read_to_string(path).expect("the file is there");
    std::fs::remove_file(path).expect("the file is ours");
    for line in ["seed 77", "tick 90", "panic a rehearsal was asked for"] {
        assert!(report.lines().any(|it| it == line), "because {line:?} is known: {report}");
    }
    assert!(report.contains(" join 0 1 Ada\n"), "because it was told so: {report}");
}
