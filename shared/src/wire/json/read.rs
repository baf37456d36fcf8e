//! From JSON to wire types, through serde, with the field in every complaint.

use std::fmt;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::{NUMBER_BYTES, PLACE_BITS, PLAIN, content_key, defaulted};
use crate::limits::TIME_MS_MAX;

/// Longest part of a wrong value that is quoted.
const QUOTED_CHARS: usize = 24;

/// Why a text is no message, in a sentence that names the position or the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadJson {
    /// The field, from the message on: `ask.to.who`.
    path: String,
    what: String,
}

impl BadJson {
    pub(super) fn new(what: String) -> Self {
        Self { path: String::new(), what }
    }

    /// The same in a field of this name.
    pub(super) fn at(mut self, field: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{field}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.path, self.what)
    }
}

impl std::error::Error for BadJson {}

impl de::Error for BadJson {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }
}

/// Reads a whole text.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, BadJson> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let what = whole.split(" at line ").next().unwrap_or_default();
        let (line, column) = (error.line(), error.column());
        BadJson::new(format!("no JSON, at line {line}, column {column}: {what}"))
    })?;
    T::deserialize(Reader { value: &value })
}

#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    value: &'a Value,
}

/// A value as a complaint quotes it.
fn quoted(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.to_string();
            match text.char_indices().nth(QUOTED_CHARS) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

impl Reader<'_> {
    fn wrong<T>(self, what: &str) -> Result<T, BadJson> {
        Err(BadJson::new(format!("{} {what}", quoted(self.value))))
    }

    fn whole(self, least: i64, most: i64) -> Result<i64, BadJson> {
        match self.value.as_i64() {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            Some(_) | None => self.wrong(&format!("is no whole number from {least} to {most}")),
        }
    }

    /// A number from 0 in a field of an object.
    fn part(self, name: &str, most: i64) -> Result<i64, BadJson> {
        match self.value.get(name) {
            Some(value) => Reader { value }.whole(0, most).map_err(|error| error.at(name)),
            None => Err(BadJson::new(format!("missing field `{name}`"))),
        }
    }

    /// The bits of what is packed, if a struct of this name is.
    fn packed(self, name: &str) -> Result<Option<i64>, BadJson> {
        Ok(Some(match name {
            "Place" => {
                let most = (1 << PLACE_BITS) - 1;
                self.part("x", most)? | self.part("y", most)? << PLACE_BITS
            }
            "Trim" => self.part("thrust", 15)? | self.part("look", 15)? << 4,
            "Condition" => match self.value.get("link_dead") {
                Some(Value::Bool(is)) => self.part("hp", 127)? | i64::from(*is) << 7,
                Some(value) => {
                    let value = Reader { value };
                    return value.wrong("is neither true nor false").map_err(|e| e.at("link_dead"));
                }
                None => return Err(BadJson::new("missing field `link_dead`".to_owned())),
            },
            _ => return Ok(None),
        }))
    }

    fn bytes(self, len: usize) -> Result<Vec<u8>, BadJson> {
        if len <= NUMBER_BYTES {
            let number = self.whole(0, (1 << (8 * len)) - 1)?;
            return Ok(number.to_le_bytes()[..len].to_vec());
        }
        let digits = self.value.as_str().unwrap_or_default().as_bytes();
        let nibble = |digit: u8| char::from(digit).to_digit(16).map(|it| it as u8);
        let pair = |pair: &[u8]| Some(nibble(pair[0])? << 4 | nibble(pair[1])?);
        let bytes: Option<Vec<u8>> = digits.chunks_exact(2).map(pair).collect();
        match bytes {
            Some(bytes) if digits.len() == 2 * len => Ok(bytes),
            Some(_) | None => self.wrong(&format!("is not {} hexadecimal digits", 2 * len)),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $number:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
            let number = self.whole(<$number>::MIN.into(), <$number>::MAX.into())?;
            visitor.$visit(number as $number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = BadJson;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, BadJson> {
        self.wrong("is of no type that the wire has")
    }

    numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        visitor.visit_u64(self.whole(0, TIME_MS_MAX as i64)? as u64)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        match self.value.as_bool() {
            Some(is) => visitor.visit_bool(is),
            None => self.wrong("is neither true nor false"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        match self.value.as_str() {
            Some(text) => visitor.visit_str(text),
            None => self.wrong("is no text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => self.wrong("is no list"),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        visitor.visit_seq(SeqDeserializer::new(self.bytes(len)?.into_iter()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        match self.packed(name)? {
            Some(bits) => visitor.visit_newtype_struct(Reader { value: &bits.into() }),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        let Some(object) = self.value.as_object() else { return self.wrong("is no object") };
        Named { name, object, is_typed: false }.visit(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        let listed = || variants.join(", ");
        let of =
            |value: &Value| {
                let said = value.as_str();
                variants.iter().copied().find(|&variant| Some(variant) == said).ok_or_else(|| {
                    BadJson::new(format!("{} is none of {}", quoted(value), listed()))
                })
            };
        if PLAIN.contains(&name) {
            let variant: StrDeserializer<'_, BadJson> = of(self.value)?.into_deserializer();
            return visitor.visit_enum(variant);
        }
        let Some(object) = self.value.as_object() else {
            return self.wrong("is no object with a `type`");
        };
        let Some(said) = object.get("type") else {
            return Err(BadJson::new(format!("`type` is missing: one of {}", listed())));
        };
        let name = of(said).map_err(|error| error.at("type"))?;
        visitor.visit_enum(Named { name, object, is_typed: true })
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct map identifier
        ignored_any
    }
}

struct Items<'a> {
    items: &'a [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = BadJson;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, BadJson> {
        let at = self.next;
        let Some(value) = self.items.get(at) else { return Ok(None) };
        self.next += 1;
        let item = seed.deserialize(Reader { value });
        item.map(Some).map_err(|error| error.at(&format!("[{at}]")))
    }
}

/// An object that is a struct or a variant.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    name: &'static str,
    object: &'a Map<String, Value>,
    /// Whether it says its `type`.
    is_typed: bool,
}

impl Named<'_> {
    fn check(self, fields: &[&str]) -> Result<(), BadJson> {
        let is_known = |key: &str| fields.contains(&key) || (self.is_typed && key == "type");
        let Some(unknown) = self.object.keys().find(|key| !is_known(key)) else { return Ok(()) };
        let (name, listed) = (self.name, fields.join(", "));
        let listed = if listed.is_empty() { "no fields" } else { &listed };
        let key: String = unknown.chars().take(QUOTED_CHARS).collect();
        Err(BadJson::new(format!("unknown; {name} has {listed}")).at(&key))
    }

    fn visit<'de, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.check(fields)?;
        visitor.visit_map(Fields { of: self, left: fields, value: None })
    }
}

struct Fields<'a> {
    of: Named<'a>,
    left: &'static [&'static str],
    /// The field whose value comes next, and a value that stands for a missing one.
    value: Option<(&'static str, Option<Value>)>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = BadJson;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, BadJson> {
        while let [name, left @ ..] = self.left {
            self.left = left;
            let is_there = self.of.object.contains_key(*name);
            let default = if is_there { None } else { defaulted(self.of.name, name) };
            if is_there || default.is_some() {
                self.value = Some((name, default));
                let key: StrDeserializer<'_, BadJson> = name.into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, BadJson> {
        let (name, default) = self.value.take().unwrap_or_default();
        let value = default.as_ref().or_else(|| self.of.object.get(name)).unwrap_or(&Value::Null);
        seed.deserialize(Reader { value }).map_err(|error| error.at(name))
    }
}

impl<'de> EnumAccess<'de> for Named<'_> {
    type Error = BadJson;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), BadJson> {
        let name: StrDeserializer<'_, BadJson> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Named<'_> {
    type Error = BadJson;

    fn unit_variant(self) -> Result<(), BadJson> {
        self.check(&[])
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, BadJson> {
        seed.deserialize(Content(self))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, BadJson> {
        Err(BadJson::new("the wire has no tuples".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.visit(fields, visitor)
    }
}

/// What a variant holds: fields beside its `type`, or something that has a `type` itself.
struct Content<'a>(Named<'a>);

impl<'de> Deserializer<'de> for Content<'_> {
    type Error = BadJson;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, BadJson> {
        Err(BadJson::new(format!("{} holds what the wire does not have", self.0.name)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.0.visit(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        let key = content_key(self.0.name);
        self.0.check(&[&key])?;
        let Some(value) = self.0.object.get(&key) else {
            return Err(BadJson::new(format!("missing field `{key}`")));
        };
        let content = Reader { value }.deserialize_enum(name, variants, visitor);
        content.map_err(|error| error.at(&key))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}
