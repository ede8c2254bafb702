//! Messages from files: what becomes of them, what errors say, and what may not be read.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::resolved::{MessageWork, Work};
use super::{LoadError, Overrides, Resolved, load, load_file};

/// A folder with these files and a scenario in which alice writes `entry`.
fn folder(entry: &Value, files: &[(&str, &[u8])]) -> TempDir {
    let place = TempDir::new().unwrap();
    let mut all = json!({ "from": "alice@crepes.fr", "to": "alice@crepes.fr" });
    all.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
    let scenario = json!({ "mail": { "crepes.fr": { "users": ["alice"] } }, "workload": [all] });
    fs::write(place.path().join("s.json"), scenario.to_string()).unwrap();
    for (name, octets) in files {
        fs::write(place.path().join(name), octets).unwrap();
    }
    place
}

fn open(place: &Path) -> Result<Resolved, String> {
    load_file(&place.join("s.json"), &Overrides::default()).map_err(|error| match error {
        LoadError::Io { .. } => panic!("the scenario is there"),
        LoadError::Invalid(errors) => errors.to_string(),
    })
}

fn error(entry: &Value, files: &[(&str, &[u8])]) -> String {
    open(folder(entry, files).path()).expect_err("it is wrong")
}

/// The messages of a scenario, which stays the same without its files.
fn messages(entry: &Value, files: &[(&str, &[u8])]) -> Vec<MessageWork> {
    let first = open(folder(entry, files).path()).unwrap_or_else(|errors| panic!("{errors}"));
    let second = load("again", &first.to_json_text()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(first.to_json(), second.to_json());
    assert_eq!(first.workload, second.workload);
    let message = |work: Work| match work {
        Work::Message(message) => Some(message),
        Work::Read(_) | Work::Poisson(_) | Work::Lookup(_) | Work::Lookups(_) => None,
        Work::Browse(_) | Work::Session(_) | Work::People(_) => None,
    };
    first.workload.into_iter().filter_map(message).collect()
}

const MBOX: &[u8] = b"From x\nSubject: one\n\nbody\n>From y\n\nFrom z\nSubject: two\n\ncaf\xe9\n";

/// Breaks when a message is lost, or the file still matters once it was read.
#[test]
fn files_become_a_part_of_the_scenario() {
    let one = messages(&json!({ "eml": "a.eml" }), &[("a.eml", b"Subject: x\n\n\tbody")]);
    assert_eq!(&*one[0].extras.as_ref().unwrap().whole[0], b"Subject: x\r\n\r\n\tbody\r\n");
    let two = messages(&json!({ "mbox": "a.mbox" }), &[("a.mbox", MBOX)]);
    let octets =
        |work: &MessageWork| work.extras.as_ref().unwrap().whole.iter().map(|m| m.to_vec()).collect::<Vec<_>>();
    assert_eq!(two.len(), 2, "all at once");
    assert_eq!(octets(&two[0]), [b"Subject: one\r\n\r\nbody\r\nFrom y\r\n"]);
    assert_eq!(octets(&two[1]), [b"Subject: two\r\n\r\ncaf\xe9\r\n"]);
    let entry = json!({ "mbox": "a.mbox", "every": "1min", "times": 3 });
    let each = messages(&entry, &[("a.mbox", MBOX)]);
    assert_eq!((each.len(), octets(&each[0]).len()), (1, 2), "one each time");
    let times = |entry: &Value| messages(entry, &[("a.mbox", MBOX), ("a.eml", b"Subject: x\n\n")])[0].schedule.count();
    let each_once = json!({ "mbox": "a.mbox", "every": "1min" });
    assert_eq!(times(&each_once), 2, "each once");
    assert_eq!(times(&json!({ "mbox": "a.mbox", "every": "1min", "until": "9min" })), 10, "and anew");
    assert_eq!(times(&json!({ "eml": "a.eml", "every": "1min" })), 61, "for an hour");
    let entry = json!({ "attachments": [ { "file": "a.pdf" }, { "file": "a.pdf", "name": "b", "type": "x/y" } ],
                        "images": [ { "id": "i@x", "size": "1kB", "type": "image/png" } ] });
    let files = messages(&entry, &[("a.pdf", b"%PDF\0\xff")]);
    let extras = files[0].extras.as_ref().unwrap();
    let shown: Vec<_> =
        extras.attachments.iter().map(|a| (a.name.as_deref().unwrap(), &*a.media, &*a.content)).collect();
    assert_eq!(shown, [("a.pdf", "application/pdf", &b"%PDF\0\xff"[..]), ("b", "x/y", b"%PDF\0\xff")]);
    assert_eq!(extras.images[0].content.len(), 1_000);
}

/// Breaks when an error names the scenario's line instead of the file's.
#[test]
fn errors_name_the_file_and_line() {
    for (entry, file, place, said) in [
        (json!({ "eml": "f" }), &b"a: b\n\nx\0y\n"[..], "f:3:2", "a message has no NUL in it"),
        (json!({ "eml": "f" }), b"a: b\rc\n", "f:1:5", "a CR stands only in front of an LF"),
        (json!({ "mbox": "f" }), b"\nFrom x\n", "f:1:1", "begins with a line \"From \""),
        (json!({ "mbox": "f" }), b"From x\n\xff\xff\0\n", "f:2:3", "NUL"),
        (json!({ "eml": "f" }), b"", "f:1:1", "this message is empty"),
    ] {
        let said_all = error(&entry, &[("f", file)]);
        assert!(said_all.contains(place) && said_all.contains(said), "{said_all}");
    }
}

/// Breaks when a scenario could read what lies elsewhere.
#[test]
fn only_files_beside_the_scenario_are_read() {
    for (entry, said) in [
        (json!({ "eml": "/etc/passwd" }), "a mail file lies in the scenario's folder"),
        (json!({ "eml": "../no-such-file" }), "cannot read"),
        (json!({ "mbox": "." }), "is no file"),
        (json!({ "attachments": [ { "file": "../../etc/passwd" } ] }), "lies outside the folder"),
        (json!({ "attachments": [ { "file": "/etc/passwd" } ] }), "a mail file lies in the scenario's folder"),
    ] {
        let said_all = error(&entry, &[]);
        assert!(said_all.contains(said), "{said_all}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (entry, said) in [
        (json!({ "eml": "f", "subject": "x" }), "a message that is given as a whole has no `subject`"),
        (json!({ "messages": [ {} ] }), "a message has either `lines` or `base64`"),
        (json!({ "messages": [ { "base64": "?" } ] }), "this is no base64"),
        (json!({ "attachments": [ {} ] }), "it must be said once what is in it"),
        (json!({ "attachments": [ { "size": "1B", "text": "x" } ] }), "it must be said once what is in it"),
        (json!({ "attachments": [ { "size": "1B", "id": "a@b" } ] }), "only images have an `id`"),
        (json!({ "attachments": [ { "size": "1B", "type": "pdf" } ] }), "this is no media type"),
        (json!({ "attachments": [ { "size": "1B", "type": "multipart/mixed" } ] }), "this is no media type"),
        (json!({ "attachments": [ { "size": "9kB", "encoding": "7bit" } ] }), "cannot travel in 7bit"),
        (json!({ "images": [ { "size": "1B" } ] }), "an image needs an `id`"),
        (json!({ "images": [ { "size": "1B", "id": "a@b" }, { "size": "1B", "id": "a@b" } ] }), "another image"),
        (json!({ "encoding": "7bit", "body": "caf\u{e9}" }), "7-bit mail text is ASCII"),
        (json!({ "reply_to": "nobody" }), "this is no mail address"),
        (json!({ "in_reply_to": "1@x" }), "this is no Message-ID"),
        (json!({ "cc": "bob@crepes.fr" }), "there is no user \"bob\""),
        (json!({ "dsn": { "id": "" } }), "an envelope has a name"),
    ] {
        let said_all = error(&entry, &[("f", b"a: b\n")]);
        assert!(said_all.contains(said), "{entry}: {said_all}");
    }
}
