//! JSON Schemas of files, for editors and other programs.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::schema::Scenario;

/// The schema of scenario files.
#[must_use]
pub fn json_schema() -> Value {
    schema_of::<Scenario>("Posthaste scenario")
}

/// The schema (draft 2020-12) of a kind of file, generated from the types that read it.
pub(crate) fn schema_of<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    allow_comments(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), json!(title));
    }
    schema
}

/// Lets every object have keys that begin with `x-`. The schema's own depth bounds this.
fn allow_comments(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(allow_comments);
            if map.get("type") == Some(&json!("object")) {
                let mut pattern = Map::new();
                pattern.insert("^x-".to_owned(), Value::Bool(true));
                map.insert("patternProperties".to_owned(), Value::Object(pattern));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(allow_comments),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
