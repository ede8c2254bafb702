//! The scenarios that come with the program: each loads, and its complete form is itself.

use std::path::Path;

use posthaste::scenario::{Overrides, load, load_file};

#[test]
fn scenarios_resolve() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let resolved = load_file(&path, &Overrides::default()).unwrap_or_else(|error| panic!("{error}"));
            let again = load("again", &resolved.to_json_text()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(resolved.to_json(), again.to_json(), "{}", path.display());
            assert!(!resolved.title.is_empty() && !resolved.description.is_empty() && !resolved.expect.is_empty());
            count += 1;
        }
    }
    assert!(count >= 7);
}
