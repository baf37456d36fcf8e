//! `messages.json`: bytes and values of every message and record.

use serde::Serialize;
use serde_json::{Value, json};
use throng_shared::wire::{decode_client, decode_server, encode};

use super::shape::Shape;
use super::{hex, lines, settle, values};

#[test]
fn every_message_and_record_has_its_bytes() {
    let mut shape = Shape::new();
    let mut items = Vec::new();
    for (name, message) in values::client_messages() {
        items.push(vector(&mut shape, "ClientMessage", name, &message));
        assert_eq!(decode_client(&encode(&message)), Ok(message), "because `{name}` round-trips");
    }
    for (name, message) in values::server_messages() {
        items.push(vector(&mut shape, "ServerMessage", &name, &message));
        assert_eq!(decode_server(&encode(&message)), Ok(message), "because `{name}` round-trips");
    }
    for (name, snapshot) in values::snapshots() {
        items.push(vector(&mut shape, "Snapshot", name, &snapshot));
    }
    for (name, delta) in values::deltas() {
        items.push(vector(&mut shape, "TickDelta", name, &delta));
    }
    for (name, event) in values::cell_events() {
        items.push(vector(&mut shape, "CellEvent", name, &event));
    }
    for (name, event) in values::events() {
        items.push(vector(&mut shape, "Event", name, &event));
    }
    for (name, glider) in values::gliders() {
        items.push(vector(&mut shape, "GliderRecord", name, &glider));
    }
    for (name, motion) in values::motions() {
        items.push(vector(&mut shape, "Motion", name, &motion));
    }
    items.push(vector(&mut shape, "BoltRecord", "bolt", &values::bolt()));
    items.push(vector(&mut shape, "ShardRecord", "shard", &values::shard()));
    items.push(vector(&mut shape, "CellKeyframe", "keyframe", &values::keyframe()));
    assert_eq!(shape.seen, shape.all(), "because every type and variant has a vector");
    settle("messages.json", &lines(&items));
}

fn vector<T: Serialize>(shape: &mut Shape, kind: &str, name: &str, value: &T) -> Value {
    json!({
        "type": kind, "name": name, "hex": hex(&encode(value)), "value": shape.of(kind, value),
    })
}
