//! One record as a file: what a run left, or why it left nothing, and the digest of that.
//!
//! The digest is taken of the text between `"record":` and the last brace, so that whoever reads the file needs to know
//! nothing of how numbers are written to see whether it is whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::base::hash::{Digest, digest};
use crate::metrics::Metric;
use crate::sweep::{Failure, Measured};

const DIGEST: &str = "{\"digest\":\"";
const RECORD: &str = "\",\"record\":";
const END: &str = "}\n";

/// What a run at an address came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The hash of all that it depends on.
    pub address: Digest,
    /// The seed of the run.
    pub seed: u64,
    /// What it left; or why it left nothing, which never is that somebody stopped it.
    pub outcome: Result<Measured, Failure>,
}

impl Record {
    /// The content of its file.
    #[must_use]
    pub fn text(&self) -> String {
        let body = self.body().to_string();
        format!("{DIGEST}{}{RECORD}{body}{END}", digest(body.as_bytes()))
    }

    fn body(&self) -> Value {
        let mut body = json!({ "address": self.address.to_string(), "seed": self.seed });
        match &self.outcome {
            Ok(measured) => {
                body["values"] = json!(measured.values);
                body["fingerprint"] = json!(measured.fingerprint);
                body["events"] = json!(measured.events);
                body["missed"] = json!(measured.missed);
            }
            Err(failure) => {
                body["failed"] = json!(failure.kind());
                body["why"] = json!(failure.text());
            }
        }
        body
    }

    /// Reads a file that should be the record of this address.
    ///
    /// # Errors
    /// It is not: what is wrong with it.
    pub fn read(bytes: &[u8], address: Digest) -> Result<Self, String> {
        let text = str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
        let parts = text.strip_prefix(DIGEST).and_then(|text| text.strip_suffix(END)?.split_once(RECORD));
        let Some((told, body)) = parts else {
            return Err(if text.is_empty() { "it is empty" } else { "it is cut off, or no record" }.to_owned());
        };
        if digest(body.as_bytes()).to_string() != told {
            return Err("its content does not have the digest that it states".to_owned());
        }
        let body: Map<String, Value> = serde_json::from_str(body).map_err(|error| error.to_string())?;
        if body.get("address").and_then(Value::as_str) != Some(&address.to_string()) {
            return Err("it is the record of another run".to_owned());
        }
        let seed = body.get("seed").and_then(Value::as_u64).ok_or_else(|| lacks("seed"))?;
        let outcome = match body.get("failed") {
            Some(kind) => Err(failure(kind, &body)?),
            None => Ok(measured(&body)?),
        };
        Ok(Self { address, seed, outcome })
    }
}

fn lacks(what: &str) -> String {
    format!("it has no {what} of the kind that this version writes")
}

fn words(body: &Map<String, Value>, key: &str) -> Result<String, String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| lacks(key))
}

fn measured(body: &Map<String, Value>) -> Result<Measured, String> {
    let values = body.get("values").and_then(Value::as_object).ok_or_else(|| lacks("values"))?;
    let value = |(name, value): (&String, &Value)| {
        number(value).map(|number| (name.clone(), number)).ok_or_else(|| lacks(&format!("value {name:?}")))
    };
    let values: BTreeMap<String, Metric> = values.iter().map(value).collect::<Result<_, _>>()?;
    let missed = body.get("missed").and_then(Value::as_array).ok_or_else(|| lacks("missed"))?;
    let missed = missed.iter().map(|text| text.as_str().map(str::to_owned));
    Ok(Measured {
        values,
        fingerprint: words(body, "fingerprint")?,
        events: body.get("events").and_then(Value::as_u64).ok_or_else(|| lacks("events"))?,
        missed: missed.collect::<Option<_>>().ok_or_else(|| lacks("missed"))?,
    })
}

fn number(value: &Value) -> Option<Metric> {
    match value.as_u64() {
        Some(whole) => Some(Metric::Integer(whole)),
        None => value.as_f64().filter(|number| number.is_finite()).map(Metric::Float),
    }
}

fn failure(kind: &Value, body: &Map<String, Value>) -> Result<Failure, String> {
    let why = words(body, "why")?;
    match kind.as_str() {
        Some("invalid") => Ok(Failure::Invalid(why)),
        Some("limit") => Ok(Failure::Limit(why)),
        Some("internal") => Ok(Failure::Internal(why)),
        Some(_) | None => Err(lacks("failed")),
    }
}
