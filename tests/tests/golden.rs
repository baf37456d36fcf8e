//! The golden vectors in `tests/golden`: what Rust and TypeScript must agree on
//! bit for bit. `cargo xtask golden` writes them anew.

mod bytes;
mod json;
mod malformed;
mod motion;
mod reconnect;
mod session;
mod shape;
mod values;
mod world;

use std::fs;

use glam::IVec2;
use serde_json::{Value, json};
use throng_shared::map::TileMap;

/// Compares a committed file with what the code gives, or writes it when
/// `UPDATE_GOLDEN` is set.
fn settle(name: &str, text: &str) {
    let path = throng_tests::root().join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).expect("the folder of golden vectors can be written");
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found.replace("\r\n", "\n") == text,
        "because both ends are held to tests/golden/{name}: if the change is meant, run \
         `cargo xtask golden` and commit it"
    );
}

/// A JSON list, one item a line, so that a change shows where it is; in ASCII, so
/// that no editor turns or hides a part of it.
fn lines(items: &[Value]) -> String {
    let lines: Vec<String> = items.iter().map(Value::to_string).collect();
    ascii(&format!("[\n{}\n]\n", lines.join(",\n")))
}

fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || (' '..='~').contains(&c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn default_map() -> (TileMap, Vec<IVec2>) {
    throng_tests::maps::load("default")
}

#[test]
fn the_map_of_the_vectors_is_the_default_map() {
    let (map, spawns) = default_map();
    let spawns: Vec<[i32; 2]> = spawns.iter().map(|at| at.to_array()).collect();
    let file = json!({
        "width": map.width(), "height": map.height(), "runs": map.runs(), "spawns": spawns,
    });
    settle("map.json", &format!("{file}\n"));
}
