//! The answers about pages: what connections cost, and what the Web does otherwise than mail.

use std::path::Path;

use super::super::{number, table};

/// How long the pages took, in milliseconds.
fn times(run: &Path) -> Vec<f64> {
    table(run, "web_pages").iter().map(|row| (number(row, "time_s") * 1e3).round()).collect()
}

pub(crate) fn web_page(run: &Path) -> Vec<String> {
    let (times, pages) = (times(run), table(run, "web_pages"));
    let count = |at: usize| &pages[at]["connections"];
    vec![
        format!("The page takes {} ms", times[0]),
        format!("{} ms with five connections at a time", times[1]),
        format!("{} ms on one connection", times[2]),
        format!("{} ms when all is asked for at once", times[3]),
        format!("{}, {} and {} connections", count(0), count(1), count(2)),
        format!("{} octets of answers in place of {}", pages[4]["received_bytes"], pages[2]["received_bytes"]),
        format!("it still takes {} ms", times[4]),
    ]
}

pub(crate) fn smtp_vs_http(run: &Path) -> Vec<String> {
    let connections = table(run, "connections");
    let to = |port: &str| connections.iter().find(|row| row["server_port"] == port).unwrap();
    let (relay, page) = (to("25"), to("80"));
    assert_eq!((&*relay["client"], &*page["client"]), ("crepes.fr", "bob-pc.hamburger.edu"));
    let lines = std::fs::read_to_string(run.join("transcripts/http-bob-pc.hamburger.edu-2.txt")).unwrap();
    vec![
        format!("{} octets from server to server by SMTP", relay["bytes_to_server"]),
        format!("{} by HTTP", page["bytes_to_client"]),
        format!(
            "{} requests and {} answers",
            lines.matches("C: GET ").count(),
            lines.matches("S: HTTP/1.1 200 OK").count()
        ),
    ]
}
