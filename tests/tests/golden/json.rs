//! `json.json`: what `throng.json.1` makes of the same values, and the examples of
//! docs/protocol.md.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::fs;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_reflection::{ContainerFormat, VariantFormat};
use throng_shared::limits::JSON_MESSAGE_BYTES;
use throng_shared::wire::json::{PLAIN, from_json, read_client, to_json};
use throng_shared::wire::{ClientMessage, encode};

use super::{ascii, hex, settle, values};

/// A value in both forms.
struct Example {
    kind: &'static str,
    name: String,
    hex: String,
    json: String,
}

fn example<T>(kind: &'static str, name: &str, value: &T) -> Example
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let json = to_json(value);
    assert_eq!(from_json::<T>(&json).as_ref(), Ok(value), "because `{name}` round-trips: {json}");
    Example { kind, name: name.to_owned(), hex: hex(&encode(value)), json }
}

fn examples() -> Vec<Example> {
    let client = values::client_messages();
    let server = values::server_messages();
    let mut all = Vec::new();
    all.extend(client.iter().map(|(name, value)| example("ClientMessage", name, value)));
    all.extend(server.iter().map(|(name, value)| example("ServerMessage", name, value)));
    let cells = values::cell_events();
    all.extend(cells.iter().map(|(name, value)| example("CellEvent", name, value)));
    let motions = values::motions();
    all.extend(motions.iter().map(|(name, value)| example("Motion", name, value)));
    all.push(example("CellKeyframe", "keyframe", &values::keyframe()));
    all
}

#[test]
fn every_message_has_its_json() {
    for (name, message) in values::client_messages() {
        let json = to_json(&message);
        assert_eq!(read_client(&json), Ok(message), "because a server reads `{name}`: {json}");
        assert!(json.len() <= JSON_MESSAGE_BYTES, "because `{name}` is within the limit");
    }
    let line = |it: Example| {
        let Example { kind, name, hex, json } = it;
        format!(r#"{{"type":"{kind}","name":"{name}","hex":"{hex}","json":{json}}}"#)
    };
    let lines: Vec<String> = examples().into_iter().map(line).collect();
    settle("json.json", &ascii(&format!("[\n{}\n]\n", lines.join(",\n"))));
}

#[test]
fn enums_of_names_alone_are_strings() {
    let registry = throng_tests::schema::trace().expect("the wire types can be traced");
    let plain: BTreeSet<&str> = registry
        .iter()
        .filter_map(|(name, container)| match container {
            ContainerFormat::Enum(variants) => Some((name, variants)),
            ContainerFormat::UnitStruct
            | ContainerFormat::NewTypeStruct(_)
            | ContainerFormat::TupleStruct(_)
            | ContainerFormat::Struct(_) => None,
        })
        .filter(|(_, variants)| variants.values().all(|it| it.value == VariantFormat::Unit))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(plain, BTreeSet::from(PLAIN), "because `PLAIN` lists exactly those");
}

/// The shortest example of each variant, by the path of types in its JSON.
fn shortest(kinds: &[&str]) -> Vec<Example> {
    let mut found: Vec<(String, Example)> = Vec::new();
    for example in examples().into_iter().filter(|it| kinds.contains(&it.kind)) {
        let path = types(&serde_json::from_str(&example.json).expect("it is JSON"));
        match found.iter_mut().find(|(other, _)| *other == path) {
            Some((_, shorter)) if shorter.json.len() <= example.json.len() => {}
            Some((_, longer)) => *longer = example,
            None => found.push((path, example)),
        }
    }
    found.into_iter().map(|(_, example)| example).collect()
}

/// What a message is: its type, and that of what it carries.
fn types(json: &Value) -> String {
    let mut path = json["type"].as_str().unwrap_or_default().to_owned();
    for carrier in ["ask", "order", "event", "news", "change", "outcome"] {
        if json[carrier].is_object() {
            path = format!("{path} {}", types(&json[carrier]));
        }
    }
    path
}

/// The examples as docs/protocol.md has them.
fn documented() -> String {
    let mut out = String::new();
    for (heading, kinds) in [
        ("What a client says", &["ClientMessage"][..]),
        ("What the server says", &["ServerMessage"]),
        ("What is in ticks and keyframes", &["CellEvent", "CellKeyframe"]),
    ] {
        let _ = write!(out, "\n#### {heading}\n\n```\n");
        for Example { name, hex, json, .. } in shortest(kinds) {
            let _ = write!(out, "{name}\n  {hex}\n  {json}\n");
        }
        out.push_str("```\n");
    }
    out
}

#[test]
fn the_examples_in_the_documents_are_those_of_the_vectors() {
    const BEGIN: &str = "<!-- examples: written by `cargo xtask golden` -->\n";
    const END: &str = "\n<!-- end of examples -->";
    let path = throng_tests::root().join("docs/protocol.md");
    let text = fs::read_to_string(&path).expect("the document is there").replace("\r\n", "\n");
    let (before, rest) = text.split_once(BEGIN).expect("the mark of the examples is there");
    let (_, after) = rest.split_once(END).expect("and their end");
    let fresh = format!("{before}{BEGIN}{}{END}{after}", documented());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, fresh).expect("the document can be written");
        return;
    }
    assert!(
        text == fresh,
        "because docs/protocol.md quotes the vectors: if the change is meant, run \
         `cargo xtask golden` and commit it"
    );
}

#[test]
fn clients_and_servers_say_nothing_of_the_same_type() {
    let of = |kind: &str| -> BTreeSet<String> {
        let all = examples().into_iter().filter(|it| it.kind == kind);
        let value = |it: Example| serde_json::from_str::<Value>(&it.json).expect("it is JSON");
        all.map(|it| value(it)["type"].to_string()).collect()
    };
    let (client, server) = (of("ClientMessage"), of("ServerMessage"));
    assert!(client.is_disjoint(&server), "because one schema tells them apart by `type`");
    let is_read = |it: &Example| from_json::<ClientMessage>(&it.json).is_ok();
    assert!(!examples().iter().any(|it| it.kind == "ServerMessage" && is_read(it)));
}
