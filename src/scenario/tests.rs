//! Whole scenarios: what is filled in, what stays, and how errors read.

use super::*;

const SHORT: &str = r#"{ "mail": { "crepes.fr": { "users": ["alice"] }, "hamburger.edu": { "users": ["bob"] } },
  "workload": [ { "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "body": ["Do you like ketchup?"] } ] }"#;

#[test]
fn short_file_becomes_complete() {
    let resolved = load("short", SHORT).unwrap_or_else(|errors| panic!("{errors}"));
    println!("{}", serde_json::to_string_pretty(&resolved.to_json()).unwrap());
}
