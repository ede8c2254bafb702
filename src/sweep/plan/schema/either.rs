//! A value that may be written short, or as an object with all its keys.
//!
//! It reads by visitor, never through a buffering (untagged) enum, so that an error keeps its place in the file.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer, U64Deserializer};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::scenario::schema::Duration;

/// A short form, or the long one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sweep::plan) enum Either<S, L> {
    /// A text or a number.
    Short(S),
    /// An object.
    Long(Box<L>),
}

/// What a short form is called in errors.
pub(super) trait Short {
    const WHAT: &'static str;
}

impl Short for String {
    const WHAT: &'static str = "a text, or an object { ... }";
}

impl Short for u32 {
    const WHAT: &'static str = "a whole number, or an object { ... }";
}

impl Short for Duration {
    const WHAT: &'static str = "a duration like \"1h\", or an object { ... }";
}

struct EitherVisitor<S, L>(PhantomData<(S, L)>);

impl<'de, S: Short + Deserialize<'de>, L: Deserialize<'de>> Visitor<'de> for EitherVisitor<S, L> {
    type Value = Either<S, L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        S::deserialize(StrDeserializer::new(text)).map(Either::Short)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        S::deserialize(U64Deserializer::new(number)).map(Either::Short)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(|long| Either::Long(Box::new(long)))
    }
}

impl<'de, S: Short + Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for Either<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherVisitor(PhantomData))
    }
}

impl<S: JsonSchema, L: JsonSchema> JsonSchema for Either<S, L> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", S::schema_name(), L::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<S>(), generator.subschema_for::<L>()] })
    }
}
