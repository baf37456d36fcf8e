//! `throng stress` as an operator meets it: courses, thresholds, files and refusals.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn stress(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.arg("stress").args(args).output().expect("the binary was built")
}

fn complaint(args: &[&str]) -> String {
    let output = stress(args);
    assert!(!output.status.success(), "because {args:?} is wrong");
    assert!(output.stdout.is_empty(), "because results and complaints do not mix");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("throng-stress-{}-{name}", std::process::id()))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("the run wrote it");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn wrong_use_is_told_with_its_place() {
    for (args, named) in [
        (&["--stage", "30s:0..", "--seed", "1"][..], "at 8"),
        (&["--stage", "30:5"], "30 needs one of the units"),
        (&["--stage", "2s:5", "--stage", " 500ms:5"], "at 2: 500ms is too short for a stage"),
        (&["--profile", "spike", "--seconds", "20"], "Stage 2 of spike"),
        (&["--profile", "soak", "--seconds", "9"], "Stage 1 of soak"),
        (&["--stage", "10s:9000"], "9000"),
        (&["--slo", "gap_p98<2T"], "at 1: `gap_p98` is no metric"),
        (&["--slo", "lost==0,gap_p99<2"], "at 17: 2 has no unit"),
        (&["--brain", "walk=3,genius=1"], "genius"),
        (&["--tick-rates", "30,500"], "10 to 128"),
        (&["--max", "9000"], "8192"),
        (&["--start", "600", "--max", "500"], "--start 600"),
        (&["--abort-after", "3"], "--slo"),
        (&["--url", "ws://192.0.2.1/ws"], "--i-run-that-server"),
        (&["--url", "http://127.0.0.1/"], "ws://HOST:PORT/ws"),
        (&["--url", "ws://127.0.0.1:9/ws"], "/api/rooms"),
        (&["--url", "ws://127.0.0.1:9/ws", "--floor"], "--floor"),
        (&["--json", "/no/such/folder/x.json"], "--json /no/such/folder/x.json"),
        (&["diff", "/no/such.json", "/no/such.json"], "/no/such.json cannot be read"),
    ] {
        let text = complaint(args);
        assert!(text.contains(named), "because {args:?} must be explained, not: {text}");
    }
}

#[test]
fn exit_codes_are_in_the_help() {
    let output = stress(&["--help"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["99", "--stage", "--workers", "--i-run-that-server", "diff"] {
        assert!(text.contains(part), "because {part} exists: {text}");
    }
}

/// Stages, two workers, thresholds, every file, and a comparison with itself.
#[test]
fn a_course_of_stages_is_measured_judged_and_written() {
    let (result, page, table) = (temporary("a.json"), temporary("a.html"), temporary("a.csv"));
    let output = stress(&[
        "--stage",
        "2s:0..20",
        "--stage",
        "3s:20",
        "--workers",
        "2",
        "--slo",
        "lost==0,desyncs==0,ack_p99<60s",
        "--json",
        path(&result),
        "--html",
        path(&page),
        "--csv",
        path(&table),
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // 3: the machine was too slow to say anything, which is no fault of the program.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{said}");
    let outcome = json(&result);
    let found = &outcome["results"][0];
    for field in ["tick_rate", "cpu_us_per_client_tick", "bytes_per_snapshot", "desyncs", "lost"] {
        assert!(found[field].is_number(), "because a result has {field}: {found}");
    }
    for (field, part) in [
        ("gap_ms", "p50"),
        ("gap_ms", "p99"),
        ("gap_ms", "max"),
        ("tick_work_ms", "p99"),
        ("input_ack_ms", "p99"),
    ] {
        assert!(found[field][part].is_number(), "because a result has {field}.{part}: {found}");
    }
    assert!(found["void"].is_boolean() && outcome["workers"] == 2);
    let steps = found["steps"].as_array().expect("a list of steps");
    assert_eq!(steps.len(), 2, "because there were two stages");
    let samples = steps[1]["samples"].as_array().expect("a list of seconds");
    assert!(samples.iter().any(|sample| sample["players"] == 20), "because 20 played");
    assert_eq!((&found["lost"], &found["desyncs"]), (&0.into(), &0.into()));
    let html = std::fs::read_to_string(&page).expect("the run wrote it");
    assert!(html.contains("<svg") && !html.contains("<script"), "because it is charts alone");
    let csv = std::fs::read_to_string(&table).expect("the run wrote it");
    assert_eq!(csv.lines().count(), 3, "because there are two steps below the head: {csv}");

    let same = stress(&["diff", path(&result), path(&result)]);
    assert_eq!(same.status.code(), Some(0), "because a run does not differ from itself");
    for file in [result, page, table] {
        std::fs::remove_file(file).expect("the run wrote it");
    }
}

#[test]
fn a_broken_threshold_ends_early_with_its_own_code() {
    let result = temporary("b.json");
    let output = stress(&[
        "--stage",
        "60s:5",
        "--slo",
        "gap_p99<1us",
        "--abort-after",
        "2",
        "--json",
        path(&result),
    ]);
    assert!(matches!(output.status.code(), Some(99 | 3)), "{:?}", output.status);
    let outcome = json(&result);
    assert_eq!(outcome["thresholds"][0]["kept"], false, "because no gap is so short");
    let samples = outcome["results"][0]["steps"][0]["samples"].as_array().map_or(0, Vec::len);
    assert!(samples < 30, "because it ended long before its minute: {samples}");
    std::fs::remove_file(result).expect("the run wrote it");
}

#[test]
fn a_search_finds_what_is_held_beside_the_bare_loop() {
    let result = temporary("c.json");
    let args = ["--start", "10", "--max", "20", "--seconds", "2", "--json", path(&result)];
    let floor: &[&str] = if cfg!(target_os = "linux") { &["--floor"] } else { &[] };
    let output = stress(&[&args[..], floor].concat());
    assert!(matches!(output.status.code(), Some(0 | 3)), "{:?}", output.status);
    let outcome = json(&result);
    let found = &outcome["results"][0];
    if found["held_players"] == 20 && cfg!(target_os = "linux") {
        assert!(found["floor_ratio"].is_number(), "because the bare loop ran beside it: {found}");
        assert!(found["steps"].as_array().is_some_and(|steps| {
            steps.iter().any(|step| step["kind"] == "floor" && step["delivered_hz"].is_number())
        }));
    }
    std::fs::remove_file(result).expect("the run wrote it");
}
