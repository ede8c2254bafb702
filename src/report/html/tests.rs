//! The page of hand-made tables: what it says without a second run, and what no text in it can do.

use serde_json::{Value, json};

use super::*;
use crate::metrics::testing::Script;
use crate::report::tests::sample;

fn page(tables: &Tables, manifest: &Value, summary: &Value, scenario: &str) -> String {
    let dialogues = [];
    html_report(&Source { tables, manifest, summary, scenario, dialogues: &dialogues, observed: None, notes: &[] })
}

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// Breaks when a damaged folder's files make the page fail, or when it says nothing about what it shows.
#[test]
fn files_of_any_kind_give_a_page() {
    let tables = sample().tables;
    for damaged in [json!(null), json!([1, 2]), json!({ "title": 7, "metrics": [], "expectations": "x" })] {
        for scenario in
            ["", "{", "[]", r#"{"network":{"hosts":[],"links":{}}}"#, r#"{"network":{"links":[{"between":"x"},7]}}"#]
        {
            let page = page(&tables, &damaged, &damaged, scenario);
            let data = data(&page);
            assert_eq!(data["messages"].as_array().unwrap().len(), tables.messages.len());
            assert_eq!(data["end"], json!(tables.end.as_nanos()));
        }
    }
    let empty = page(&Tables::default(), &json!({}), &json!({}), "{}");
    assert_eq!(data(&empty)["sentences"][0], json!("The run lasted 0 us; nobody composed a message."));
}

/// Breaks when a text can end the element that holds the data, or begin another.
#[test]
fn texts_stay_texts() {
    let hostile = "</script><script>alert(1)</script><!--\u{2028}{{script}}&amp;\"";
    let manifest = json!({ "title": hostile });
    let page = page(&Tables::default(), &manifest, &json!({}), hostile);
    assert_eq!(page.matches("<script").count(), 2, "the data's and the page's own");
    assert_eq!((page.matches("</script").count(), page.matches("<!--").count()), (2, 0));
    assert_eq!(page.matches("\"use strict\"").count(), 1, "nothing in the data is filled in");
    let data = data(&page);
    assert_eq!(data["scenario"], json!(hostile));
    assert_eq!(data["title"], json!(hostile.replace('\u{2028}', "\\u{2028}")));
}

/// Breaks when the page asks for anything from elsewhere, or may.
#[test]
fn the_page_stands_alone() {
    let page = page(&Tables::default(), &json!({}), &json!({}), "{}");
    let policy = "default-src 'none'; script-src 'nonce-";
    assert!(page.contains(policy), "{}", &page[..700]);
    let code = page.replace("http://www.w3.org/2000/svg", "");
    for outside in
        ["http://", "https://", "//cdn", "fetch(", "XMLHttpRequest", "import ", "@import", "url(", "innerHTML", "eval("]
    {
        assert!(!code.contains(outside), "{outside}");
    }
}

/// Breaks when lines and their times part.
#[test]
fn lines_have_their_times() {
    use crate::base::socket::Side;
    let mut script = Script::two_domains();
    let pieces =
        [(Side::Server, "220 hamburger.edu\r\n"), (Side::Client, "HELO "), (Side::Client, "crepes.fr\r\nQUIT\r\n")];
    script.connection("crepes.fr", 1, 25, 2_345_000_000, &pieces);
    let record = script.finish(9_000_000_000);
    let spoken = Spoken::of(&record.dialogues[0]);
    let texts: Vec<&str> = spoken.lines.iter().map(|(_, line)| &**line).collect();
    assert_eq!(texts, ["S: 220 hamburger.edu", "C: HELO crepes.fr", "C: QUIT"]);
    let times: Vec<u64> = spoken.lines.iter().map(|(at, _)| at.unwrap()).collect();
    let said: Vec<u64> = record.dialogues[0].pieces().map(|piece| piece.at.as_nanos()).collect();
    assert_eq!(times, [said[0], said[2], said[2]]);
}

/// Breaks when a small run is thinned, or a large one shows neither its failures nor its end.
#[test]
fn what_is_chosen_has_begin_failures_and_end() {
    let tables = sample().tables;
    let choice = Choice::of(&tables);
    assert!(tables.messages.iter().all(|row| choice.has_thread(&row.message)));
    assert!(tables.connections.iter().all(|row| choice.has_connection(&row.connection)));
    let mut large = Tables::default();
    let row = tables.messages.iter().find(|row| !choice::is_trouble(row)).unwrap();
    for number in 0..3_000_u32 {
        let attempts = if number == 1_234 { 2 } else { 1 };
        large.messages.push(crate::metrics::MessageRow {
            message: format!("<{number}@x>").into(),
            attempts,
            ..row.clone()
        });
    }
    let choice = Choice::of(&large);
    let shown: Vec<u32> = (0..3_000).filter(|number| choice.has_thread(&format!("<{number}@x>"))).collect();
    assert!(shown.len() < 100 && shown.contains(&0) && shown.contains(&1_234), "{shown:?}");
    assert!(shown.windows(2).all(|two| two[1] - two[0] < 100) && *shown.last().unwrap() > 2_900, "{shown:?}");
}
