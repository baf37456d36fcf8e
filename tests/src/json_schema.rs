//! The JSON Schema of `throng.json.1`, from the traced types.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign enum; what the wire does not use is refused"
)]

use serde_json::{Map, Value, json};
use serde_reflection::{ContainerFormat, Format, Named, Registry, VariantFormat};
use throng_shared::limits::TIME_MS_MAX;
use throng_shared::wire::json::{PLAIN, defaulted};

/// Longest array of bytes that is a number.
const NUMBER_BYTES: usize = 4;

/// Schema of every message and of all that is in them, as indented text.
///
/// # Errors
/// When a type has a shape that JSON is not written for.
pub fn text(registry: &Registry) -> Result<String, String> {
    let mut defs = Map::new();
    defs.insert("Cell".to_owned(), cell());
    for (name, container) in registry {
        defs.insert(name.clone(), of_container(registry, name, container)?);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Throng: the messages of throng.json.1",
        "description": "Written by `cargo xtask codegen` from the Rust types of shared/src/wire. \
                        docs/protocol.md says what they mean.",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": defs,
    });
    serde_json::to_string_pretty(&schema)
        .map(|text| text + "\n")
        .map_err(|error| format!("the schema cannot be written: {error}"))
}

fn cell() -> Value {
    let axis = integer(0, 255);
    let mut schema = object(json!({"x": axis, "y": axis}), &["x", "y"]);
    schema["description"] = json!("Column and row of a cell; one has 2048 sub-units a side.");
    schema
}

fn integer(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

fn of_container(
    registry: &Registry,
    name: &str,
    container: &ContainerFormat,
) -> Result<Value, String> {
    let bits = |bits: u32| integer(0, (1 << bits) - 1);
    match (name, container) {
        ("Place", _) => Ok(object(json!({"x": bits(12), "y": bits(12)}), &["x", "y"])),
        ("Trim", _) => Ok(object(json!({"thrust": bits(4), "look": bits(4)}), &["thrust", "look"])),
        ("Condition", _) => {
            let properties = json!({"hp": bits(7), "link_dead": {"type": "boolean"}});
            Ok(object(properties, &["hp", "link_dead"]))
        }
        (_, ContainerFormat::NewTypeStruct(inner)) => of_format(inner),
        (_, ContainerFormat::Struct(fields)) => of_fields(name, None, fields),
        (_, ContainerFormat::Enum(variants)) if PLAIN.contains(&name) => {
            let names: Vec<_> = variants.values().map(|variant| &variant.name).collect();
            Ok(json!({"type": "string", "enum": names}))
        }
        (_, ContainerFormat::Enum(variants)) => {
            let variants: Result<Vec<_>, _> = variants
                .values()
                .map(|variant| of_variant(registry, &variant.name, &variant.value))
                .collect();
            Ok(json!({"oneOf": variants?}))
        }
        (_, _) => Err(format!("{name} has a shape that tests/src/json_schema.rs does not know")),
    }
}

fn of_variant(registry: &Registry, name: &str, value: &VariantFormat) -> Result<Value, String> {
    match value {
        VariantFormat::Unit => of_fields(name, Some(name), &[]),
        VariantFormat::Struct(fields) => of_fields(name, Some(name), fields),
        VariantFormat::NewType(inner) => {
            if let Format::TypeName(content) = inner.as_ref()
                && let Some(ContainerFormat::Struct(fields)) = registry.get(content)
            {
                return of_fields(name, Some(name), fields);
            }
            let content = Named { name: name.to_ascii_lowercase(), value: inner.as_ref().clone() };
            of_fields(name, Some(name), &[content])
        }
        _ => Err(format!("the variant {name} has a shape that the wire does not have")),
    }
}

/// An object; that of a variant says its type.
fn of_fields(
    container: &str,
    variant: Option<&str>,
    fields: &[Named<Format>],
) -> Result<Value, String> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(variant) = variant {
        properties.insert("type".to_owned(), json!({"const": variant}));
        required.push("type");
    }
    for Named { name, value } in fields {
        let mut schema = of_format(value)?;
        match (defaulted(container, name), value) {
            // They change with the types, so they are no part of what is written here.
            (Some(_), _) if ["version", "schema"].contains(&name.as_str()) => {
                schema["description"] = json!("The server's, when it is left out.");
            }
            (Some(default), _) => schema["default"] = default,
            (None, Format::Option(_)) => {}
            (None, _) => required.push(name),
        }
        properties.insert(name.clone(), schema);
    }
    match container {
        "Snapshot" | "Tick" => {
            let mut tick = integer(0, u32::MAX.into());
            tick["description"] = json!("The tick that this brings the client to.");
            properties.insert("tick".to_owned(), tick);
        }
        "CellDelta" | "CellKeyframe" => {
            properties.insert("cell".to_owned(), json!({"$ref": "#/$defs/Cell"}));
        }
        _ => {}
    }
    Ok(object(Value::Object(properties), &required))
}

fn of_format(format: &Format) -> Result<Value, String> {
    Ok(match format {
        Format::TypeName(name) => json!({"$ref": format!("#/$defs/{name}")}),
        Format::Bool => json!({"type": "boolean"}),
        Format::I8 => integer(i8::MIN.into(), i8::MAX.into()),
        Format::I16 => integer(i16::MIN.into(), i16::MAX.into()),
        Format::I32 => integer(i32::MIN.into(), i32::MAX.into()),
        Format::U8 => integer(0, u8::MAX.into()),
        Format::U16 => integer(0, u16::MAX.into()),
        Format::U32 => integer(0, u32::MAX.into()),
        Format::U64 => integer(0, TIME_MS_MAX as i64),
        Format::Str => json!({"type": "string"}),
        Format::Option(inner) => json!({"anyOf": [of_format(inner)?, {"type": "null"}]}),
        Format::Seq(inner) => json!({"type": "array", "items": of_format(inner)?}),
        Format::TupleArray { content, size } if **content == Format::U8 => of_bytes(*size),
        Format::Tuple(items) if items.iter().all(|item| *item == Format::U8) => {
            of_bytes(items.len())
        }
        _ => return Err(format!("{format:?} is unknown to tests/src/json_schema.rs")),
    })
}

fn of_bytes(size: usize) -> Value {
    if size <= NUMBER_BYTES {
        return integer(0, (1 << (8 * size)) - 1);
    }
    json!({"type": "string", "pattern": format!("^[0-9a-fA-F]{{{}}}$", 2 * size)})
}
