//! From wire types to a [`Tree`], through serde.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{
    self, Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, Serializer,
};

use super::tree::Tree;
use super::{NUMBER_BYTES, PLACE_BITS, PLAIN, content_key};
use crate::limits::TIME_MS_MAX;

/// A type that the wire does not have.
#[derive(Debug)]
pub(super) struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

impl ser::Error for Unfit {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

fn unfit<T>(what: &str) -> Result<T, Unfit> {
    Err(Unfit(format!("{what} is not written as JSON")))
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Writer;

/// The items of a list.
#[derive(Debug)]
pub(super) struct Items(Vec<Tree>);

/// The bytes of an array.
#[derive(Debug)]
pub(super) struct Bytes(Vec<u8>);

/// The fields of an object.
#[derive(Debug)]
pub(super) struct Fields(Vec<(Cow<'static, str>, Tree)>);

fn typed(variant: &'static str) -> (Cow<'static, str>, Tree) {
    ("type".into(), Tree::Text(variant.to_owned()))
}

/// What is packed into bits.
fn unpacked(name: &str, bits: i64) -> Option<Tree> {
    let pair = |one: &'static str, first, other: &'static str, second| {
        Some(Tree::Object(vec![(one.into(), first), (other.into(), second)]))
    };
    match name {
        "Place" => {
            let axis = 1 << PLACE_BITS;
            Some(Tree::point(bits % axis, bits / axis))
        }
        "Trim" => pair("thrust", Tree::Number(bits & 15), "look", Tree::Number(bits >> 4)),
        "Condition" => {
            pair("hp", Tree::Number(bits & 127), "link_dead", Tree::Bool(bits >> 7 == 1))
        }
        _ => None,
    }
}

impl Serializer for Writer {
    type Ok = Tree;
    type Error = Unfit;
    type SerializeSeq = Items;
    type SerializeTuple = Bytes;
    type SerializeTupleStruct = Impossible<Tree, Unfit>;
    type SerializeTupleVariant = Impossible<Tree, Unfit>;
    type SerializeMap = Impossible<Tree, Unfit>;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    fn serialize_bool(self, v: bool) -> Result<Tree, Unfit> {
        Ok(Tree::Bool(v))
    }

    fn serialize_i8(self, v: i8) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_i16(self, v: i16) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_i32(self, v: i32) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_i64(self, v: i64) -> Result<Tree, Unfit> {
        Ok(Tree::Number(v))
    }

    fn serialize_u8(self, v: u8) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_u16(self, v: u16) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_u32(self, v: u32) -> Result<Tree, Unfit> {
        self.serialize_i64(v.into())
    }

    fn serialize_u64(self, v: u64) -> Result<Tree, Unfit> {
        match i64::try_from(v) {
            Ok(number) if v <= TIME_MS_MAX => Ok(Tree::Number(number)),
            Ok(_) | Err(_) => unfit("a number that JavaScript cannot hold"),
        }
    }

    fn serialize_f32(self, _: f32) -> Result<Tree, Unfit> {
        unfit("a fraction")
    }

    fn serialize_f64(self, _: f64) -> Result<Tree, Unfit> {
        unfit("a fraction")
    }

    fn serialize_char(self, _: char) -> Result<Tree, Unfit> {
        unfit("a character")
    }

    fn serialize_str(self, v: &str) -> Result<Tree, Unfit> {
        Ok(Tree::Text(v.to_owned()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Tree, Unfit> {
        unfit("a run of bytes")
    }

    fn serialize_none(self) -> Result<Tree, Unfit> {
        Ok(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, Unfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, Unfit> {
        unfit("nothing")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Tree, Unfit> {
        unfit("nothing")
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Tree, Unfit> {
        if PLAIN.contains(&name) {
            return Ok(Tree::Text(variant.to_owned()));
        }
        Ok(Tree::Object(vec![typed(variant)]))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Tree, Unfit> {
        let tree = value.serialize(self)?;
        let packed = if let Tree::Number(bits) = tree { unpacked(name, bits) } else { None };
        Ok(packed.unwrap_or(tree))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, Unfit> {
        let mut fields = vec![typed(variant)];
        let content = value.serialize(self)?;
        if let Tree::Object(own) = &content
            && own.first().is_none_or(|(name, _)| name != "type")
        {
            fields.extend_from_slice(own);
        } else {
            fields.push((content_key(variant).into(), content));
        }
        Ok(Tree::Object(fields))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Unfit> {
        Ok(Items(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Bytes, Unfit> {
        Ok(Bytes(Vec::new()))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<Tree, Unfit>, Unfit> {
        unfit("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<Tree, Unfit>, Unfit> {
        unfit("a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<Tree, Unfit>, Unfit> {
        unfit("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Unfit> {
        Ok(Fields(Vec::new()))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, Unfit> {
        Ok(Fields(vec![typed(variant)]))
    }
}

impl SerializeSeq for Items {
    type Ok = Tree;
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.0.push(value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Result<Tree, Unfit> {
        Ok(Tree::List(self.0))
    }
}

impl SerializeTuple for Bytes {
    type Ok = Tree;
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        let Tree::Number(number) = value.serialize(Writer)? else { return unfit("a tuple") };
        let byte = u8::try_from(number).map_err(|_| Unfit("a tuple has no bytes".to_owned()))?;
        self.0.push(byte);
        Ok(())
    }

    fn end(self) -> Result<Tree, Unfit> {
        let bytes = self.0;
        if bytes.len() <= NUMBER_BYTES {
            let number = bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | i64::from(byte));
            return Ok(Tree::Number(number));
        }
        Ok(Tree::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

impl SerializeStruct for Fields {
    type Ok = Tree;
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        self.0.push((name.into(), value.serialize(Writer)?));
        Ok(())
    }

    fn end(self) -> Result<Tree, Unfit> {
        Ok(Tree::Object(self.0))
    }
}

impl SerializeStructVariant for Fields {
    type Ok = Tree;
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Result<Tree, Unfit> {
        SerializeStruct::end(self)
    }
}
