//! The values that a scenario does not state: one line a default.

use super::conduct::fill_conduct;
use crate::base::{DataSize, Probability, SimDuration, UnixTime};
use crate::proto::dns::EDNS_SIZE;
use crate::scenario::names;
use crate::scenario::resolved::QueueLimit;
use crate::scenario::schema::{
    Calendar, Capture, Chance, CongestionName, Cwnd, Duration, Entry, FetchName, LinkDefaults, MailDomain, Mode,
    ProtocolName, Queue, Scenario, Size, Texts,
};

/// How many users a file may ask for, whatever its own limit of hosts says.
const MAX_USERS: u64 = 1_000_000;

/// Octets of a full segment over IPv4.
pub(in crate::scenario) const DEFAULT_MSS: u16 = 1_460;

/// The greatest retransmission time-out.
pub(in crate::scenario) const DEFAULT_MAX_RTO: SimDuration = SimDuration::from_secs(60);

const fn seconds(secs: u64) -> Duration {
    Duration(SimDuration::from_secs(secs))
}

/// The values outside lists and maps.
pub(super) fn fill_values(scenario: &mut Scenario) {
    scenario.start.get_or_insert(Calendar(UnixTime::DEFAULT_START));
    let network = &mut scenario.network;
    fill_link(&mut network.access, SimDuration::from_millis(1));
    fill_link(&mut network.backbone, SimDuration::from_millis(10));
    let tcp = &mut network.tcp;
    tcp.mss.get_or_insert(DEFAULT_MSS);
    tcp.initial_window.get_or_insert(10);
    tcp.receive_window.get_or_insert(Size(DataSize::from_bytes(65_535)));
    tcp.syn_retries.get_or_insert(5);
    tcp.data_retries.get_or_insert(15);
    tcp.initial_rto.get_or_insert(seconds(1));
    tcp.min_rto.get_or_insert(seconds(1));
    tcp.max_rto.get_or_insert(Duration(DEFAULT_MAX_RTO));
    tcp.delayed_ack.get_or_insert(Duration(SimDuration::from_millis(40)));
    tcp.nagle.get_or_insert(false);
    tcp.silly_window_avoidance.get_or_insert(false);
    tcp.sack.get_or_insert(false);
    tcp.rack.get_or_insert(false);
    tcp.limited_transmit.get_or_insert(false);
    tcp.window_scale.get_or_insert(true);
    tcp.timestamps.get_or_insert(false);
    tcp.congestion.get_or_insert(CongestionName::NewReno);
    tcp.ecn.get_or_insert(false);
    scenario.dns.ttl.get_or_insert(seconds(3_600));
    scenario.dns.negative_ttl.get_or_insert(seconds(300));
    scenario.run.seed.get_or_insert(1);
    let limits = &mut scenario.limits;
    limits.events.get_or_insert(100_000_000);
    limits.events_per_instant.get_or_insert(1_000_000);
    limits.messages.get_or_insert(1_000_000);
    limits.recipients.get_or_insert(100);
    limits.hosts.get_or_insert(10_000);
    limits.message_size.get_or_insert(Size(DataSize::from_bytes(10_000_000)));
    limits.memory.get_or_insert(Size(DataSize::from_bytes(4 << 30)));
    limits.wall_clock.get_or_insert(seconds(600));
    let outputs = &mut scenario.outputs;
    outputs.cwnd.get_or_insert(Cwnd::Switch(false));
    outputs.events.get_or_insert(false);
    outputs.transcripts.get_or_insert(true);
    outputs.charts.get_or_insert(true);
    if let Capture::Chosen(choice) = outputs.capture.get_or_insert(Capture::Switch(false)) {
        choice.interfaces.get_or_insert_default();
        choice.from.get_or_insert(seconds(0));
    }
}

fn fill_link(link: &mut LinkDefaults, delay: SimDuration) {
    link.delay.get_or_insert(Duration(delay));
    link.queue.get_or_insert(Queue(QueueLimit::Unlimited));
    link.loss.get_or_insert(Chance(Probability::ZERO));
}

/// Who walks down the tree of names.
pub(super) fn fill_modes(scenario: &mut Scenario) {
    let mode = *scenario.dns.mode.get_or_insert(Mode::Iterative);
    for server in scenario.dns.servers.values_mut() {
        server.mode.get_or_insert(mode);
    }
    for resolver in scenario.dns.resolvers.values_mut() {
        resolver.mode.get_or_insert(mode);
    }
}

/// The options of resolvers.
pub(super) fn fill_resolvers(scenario: &mut Scenario) {
    for resolver in scenario.dns.resolvers.values_mut() {
        resolver.min_ttl.get_or_insert(seconds(0));
        resolver.max_ttl.get_or_insert(seconds(86_400));
        resolver.min_negative_ttl.get_or_insert(seconds(0));
        resolver.max_negative_ttl.get_or_insert(seconds(3_600));
        resolver.failure_ttl.get_or_insert(seconds(5));
        resolver.first_timeout.get_or_insert(Duration(SimDuration::from_millis(400)));
        resolver.lookup_timeout.get_or_insert(seconds(10));
        resolver.queries_per_lookup.get_or_insert(100);
        resolver.edns_size.get_or_insert(EDNS_SIZE);
        resolver.ipv6.get_or_insert(true);
        resolver.tcp_upstream.get_or_insert(false);
        resolver.random_ports.get_or_insert(true);
        resolver.mixed_case.get_or_insert(false);
        resolver.qname_minimisation.get_or_insert(false);
        resolver.minimal_responses.get_or_insert(true);
        resolver.prefetch.get_or_insert(false);
        resolver.harden_glue.get_or_insert(true);
        resolver.harden_referral_path.get_or_insert(false);
        let checks = resolver.checks.get_or_insert_default();
        for check in [&mut checks.id, &mut checks.question, &mut checks.source, &mut checks.bailiwick] {
            check.get_or_insert(true);
        }
        for zone in &mut resolver.forward {
            zone.first.get_or_insert(false);
        }
        for zone in &mut resolver.stub {
            zone.first.get_or_insert(false);
        }
        if let Some(stale) = &mut resolver.serve_stale {
            stale.max.get_or_insert(seconds(86_400));
            stale.reply_ttl.get_or_insert(seconds(30));
            stale.client_timeout.get_or_insert(Duration(SimDuration::from_millis(1_800)));
        }
    }
}

/// Mail domains and their users; a pattern beyond the limit stays as it is.
pub(super) fn fill_mail(scenario: &mut Scenario) {
    let limit = scenario.limits.hosts.unwrap_or(0).min(MAX_USERS);
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    for (name, domain) in &mut scenario.mail {
        domain.server.get_or_insert_with(|| name.clone());
        fill_server(domain);
        super::routing::fill(domain);
        domain.imap.separator.get_or_insert_default();
        let mut users = Vec::new();
        for text in std::mem::take(&mut domain.users) {
            match names::expand(&text, left) {
                Some(expanded) => {
                    left -= expanded.len();
                    users.extend(expanded);
                }
                None => users.push(text),
            }
        }
        domain.users = users;
        for local in &domain.users {
            let user = scenario.users.entry(format!("{local}@{name}")).or_default();
            user.host.get_or_insert_with(|| domain.computer.clone().unwrap_or_else(|| default_computer(local, name)));
            user.password.get_or_insert_with(|| domain.password.clone().unwrap_or_else(|| "hungry".to_owned()));
        }
    }
}

/// How a mail server works.
pub(super) fn fill_server(domain: &mut MailDomain) {
    domain.dialect.get_or_insert_default();
    super::queue::fill_retry(&mut domain.retry);
    super::queue::fill_delivery(&mut domain.queue);
    domain.conduct.iter_mut().for_each(fill_conduct);
    domain.hop_limit.get_or_insert(100);
}

/// The name of the computer that a user gets.
pub(in crate::scenario) fn default_computer(local: &str, domain: &str) -> String {
    default_device(local, domain, "pc")
}

/// The name of the host that a user's device gets.
pub(super) fn default_device(local: &str, domain: &str, device: &str) -> String {
    let label = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
    };
    let (local, device) = (label(local), label(device));
    let local = local.trim_start_matches('-');
    format!("{}-{device}.{domain}", if local.is_empty() { "user" } else { local })
}

/// The run goes on for so long after the last thing that a file schedules; what repeats without an end
/// of its own is scheduled for so long.
const AFTERMATH: SimDuration = SimDuration::from_secs(3_600);

/// Times and hosts of the workload, and the end of the run.
pub(super) fn fill_workload(scenario: &mut Scenario) {
    super::people::fill(scenario);
    let mut last = SimDuration::ZERO;
    for entry in &mut scenario.workload {
        let at = entry.at.get_or_insert(seconds(0)).0;
        if entry.every.is_some() && entry.until.is_none() && entry.messages.len() > 1 {
            entry.times.get_or_insert(entry.messages.len() as u64);
        }
        let repeated = match (entry.every, entry.times) {
            (Some(every), Some(times)) => at.saturating_add(every.0.saturating_mul(times.saturating_sub(1))),
            (Some(_) | None, _) => at,
        };
        let pauses = super::people::pauses(entry.steps.as_deref().unwrap_or_default());
        last = last.max(entry.until.map_or(repeated, |until| until.0).saturating_add(pauses));
        if let Some(poisson) = &mut entry.poisson
            && poisson.mean_gap.is_none()
        {
            poisson.mean_gap = poisson.rate.take().map(|rate| Duration(rate.0));
        }
        if entry.lookup.is_some() || entry.lookups.is_some() {
            entry.rtype.get_or_insert_with(|| "A".to_owned());
            entry.web.get_or_insert(false);
        }
        if entry.browse.is_some() {
            super::web::fill_browser(entry.browser.get_or_insert_default());
        }
        if let Some(lookups) = &mut entry.lookups {
            lookups.clients.get_or_insert(1);
            lookups.zipf.get_or_insert(0.0);
            lookups.cache.get_or_insert(false);
        }
        fill_reading(entry);
        if entry.on.is_none()
            && let Some(who) = entry.user.as_ref().or(entry.from.as_ref())
            && let [address] = who.items.as_slice()
        {
            entry.on = scenario.users.get(address).and_then(|user| user.host.as_deref()).map(Texts::one);
        }
    }
    for fault in &mut scenario.faults {
        let at = fault.at.get_or_insert(seconds(0)).0;
        let end = at.saturating_add(fault.lasting.map_or(SimDuration::ZERO, |lasting| lasting.0));
        last = last.max(end).max(fault.until.map_or(SimDuration::ZERO, |until| until.0));
    }
    let until = last.saturating_add(AFTERMATH);
    if scenario.run.until.is_some() {
        return;
    }
    // The last message of a workload without end is to arrive too.
    let endless = |entry: &&mut Entry| {
        let repeats = entry.every.is_some() && entry.times.is_none() || entry.poisson.is_some();
        entry.from.is_some() && entry.until.is_none() && repeats
    };
    let mut cut = false;
    for entry in scenario.workload.iter_mut().filter(endless) {
        (entry.until, cut) = (Some(Duration(until)), true);
    }
    scenario.run.until = Some(Duration(if cut { until.saturating_add(AFTERMATH) } else { until }));
}

/// How mail is read by a program that remembers; the lecture's does not.
fn fill_reading(entry: &mut Entry) {
    let Some(read) = entry.read else { return };
    let reading = match read {
        ProtocolName::Imap | ProtocolName::Webmail => entry.reading.get_or_insert_default(),
        ProtocolName::Pop3 | ProtocolName::Pop3Keep => {
            let Some(reading) = &mut entry.reading else { return };
            reading
        }
    };
    let usual = if read == ProtocolName::Webmail { FetchName::Text } else { FetchName::Whole };
    let fetch = *reading.fetch.get_or_insert(usual);
    if fetch == FetchName::Headers {
        reading.open.get_or_insert(Chance(Probability::ZERO));
    }
    match read {
        ProtocolName::Pop3 => {
            reading.leave_for.get_or_insert(seconds(0));
        }
        ProtocolName::Pop3Keep => {}
        ProtocolName::Imap | ProtocolName::Webmail => {
            if fetch != FetchName::Whole {
                reading.attachments.get_or_insert(Chance(Probability::ZERO));
            }
            reading.folder.get_or_insert_with(|| "INBOX".to_owned());
            reading.stay.get_or_insert(seconds(0));
        }
    }
}
