//! Writes the TypeScript types and codec of a schema.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign enum; what the wire does not use is refused"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_reflection::{ContainerFormat, Format, Named, Registry, VariantFormat};
use throng_shared::limits::PROTOCOL_VERSION;
use throng_shared::session::{CloseCode, Comeback};

/// Longest line that is not broken up.
const LINE: usize = 120;

/// Longest byte array that is held as a number.
const NUMBER_BYTES: usize = 4;
const HEAD: &str = "\
/** Types and codec of the wire. Written by `cargo xtask codegen` from the Rust types of `shared/src/wire`: change those. */

import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';
";

const LISTS: &str = "
/** Items are decoded one by one, so a forged length takes no more memory than the bytes that came. */
function list<T>(r: Reader, item: (r: Reader) => T): T[] {
  const length = r.len(r.remaining);
  const items: T[] = [];
  for (let i = 0; i < length; i++) items.push(item(r));
  return items;
}
";

/// A file with everything in the registry, in the order of names.
///
/// # Errors
/// When a type has a shape for which there is no TypeScript here.
pub(crate) fn codec(registry: &Registry, schema_hash: u32) -> Result<String, String> {
    let mut out = HEAD.to_owned();
    let [a, b] = [schema_hash >> 16, schema_hash & 0xFFFF];
    let _ = write!(
        out,
        "\n/** A hash of every wire type; the server refuses a client with another one. */\n\
         export const SCHEMA_HASH = 0x{a:04x}_{b:04x};\n\
         export const PROTOCOL_VERSION = {PROTOCOL_VERSION};\n"
    );
    out.push_str(&close_codes());
    out.push_str(LISTS);
    for (name, container) in registry {
        out.push('\n');
        let text = match container {
            ContainerFormat::NewTypeStruct(format) => alias(name, format),
            ContainerFormat::Struct(fields) => object(name, fields),
            ContainerFormat::Enum(variants) => union(name, variants),
            ContainerFormat::UnitStruct | ContainerFormat::TupleStruct(_) => {
                Err(format!("{name} is a unit or tuple struct, which the wire does not use"))
            }
        };
        out.push_str(&text?);
    }
    Ok(out)
}

fn close_codes() -> String {
    let mut out = "\n/** What a client does after a close, and the reason in words. */\n\
                   export const CLOSE_CODES = {\n"
        .to_owned();
    for &code in CloseCode::ALL {
        let comeback = match code.comeback() {
            Comeback::Retry => "Retry",
            Comeback::Never => "Never",
        };
        let _ = writeln!(
            out,
            "  {code:?}: {{ number: {}, comeback: '{comeback}', text: '{}' }},",
            code.number(),
            code.text().replace('\\', "\\\\").replace('\'', "\\'")
        );
    }
    out.push_str("} as const;\n");
    out
}

fn alias(name: &str, format: &Format) -> Result<String, String> {
    let (ts, write, read) = (typed(format)?, write_of(format, "v")?, read_of(format)?);
    Ok(format!(
        "export type {name} = {ts};\n\n{}{}",
        function(&format!("encode{name}(w: Writer, v: {name}): void"), &[write]),
        function(&format!("decode{name}(r: Reader): {name}"), &[format!("return {read};")]),
    ))
}

fn object(name: &str, fields: &[Named<Format>]) -> Result<String, String> {
    let mut out = format!("export interface {name} {{\n");
    for field in fields {
        let _ = writeln!(out, "  {}: {};", camel(&field.name), typed(&field.value)?);
    }
    out.push_str("}\n\n");
    let mut writes = Vec::new();
    for field in fields {
        writes.push(write_of(&field.value, &format!("v.{}", camel(&field.name)))?);
    }
    out.push_str(&function(&format!("encode{name}(w: Writer, v: {name}): void"), &writes));
    out.push_str(&function(
        &format!("decode{name}(r: Reader): {name}"),
        &[format!("return {};", literal("", fields, 2)?)],
    ));
    Ok(out)
}

fn union(name: &str, variants: &BTreeMap<u32, Named<VariantFormat>>) -> Result<String, String> {
    let mut out = format!("export type {name} =\n");
    let mut writes = String::new();
    let mut reads = String::new();
    for (tag, variant) in variants {
        let kind = format!("kind: '{}'", variant.name);
        let fields = fields_of(&variant.value)
            .ok_or_else(|| format!("{name}::{} is a tuple variant", variant.name))?;
        let mut shape = kind.clone();
        let _ = write!(writes, "    case '{}':\n      w.varU32({tag});\n", variant.name);
        for field in &fields {
            let field_name = camel(&field.name);
            let _ = write!(shape, "; {field_name}: {}", typed(&field.value)?);
            let write = write_of(&field.value, &format!("v.{field_name}"))?;
            let _ = writeln!(writes, "      {}", write.replace('\n', "\n      "));
        }
        let _ = writeln!(out, "  | {{ {shape} }}");
        writes.push_str("      break;\n");
        let read = literal(&kind, &fields, 6)?;
        let gap = if read.contains('\n') { "\n      " } else { " " };
        let _ = writeln!(reads, "    case {tag}:{gap}return {read};");
    }
    out.truncate(out.trim_end().len());
    out.push_str(";\n\n");
    let _ = write!(
        out,
        "export function encode{name}(w: Writer, v: {name}): void {{\n  switch (v.kind) {{\n{writes}  }}\n}}\n\n\
         export function decode{name}(r: Reader): {name} {{\n  switch (r.varU32()) {{\n{reads}    \
         default: return r.fail('BadTag');\n  }}\n}}\n"
    );
    Ok(out)
}

/// The named fields of a variant; a newtype's is called `value`.
fn fields_of(variant: &VariantFormat) -> Option<Vec<Named<Format>>> {
    match variant {
        VariantFormat::Unit => Some(Vec::new()),
        VariantFormat::NewType(format) => {
            Some(vec![Named { name: "value".to_owned(), value: format.as_ref().clone() }])
        }
        VariantFormat::Struct(fields) => Some(fields.clone()),
        VariantFormat::Tuple(_) | VariantFormat::Variable(_) => None,
    }
}

/// An object literal that reads its fields in order.
fn literal(kind: &str, fields: &[Named<Format>], indent: usize) -> Result<String, String> {
    let mut parts = Vec::new();
    if !kind.is_empty() {
        parts.push(kind.to_owned());
    }
    for field in fields {
        parts.push(format!("{}: {}", camel(&field.name), read_of(&field.value)?));
    }
    let short = format!("{{ {} }}", parts.join(", "));
    if short.len() + indent + "return ;".len() <= LINE {
        return Ok(short);
    }
    let pad = " ".repeat(indent);
    let lines: Vec<String> = parts.iter().map(|part| format!("{pad}  {part},\n")).collect();
    Ok(format!("{{\n{}{pad}}}", lines.concat()))
}

fn function(signature: &str, statements: &[String]) -> String {
    let lines: Vec<String> = statements
        .iter()
        .map(|statement| {
            // A literal is indented already; only a statement of several lines is not.
            if statement.starts_with("return") {
                format!("  {statement}\n")
            } else {
                format!("  {}\n", statement.replace('\n', "\n  "))
            }
        })
        .collect();
    let gap = if signature.starts_with("encode") { "\n" } else { "" };
    format!("export function {signature} {{\n{}}}\n{gap}", lines.concat())
}

fn typed(format: &Format) -> Result<String, String> {
    Ok(match format {
        Format::TypeName(name) => name.clone(),
        Format::Bool => "boolean".to_owned(),
        Format::I8 | Format::I16 | Format::I32 | Format::U8 | Format::U16 | Format::U32 => {
            "number".to_owned()
        }
        Format::F32 => "number".to_owned(),
        Format::U64 => "bigint".to_owned(),
        Format::Str => "string".to_owned(),
        Format::Option(inner) => format!("{} | null", typed(inner)?),
        Format::Seq(inner) => format!("{}[]", typed(inner)?),
        Format::Tuple(_) | Format::TupleArray { .. } => {
            if raw_bytes(format)? <= NUMBER_BYTES { "number" } else { "Uint8Array" }.to_owned()
        }
        _ => return Err(unsupported(format)),
    })
}

fn read_of(format: &Format) -> Result<String, String> {
    Ok(match format {
        Format::TypeName(name) => format!("decode{name}(r)"),
        Format::Option(inner) => format!("r.option() ? {} : null", read_of(inner)?),
        Format::Seq(inner) => match inner.as_ref() {
            Format::TypeName(name) => format!("list(r, decode{name})"),
            item => format!("list(r, (r) => {})", read_of(item)?),
        },
        Format::Tuple(_) | Format::TupleArray { .. } => match raw_bytes(format)? {
            size @ ..=NUMBER_BYTES => format!("r.bytesLE({size})"),
            size => format!("r.fixed({size})"),
        },
        plain => format!("r.{}()", method(plain)?),
    })
}

fn write_of(format: &Format, value: &str) -> Result<String, String> {
    Ok(match format {
        Format::TypeName(name) => format!("encode{name}(w, {value});"),
        Format::Option(inner) => format!(
            "w.option({value} !== null);\nif ({value} !== null) {}",
            write_of(inner, value)?
        ),
        Format::Seq(inner) => format!(
            "w.len({value}.length);\nfor (const item of {value}) {}",
            write_of(inner, "item")?
        ),
        Format::Tuple(_) | Format::TupleArray { .. } => match raw_bytes(format)? {
            size @ ..=NUMBER_BYTES => format!("w.bytesLE({value}, {size});"),
            size => format!("w.fixed({value}, {size});"),
        },
        plain => format!("w.{}({value});", method(plain)?),
    })
}

/// What reader and writer call a plain value.
fn method(format: &Format) -> Result<&'static str, String> {
    match format {
        Format::Bool => Ok("bool"),
        Format::I8 => Ok("i8"),
        Format::U8 => Ok("u8"),
        Format::I16 => Ok("varI16"),
        Format::I32 => Ok("varI32"),
        Format::U16 => Ok("varU16"),
        Format::U32 => Ok("varU32"),
        Format::U64 => Ok("varU64"),
        Format::F32 => Ok("f32"),
        Format::Str => Ok("string"),
        _ => Err(unsupported(format)),
    }
}

/// The size of a byte array. TypeScript holds short ones as one number.
fn raw_bytes(format: &Format) -> Result<usize, String> {
    let size = match format {
        Format::TupleArray { content, size } if **content == Format::U8 => *size,
        Format::Tuple(items) if items.iter().all(|item| *item == Format::U8) => items.len(),
        _ => return Err(unsupported(format)),
    };
    if size > 0 { Ok(size) } else { Err(unsupported(format)) }
}

fn unsupported(format: &Format) -> String {
    format!("the wire uses {format:?}, for which tests/xtask/typescript.rs has no TypeScript")
}

/// `rtt_ms` as `rttMs`.
fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
    let mut upper = false;
    for c in snake.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}
