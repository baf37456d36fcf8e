//! What it costs to send a newcomer away: CPU time of the thread `front`, while clients
//! knock at a server whose door is shut.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use throng::config::{ArenaSpec, Config, Settings, SwitchedOff};
use throng::link::Step;
use throng::serve::start;

const KNOCKERS: u32 = 25;
const KNOCKS_EACH: u32 = 60;
/// Between two knocks of one knocker.
const EVERY: Duration = Duration::from_millis(100);

fn main() {
    let listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let arena = Some(ArenaSpec::Auto(50));
    // All knock from one address.
    let switched_off = SwitchedOff { address_caps: true, ..SwitchedOff::default() };
    let settings =
        Settings { listen, house_bots: Some(0), arena, switched_off, ..Settings::default() };
    let config = Config::new(settings).expect("the settings are allowed");
    let server = start(&config).expect("a port is free");
    server.hold_step(Some(Step::Shut));
    while server.gauge().step() != Step::Shut {
        std::thread::sleep(Duration::from_millis(5));
    }
    let address = server.address();
    let before = front();
    let began = Instant::now();
    let knockers = (0..KNOCKERS).map(|number| std::thread::spawn(move || knock(address, number)));
    let knockers: Vec<_> = knockers.collect();
    for knocker in knockers {
        knocker.join().expect("every knock is answered");
    }
    let (refused, took) = (server.gauge().refused(), began.elapsed());
    let [cpu_ns, waits] = [0, 2].map(|field| front()[field] - before[field]);
    println!(
        "{refused} refused in {took:.1?}: {:.1} us of CPU and {:.1} turns on a core each",
        cpu_ns as f64 / 1e3 / refused as f64,
        waits as f64 / refused as f64,
    );
    server.stop();
}

fn knock(address: SocketAddr, number: u32) {
    let began = Instant::now() + EVERY * number / KNOCKERS;
    for n in 0..KNOCKS_EACH {
        std::thread::sleep((began + EVERY * n).saturating_duration_since(Instant::now()));
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let handshake = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(handshake.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server answers");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(" 101 ") && answer.contains("retry_after_ms="), "{answer}");
    }
}

/// Time on a core in ns, time in a queue for one, and turns on it, of the front.
fn front() -> [u64; 3] {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    let read = |path: &std::path::Path, name| std::fs::read_to_string(path.join(name)).ok();
    let front = tasks
        .flatten()
        .map(|task| task.path())
        .find(|path| read(path, "comm").is_some_and(|name| name.trim() == "front"));
    let told = front.and_then(|path| read(&path, "schedstat")).expect("the front runs");
    let mut fields = told.split_ascii_whitespace().map(|field| field.parse().expect("a number"));
    std::array::from_fn(|_| fields.next().expect("there are three"))
}
