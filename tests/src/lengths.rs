//! Messages whose lengths lie: walks the bytes of a message along the traced schema, finds the
//! lengths in them, and replaces them.

#![expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; the wire uses a part of it")]

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use serde_reflection::{ContainerFormat, Format, Named, Registry, VariantFormat};

/// What a length is claimed to be.
pub const CLAIMS: [u64; 4] = [1 << 16, (1 << 32) - 1, 1 << 44, 1 << 63];

/// A length in the bytes of a message.
#[derive(Clone, Debug)]
pub struct Length {
    /// Its type and field, as `Hello.name`.
    pub place: String,
    /// Where its bytes begin and end.
    pub at: usize,
    pub end: usize,
}

/// The lengths in the bytes of a whole message, from first to last.
///
/// # Panics
/// When the bytes are no such message.
#[must_use]
pub fn lengths(registry: &Registry, kind: &str, bytes: &[u8]) -> Vec<Length> {
    let mut walk = Walk { registry, bytes, at: 0, found: Vec::new() };
    walk.container(kind);
    assert_eq!(walk.at, bytes.len(), "because the schema describes the whole message");
    walk.found
}

/// Every place of the schema that has a length.
#[must_use]
pub fn places(registry: &Registry) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    let mut note = |place: String, format: &Format| {
        if has_length(format) {
            places.insert(place);
        }
    };
    for (name, container) in registry {
        match container {
            ContainerFormat::Struct(fields) => {
                fields.iter().for_each(|it| note(field(name, it), &it.value));
            }
            ContainerFormat::NewTypeStruct(inner) => note(name.clone(), inner),
            ContainerFormat::Enum(variants) => {
                for Named { name: variant, value } in variants.values() {
                    let name = format!("{name}::{variant}");
                    match value {
                        VariantFormat::Struct(fields) => {
                            fields.iter().for_each(|it| note(field(&name, it), &it.value));
                        }
                        VariantFormat::NewType(inner) => note(name, inner),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    places
}

/// The golden messages of an end.
///
/// # Panics
/// When the committed vectors cannot be read.
#[must_use]
pub fn messages(kind: &str) -> Vec<Vec<u8>> {
    let path = crate::root().join("tests/golden/messages.json");
    let text = fs::read_to_string(path).expect("the vectors are committed");
    let items: Vec<Value> = serde_json::from_str(&text).expect("the vectors are JSON");
    let of_kind = items.iter().filter(|item| item["type"] == kind);
    of_kind.map(|item| unhex(item["hex"].as_str().expect("every item has its bytes"))).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("the vectors are hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// The bytes with a length replaced by a claim, in the form that such a number has.
#[must_use]
pub fn forged(bytes: &[u8], length: &Length, claim: u64) -> Vec<u8> {
    let mut out = bytes[..length.at].to_vec();
    match u32::try_from(claim) {
        Ok(claim) => {
            out.push(252);
            out.extend(claim.to_le_bytes());
        }
        Err(_) => {
            out.push(253);
            out.extend(claim.to_le_bytes());
        }
    }
    out.extend(&bytes[length.end..]);
    out
}

fn has_length(format: &Format) -> bool {
    match format {
        Format::Str | Format::Seq(_) | Format::Bytes | Format::Map { .. } => true,
        Format::Option(inner) => has_length(inner),
        _ => false,
    }
}

fn field(name: &str, field: &Named<Format>) -> String {
    format!("{name}.{}", field.name)
}

struct Walk<'a> {
    registry: &'a Registry,
    bytes: &'a [u8],
    at: usize,
    found: Vec<Length>,
}

impl Walk<'_> {
    /// A number of one byte, or behind a marker of two, four or eight.
    fn number(&mut self) -> u64 {
        let first = self.bytes[self.at];
        self.at += 1;
        let size = match first {
            251 => 2,
            252 => 4,
            253 => 8,
            small => return u64::from(small),
        };
        let bytes = &self.bytes[self.at..self.at + size];
        self.at += size;
        bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    fn length(&mut self, place: &str) -> usize {
        let at = self.at;
        let length = self.number();
        self.found.push(Length { place: place.to_owned(), at, end: self.at });
        usize::try_from(length).expect("a golden message is short")
    }

    fn container(&mut self, name: &str) {
        match self.registry.get(name).expect("the schema is whole") {
            ContainerFormat::Struct(fields) => self.fields(name, fields),
            ContainerFormat::NewTypeStruct(inner) => self.value(name, inner),
            ContainerFormat::TupleStruct(items) => {
                items.iter().for_each(|item| self.value(name, item));
            }
            ContainerFormat::UnitStruct => {}
            ContainerFormat::Enum(variants) => {
                let tag = u32::try_from(self.number()).expect("a tag is small");
                let Named { name: variant, value } = &variants[&tag];
                let name = format!("{name}::{variant}");
                match value {
                    VariantFormat::Struct(fields) => self.fields(&name, fields),
                    VariantFormat::NewType(inner) => self.value(&name, inner),
                    VariantFormat::Tuple(items) => {
                        items.iter().for_each(|item| self.value(&name, item));
                    }
                    VariantFormat::Unit => {}
                    VariantFormat::Variable(_) => panic!("because {name} was traced"),
                }
            }
        }
    }

    fn fields(&mut self, name: &str, fields: &[Named<Format>]) {
        for it in fields {
            self.value(&field(name, it), &it.value);
        }
    }

    fn value(&mut self, place: &str, format: &Format) {
        match format {
            Format::TypeName(name) => self.container(name),
            Format::Bool | Format::U8 | Format::I8 => self.at += 1,
            Format::U16 | Format::U32 | Format::U64 | Format::I16 | Format::I32 | Format::I64 => {
                self.number();
            }
            Format::Str => {
                let length = self.length(place);
                self.at += length;
            }
            Format::Seq(item) => {
                for _ in 0..self.length(place) {
                    self.value(place, item);
                }
            }
            Format::Option(inner) => {
                self.at += 1;
                if self.bytes[self.at - 1] == 1 {
                    self.value(place, inner);
                }
            }
            Format::Tuple(items) => items.iter().for_each(|item| self.value(place, item)),
            Format::TupleArray { content, size } => {
                (0..*size).for_each(|_| self.value(place, content));
            }
            other => panic!("because the wire does not use {other:?}, which {place} has"),
        }
    }
}
