//! What charts are drawn from: the tables of a run, and what its scenario says of the setting.
//!
//! Of the resolved scenario only hosts, links, browsers and the start are read, and leniently: a
//! folder may be damaged or from another version, and then the charts that need it say so.

use serde::Deserialize;

use crate::base::calendar::UnixTime;
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::Tables;

/// A run, as charts see it.
#[derive(Clone, Debug)]
pub struct ChartSource<'a> {
    /// Its tables.
    pub tables: &'a Tables,
    /// Where it took place.
    pub setting: Setting,
    /// What an end of one connection sent and heard, when somebody recorded that.
    pub segments: Option<SegmentRecord>,
    /// What of many a chart shows: a connection, a page. The one with most to tell without it.
    pub of: Option<String>,
}

impl<'a> ChartSource<'a> {
    /// From tables alone.
    #[must_use]
    pub fn new(tables: &'a Tables) -> Self {
        Self { tables, setting: Setting::default(), segments: None, of: None }
    }

    /// From tables and the resolved scenario.
    #[must_use]
    pub fn with_scenario(tables: &'a Tables, resolved_json: &str) -> Self {
        Self { setting: Setting::read(resolved_json), ..Self::new(tables) }
    }
}

/// Hosts and links, and when the run began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// By name.
    pub hosts: Vec<HostSetting>,
    /// In the scenario's order.
    pub links: Vec<LinkSetting>,
    /// The civil time of instant 0.
    pub start: Option<UnixTime>,
    /// How browsers load pages: since when, at which host, and in words.
    pub browsers: Vec<(SimTime, String, String)>,
}

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSetting {
    /// Its name.
    pub name: String,
    /// Its site.
    pub site: String,
    /// Whether it forwards packets.
    pub router: bool,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkSetting {
    /// Its name.
    pub name: String,
    /// Its ends.
    pub between: [String; 2],
    /// Its rate and delay, as the scenario writes them; empty without.
    pub rate: String,
    /// Likewise.
    pub delay: String,
}

/// What one end of a connection sent, and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentRecord {
    /// The connection.
    pub connection: String,
    /// The host of the sending end.
    pub sender: String,
    /// Segments with data, in the order of sending.
    pub sent: Vec<SegmentSent>,
    /// Acknowledgement numbers that came back, when they came.
    pub acked: Vec<(SimTime, u64)>,
    /// When segments of the sender were lost on their way, and their sequence numbers.
    pub lost: Vec<(SimTime, u64)>,
    /// Whether there was more than is kept.
    pub cut: bool,
}

/// A segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSent {
    /// When it was sent.
    pub at: SimTime,
    /// The relative sequence number of its first octet.
    pub seq: u64,
    /// Its octets of data.
    pub len: u32,
    /// Whether some of them had been sent before.
    pub again: bool,
}

#[derive(Deserialize)]
struct File {
    start: Option<String>,
    network: Option<Network>,
    #[serde(default)]
    workload: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Network {
    #[serde(default)]
    hosts: std::collections::BTreeMap<String, Host>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Host {
    #[serde(default)]
    site: String,
    #[serde(default)]
    router: bool,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    name: String,
    between: [String; 2],
    #[serde(default)]
    rate: serde_json::Value,
    #[serde(default)]
    delay: serde_json::Value,
}

impl Setting {
    /// Reads it out of a resolved scenario; what cannot be read is not there.
    #[must_use]
    pub fn read(resolved_json: &str) -> Self {
        let Ok(file) = serde_json::from_str::<File>(resolved_json) else { return Self::default() };
        let network = file.network.unwrap_or(Network { hosts: std::collections::BTreeMap::new(), links: Vec::new() });
        let host = |(name, host): (String, Host)| HostSetting { name, site: host.site, router: host.router };
        let link = |link: Link| LinkSetting {
            name: link.name,
            between: link.between,
            rate: words(&link.rate),
            delay: words(&link.delay),
        };
        Self {
            hosts: network.hosts.into_iter().map(host).collect(),
            links: network.links.into_iter().map(link).collect(),
            start: file.start.as_deref().and_then(UnixTime::parse),
            browsers: file.workload.iter().filter_map(browser).collect(),
        }
    }
}

/// A value of the scenario; "unlimited" says nothing in a picture.
fn words(value: &serde_json::Value) -> String {
    value.as_str().filter(|text| *text != "unlimited").unwrap_or_default().to_owned()
}

/// How the browser of a workload entry loads pages, in the words of textbooks.
fn browser(entry: &serde_json::Value) -> Option<(SimTime, String, String)> {
    let browser = entry.get("browser")?;
    let host = entry.get("on")?.as_str()?.to_owned();
    let at = SimDuration::parse(entry.get("at").and_then(serde_json::Value::as_str).unwrap_or("0s")).ok()?;
    let number = |name: &str| browser.get(name).and_then(serde_json::Value::as_u64).unwrap_or(1);
    let off = |name: &str| browser.get(name).and_then(serde_json::Value::as_bool) == Some(false);
    let mut words = if off("persistent") { "non-persistent" } else { "persistent" }.to_owned();
    for (count, name) in [(number("parallel"), "parallel"), (number("pipelining"), "pipelining")] {
        if count > 1 {
            words.push_str(&format!(", {name} {count}"));
        }
    }
    if browser.get("http").and_then(serde_json::Value::as_str) == Some("1.0") {
        words.push_str(", HTTP/1.0");
    }
    Some((SimTime::ZERO.saturating_add(at), host, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a damaged scenario is more than a setting without anything, or a whole one less.
    #[test]
    fn settings_are_read_leniently() {
        for damaged in ["", "{", "[]", "{\"network\": 7}", "{\"start\": 7}", "null"] {
            assert_eq!(Setting::read(damaged), Setting::default(), "{damaged}");
        }
        let setting = Setting::read(
            r#"{"start": "2026-01-05T09:00:00Z",
                "network": {"hosts": {"a": {"site": "s"}, "r": {"router": true}},
                            "links": [{"name": "l", "between": ["a", "r"], "rate": "unlimited", "delay": "1ms"}]},
                "workload": [{"at": "1min", "on": "a", "browser": {"persistent": false, "parallel": 5}}, {"on": "a"}, 7]}"#,
        );
        assert_eq!(setting.hosts.len(), 2);
        assert!(setting.hosts[1].router && setting.start.is_some());
        assert_eq!((&*setting.links[0].rate, &*setting.links[0].delay), ("", "1ms"));
        let minute = SimTime::from_nanos(60_000_000_000);
        assert_eq!(setting.browsers, [(minute, "a".to_owned(), "non-persistent, parallel 5".to_owned())]);
    }
}
