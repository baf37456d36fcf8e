//! JSON with its fields in order, which is that of the types.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value. The wire has no fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(Cow<'static, str>, Tree)>),
}

impl Tree {
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("writing text into memory cannot fail")
    }

    /// A place in a grid.
    pub(super) fn point(x: i64, y: i64) -> Self {
        Self::Object(vec![("x".into(), Self::Number(x)), ("y".into(), Self::Number(y))])
    }

    /// A field of an object, if it is one and has it.
    pub(super) fn field(&mut self, name: &str) -> Option<&mut Tree> {
        let Self::Object(fields) = self else { return None };
        fields.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Adds a field behind so many others.
    pub(super) fn insert(&mut self, at: usize, name: &'static str, value: Tree) {
        if let Self::Object(fields) = self {
            fields.insert(at.min(fields.len()), (name.into(), value));
        }
    }

    /// The items, of which only a list has any.
    pub(super) fn items(&mut self) -> &mut [Tree] {
        match self {
            Self::List(items) => items,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => {
                &mut []
            }
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(is) => to.serialize_bool(*is),
            Self::Number(number) => to.serialize_i64(*number),
            Self::Text(text) => to.serialize_str(text),
            Self::List(items) => to.collect_seq(items),
            Self::Object(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
