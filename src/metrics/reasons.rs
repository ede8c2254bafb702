//! Why attempts and copies ended as they did, counted by server, destination, kind of trouble,
//! reply code and enhanced status code.

use rustc_hash::FxHashMap;

use super::names::{NameId, Names, Text};
use super::words::{self, named};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimTime;
use crate::base::trace::{Failure, FailureKind};

named! {
    /// What ended: an attempt, or a copy.
    Outcome {
        /// An attempt: the next server took the copy.
        Completed = "completed",
        /// An attempt: the copy stayed in the queue.
        Deferred = "deferred",
        /// An attempt: the copy was not tried again.
        Failed = "failed",
        /// A copy: given up, the sender told by a bounce.
        Bounced = "bounced",
        /// A copy: given up, nobody told.
        Dropped = "dropped",
        /// An attempt of a user agent: the copy stayed in its outbox.
        Postponed = "postponed",
        /// A copy: the user agent could not submit it.
        Refused = "refused",
        /// A copy: ended by stated policy.
        Discarded = "discarded",
    }
}

/// Like ends of attempts or copies: a row of the table `reasons`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonRow {
    /// The server, or the user agent's host, that saw the end.
    pub server: Text,
    /// The recipients' domain, in lower case.
    pub destination: Text,
    /// How they ended.
    pub outcome: Outcome,
    /// The kind of trouble, or the policy that ended a copy.
    pub reason: Option<Text>,
    /// The SMTP reply code, when a reply was the trouble.
    pub reply_code: Option<u16>,
    /// The enhanced status code, when the reply's text begins with one, or the server's own reason does.
    pub enhanced: Option<Text>,
    /// How many.
    pub count: u64,
    /// The first.
    pub first: SimTime,
    /// The last.
    pub last: SimTime,
}

/// An enhanced status code (RFC 3463 2).
pub(super) type Enhanced = (u8, u16, u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    server: HostId,
    destination: NameId,
    outcome: Outcome,
    reason: Option<FailureKind>,
    code: u16,
    enhanced: Option<Enhanced>,
    /// Of what a policy ended: which one.
    policy: Option<NameId>,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    count: u64,
    first: SimTime,
    last: SimTime,
}

/// The counts of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Reasons {
    tallies: Vec<(Key, Tally)>,
    index: FxHashMap<Key, usize>,
}

impl Reasons {
    /// Counts an end. `place` is the server and the recipient's domain.
    pub(super) fn count(
        &mut self,
        place: (HostId, NameId),
        outcome: Outcome,
        failure: Option<&Failure<'_>>,
        at: SimTime,
    ) {
        let (server, destination) = place;
        let code = failure.map_or(0, |failure| failure.code);
        let key = Key {
            server,
            destination,
            outcome,
            reason: failure.map(|failure| failure.kind),
            code,
            enhanced: failure.and_then(enhanced_of),
            policy: None,
        };
        self.add(key, at);
    }

    /// Counts a copy that a stated policy ended.
    pub(super) fn discarded(&mut self, (server, destination): (HostId, NameId), policy: NameId, at: SimTime) {
        let (outcome, policy) = (Outcome::Discarded, Some(policy));
        self.add(Key { server, destination, outcome, reason: None, code: 0, enhanced: None, policy }, at);
    }

    fn add(&mut self, key: Key, at: SimTime) {
        let index = *self.index.entry(key).or_insert_with(|| {
            self.tallies.push((key, Tally { count: 0, first: at, last: at }));
            self.tallies.len() - 1
        });
        let (_, tally) = &mut self.tallies[index];
        tally.count += 1;
        tally.last = at;
    }

    /// The rows, sorted.
    pub(super) fn finish(self, names: &mut Names, directory: &Directory) -> Vec<ReasonRow> {
        let row = |(key, tally): &(Key, Tally)| ReasonRow {
            server: names.share(directory.host_name(key.server)),
            destination: names.text(key.destination),
            outcome: key.outcome,
            reason: match key.reason {
                Some(kind) => Some(names.share(words::failure(kind))),
                None => key.policy.map(|policy| names.text(policy)),
            },
            reply_code: Some(key.code).filter(|code| *code != 0),
            enhanced: key.enhanced.map(|(class, subject, detail)| names.share(&format!("{class}.{subject}.{detail}"))),
            count: tally.count,
            first: tally.first,
            last: tally.last,
        };
        let mut rows: Vec<ReasonRow> = self.tallies.iter().map(row).collect();
        rows.sort_by(|a, b| {
            let key = |row: &ReasonRow| (row.server.clone(), row.destination.clone(), row.outcome, row.reason.clone());
            (key(a), a.reply_code, &a.enhanced).cmp(&(key(b), b.reply_code, &b.enhanced))
        });
        rows
    }
}

/// The enhanced status code of a failure: that of the reply, or of what no reply said but RFC 3463 has a code for.
pub(super) fn enhanced_of(failure: &Failure<'_>) -> Option<Enhanced> {
    let own = matches!(failure.kind, FailureKind::NoMailServer | FailureKind::Unsendable);
    (own || failure.code > 0).then(|| enhanced(failure.text)).flatten()
}

/// The enhanced status code with which a reply's text begins (RFC 2034 4): class, subject and
/// detail, the latter two of at most three digits.
fn enhanced(text: &str) -> Option<Enhanced> {
    let first = text.split_once(' ').map_or(text, |(first, _)| first);
    let mut parts = first.split('.');
    let mut number = |most: usize| {
        let digits = parts.next().filter(|digits| (1..=most).contains(&digits.len()))?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
    let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
    parts.next().is_none().then_some((class, subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::directory;

    #[test]
    fn enhanced_codes_are_recognised() {
        assert_eq!(enhanced("4.7.1 greylisted"), Some((4, 7, 1)));
        assert_eq!(enhanced("5.1.1"), Some((5, 1, 1)));
        for none in ["", "greylisted", "3.1.1 x", "5.1 x", "5.1.1.1 x", "5.1.1234 x", "5..1 x", "55.1.1 x", "5.+1.1"] {
            assert_eq!(enhanced(none), None, "{none}");
        }
    }

    /// RFC 7505 4.2. Breaks when what no server said is counted as a reply, or a sentence as a code.
    #[test]
    fn codes_that_no_reply_said_are_known() {
        let of = |kind, code, text| enhanced_of(&Failure { kind, code, text });
        assert_eq!(of(FailureKind::NoMailServer, 0, "5.1.10 h.edu accepts no mail"), Some((5, 1, 10)));
        assert_eq!(of(FailureKind::Unsendable, 0, "5.6.7 no"), Some((5, 6, 7)));
        assert_eq!(of(FailureKind::NoMailServer, 0, "h.edu has no address"), None);
        assert_eq!(of(FailureKind::ConnectionLost, 0, "5.0.0"), None);
    }

    /// Breaks when like ends are not counted together, or unlike ones are.
    #[test]
    fn ends_are_counted_by_what_tells_them_apart() {
        let (mut reasons, mut names) = (Reasons::default(), Names::default());
        let place = (HostId(0), names.id("hamburger.edu"));
        let failure = |kind, code, text| Failure { kind, code, text };
        let grey = failure(FailureKind::Reply, 450, "4.7.1 greylisted, 299 s left");
        let later = failure(FailureKind::Reply, 450, "4.7.1 greylisted, 12 s left");
        let busy = failure(FailureKind::Reply, 450, "busy");
        for (second, failure) in [(1, &grey), (2, &busy), (9, &later)] {
            reasons.count(place, Outcome::Deferred, Some(failure), SimTime::from_nanos(second));
        }
        reasons.count(place, Outcome::Completed, None, SimTime::from_nanos(10));
        let rows = reasons.finish(&mut names, &directory());
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.outcome.name(), row.reply_code, row.enhanced.as_deref(), row.count, row.last.as_nanos()))
            .collect();
        let expected = [
            ("completed", None, None, 1, 10),
            ("deferred", Some(450), None, 1, 2),
            ("deferred", Some(450), Some("4.7.1"), 2, 9),
        ];
        assert_eq!(seen, expected);
    }
}
