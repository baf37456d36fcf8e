//! Every attack, small: what the server does about it, and that nobody honest is lost.
//! Times are not judged here; `throng stress attack` without `--small` does.

use super::{complaint, file, run};

/// Runs an attack that the server stands, and gives its result.
fn kept(name: &str) -> serde_json::Value {
    let json = file(&format!("attack-{name}.json"), "");
    let path = json.to_str().expect("the path is text");
    let output = run(&["stress", "attack", name, "--small", "--json", path]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "because {name} is to be stood: {told}{said}");
    let text = std::fs::read_to_string(&json).expect("the run wrote it");
    std::fs::remove_file(json).expect("the file was written");
    let results: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let result = results[0].clone();
    assert_eq!(result["attack"], name);
    assert_eq!(result["verdict"], "kept", "{result}");
    assert_eq!((&result["lost"], &result["desyncs"]), (&0.into(), &0.into()), "{result}");
    result
}

/// Connections that ended in one of these ways.
fn ended(result: &serde_json::Value, ways: &[&str]) -> u64 {
    let count = |way: &&str| result["told"]["ends"][*way]["count"].as_u64().unwrap_or_default();
    ways.iter().map(count).sum()
}

#[test]
fn who_says_nothing_is_let_go() {
    let result = kept("silent");
    assert_eq!(ended(&result, &["hung up", "reset", "HTTP 408"]), 48, "{result}");
}

#[test]
fn who_says_a_byte_a_second_is_let_go() {
    let result = kept("slowloris");
    assert_eq!(ended(&result, &["hung up", "reset", "HTTP 408"]), 24, "{result}");
}

#[test]
fn a_header_of_twenty_megabytes_is_not_read() {
    let result = kept("header");
    assert_eq!(ended(&result, &["HTTP 431", "hung up", "reset"]), 1, "{result}");
    let sent = result["told"]["sent_bytes"].as_u64().expect("a number");
    assert!(sent < 20 << 20, "because the server hung up before: {sent}");
    let grown = result["memory_kib"].as_u64().unwrap_or_default();
    assert!(grown < 8 << 10, "because it holds sixteen KiB of it: {grown} KiB");
}

#[test]
fn a_flood_of_connections_keeps_nobody_from_playing() {
    for name in ["flood-one", "flood-many"] {
        let result = kept(name);
        assert!(ended(&result, &["left"]) > 100, "because it is a flood: {result}");
    }
}

#[test]
fn who_stops_reading_is_let_go() {
    let result = kept("stalled");
    assert_eq!(ended(&result, &["closed 4013", "closed 4009", "hung up", "reset"]), 8, "{result}");
}

#[test]
fn floods_of_control_frames_are_closed_with_their_code() {
    for name in ["pings", "pongs"] {
        let result = kept(name);
        assert_eq!(ended(&result, &["closed 4008"]), 3, "{result}");
    }
}

#[test]
fn floods_of_empty_frames_are_closed_whether_their_message_ends_or_not() {
    let result = kept("empties");
    assert_eq!(ended(&result, &["closed 4008", "closed 4001"]), 3, "{result}");
}

#[test]
fn ten_times_the_inputs_are_too_many() {
    let result = kept("inputs");
    assert_eq!(ended(&result, &["closed 4008"]), 3, "{result}");
}

#[test]
fn a_frame_that_declares_what_no_frame_has_is_refused_at_its_head() {
    let result = kept("huge");
    assert_eq!(ended(&result, &["closed 1009", "closed 1002"]), 8, "{result}");
    let grown = result["memory_kib"].as_u64().unwrap_or_default();
    assert!(grown < 8 << 10, "because nothing was allocated for it: {grown} KiB");
}

#[test]
fn messages_in_crumbs_are_closed() {
    let result = kept("fragments");
    let codes = ["closed 4008", "closed 1009", "closed 1008", "closed 1002"];
    assert_eq!(ended(&result, &codes), 4, "{result}");
}

#[test]
fn a_crowd_in_one_place_is_no_crime() {
    let result = kept("crowd");
    assert_eq!(ended(&result, &["played"]), 60, "{result}");
}

#[test]
fn everybody_comes_back_to_a_server_that_was_killed() {
    let result = kept("restart");
    let back = &result["back"];
    let count = |name: &str| back[name].as_u64().expect("a number");
    assert_eq!(count("resumed") + count("rejoined"), 40, "{result}");
    assert_eq!(count("resumed"), 0, "because sessions die with their server: {result}");
}

#[test]
fn an_attack_that_is_none_is_told_those_that_are() {
    let text = complaint(&["stress", "attack", "nuke"]);
    assert!(text.contains("slowloris") && text.contains("all"), "{text}");
    let text = complaint(&["stress", "attack"]);
    assert!(text.contains("NAME"), "{text}");
}

#[test]
fn nothing_but_this_machine_is_attacked() {
    let orders = ["--connections", "1", "--seconds", "1", "--seed", "1"];
    let text = complaint(&[&["raid", "silent", "--target", "192.0.2.1:80"][..], &orders].concat());
    assert!(text.contains("loopback"), "{text}");
}
