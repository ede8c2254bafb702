//! What becomes a step and in which order, and that no text lies on another.

use super::picture::{Ladder, Look, Step, What};
use super::{LadderChoice, LadderError, dns_ladder};
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::{DnsOutcome, DnsRole, DnsRow, Text};

fn row(
    query: &str,
    ends: &str,
    (asked_ms, latency_ms): (u64, Option<u64>),
    outcome: DnsOutcome,
    for_query: &str,
) -> DnsRow {
    let (from, to) = ends.split_once('>').unwrap();
    let answered = latency_ms.is_some() && !matches!(outcome, DnsOutcome::Timeout | DnsOutcome::Unreachable);
    DnsRow {
        asked: SimTime::ZERO + SimDuration::from_millis(asked_ms),
        query: query.into(),
        from: from.into(),
        to: to.into(),
        role: if for_query.is_empty() { DnsRole::Stub } else { DnsRole::Resolver },
        name: "www.a.fr".into(),
        rtype: "A".into(),
        retry: 0,
        outcome,
        rcode: answered.then(|| Text::from("NOERROR")),
        answers: answered.then_some(u16::from(outcome == DnsOutcome::Answer)),
        latency: latency_ms.map(SimDuration::from_millis),
        cache: None,
        for_query: Some(for_query).filter(|query| !query.is_empty()).map(Text::from),
    }
}

fn text(rows: &[DnsRow], host: Option<&str>, query: Option<&str>) -> Result<String, LadderError> {
    let choice = LadderChoice { host: host.map(str::to_owned), query: query.map(str::to_owned) };
    dns_ladder(rows, &choice).map(|ladder| ladder.text())
}

/// On a network without delay all happens at one instant, and only who asks for whom gives the
/// order. A second look-up falls into the first.
#[test]
fn what_follows_from_something_stands_beneath_it() {
    let rows = [
        row("pc?1", "pc>dns", (0, Some(0)), DnsOutcome::Answer, ""),
        row("dns?1", "dns>root", (0, Some(0)), DnsOutcome::Referral, "pc?1"),
        row("dns?2", "dns>com", (0, Some(0)), DnsOutcome::Answer, "pc?1"),
        row("com?1", "com>a", (0, Some(0)), DnsOutcome::Answer, "dns?2"),
    ];
    let wanted = "\
Look-up of www.a.fr A by pc
1  0.000 s  pc -> dns      www.a.fr A?
2             dns -> root  www.a.fr A?
3             root -> dns  referral
4             dns -> com   www.a.fr A?
5               com -> a   www.a.fr A?
6               a -> com   1 record
7             com -> dns   1 record
8           dns -> pc      1 record
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
    let later = row("tv?1", "tv>dns", (1500, Some(3)), DnsOutcome::NxDomain, "");
    let all = [&rows[..], &[later]].concat();
    let shown = text(&all, None, None).unwrap();
    assert!(shown.starts_with("2 look-ups\n") && shown.contains("\n... 1.500 s\n"), "{shown}");
    assert!(
        shown.ends_with(" 9  1.500 s  tv -> dns      www.a.fr A?\n10  1.503 s  dns -> tv      no such name\n"),
        "{shown}"
    );
    assert_eq!(text(&all, Some("com"), None).unwrap(), wanted, "tv asks for nothing from com");
    assert_eq!(text(&all, None, Some("1")).unwrap(), wanted);
    assert_eq!(text(&all, None, Some("pc?1")).unwrap(), wanted);
    assert!(text(&all, None, Some("WWW.a.fr.")).unwrap().starts_with("2 look-ups"));
    assert_eq!(text(&all, None, Some("3")), Err(LadderError::NoNumber(2)));
    assert_eq!(text(&all, None, Some("0")), Err(LadderError::NoNumber(2)));
    assert_eq!(text(&all, Some("cmo"), None), Err(LadderError::NoHost("; did you mean com?".to_owned())));
    assert_eq!(text(&[], Some("com"), None), Err(LadderError::NoMatch));
    assert_eq!(text(&[], None, None), Err(LadderError::NoMatch));
}

#[test]
fn what_comes_to_nothing_is_said() {
    let mut again = row("pc?2", "pc>dns", (5000, Some(10_000)), DnsOutcome::Timeout, "");
    again.retry = 1;
    let mut failed = row("pc?3", "pc>dns", (15_000, Some(2)), DnsOutcome::Failure, "");
    (failed.retry, failed.rcode) = (2, Some("SERVFAIL".into()));
    let rows = [
        row("pc?1", "pc>dns", (0, Some(5000)), DnsOutcome::Timeout, ""),
        row("dns?1", "dns>root", (1, Some(2)), DnsOutcome::Unreachable, "pc?1"),
        row("dns?2", "dns>com", (3, None), DnsOutcome::Open, "pc?1"),
        again,
        failed,
    ];
    let wanted = "\
Look-up of www.a.fr A by pc
1   0.000 s  pc -> dns      www.a.fr A?
2   0.001 s    dns -> root  www.a.fr A?
    0.003 s    dns          not reached
3              dns -> com   www.a.fr A?
... 4.997 s
    5.000 s  pc             no answer in time
4            pc -> dns      www.a.fr A?, again
... 10.000 s
   15.000 s  pc             no answer in time
5            pc -> dns      www.a.fr A?, again
6  15.002 s  dns -> pc      SERVFAIL
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
    let ladder = dns_ladder(&rows, &LadderChoice::default()).unwrap();
    let looks: Vec<Look> = ladder
        .steps
        .iter()
        .filter_map(|step| match step.what {
            What::Message { look, .. } => Some(look),
            What::Note { .. } => None,
        })
        .collect();
    // the first was heard: somebody asked further because of it
    assert_eq!(looks, [Look::Request, Look::Vain, Look::Vain, Look::Vain, Look::Request, Look::Failure]);
}

/// Fails when a question to the next server is called a repetition, or a useless response no error.
#[test]
fn what_is_asked_again_says_how() {
    let child = |n: u64, ends: &str, outcome| {
        let mut row = row(&format!("dns?{n}"), ends, (n, Some(1)), outcome, "pc?1");
        row.retry = u32::try_from(n).unwrap() - 1;
        row
    };
    let mut rows = vec![row("pc?1", "pc>dns", (0, Some(9)), DnsOutcome::Answer, "")];
    rows[0].cache = Some("stale".into());
    rows.push(child(1, "dns>ns1", DnsOutcome::Failure));
    rows.push(child(2, "dns>ns2", DnsOutcome::Truncated));
    rows.push(child(3, "dns>ns2", DnsOutcome::Failure));
    rows.push(child(4, "dns>ns1", DnsOutcome::Answer));
    rows[3].rcode = Some("SERVFAIL".into());
    let wanted = "\
Look-up of www.a.fr A by pc
 1  0.000 s  pc -> dns     www.a.fr A?
 2  0.001 s    dns -> ns1  www.a.fr A?
 3  0.002 s    ns1 -> dns  no answer
 4             dns -> ns2  www.a.fr A?
 5  0.003 s    ns2 -> dns  cut off: ask over TCP
 6             dns -> ns2  www.a.fr A?, over TCP
 7  0.004 s    ns2 -> dns  SERVFAIL
 8             dns -> ns1  www.a.fr A?, again
 9  0.005 s    ns1 -> dns  1 record
10  0.009 s  dns -> pc     1 record, stale
";
    assert_eq!(text(&rows, None, None).unwrap(), wanted);
}

/// A damaged table may have rows that ask on their own behalf, or on each other's.
#[test]
fn a_ring_of_rows_ends() {
    let mut rows = vec![row("pc?1", "pc>dns", (0, Some(9)), DnsOutcome::Answer, "")];
    rows.push(row("pc?1", "dns>dns", (1, Some(1)), DnsOutcome::Answer, "pc?1"));
    rows.push(row("dns?2", "dns>com", (2, Some(1)), DnsOutcome::Answer, "dns?3"));
    rows.push(row("dns?3", "dns>com", (3, Some(1)), DnsOutcome::Answer, "dns?2"));
    assert_eq!(dns_ladder(&rows, &LadderChoice::default()).unwrap().steps.len(), 2);
}

#[test]
fn too_many_messages_are_counted() {
    let rows: Vec<DnsRow> =
        (0..300).map(|n| row(&format!("pc?{n}"), "pc>dns", (n, Some(0)), DnsOutcome::Answer, "")).collect();
    let ladder = dns_ladder(&rows, &LadderChoice::default()).unwrap();
    assert_eq!((ladder.steps.len(), ladder.left_out), (400, 200));
    assert!(ladder.text().ends_with("200 more messages are not shown\n"));
    assert!(ladder.svg().contains("200 more messages are not shown."));
}

/// The boxes of all texts: left, top, right, bottom.
fn boxes(svg: &str) -> Vec<([f64; 4], String)> {
    let value = |tag: &str, key: &str| -> String {
        let at = tag.find(&format!("{key}=\"")).unwrap() + key.len() + 2;
        tag[at..].split('"').next().unwrap().to_owned()
    };
    let number = |tag: &str, key: &str| value(tag, key).parse::<f64>().unwrap();
    let texts = svg.lines().filter(|line| line.starts_with("<text"));
    texts
        .map(|line| {
            let (tag, content) = line.split_once('>').unwrap();
            let content = content.strip_suffix("</text>").unwrap();
            let shown = content.rsplit("</title>").next().unwrap().replace("&gt;", ">").replace("&lt;", "<");
            let size = number(tag, "font-size");
            let wide = super::svg::width(&shown, size);
            let x = number(tag, "x")
                - wide
                    * ["start", "middle", "end"].iter().position(|a| *a == value(tag, "text-anchor")).unwrap() as f64
                    / 2.0;
            let base = number(tag, "y");
            ([x, base - size * 0.8, x + wide, base + size * 0.2], shown)
        })
        .collect()
}

fn step(at_ms: u64, what: What) -> Step {
    Step { at: SimTime::ZERO + SimDuration::from_millis(at_ms), what, depth: usize::from(at_ms.is_multiple_of(2)) }
}

/// Names too long, labels too long, neighbours and far ends, oneself, remarks and pauses.
#[test]
fn no_text_lies_on_another_or_leaves_the_sheet() {
    let names = ["a", "a.very.long.name.of.a.host.that.nobody.would.ever.type.example", "<&\">.example", "d"];
    let labels = ["A?", "a.very.long.name.of.a.host.that.nobody.would.ever.type.example AAAA?, again", "<&\">"];
    let mut steps = Vec::new();
    for from in 0..4 {
        for to in 0..4 {
            for (n, label) in labels.iter().enumerate() {
                for look in [Look::Request, Look::Vain, Look::Response, Look::Failure] {
                    let at = steps.len() as u64 * [1, 999, 1500][n];
                    let at = at.max(steps.last().map_or(0, |step: &Step| step.at.as_nanos() / 1_000_000));
                    steps.push(step(at, What::Message { from, to, label: (*label).to_owned(), look }));
                    steps.push(step(at, What::Note { beside: from, text: (*label).to_owned() }));
                }
            }
        }
    }
    let lifelines = names.map(str::to_owned).to_vec();
    let title = labels[1].repeat(3);
    let svg = Ladder { title, lifelines, steps, left_out: 7 }.svg();
    let size = |key: &str| -> f64 {
        svg.split(&format!(" {key}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    let all = boxes(&svg);
    assert!(all.len() > 400 && svg.contains("<title>a.very.long"));
    for (index, (a, shown)) in all.iter().enumerate() {
        assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= size("width") && a[3] <= size("height"), "{shown} at {a:?}");
        for (b, other) in &all[index + 1..] {
            let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
            assert!(apart, "{shown:?} at {a:?} lies on {other:?} at {b:?}");
        }
    }
}
