//! What happened in a run, in a few sentences and numbers, from its metrics.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::Figure;
use crate::base::time::SimTime;
use crate::metrics::Tables;
use crate::report::summary::human;
use crate::report::values;

type Metrics = BTreeMap<String, Value>;

fn number(metrics: &Metrics, name: &str) -> f64 {
    metrics.get(name).and_then(Value::as_f64).unwrap_or(0.0)
}

/// A number of things as the metrics have it.
fn whole(number: f64) -> usize {
    // metrics that count are whole, and never so large
    number.clamp(0.0, 1e15) as usize
}

fn grouped(number: f64) -> String {
    values::grouped(whole(number))
}

/// `1 message`, `1,234 messages`.
fn count(number: f64, noun: &str) -> String {
    values::count(whole(number), noun, &format!("{noun}s"))
}

/// What became of the mail, of names, of pages and of the network, a sentence each.
pub(super) fn sentences(tables: &Tables, metrics: &Metrics) -> Vec<String> {
    let get = |name: &str| number(metrics, name);
    let mut out = of_mail(&human(tables.end.since(SimTime::ZERO).as_secs_f64()), metrics);
    if get("dns.queries") > 0.0 {
        let hits = get("dns.cache_hits") + get("dns.negative_hits");
        let timeouts = match get("dns.timeouts") {
            0.0 => String::new(),
            late => format!("; {} got no answer in time", grouped(late)),
        };
        out.push(format!(
            "Names took {}; resolvers found {} in their caches{timeouts}.",
            count(get("dns.queries"), "question"),
            if hits == 0.0 { "nothing".to_owned() } else { count(hits, "answer") },
        ));
    }
    if get("web.pages") > 0.0 {
        out.push(format!("Browsers loaded {}.", count(get("web.pages"), "page")));
    }
    out.extend(of_network(metrics));
    if !tables.faults.is_empty() {
        let faults = f64::from(u32::try_from(tables.faults.len()).unwrap_or(u32::MAX));
        out.push(format!("{} struck; see the timeline.", count(faults, "fault")));
    }
    out
}

/// Which connections there were, and what was lost.
fn of_network(metrics: &Metrics) -> Option<String> {
    let get = |name: &str| number(metrics, name);
    let (opened, lost, again) = (get("connections.opened"), get("network.dropped"), get("connections.retransmissions"));
    let be = if opened == 1.0 { "was" } else { "were" };
    let carried = (opened > 0.0).then(|| format!("{} {be} opened", count(opened, "TCP connection")));
    let lost = match (lost, get("network.packets")) {
        (0.0, 0.0) => None,
        (0.0, _) => Some("no packet was lost".to_owned()),
        (1.0, _) => Some("1 packet was lost".to_owned()),
        (lost, _) => Some(format!("{} were lost", count(lost, "packet"))),
    };
    let again = (again > 0.0).then(|| format!(", {} sent again", count(again, "segment")));
    let parts: Vec<String> = carried.into_iter().chain(lost).collect();
    let mut sentence = parts.join("; ") + &again.unwrap_or_default();
    let first = sentence.chars().next()?.to_ascii_uppercase();
    sentence.replace_range(..first.len_utf8(), &first.to_string());
    Some(sentence + ".")
}

/// What became of the mail of a run that lasted so long.
fn of_mail(end: &str, metrics: &Metrics) -> Vec<String> {
    let get = |name: &str| number(metrics, name);
    let mut out = Vec::new();
    let composed = get("messages.composed");
    if composed > 0.0 {
        let fates = [
            ("delivered", "delivered"),
            ("bounced", "returned to the sender"),
            ("dropped", "lost without a word"),
            ("refused", "never taken by a server"),
            ("queued", "still queued at the end"),
            ("outbox", "still in an outbox at the end"),
            ("expanded", "turned into copies for others"),
            ("discarded", "thrown away by policy"),
        ];
        let fates = fates.iter().filter(|(name, _)| get(&format!("messages.{name}")) > 0.0);
        let fates: Vec<String> =
            fates.map(|(name, words)| format!("{} {words}", grouped(get(&format!("messages.{name}"))))).collect();
        let fates = if fates.is_empty() { "nothing became of it".to_owned() } else { fates.join(", ") };
        out.push(format!("In {end} users composed {}: {fates}.", count(composed, "message")));
    } else {
        out.push(format!("The run lasted {end}; nobody composed a message."));
    }
    if metrics.contains_key("latency.p50_s") {
        out.push(format!(
            "From composition to the mailbox it took {} in the median, {} at most.",
            human(get("latency.p50_s")),
            human(get("latency.max_s"))
        ));
    }
    let deferred = get("attempts.deferred");
    if deferred > 0.0 {
        out.push(format!(
            "Of {} to pass mail on, {} put off and tried again later.",
            count(get("attempts.total"), "attempt"),
            if deferred == 1.0 { "1 was".to_owned() } else { format!("{} were", grouped(deferred)) },
        ));
    }
    out
}

/// The numbers that are shown large.
pub(super) fn figures(metrics: &Metrics) -> Vec<Figure> {
    let get = |name: &str| number(metrics, name);
    let mut out = Vec::new();
    let mut figure = |name, value: String, note: String| out.push(Figure { name, value, note });
    let noun = |metric: &str, one, many| if get(metric) == 1.0 { one } else { many };
    if get("messages.composed") > 0.0 {
        let fetched = format!("{} fetched", grouped(get("messages.retrieved")));
        let name = noun("messages.composed", "message composed", "messages composed");
        figure(name, grouped(get("messages.composed")), String::new());
        figure("delivered", grouped(get("messages.delivered")), fetched);
    }
    if metrics.contains_key("latency.p50_s") {
        let most = format!("95 % within {}", human(get("latency.p95_s")));
        figure("median latency", human(get("latency.p50_s")), most);
    }
    if get("attempts.total") > 0.0 {
        let put_off =
            format!("{} put off, {} failed", grouped(get("attempts.deferred")), grouped(get("attempts.failed")));
        figure(noun("attempts.total", "attempt", "attempts"), grouped(get("attempts.total")), put_off);
    }
    if get("web.pages") > 0.0 {
        let mean = format!("mean {}", human(get("web.page_time.mean_s")));
        figure(noun("web.pages", "page", "pages"), grouped(get("web.pages")), mean);
    }
    if get("dns.queries") > 0.0 {
        let hits = count(get("dns.cache_hits"), "cache hit");
        figure(noun("dns.queries", "DNS question", "DNS questions"), grouped(get("dns.queries")), hits);
    }
    let failed = format!("{} failed", grouped(get("connections.failed")));
    figure(noun("connections.opened", "connection", "connections"), grouped(get("connections.opened")), failed);
    figure(
        noun("network.packets", "packet on a link", "packets on links"),
        grouped(get("network.packets")),
        format!("{} lost", grouped(get("network.dropped"))),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_reading() {
        assert_eq!(
            (grouped(0.0), grouped(999.0), grouped(1_234_567.0)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!((count(1.0, "fault"), count(2.0, "fault")), ("1 fault".to_owned(), "2 faults".to_owned()));
    }
}
