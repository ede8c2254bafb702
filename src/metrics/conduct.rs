//! What mail servers did to their clients besides serving them: how often each rule was used, where
//! and with what outcome.

use std::collections::BTreeMap;

use super::names::{Names, Text};
use super::summary::Metric;
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimDuration;
use crate::base::trace::{ConductAction, MailTrace};

/// The metrics that are there when a rule of conduct was used, and what they count. RULE is a name of
/// the scenario's.
pub const CONDUCT_METRICS: &[(&str, &str)] = &[
    (
        "conduct.RULE.count",
        "uses of the rules of that name at all mail servers; of greylisting, its refusals; absent when there was no use",
    ),
    (
        "conduct.lost_replies",
        "messages that a server took while a rule of conduct told the client something else, or nothing; absent when no rule was used",
    ),
];

/// Uses of a rule with one outcome: a row of the table `conduct`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConductRow {
    /// The server.
    pub server: Text,
    /// The rule.
    pub rule: Text,
    /// The command, or CONNECT, BODY, OTHER.
    pub at: Text,
    /// What it did: the name of a [`ConductAction`].
    pub action: Text,
    /// How often.
    pub uses: u64,
    /// How often the command took effect all the same.
    pub effects: u64,
    /// The time that all of them cost the clients.
    pub delay: SimDuration,
}

impl ConductRow {
    /// The metric in which its uses are counted, if they are.
    #[must_use]
    pub fn metric(&self) -> Option<String> {
        let counted = ConductAction::ALL.iter().any(|action| action.name() == &*self.action && action.is_counted());
        counted.then(|| format!("conduct.{}.count", self.rule))
    }

    /// Whether a message was taken and the client told something else, or nothing.
    #[must_use]
    pub fn loses_reply(&self) -> bool {
        &*self.at == "BODY" && self.effects > 0
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    uses: u64,
    effects: u64,
    delay: SimDuration,
}

/// All uses of rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    all: BTreeMap<(HostId, String, String, ConductAction), Tally>,
}

impl Uses {
    pub(super) fn observe(&mut self, host: HostId, mail: &MailTrace<'_>) {
        let MailTrace::Conduct { rule, at, action, effect, delay, .. } = *mail else { return };
        let tally = self.all.entry((host, rule.to_owned(), at.to_owned(), action)).or_default();
        tally.uses += 1;
        tally.effects += u64::from(effect);
        tally.delay = tally.delay.saturating_add(delay);
    }

    /// The rows by server, rule, command and outcome; none without any use.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Option<Vec<ConductRow>> {
        let rows: Vec<ConductRow> = self
            .all
            .into_iter()
            .map(|((host, rule, at, action), Tally { uses, effects, delay })| ConductRow {
                server: names.share(directory.host_name(host)),
                rule: names.share(&rule),
                at: names.share(&at),
                action: names.share(action.name()),
                uses,
                effects,
                delay,
            })
            .collect();
        (!rows.is_empty()).then_some(rows)
    }
}

/// The numbers of a run's rows.
pub(super) fn count(rows: &[ConductRow], metrics: &mut BTreeMap<String, Metric>) {
    let lost = rows.iter().filter(|row| row.loses_reply()).map(|row| row.effects).sum();
    metrics.insert("conduct.lost_replies".to_owned(), Metric::Integer(lost));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        if let Some(metric) = row.metric() {
            *counts.entry(metric).or_default() += row.uses;
        }
    }
    metrics.extend(counts.into_iter().map(|(name, uses)| (name, Metric::Integer(uses))));
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::base::ids::ConnId;
    use crate::base::trace::Trace;
    use crate::metrics::testing::Script;

    /// Breaks when uses are added up over what they should tell apart, or greylisting's passes are
    /// taken for refusals.
    #[test]
    fn uses_are_counted_by_rule_place_and_outcome() {
        let mut script = Script::two_domains();
        let mut said = |rule, at, action, effect| {
            let conn = ConnId { host: HostId(0), number: 1 };
            let (client, delay) = (IpAddr::V4(Ipv4Addr::LOCALHOST), SimDuration::from_secs(2));
            let none = None;
            let mail = MailTrace::Conduct {
                rule,
                conn,
                at,
                action,
                effect,
                delay,
                client,
                sender: none,
                recipient: none,
                message: none,
            };
            script.event("crepes.fr", 1_000, Trace::Mail(mail));
        };
        said("grey", "RCPT", ConductAction::Greylisted, false);
        said("grey", "RCPT", ConductAction::Greylisted, false);
        said("grey", "RCPT", ConductAction::GreyPassed, false);
        said("lost", "BODY", ConductAction::Dropped, true);
        said("lost", "DATA", ConductAction::Dropped, true);
        let record = script.finish(1_000_000_000_000);
        let rows = record.tables.conduct.as_deref().unwrap_or_default();
        let told: Vec<String> =
            rows.iter().map(|row| format!("{} {} {} {}", row.rule, row.at, row.action, row.uses)).collect();
        assert_eq!(
            told,
            ["grey RCPT greylisted 2", "grey RCPT grey_passed 1", "lost BODY dropped 1", "lost DATA dropped 1"]
        );
        assert_eq!(rows[0].delay, SimDuration::from_secs(4));
        let metrics = record.metrics();
        assert_eq!(metrics["conduct.grey.count"], Metric::Integer(2));
        assert_eq!(metrics["conduct.lost.count"], Metric::Integer(2));
        assert_eq!(metrics["conduct.lost_replies"], Metric::Integer(1));
    }
}
