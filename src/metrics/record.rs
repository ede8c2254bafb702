//! What is left of a run when it is over: tables, dialogues, balances, and their audit.

use super::actions::ActionRow;
use super::attempts::AttemptRow;
use super::conduct::ConductRow;
use super::connections::ConnectionRow;
use super::destinations::{DestinationRow, Stay};
use super::dialogue::{Dialogue, DialogueRow};
use super::dns::{CacheCounts, DnsRow};
use super::dns_loads::{CacheRow, DnsServerRow};
use super::faults::FaultRow;
use super::links::LinkRow;
use super::lookups::LookupFigures;
use super::messages::{CopyStatus, MessageRow};
use super::names::Text;
use super::parts::{EncodingFigures, PartRow};
use super::processing::HostLoad;
use super::queues::QueueRow;
use super::reading::{MailboxRow, MailboxSessionRow, ReadingRow, Stock};
use super::reasons::ReasonRow;
use super::replies::{DuplicateRow, LostReplyRow};
use super::smtp_sessions::SessionRow;
use super::storms::{RateRow, StormRow};
use super::survival::SurvivalRow;
use super::web::{WebPageRow, WebRequestRow};
use super::windows::WindowRow;
use crate::base::calendar::UnixTime;
use crate::base::hash::Digest;
use crate::base::time::SimTime;

/// The rows of a run: all that a chart needs, and all that a result folder's tables hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// When the run ended.
    pub end: SimTime,
    /// Copies of messages, by the time of composition.
    pub messages: Vec<MessageRow>,
    /// Attempts to pass copies on, by the time of their start.
    pub attempts: Vec<AttemptRow>,
    /// Why attempts ended, and copies that reached nobody, by server and destination.
    pub reasons: Vec<ReasonRow>,
    /// Attempts by minute and destination.
    pub attempt_rates: Vec<RateRow>,
    /// What outages left behind, by the time of their begin.
    pub storms: Vec<StormRow>,
    /// Replies that their client did not learn of, by the time of acceptance.
    pub lost_replies: Vec<LostReplyRow>,
    /// Deliveries into a mailbox that had the copy, by time.
    pub duplicates: Vec<DuplicateRow>,
    /// SMTP sessions, by the time of their begin.
    pub smtp_sessions: Vec<SessionRow>,
    /// Changes of queue lengths by destination, by time.
    pub queue_destinations: Vec<DestinationRow>,
    /// The survival curves of queued mail, by server and age.
    pub survival: Vec<SurvivalRow>,
    /// DNS questions, by the time of asking.
    pub dns_queries: Vec<DnsRow>,
    /// What caches of names found, by host and level.
    pub caches: Vec<CacheRow>,
    /// What servers of names were asked, by host.
    pub dns_servers: Vec<DnsServerRow>,
    /// TCP connections, by the time of opening.
    pub connections: Vec<ConnectionRow>,
    /// Changes of queue lengths, by time.
    pub queue: Vec<QueueRow>,
    /// Parts of messages that are MIME, by the time of composition.
    pub parts: Vec<PartRow>,
    /// Sessions of users with their mailboxes, by the time of their begin.
    pub mailbox_sessions: Vec<MailboxSessionRow>,
    /// Messages that were shown to users, by time.
    pub readings: Vec<ReadingRow>,
    /// Changes of what is in mailboxes, by time.
    pub mailboxes: Vec<MailboxRow>,
    /// Link directions, by name.
    pub links: Vec<LinkRow>,
    /// Faults, by the time of their begin.
    pub faults: Vec<FaultRow>,
    /// What people did, by time and user; none where nobody did anything.
    pub person_actions: Option<Vec<ActionRow>>,
    /// Uses of rules of conduct, by server and rule; none without any.
    pub conduct: Option<Vec<ConductRow>>,
    /// What browsers wanted, by time; none when nobody browsed.
    pub web_requests: Option<Vec<WebRequestRow>>,
    /// Pages, by the time of asking; none likewise.
    pub web_pages: Option<Vec<WebPageRow>>,
    /// Who said how much when on the connections that have transcripts; none without these. A recorder
    /// keeps none: they are counted by the lines of the transcripts.
    pub dialogues: Option<Vec<DialogueRow>>,
    /// Changes of TCP's windows, by time; none when nobody asked for them. A recorder keeps
    /// none: they are read back from their table.
    pub cwnd: Option<Vec<WindowRow>>,
}

/// Numbers of a run that no table holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) cache: CacheCounts,
    pub(super) dropped_at_hosts: u64,
    pub(super) turned_away: u64,
    pub(super) lookups: LookupFigures,
    pub(super) stays: Vec<Stay>,
    pub(super) encodings: EncodingFigures,
    pub(super) stock: Stock,
}

/// What one server took and what became of it, in copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerBalance {
    /// The server.
    pub server: Text,
    /// Copies for which it answered 250, and bounces that it made.
    pub accepted: u64,
    /// Copies that it stored in a mailbox.
    pub delivered: u64,
    /// Copies that another server took from it.
    pub relayed: u64,
    /// Copies that it gave up.
    pub given_up: u64,
    /// Copies that it turned into others.
    pub expanded: u64,
    /// Copies that it ended by its stated policy.
    pub discarded: u64,
    /// Copies that it holds at the end.
    pub queued: u64,
    /// The last length that it reported of its queue.
    pub queue_length: Option<u32>,
}

/// All that a run amounted to.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The calendar time of t = 0.
    pub start: UnixTime,
    /// The fingerprint of the trace.
    pub fingerprint: Digest,
    /// Events of the trace.
    pub trace_events: u64,
    /// The rows.
    pub tables: Tables,
    /// What was said, by protocol, client and the client's count of connections.
    pub dialogues: Vec<Dialogue>,
    /// Connections whose dialogues were not kept.
    pub dialogues_left_out: u64,
    /// The balances of the servers, in the order of hosts.
    pub servers: Vec<ServerBalance>,
    /// How busy the hosts were whose requests take time, in their order.
    pub hosts: Vec<HostLoad>,
    pub(super) counts: Counts,
    pub(super) violations: Vec<String>,
}

impl RunRecord {
    /// Audits the run: the phases of every copy sum to its time, nothing was lost, and every
    /// server's books balance.
    ///
    /// # Errors
    /// A text that names what does not hold, one line each, at most twenty. It means a
    /// mistake in the simulator, never in the scenario.
    pub fn check(&self) -> Result<(), String> {
        let mut wrong = self.violations.clone();
        wrong.extend(self.tables.messages.iter().filter_map(|row| phases_fault(row, self.tables.end)));
        wrong.extend(self.servers.iter().filter_map(server_fault));
        wrong.extend(self.total_fault());
        wrong.truncate(20);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// In total: what entered the net of servers (accepted first by some server) has been
    /// delivered, was given up, or is queued.
    fn total_fault(&self) -> Option<String> {
        let entered = self.tables.messages.iter().filter(|row| row.accepted.is_some()).count();
        let left = self.tables.messages.iter().filter(|row| match row.status {
            CopyStatus::Delivered | CopyStatus::Bounced | CopyStatus::Dropped | CopyStatus::Queued => true,
            CopyStatus::Expanded | CopyStatus::Discarded => true,
            CopyStatus::Refused | CopyStatus::Outbox => false,
        });
        let left = left.count();
        (entered != left).then(|| {
            format!("{entered} copies were accepted, but {left} are delivered, given up, expanded, discarded or queued")
        })
    }
}

/// Why the times of a copy do not add up.
fn phases_fault(row: &MessageRow, run_end: SimTime) -> Option<String> {
    let end = row.ended.unwrap_or(run_end);
    let life = end.as_nanos().checked_sub(row.composed.as_nanos());
    if life != Some(row.phases_sum().as_nanos()) {
        return Some(format!(
            "{} for {}: its phases sum to {} s, but it was composed at {} s and ended at {end} s",
            row.message,
            row.to,
            row.phases_sum(),
            row.composed
        ));
    }
    let latency = row.latency()?;
    (latency != row.phases_before_mailbox()).then(|| {
        format!(
            "{} for {}: its phases before the mailbox sum to {} s, but its latency is {latency} s",
            row.message,
            row.to,
            row.phases_before_mailbox()
        )
    })
}

/// Why a server's books do not balance.
fn server_fault(server: &ServerBalance) -> Option<String> {
    let ServerBalance { server: name, accepted, delivered, relayed, given_up, expanded, discarded, .. } = server;
    let ServerBalance { queued, queue_length, .. } = server;
    if *accepted != delivered + relayed + given_up + expanded + discarded + queued {
        return Some(format!(
            "{name} accepted {accepted} copies, but delivered {delivered}, passed on {relayed}, gave up {given_up}, \
             expanded {expanded}, discarded {discarded} and holds {queued}"
        ));
    }
    let reported = u64::from(queue_length.unwrap_or(0));
    (reported != *queued)
        .then(|| format!("{name} is responsible for {queued} copies, but reports a queue of {reported}"))
}

#[cfg(test)]
mod tests {
    use crate::base::trace::Phase;
    use crate::metrics::testing::Script;
    use crate::metrics::{CopyStatus, Metric};

    const S: u64 = 1_000_000_000;

    /// Breaks when a phase is lost, counted twice, or runs on after the copy's end.
    #[test]
    fn phases_sum_to_the_life_of_a_copy() {
        let mut script = Script::two_domains();
        script.one_message("<1@crepes.fr>", 10 * S);
        let record = script.finish(400 * S);
        assert_eq!(record.check(), Ok(()));
        let row = &record.tables.messages[0];
        assert_eq!(row.status, CopyStatus::Delivered);
        assert_eq!(row.latency().unwrap().as_nanos(), 6 * S + 7);
        assert_eq!(row.phases_sum().as_nanos(), 96 * S + 7, "until retrieved, not until the end");
        let spent: Vec<u64> = row.phases.iter().map(|spent| spent.as_nanos()).collect();
        assert_eq!(spent, [S, 2 * S, 0, S, S, S, 7, 0, 89 * S, S]);
        assert_eq!(record.metrics()["latency.mean_s"], Metric::Float(6.000_000_007));
    }

    /// Breaks when a duplicate after a lost reply changes the first delivery's times.
    #[test]
    fn a_duplicate_is_counted_and_changes_no_time() {
        let mut script = Script::two_domains();
        let (id, to) = ("<1@crepes.fr>", "bob@hamburger.edu");
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.accept("crepes.fr", S, id, to).queue("crepes.fr", S, 1);
        script.attempt("crepes.fr", S, id, to, 1);
        script.accept("hamburger.edu", 2 * S, id, to).deliver("hamburger.edu", 2 * S, id, to);
        script.defer("crepes.fr", 3 * S, id, to, 1, 5 * S);
        script.phase("crepes.fr", 3 * S, id, to, Phase::WaitingForRetry);
        script.attempt("crepes.fr", 5 * S, id, to, 2).phase("crepes.fr", 5 * S, id, to, Phase::Dialogue);
        script.accept("hamburger.edu", 6 * S, id, to).deliver("hamburger.edu", 6 * S, id, to);
        script.complete("crepes.fr", 6 * S, id, to, 2).queue("crepes.fr", 6 * S, 0);
        let record = script.finish(10 * S);
        assert_eq!(record.check(), Ok(()));
        let row = &record.tables.messages[0];
        assert_eq!((row.duplicates, row.attempts), (1, 2));
        assert_eq!(row.latency().unwrap().as_nanos(), 2 * S);
        assert_eq!(row.phases_sum().as_nanos(), 10 * S);
        assert_eq!(record.metrics()["messages.duplicates"], Metric::Integer(1));
    }

    /// Breaks when two attempts of one server at one copy, accepted twice, are taken for one.
    #[test]
    fn a_copy_accepted_twice_may_be_under_way_twice() {
        let mut script = Script::two_domains();
        let (id, to) = ("<1@crepes.fr>", "bob@hamburger.edu");
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.accept("crepes.fr", S, id, to).attempt("crepes.fr", S, id, to, 1);
        script.accept("crepes.fr", 2 * S, id, to).attempt("crepes.fr", 2 * S, id, to, 1);
        script.defer("crepes.fr", 3 * S, id, to, 1, 5 * S).defer("crepes.fr", 4 * S, id, to, 1, 6 * S);
        script.queue("crepes.fr", 4 * S, 2);
        let record = script.finish(4 * S);
        assert_eq!(record.check(), Ok(()));
        let nexts: Vec<_> = record.tables.attempts.iter().map(|row| row.next.unwrap().as_nanos()).collect();
        assert_eq!(nexts, [5 * S, 6 * S]);
    }

    /// Would break if fetching what was never sent went unseen, or what a user agent put into a
    /// mailbox itself were taken for that.
    #[test]
    fn what_is_fetched_was_delivered_or_put_there() {
        let fetched = |appended: &[(&str, &str)]| {
            let mut script = Script::two_domains();
            for (message, mailbox) in appended {
                script.append("hamburger.edu", S, message, mailbox);
            }
            script.retrieve(2 * S, "<1@x>", "bob@hamburger.edu");
            script.finish(3 * S).check()
        };
        assert_eq!(fetched(&[("<1@x>", "bob@hamburger.edu")]), Ok(()));
        for other in [&[][..], &[("<2@x>", "bob@hamburger.edu")], &[("<1@x>", "carol@hamburger.edu")]] {
            assert!(fetched(other).unwrap_err().contains("never delivered"), "{other:?}");
        }
    }

    /// Breaks when the audit believes a server that loses a copy or invents one.
    #[test]
    fn a_lost_copy_is_found() {
        let (id, to) = ("<1@crepes.fr>", "bob@hamburger.edu");
        let mut script = Script::two_domains();
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.accept("crepes.fr", S, id, to).queue("crepes.fr", S, 1);
        script.attempt("crepes.fr", S, id, to, 1).complete("crepes.fr", 2 * S, id, to, 1);
        let error = script.finish(9 * S).check().unwrap_err();
        assert!(error.contains("accepted and then lost"), "{error}");

        let mut script = Script::two_domains();
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.deliver("hamburger.edu", 2 * S, id, to);
        let error = script.finish(9 * S).check().unwrap_err();
        assert!(error.contains("did not hold it"), "{error}");

        let mut script = Script::two_domains();
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.accept("crepes.fr", S, id, to).queue("crepes.fr", S, 0);
        let error = script.finish(9 * S).check().unwrap_err();
        assert!(error.contains("reports a queue of 0"), "{error}");

        let mut script = Script::two_domains();
        script.accept("crepes.fr", S, id, to);
        let error = script.finish(9 * S).check().unwrap_err();
        assert!(error.contains("never composed"), "{error}");
    }

    /// Breaks when a copy given up goes on ageing, or its bounce counts as a message.
    #[test]
    fn a_copy_given_up_ends_there() {
        let (id, to) = ("<1@crepes.fr>", "bob@hamburger.edu");
        let mut script = Script::two_domains();
        script.compose("pc", 0, id, "alice@crepes.fr", to);
        script.accept("crepes.fr", S, id, to).attempt("crepes.fr", S, id, to, 1);
        script.bounce("crepes.fr", 4 * S, id, to, "<2@crepes.fr>", "alice@crepes.fr");
        script.accept("crepes.fr", 4 * S, "<2@crepes.fr>", "alice@crepes.fr");
        script.deliver("crepes.fr", 4 * S, "<2@crepes.fr>", "alice@crepes.fr");
        script.compose("pc", 5 * S, "<3@crepes.fr>", "alice@crepes.fr", to);
        let record = script.finish(9 * S);
        assert_eq!(record.check(), Ok(()));
        let statuses: Vec<_> = record.tables.messages.iter().map(|row| row.status).collect();
        assert_eq!(statuses, [CopyStatus::Bounced, CopyStatus::Delivered, CopyStatus::Outbox]);
        assert_eq!(record.tables.messages[0].phases_sum().as_nanos(), 4 * S);
        let metrics = record.metrics();
        assert_eq!(metrics["messages.bounced"], Metric::Integer(1));
        assert_eq!(metrics["messages.delivered"], Metric::Integer(0));
        assert_eq!(metrics["bounces.delivered"], Metric::Integer(1));
        assert!(!metrics.contains_key("latency.mean_s"), "nothing delivered, no mean");
    }

    /// Breaks when some order of acceptance, loss, duplicates and giving up makes a phase
    /// overlap another or run past the copy's end. Times repeat, as they do in a run.
    #[test]
    fn phases_sum_in_any_order_of_events() {
        let (id, to) = ("<1@crepes.fr>", "bob@hamburger.edu");
        let mut state = 1_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for case in 0..2_000 {
            let mut script = Script::two_domains();
            script.compose("pc", 0, id, "alice@crepes.fr", to);
            let (mut at, mut attempt, mut delivered) = (0, 0, false);
            for _ in 0..draw(25) {
                at += draw(3) * draw(1_000_000_007);
                let server = ["crepes.fr", "hamburger.edu"][usize::try_from(draw(2)).unwrap()];
                match draw(7) {
                    0 => script.accept(server, at, id, to),
                    1 => {
                        delivered = true;
                        script.deliver(server, at, id, to)
                    }
                    2 => {
                        attempt += 1;
                        script.attempt(server, at, id, to, attempt)
                    }
                    3 => script.complete(server, at, id, to, attempt),
                    4 => script.give_up(server, at, id, to),
                    5 if delivered => script.retrieve(at, id, to),
                    _ => {
                        let phases = if delivered { 10 } else { 8 };
                        script.phase(server, at, id, to, Phase::ALL[usize::try_from(draw(phases)).unwrap()])
                    }
                };
            }
            let record = script.finish(at + draw(S));
            let row = &record.tables.messages[0];
            assert_eq!(super::phases_fault(row, record.tables.end), None, "case {case}: {row:?}");
        }
    }
}
