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

/// A browser asks for a page, an object or an action at a time, and a server keeps no connection on which nothing is asked.
pub(crate) fn webmail(run: &Path) -> Vec<String> {
    let sessions = table(run, "mailbox_sessions");
    let bob = sessions.iter().find(|row| row["user"] == "bob@hamburger.edu").unwrap();
    let transcripts = std::fs::read_dir(run.join("transcripts")).unwrap();
    let names = transcripts.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let connections = names.filter(|name| name.starts_with("http-bob-pc.hamburger.edu-")).count();
    let menu = &table(run, "readings")[0];
    vec![
        format!("{} requests", bob["commands"]),
        format!("{connections} connections"),
        format!("{:.0} seconds until somebody looked", number(menu, "poll_wait_s")),
        format!("{:.1} seconds until it was shown", number(menu, "retrieval_s")),
        format!("{} of 3 messages", metric(run, "messages.retrieved")),
    ]
}
