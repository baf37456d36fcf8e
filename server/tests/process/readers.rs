//! Clients that stop reading: what they cost the process, and those beside them.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use throng_bot::brain::BrainKind;
use throng_bot::client::Client;
use throng_shared::prng::Prng;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::LocalSet;

use super::{Serving, throng};

/// Receive buffer of a client that stops reading: loopback would hide megabytes.
const RECEIVE_BUFFER_BYTES: u32 = 4 << 10;
const STONES: u64 = 200;
const GOOD: u64 = 50;
const TICK_HZ: u64 = 30;
/// Resident memory that they may cost.
const COST_KIB: f64 = 32.0 * 1024.0;
/// How long they may stay: by design six seconds, here with time for a busy machine.
const STAY_S: u64 = 15;

/// Resident memory of the process, in KiB.
fn resident_kib(serving: &Serving) -> f64 {
    let path = format!("/proc/{}/status", serving.child.id());
    let status = std::fs::read_to_string(path).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.expect("a process has resident memory")
}

/// What `/api/rooms` says.
fn rooms(serving: &Serving) -> serde_json::Value {
    let answer = serving.get("/api/rooms");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).expect("the answer is one object")
}

fn tick(rooms: &serde_json::Value) -> u64 {
    rooms["rooms"][0]["tick"].as_u64().expect("a room has a tick")
}

fn players(rooms: &serde_json::Value) -> u64 {
    rooms["rooms"][0]["players"].as_u64().expect("players are counted")
}

/// Plays like everybody as long as it `reads`, and then reads nothing more. Every
/// second one sends inputs on.
async fn stone(address: SocketAddr, number: u64, mut reads: watch::Receiver<bool>) {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("it is allowed");
    let stream = socket.connect(address).await.expect("the server listens");
    let (url, name) = (format!("ws://{address}/ws"), format!("stone {number}"));
    let mut client = Client::join(stream, &url, &name, 1).await.expect("there is room");
    let mut brain = BrainKind::Walk.brain();
    let mut chance = Prng::new(number);
    let mut thoughts = tokio::time::interval(Duration::from_millis(100));
    while *reads.borrow_and_update() {
        tokio::select! {
            _ = thoughts.tick() => {
                let intent = brain.think(client.view(), &mut chance);
                client.steer(intent).expect("the game goes on");
            }
            news = client.next() => drop(news.expect("the game goes on")),
            _ = reads.changed() => {}
        }
    }
    loop {
        thoughts.tick().await;
        if number.is_multiple_of(2) {
            let intent = brain.think(client.view(), &mut chance);
            // It may have been let go, which it would have to read to know.
            let _ = client.steer(intent);
        }
    }
}

#[test]
fn two_hundred_that_stop_reading_are_let_go_and_harm_nobody() {
    let serving = Serving::start(&["--house-bots", "0", "--arena", "auto:250"]);
    let url = format!("ws://{}/ws", serving.address);
    let bots = throng()
        .args(["bots", "--url", &url, "--count", &GOOD.to_string(), "--brain", "walk"])
        .args(["--seconds", "18", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary was built");
    let address: SocketAddr = serving.address.parse().expect("an address");
    let (reads, until) = watch::channel(true);
    let (home, mut sent_home) = watch::channel(());
    let stones = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("an event loop");
        LocalSet::new().block_on(&runtime, async {
            for number in 0..STONES {
                tokio::task::spawn_local(stone(address, number, until.clone()));
            }
            sent_home.changed().await
        })
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let wait = |what: &str| {
        assert!(Instant::now() < deadline, "because {what} in time");
        std::thread::sleep(Duration::from_millis(50));
    };
    while players(&rooms(&serving)) < STONES + GOOD {
        wait("everybody comes in");
    }
    // For a while they play: who never read is another matter.
    std::thread::sleep(Duration::from_secs(3));
    let before = resident_kib(&serving);
    let stopped = tick(&rooms(&serving));
    let began = Instant::now();
    reads.send(false).expect("they listen");
    let mut most = before;
    let (ends, took) = loop {
        let now = rooms(&serving);
        most = most.max(resident_kib(&serving));
        let ended = now["ends"].as_object().into_iter().flat_map(|ends| ends.values());
        if ended.filter_map(serde_json::Value::as_u64).sum::<u64>() >= STONES {
            break (now["ends"].clone(), tick(&now) - stopped);
        }
        wait("they are let go");
    };
    let seconds = began.elapsed().as_secs_f64();
    let output = bots.wait_with_output().expect("the bots report");
    home.send(()).expect("they wait for it");
    stones.join().expect("stones do nothing").expect("they were sent home");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let gap_ms = report["gap_ms"]["p99"].as_f64().expect("a report has gaps");
    println!(
        "gone after {took} ticks, {seconds:.1} s; {:.0} KiB more at most; the others' p99 gap \
         {gap_ms} ms; {ends}",
        most - before
    );
    assert_eq!(ends["4013 SlowConsumer"], STONES, "because that is their fault: {ends}");
    // Ticks, of which a machine that is busy has fewer in a second.
    assert!(took <= STAY_S * TICK_HZ, "because a sign of life is due in 5 s, not {took} ticks");
    assert!(most - before <= COST_KIB, "because nothing piles up: {most} after {before} KiB");
    assert_eq!((&report["lost"], &report["desyncs"]), (&0.into(), &0.into()), "{report}");
    // Beside other tests on a busy machine the gap says little; by itself it is one tick.
    assert!(gap_ms < 1000.0, "because others do not wait for them: {gap_ms} ms");
}
