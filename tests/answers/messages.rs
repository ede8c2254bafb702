//! The answers about messages and what they are made of.

use std::path::Path;

use super::super::{Row, metric, number, table};

/// The octets of base64: 4 characters for each 3 octets begun, and 2 for each line of 76 begun.
fn base64(octets: f64) -> f64 {
    let characters = 4.0 * (octets / 3.0).ceil();
    characters + 2.0 * (characters / 76.0).ceil()
}

pub(crate) fn mime_attachments(run: &Path) -> Vec<String> {
    let parts = table(run, "parts");
    let of = |media: &str| parts.iter().find(|row| row["type"] == media).unwrap();
    let (content, encoded) = (|row: &Row| number(row, "content_bytes"), |row: &Row| number(row, "encoded_bytes"));
    for part in parts.iter().filter(|part| part["encoding"] == "base64") {
        assert_eq!(encoded(part), base64(content(part)), "{part:?}");
    }
    let book = of("application/pdf");
    let texts: Vec<&Row> = parts.iter().filter(|row| row["type"] == "text/plain").collect();
    let [_, french, greek, dave] = texts.as_slice() else { panic!("{texts:?}") };
    assert_eq!([&french["encoding"], &greek["encoding"], &dave["encoding"]], ["quoted-printable", "base64", "8bit"]);
    // what his text would take in base64, and what it takes now
    vec![
        format!("{} octets become {}, {:.4} times", content(book), encoded(book), encoded(book) / content(book)),
        format!("quoted-printable: {} octets become {}", content(french), encoded(french)),
        format!("base64: {} octets become {}", content(greek), encoded(greek)),
        format!("{} octets longer", metric(run, "mime.downgrade_bytes")),
    ]
}
