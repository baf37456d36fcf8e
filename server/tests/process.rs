//! The `throng` process as an operator meets it: flags, files, output, signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
#[path = "process/drain.rs"]
mod drain;
#[cfg(target_os = "linux")]
#[path = "process/readers.rs"]
mod readers;
#[path = "process/secrets.rs"]
mod secrets;
#[path = "process/spectators.rs"]
mod spectators;
#[path = "process/store.rs"]
mod store;
#[path = "process/tickets.rs"]
mod tickets;
#[cfg(unix)]
#[path = "process/tls.rs"]
mod tls;

#[path = "process/attack.rs"]
mod attack;
#[path = "process/churn.rs"]
mod churn;
#[path = "process/via.rs"]
mod via;

/// A server process that ends with the test.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        Self::start_with(args, Stdio::null())
    }

    /// The same, keeping its log, which must be short.
    fn start_telling(args: &[&str]) -> Self {
        Self::start_with(args, Stdio::piped())
    }

    fn start_with(args: &[&str], log: Stdio) -> Self {
        let mut command = throng();
        command.args(["--listen", "127.0.0.1:0"]).args(args).stdout(Stdio::piped()).stderr(log);
        Self::of(command)
    }

    /// The server that a command starts, whose stdout is piped.
    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary was built");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("stdout is text");
        let address = line.trim().strip_prefix("throng listening on http://");
        let address = address.expect("the first line tells the address").to_owned();
        Self { child, address }
    }

    /// The log of a process that has ended.
    fn told(&mut self) -> String {
        let mut log = String::new();
        let stderr = self.child.stderr.as_mut().expect("the log is kept");
        stderr.read_to_string(&mut log).expect("a log is text");
        log
    }

    /// The whole answer to a GET.
    fn get(&self, path: &str) -> String {
        get(&self.address, path)
    }
}

/// The whole answer of a server to a GET.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer).into_owned()
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already, which is what most tests are about.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn throng() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("THRONG_")) {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> Output {
    throng().args(args).output().expect("the binary was built")
}

/// Runs what must fail, and gives its complaint.
fn complaint(args: &[&str]) -> String {
    let output = run(args);
    assert!(!output.status.success(), "because {args:?} is wrong");
    assert!(output.stdout.is_empty(), "because results and complaints do not mix");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("throng-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("the temporary folder can be written");
    path
}

#[test]
fn wrong_flags_are_named() {
    for (args, named) in [
        (vec!["--tik-rate", "30"], "--tik-rate"),
        (vec!["--tick-rate", "fast"], "fast"),
        (vec!["--tick-rate", "9"], "tick-rate is 9"),
        (vec!["--arena", "7"], "--arena"),
        (vec!["--arena", "auto:0"], "--arena"),
        (vec!["--arena", "40", "--map", "x.tmj"], "--map"),
        (vec!["--listen", "nowhere"], "--listen"),
        (vec!["--house-bots", "5000"], "house-bots is 5000"),
        (vec!["--net-threads", "0"], "net-threads is 0"),
        (vec!["--session-s", "0"], "session-s is 0"),
        (vec!["--session-s", "5", "--link-hold-s", "6"], "link-hold-s is 6"),
        (vec!["--auth-secret", "short"], "auth-secret has 5 bytes"),
        (vec!["--auth-secret-file", "no-such.key"], "no-such.key"),
        (vec!["--operator-secret", "short"], "operator-secret has 5 bytes"),
        (vec!["--operator-secret-file", "no-such.key"], "no-such.key"),
        (vec!["--data", ""], "--data"),
        (vec!["--auth-secret", "x", "--auth-secret-file", "y"], "Only one"),
        (vec!["serve", "now"], "now"),
        (vec!["bots", "--brain", "genius"], "genius"),
        (vec!["bots", "--url", "http://127.0.0.1/"], "--url"),
    ] {
        let text = complaint(&args);
        assert!(text.contains(named), "because {args:?} must be explained, not: {text}");
    }
}

#[test]
fn short_help_fits_one_screen_and_long_help_names_every_flag() {
    let output = run(&["-h"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.lines().count() <= 50, "because -h is one screen");
    let output = run(&["--help"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for flag in [
        "--listen",
        "--tick-rate",
        "--arena",
        "--map",
        "--house-bots",
        "--seed",
        "--net-threads",
        "--players-max",
        "--link-hold-s",
        "--session-s",
        "--auth-secret-file",
        "--operator-secret-file",
        "--data",
        "--config",
        "--trust-proxy",
        "--tls-cert",
        "--tls-key",
        "--unsafe-plain",
        "--connections-per-address",
        "--head-timeout-ms",
        "--unsafe-no-address-caps",
        "--unsafe-no-rate-limits",
    ] {
        assert!(text.contains(flag), "because {flag} exists");
    }
    assert!(text.contains("[default: 256]"), "because limits have defaults: {text}");
}

#[test]
fn limits_are_settings_like_all_others() {
    for (args, named) in [
        (vec!["--frames-per-s", "0"], "frames-per-s is 0"),
        (vec!["--connections-max", "99999"], "connections-max is 99999"),
        (vec!["--trust-proxy", "10.0.0.0"], "10.0.0.0"),
        (vec!["--allow-origin", "play.example"], "allow-origin is \"play.example\""),
        (vec!["--tls-cert", "a.crt"], "tls-key"),
        (vec!["--listen", "0.0.0.0:0"], "unsafe-plain"),
    ] {
        let text = complaint(&args);
        assert!(text.contains(named), "because {args:?} must be explained, not: {text}");
    }
    let config = file(
        "limits.toml",
        "house-bots = 0\n[limits]\nframes-per-s = 5\n[unsafe]\nunsafe-no-rate-limits = true\n",
    );
    let path = config.to_str().expect("the path is text").to_owned();
    let text = complaint(&["--config", &path]);
    assert!(text.contains("frames-per-s is 5"), "because the file was read: {text}");
    let mut child = throng()
        .env("THRONG_FRAMES_PER_S", "500")
        .args(["--listen", "127.0.0.1:0", "--config", &path])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("stdout is text");
    assert!(line.contains("listening"), "because the variable wins over the file: {line}");
    child.kill().expect("it runs");
    let log = child.wait_with_output().expect("it ends").stderr;
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("WARN") && log.contains("--unsafe-no-rate-limits"), "{log}");
    std::fs::remove_file(config).expect("the file was written");
}

#[test]
fn a_broken_map_is_refused_in_one_sentence() {
    let missing = complaint(&["--map", "no-such.tmj"]);
    assert!(missing.contains("no-such.tmj") && missing.contains("cannot be read"), "{missing}");
    let broken = file("broken.tmj", "{ \"width\": 3 }");
    let text = complaint(&["--map", broken.to_str().expect("the path is text")]);
    assert!(text.contains("broken.tmj") && text.contains("Tiled"), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "because one sentence says it: {text}");
    std::fs::remove_file(broken).expect("the file was written");
}

#[test]
fn a_taken_address_is_named() {
    let serving = Serving::start(&["--house-bots", "0"]);
    let text = complaint(&["--listen", &serving.address]);
    assert!(text.contains(&serving.address), "{text}");
}

#[test]
fn flags_win_over_variables_over_the_file() {
    let config = file("throng.toml", "tick-rate = 20\nhouse-bots = 0\nplayers-max = 3\n");
    let path = config.to_str().expect("the path is text").to_owned();
    let serving = Serving::start(&["--config", &path, "--tick-rate", "50"]);
    let rooms = serving.get("/api/rooms");
    assert!(rooms.contains("\"tick_rate\":50") && rooms.contains("\"players_max\":3"), "{rooms}");
    drop(serving);
    let typo = file("typo.toml", "tick-rate = 20\nhouse-bot = 1\n");
    let text = complaint(&["--config", typo.to_str().expect("the path is text")]);
    assert!(text.contains("typo.toml") && text.contains("line 2"), "{text}");
    let mut by_variable = throng();
    by_variable.env("THRONG_TICK_RATE", "9000").args(["--config", &path]);
    let output = by_variable.output().expect("the binary was built");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("tick-rate is 9000"), "because the variable wins over the file: {text}");
    let mut by_flag = throng();
    by_flag.env("THRONG_MAP", "no-such.tmj").args(["--arena", "9999"]);
    let output = by_flag.output().expect("the binary was built");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("--map") && text.contains("9999"), "because nobody typed it: {text}");
    std::fs::remove_file(config).expect("the file was written");
    std::fs::remove_file(typo).expect("the file was written");
}

#[test]
fn the_game_and_its_status_are_served() {
    let serving = Serving::start(&["--house-bots", "2"]);
    let page = serving.get("/");
    for part in ["200 OK", "text/html; charset=utf-8", "no-cache", "script-src 'self'", "<canvas"] {
        assert!(page.contains(part), "because the page is the game ({part} is missing)");
    }
    assert!(!page.contains("unsafe-inline"), "because nothing inline is allowed");
    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    let script = serving.get(script.expect("the page names its script"));
    assert!(
        script.contains("immutable") && script.contains("javascript"),
        "because names are hashed"
    );
    assert!(serving.get("/healthz").ends_with("ok\n"));
    let rooms = serving.get("/api/rooms");
    assert!(rooms.contains("\"name\":\"arena\"") && rooms.contains("\"tick_rate\":30"), "{rooms}");
    for part in
        ["tick_work_us", "tick_late_us", "interval_deviation_us", "on_time_share", "overload"]
    {
        assert!(rooms.contains(part), "because a room tells of its ticks ({part} is missing)");
    }
    assert!(serving.get("/api/rooms?ticks=20000").contains("200 OK"));
    let wrong = serving.get("/api/rooms?ticks=many");
    assert!(wrong.contains("400") && wrong.contains("ticks=N, with N from 1 to 20000"), "{wrong}");
    assert!(serving.get("/../Cargo.toml").contains("404"), "because only the game is served");
    assert!(serving.get("/ws").contains("426"), "because /ws is no page");
}

#[test]
fn bots_look_on_in_the_room_that_is_named() {
    let serving = Serving::start(&["--house-bots", "3", "--arena", "auto:20"]);
    let url = format!("ws://{}/ws", serving.address);
    let bots = |flags: &[&str]| {
        let always = ["bots", "--url", &url, "--count", "5", "--seconds", "2", "--json"];
        let output = run(&[&always[..], flags].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let report = bots(&["--room", "arena", "--watch"]);
    let seen: serde_json::Value = serde_json::from_str(&report).expect("stdout is one object");
    assert_eq!(
        (&seen["joined"], &seen["lost"], &seen["desyncs"]),
        (&5.into(), &0.into(), &0.into())
    );
    assert!(seen["entity_ticks"].as_u64() > Some(0), "because there is somebody to see: {report}");
    assert_eq!(seen["gap_ms"]["p50"].as_f64().map(|ms| ms > 0.0), Some(true), "{report}");
    let acked = seen["input_ack_ms"]["p50"].as_f64();
    assert_eq!(acked.unwrap_or(0.0), 0.0, "because who looks on steers nothing: {report}");
    assert_eq!(bots(&["--room", "nowhere"]), "", "because there is no such room");
}

#[test]
fn bots_join_play_and_leave_and_report_one_object() {
    let serving = Serving::start(&["--house-bots", "0", "--arena", "auto:20"]);
    let url = format!("ws://{}/ws", serving.address);
    let output = run(&[
        "bots",
        "--url",
        &url,
        "--count",
        "20",
        "--brain",
        "walk",
        "--seconds",
        "3",
        "--json",
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&text).expect("stdout is one object");
    for field in [
        "bots",
        "joined",
        "lost",
        "seconds",
        "snapshots",
        "delivered_hz",
        "bytes_in",
        "bytes_out",
        "entity_ticks",
        "bytes_per_entity_tick",
        "desyncs",
    ] {
        assert!(report[field].is_number(), "because a report has {field}: {text}");
    }
    for (field, parts) in
        [("gap_ms", &["p50", "p99", "max"][..]), ("input_ack_ms", &["p50", "p99"])]
    {
        assert!(parts.iter().all(|part| report[field][part].is_number()), "{field}: {text}");
    }
    assert_eq!(report["joined"], 20);
    assert_eq!((&report["lost"], &report["desyncs"]), (&0.into(), &0.into()), "{text}");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_with_success() {
    let mut serving = Serving::start(&["--house-bots", "10"]);
    let id = serving.child.id().to_string();
    let began = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.is_ok_and(|status| status.success()), "because the process runs");
    let status = serving.child.wait().expect("the process ends");
    assert!(status.success(), "because an asked-for end is no failure");
    assert!(began.elapsed() < Duration::from_secs(10), "because the end is bounded");
}
