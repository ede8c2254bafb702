//! What is varied, and how points are made of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::either::Short;
use crate::scenario::schema::{Amount, Texts};

/// A parameter: where its values go in the scenario, and which values those are: `values` or a `range`, or neither
/// with the method "list".
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep::plan) struct Vary {
    /// What it is called in conditions, charts and tables, where its unit is added: "ttl" becomes the column "ttl_s".
    /// Default: the last name in its pointer.
    pub(in crate::sweep::plan) name: Option<String>,
    /// The JSON pointer of the value in the scenario, such as "/dns/ttl", or several that all get the same value.
    pub(in crate::sweep::plan) pointer: Option<Texts>,
    /// The values: numbers, quantities, words, true or false, or variants with a label.
    pub(in crate::sweep::plan) values: Option<Vec<Setting>>,
    /// Numbers or quantities from one to another.
    pub(in crate::sweep::plan) range: Option<Range>,
    /// What changes in step: lists as long as the values, of which the n-th goes with the n-th.
    pub(in crate::sweep::plan) with: Option<Vec<With>>,
}

/// Values that change in step with those of a parameter.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct With {
    /// With a name it is a parameter, too, and has a column. Default: it has none.
    pub(in crate::sweep::plan) name: Option<String>,
    /// Where its values go, as for the parameter.
    pub(in crate::sweep::plan) pointer: Texts,
    /// As many values as the parameter has.
    pub(in crate::sweep::plan) values: Vec<Setting>,
}

/// Values from one to another: with `step` or `count` so many, without either any value between them, which is for random
/// methods.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct Range {
    /// The first: a number, a quantity, or "$NAME", the value of a parameter that stands earlier.
    pub(in crate::sweep::plan) from: Amount,
    /// The last, likewise.
    pub(in crate::sweep::plan) to: Amount,
    /// The distance of two neighbours.
    pub(in crate::sweep::plan) step: Option<Amount>,
    /// How many, the first and the last included.
    pub(in crate::sweep::plan) count: Option<u32>,
    /// What is equal between neighbours. Default: "linear".
    pub(in crate::sweep::plan) scale: Option<Scale>,
    /// Whether values are whole numbers; those that round to the same are one. Default: false.
    pub(in crate::sweep::plan) whole: Option<bool>,
    /// To so many significant digits are values rounded that are not sums of steps. Default: 6.
    pub(in crate::sweep::plan) digits: Option<u32>,
}

/// What is equal between neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::sweep::plan) enum Scale {
    /// Their difference.
    #[default]
    Linear,
    /// Their ratio.
    Log,
}

/// A value with a name.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct Variant {
    /// What it is called in tables and charts.
    pub(in crate::sweep::plan) label: String,
    /// The value at the parameter's pointer, which may be an object, a list or null.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::sweep::plan) value: Option<Value>,
    /// What is set besides or instead: JSON pointers and values.
    #[serde(default)]
    pub(in crate::sweep::plan) set: BTreeMap<String, Value>,
}

/// `null` is a value like any other.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sweep::plan) enum Setting {
    /// A number, a text, true or false; or a list or null, which want a label.
    Plain(Value),
    /// A value with a name.
    Named(Box<Variant>),
}

struct SettingVisitor;

impl<'de> Visitor<'de> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, true, false, or { \"label\": ..., \"value\": ... }")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Setting, E> {
        Ok(Setting::Plain(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Setting, E> {
        Ok(Setting::Plain(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Setting, E> {
        Ok(Setting::Plain(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Setting, E> {
        Ok(Setting::Plain(value.into()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Setting, E> {
        Ok(Setting::Plain(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Setting, E> {
        Ok(Setting::Plain(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Setting, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Setting::Plain)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Setting, A::Error> {
        Variant::deserialize(MapAccessDeserializer::new(map)).map(|variant| Setting::Named(Box::new(variant)))
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": ["number", "string", "boolean"] }, generator.subschema_for::<Variant>()] })
    }
}

/// A way to make points that needs no more said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::sweep::plan) enum MethodName {
    /// Every combination of all values.
    Grid,
    /// The combinations that `points` lists.
    List,
}

impl Short for MethodName {
    const WHAT: &'static str = "\"grid\", \"list\", or an object like { \"random\": { \"count\": 20 } }";
}

/// A way to make points at random.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep::plan) struct MethodKeys {
    /// Each value of each point is drawn by itself.
    pub(in crate::sweep::plan) random: Option<Draws>,
    /// Each parameter's values are cut into as many strata of equal probability as there are points, and each stratum is
    /// used once.
    pub(in crate::sweep::plan) latin_hypercube: Option<Draws>,
}

/// How many points are drawn.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep::plan) struct Draws {
    /// So many.
    pub(in crate::sweep::plan) count: u32,
    /// Seed of the draws; it has nothing to do with that of the runs. Default: 1.
    pub(in crate::sweep::plan) seed: Option<u64>,
}
