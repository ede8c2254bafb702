//! The key `outputs.capture`: `true`, `false`, or an object that says what to capture.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::{Duration, Texts};

/// Whether packets are captured, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// All packets, each once; or none.
    Switch(bool),
    /// Those chosen here.
    Chosen(Box<CaptureChoice>),
}

/// Which packets a capture shows, and where it looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureChoice {
    /// What the file has as its interfaces: hosts, or directions of links. Default: "host".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<InterfaceName>,
    /// Look only at these hosts or routers, or at their links: what they send and what reaches
    /// them. Default: every packet once, where its source sends it; with "link", all links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Texts>,
    /// Only packets from or to these ports. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<u16>>,
    /// Nothing before this time. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Duration>,
    /// Nothing at this time or later. Default: the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// What a capture has as its interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InterfaceName {
    /// One a host.
    #[default]
    #[serde(rename = "host")]
    Host,
    /// One a direction of a link.
    #[serde(rename = "link")]
    Link,
}

struct CaptureVisitor;

impl<'de> Visitor<'de> for CaptureVisitor {
    type Value = Capture;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or an object { ... }")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Capture, E> {
        Ok(Capture::Switch(on))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Capture, A::Error> {
        CaptureChoice::deserialize(MapAccessDeserializer::new(map)).map(|choice| Capture::Chosen(Box::new(choice)))
    }
}

impl<'de> Deserialize<'de> for Capture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CaptureVisitor)
    }
}

impl Serialize for Capture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Switch(on) => serializer.serialize_bool(*on),
            Self::Chosen(choice) => choice.serialize(serializer),
        }
    }
}

impl JsonSchema for Capture {
    fn schema_name() -> Cow<'static, str> {
        "Capture".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, generator.subschema_for::<CaptureChoice>()] })
    }
}
