//! A value in the shape that the TypeScript codec gives it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};
use serde_reflection::{ContainerFormat, Format, Named, Registry, VariantFormat};

/// Longest byte array that TypeScript holds as a number.
const NUMBER_BYTES: usize = 4;

/// Turns serde's own JSON into that of the web client, led by the schema.
pub(super) struct Shape {
    registry: Registry,
    /// Containers and variants (`Type` and `Type::Variant`) that were met.
    pub(super) seen: BTreeSet<String>,
}

impl Shape {
    pub(super) fn new() -> Self {
        let registry = throng_tests::schema::trace().expect("the wire types can be traced");
        Self { registry, seen: BTreeSet::new() }
    }

    /// Every container and variant that there is.
    pub(super) fn all(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (name, container) in &self.registry {
            all.insert(name.clone());
            if let ContainerFormat::Enum(variants) = container {
                all.extend(variants.values().map(|variant| format!("{name}::{}", variant.name)));
            }
        }
        all
    }

    /// The JSON of `value`, which is of the wire type `name`.
    pub(super) fn of<T: Serialize>(&mut self, name: &str, value: &T) -> Value {
        let plain = serde_json::to_value(value).expect("a wire value has a JSON form");
        self.container(name, &plain)
    }

    fn container(&mut self, name: &str, plain: &Value) -> Value {
        self.seen.insert(name.to_owned());
        match self.registry[name].clone() {
            ContainerFormat::NewTypeStruct(inner) => self.format(&inner, plain),
            ContainerFormat::Struct(fields) => {
                let mut out = Map::new();
                self.fields(&fields, plain, &mut out);
                Value::Object(out)
            }
            ContainerFormat::Enum(variants) => {
                let (kind, content) = match plain.as_object().and_then(|one| one.iter().next()) {
                    Some((kind, content)) => (kind.as_str(), content),
                    None => (plain.as_str().expect("a unit variant is its name"), &Value::Null),
                };
                let variant = variants.values().find(|variant| variant.name == kind);
                let variant = variant.expect("the schema knows every variant");
                self.seen.insert(format!("{name}::{kind}"));
                let mut out = Map::new();
                out.insert("kind".to_owned(), json!(kind));
                match &variant.value {
                    VariantFormat::Unit => {}
                    VariantFormat::NewType(inner) => {
                        out.insert("value".to_owned(), self.format(inner, content));
                    }
                    VariantFormat::Struct(fields) => self.fields(fields, content, &mut out),
                    VariantFormat::Tuple(_) | VariantFormat::Variable(_) => {
                        unreachable!("the wire has no tuple variants")
                    }
                }
                Value::Object(out)
            }
            ContainerFormat::UnitStruct | ContainerFormat::TupleStruct(_) => {
                unreachable!("the wire has no unit or tuple structs")
            }
        }
    }

    fn fields(&mut self, fields: &[Named<Format>], plain: &Value, out: &mut Map<String, Value>) {
        for field in fields {
            out.insert(camel(&field.name), self.format(&field.value, &plain[&field.name]));
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; the rest is plain in JSON")]
    fn format(&mut self, format: &Format, plain: &Value) -> Value {
        match format {
            Format::TypeName(name) => self.container(name, plain),
            Format::Option(inner) if !plain.is_null() => self.format(inner, plain),
            Format::Seq(inner) => {
                let items = plain.as_array().expect("a list is an array");
                items.iter().map(|item| self.format(inner, item)).collect()
            }
            Format::Tuple(_) | Format::TupleArray { .. } => {
                let bytes = plain.as_array().expect("a byte array is an array");
                // Longer ones are no number in TypeScript either.
                if bytes.len() > NUMBER_BYTES {
                    return plain.clone();
                }
                let byte = |value: &Value| value.as_u64().expect("a byte is a number");
                json!(bytes.iter().rev().fold(0, |sum, value| sum << 8 | byte(value)))
            }
            _ => plain.clone(),
        }
    }
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut out, word| {
        out.push_str(&word[..1].to_uppercase());
        out.push_str(&word[1..]);
        out
    })
}
