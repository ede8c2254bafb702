//! The key `outputs.cwnd`: `true`, `false`, or an object that says whose windows are written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::Texts;

/// Whether the windows of TCP senders are written, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cwnd {
    /// Those of all connections; or none.
    Switch(bool),
    /// Those chosen here.
    Chosen(Box<CwndChoice>),
}

/// Whose windows are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CwndChoice {
    /// Only of senders on these hosts. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Texts>,
    /// Only of connections from or to these ports. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<u16>>,
}

struct CwndVisitor;

impl<'de> Visitor<'de> for CwndVisitor {
    type Value = Cwnd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or an object { ... }")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Cwnd, E> {
        Ok(Cwnd::Switch(on))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cwnd, A::Error> {
        CwndChoice::deserialize(MapAccessDeserializer::new(map)).map(|choice| Cwnd::Chosen(Box::new(choice)))
    }
}

impl<'de> Deserialize<'de> for Cwnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CwndVisitor)
    }
}

impl Serialize for Cwnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Switch(on) => serializer.serialize_bool(*on),
            Self::Chosen(choice) => choice.serialize(serializer),
        }
    }
}

impl JsonSchema for Cwnd {
    fn schema_name() -> Cow<'static, str> {
        "Cwnd".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, generator.subschema_for::<CwndChoice>()] })
    }
}
