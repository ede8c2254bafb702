//! The JSON Schema of scenario files, for editors and other programs.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::schema::Scenario;

/// The schema (draft 2020-12), generated from the types that read the file.
#[must_use]
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
    allow_comments(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), json!("Posthaste scenario"));
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
