//! Replies that were lost, and the duplicates that came of them.
//!
//! A server that answered 250 to a message has it. A client that never hears this must take the
//! message for not delivered and send it again (RFC 5321 6.1, RFC 1047); then there are two.
//! A reply counts as lost when the attempt over whose connection the copy was accepted did not
//! end as completed. A user agent makes no attempts that the trace tells; its reply was lost
//! when it handed the same copy to the same server once more, or gave up.
//!
//! Each delivery into a mailbox that had the copy already has its reason. Its way is followed back, from
//! acceptance to acceptance: where the same client handed the same copy over twice, since it did not learn of
//! the first time, that reply was lost, and it explains one delivery there. Else two ways led to the mailbox, such as a
//! list and the member's own address. Whoever sends from outside the simulation may send twice as he likes,
//! and what he heard is not known. Anything else is a mistake of the simulator.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::attempts::Attempts;
use super::copies::Copies;
use super::copy::CopyId;
use super::names::{NameId, Names, Text};
use super::words::named;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::time::SimTime;

named! {
    /// Why a copy came into a mailbox once more.
    DuplicateCause {
        /// A 250 was lost, so the message was sent again.
        LostReply = "lost_reply",
        /// Two ways led to the mailbox, such as a list and the recipient's own address.
        TwoWays = "two_ways",
        /// A program outside the simulation sent it again, or another message with its Message-ID.
        SentAgain = "sent_again",
        /// None of these: a mistake.
        Unexplained = "unexplained",
    }
}

/// A 250 that its client did not learn of: a row of the table `lost_replies`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostReplyRow {
    /// Message-ID.
    pub message: Text,
    /// The recipient.
    pub to: Text,
    /// The server that took the copy.
    pub server: Text,
    /// The host that handed it over.
    pub client: Text,
    /// The connection.
    pub connection: Text,
    /// When the server took it.
    pub accepted: SimTime,
    /// When the client took it for failed, or sent it again.
    pub noticed: SimTime,
    /// The kind of trouble that the client saw; none for a user agent, whose the trace does not tell.
    pub reason: Option<Text>,
}

/// A delivery into a mailbox that had the copy already: a row of the table `duplicates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateRow {
    /// Message-ID.
    pub message: Text,
    /// The recipient.
    pub to: Text,
    /// The mailbox.
    pub mailbox: Text,
    /// The server that stored it.
    pub server: Text,
    /// When it was stored first.
    pub first: SimTime,
    /// When it was stored again.
    pub again: SimTime,
    /// Why.
    pub cause: DuplicateCause,
    /// The connection on which the reply was lost.
    pub connection: Option<Text>,
}

/// The index of an acceptance among those of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AcceptanceId(usize);

#[derive(Clone, Copy, Debug)]
struct Acceptance {
    copy: CopyId,
    server: HostId,
    conn: ConnId,
    at: SimTime,
    /// How the client had come by it, if it was a server.
    before: Option<AcceptanceId>,
    /// It came from outside the simulation.
    outside: bool,
    /// The client heard of it.
    heard: bool,
    /// The client took it for failed: when, and why.
    missed: Option<(SimTime, Option<&'static str>)>,
}

#[derive(Clone, Copy, Debug)]
struct Again {
    copy: CopyId,
    by: Option<AcceptanceId>,
    server: HostId,
    mailbox: NameId,
    first: SimTime,
    again: SimTime,
}

impl Acceptance {
    /// Its reply did not reach the client.
    const fn is_lost(&self) -> bool {
        !self.heard && self.missed.is_some()
    }
}

/// The acceptances of a run, and the deliveries that were not the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    acceptances: Vec<Acceptance>,
    by_conn: FxHashMap<(CopyId, ConnId), usize>,
    by_copy: FxHashMap<CopyId, SmallVec<[usize; 2]>>,
    /// Copies that come from outside and are about to be accepted.
    handed_in: FxHashSet<CopyId>,
    again: Vec<Again>,
}

/// How it came that a mailbox got a copy once more, as its way shows.
enum Shown {
    /// The reply to this acceptance was lost.
    Lost(AcceptanceId),
    /// The same was handed in from outside before.
    SentAgain,
}

impl Replies {
    /// A copy comes from outside the simulation: its acceptance follows.
    pub(super) fn handed_in(&mut self, copy: CopyId) {
        self.handed_in.insert(copy);
    }

    /// A server took a copy that came over a connection.
    pub(super) fn accepted(
        &mut self,
        copy: CopyId,
        (server, conn): (HostId, ConnId),
        before: Option<AcceptanceId>,
        at: SimTime,
    ) -> AcceptanceId {
        let outside = self.handed_in.remove(&copy);
        let known = self.by_copy.entry(copy).or_default();
        for index in known.iter().filter(|_| !outside) {
            let earlier = &mut self.acceptances[*index];
            // The same two hosts once more.
            if !earlier.heard && !earlier.outside && earlier.server == server && earlier.conn.host == conn.host {
                earlier.missed.get_or_insert((at, None));
            }
        }
        let id = self.acceptances.len();
        known.push(id);
        self.by_conn.insert((copy, conn), id);
        self.acceptances.push(Acceptance { copy, server, conn, at, before, outside, heard: false, missed: None });
        AcceptanceId(id)
    }

    /// An attempt ended over a connection: completed, or by this trouble.
    pub(super) fn attempted(&mut self, copy: CopyId, conn: ConnId, trouble: Option<&'static str>, at: SimTime) {
        let Some(index) = self.by_conn.get(&(copy, conn)) else { return };
        let acceptance = &mut self.acceptances[*index];
        match trouble {
            None => acceptance.heard = true,
            Some(_) => acceptance.missed = Some((at, trouble)),
        }
    }

    /// A user agent gave a copy up.
    pub(super) fn refused(&mut self, copy: CopyId, by: HostId, at: SimTime) {
        for index in self.by_copy.get(&copy).into_iter().flatten() {
            let acceptance = &mut self.acceptances[*index];
            if acceptance.conn.host == by && !acceptance.heard {
                acceptance.missed.get_or_insert((at, None));
            }
        }
    }

    /// A copy was stored in a mailbox that had it.
    pub(super) fn delivered_again(
        &mut self,
        (copy, by): (CopyId, Option<AcceptanceId>),
        (server, mailbox): (HostId, NameId),
        first: SimTime,
        again: SimTime,
    ) {
        self.again.push(Again { copy, by, server, mailbox, first, again });
    }

    /// Follows the way of a copy back to where the same client had handed the same over before. What already
    /// explains another delivery of the copy is not taken again.
    fn follow_back(&self, again: &Again, explained: &FxHashSet<(CopyId, AcceptanceId)>) -> Option<Shown> {
        let mut next = again.by;
        while let Some(id) = next {
            let here = &self.acceptances[id.0];
            let known = self.by_copy.get(&here.copy).into_iter().flatten().rev().copied();
            for other in known.filter(|other| *other != id.0) {
                // The other may have gone another way, to a backup exchanger, and be here already.
                let (earlier, other) = (AcceptanceId(other.min(id.0)), &self.acceptances[other]);
                if other.conn.host != here.conn.host || other.at > again.again {
                    continue;
                }
                if other.outside && here.outside {
                    return Some(Shown::SentAgain);
                }
                if self.acceptances[earlier.0].is_lost() && !explained.contains(&(again.copy, earlier)) {
                    return Some(Shown::Lost(earlier));
                }
            }
            // Each came before the one that follows from it, so this ends.
            next = here.before.filter(|before| *before < id);
        }
        None
    }

    /// Whether the way of a delivery begins outside the simulation.
    fn begins_outside(&self, again: &Again) -> bool {
        let before = |id: &AcceptanceId| self.acceptances[id.0].before.filter(|before| before < id);
        std::iter::successors(again.by, before).any(|id| self.acceptances[id.0].outside)
    }

    /// Attempts may end before the server takes what they sent: then the end is found among them.
    fn look_back(&mut self, attempts: &Attempts) {
        let open = |acceptance: &&Acceptance| !acceptance.heard && acceptance.missed.is_none();
        let wanted: FxHashSet<(CopyId, ConnId)> =
            self.acceptances.iter().filter(open).map(|acceptance| (acceptance.copy, acceptance.conn)).collect();
        if wanted.is_empty() {
            return;
        }
        for (copy, conn, at, trouble) in attempts.troubles() {
            if wanted.contains(&(copy, conn)) {
                self.attempted(copy, conn, Some(trouble), at);
            }
        }
    }

    /// The rows, sorted.
    pub(super) fn finish(
        mut self,
        names: &mut Names,
        directory: &Directory,
        (copies, attempts): (&Copies, &Attempts),
    ) -> (Vec<LostReplyRow>, Vec<DuplicateRow>) {
        self.look_back(attempts);
        let mut lost_rows = Vec::new();
        for acceptance in self.acceptances.iter().filter(|acceptance| acceptance.is_lost()) {
            let Some((noticed, reason)) = acceptance.missed else { continue };
            let (message, to) = copies.names_of(acceptance.copy);
            lost_rows.push(LostReplyRow {
                message: names.text(message),
                to: names.text(to),
                server: names.share(directory.host_name(acceptance.server)),
                client: names.share(directory.host_name(acceptance.conn.host)),
                connection: names.share(&directory.conn_name(acceptance.conn)),
                accepted: acceptance.at,
                noticed,
                reason: reason.map(|reason| names.share(reason)),
            });
        }
        let mut again_rows = Vec::with_capacity(self.again.len());
        let mut explained = FxHashSet::default();
        for again in &self.again {
            let (cause, lost) = match self.follow_back(again, &explained) {
                Some(Shown::Lost(id)) => {
                    explained.insert((again.copy, id));
                    (DuplicateCause::LostReply, Some(&self.acceptances[id.0]))
                }
                Some(Shown::SentAgain) => (DuplicateCause::SentAgain, None),
                // Somebody outside took the name of a message that was composed here.
                None if !copies.is_from_outside(again.copy) && self.begins_outside(again) => {
                    (DuplicateCause::SentAgain, None)
                }
                None if copies.has_two_ways(again.copy) => (DuplicateCause::TwoWays, None),
                None if copies.way(again.copy).iter().any(|copy| copies.is_from_outside(*copy)) => {
                    (DuplicateCause::SentAgain, None)
                }
                None => (DuplicateCause::Unexplained, None),
            };
            let (message, to) = copies.names_of(again.copy);
            again_rows.push(DuplicateRow {
                message: names.text(message),
                to: names.text(to),
                mailbox: names.text(again.mailbox),
                server: names.share(directory.host_name(again.server)),
                first: again.first,
                again: again.again,
                cause,
                connection: lost.map(|lost| names.share(&directory.conn_name(lost.conn))),
            });
        }
        lost_rows.sort_by(|a, b| {
            (a.accepted, &a.message, &a.to, &a.connection).cmp(&(b.accepted, &b.message, &b.to, &b.connection))
        });
        again_rows
            .sort_by(|a, b| (a.again, &a.message, &a.to, &a.server).cmp(&(b.again, &b.message, &b.to, &b.server)));
        (lost_rows, again_rows)
    }
}

#[cfg(test)]
mod tests {
    use super::DuplicateCause;
    use crate::metrics::testing::{S, Script};

    const ID: &str = "<1@crepes.fr>";
    const BOB: &str = "bob@hamburger.edu";

    /// Breaks when a lost reply is taken for the cause of what came another way, or explains two deliveries.
    #[test]
    fn each_lost_reply_explains_what_followed_from_it() {
        let (mut script, list, server) = (Script::two_domains(), "list@hamburger.edu", "hamburger.edu");
        for to in [BOB, list] {
            script.compose("pc", 0, ID, "alice@crepes.fr", to).accept("crepes.fr", S, ID, to);
        }
        script.accept_over(server, 2 * S, (ID, BOB), ("crepes.fr", 1)).deliver(server, 2 * S, ID, BOB);
        script.attempt_over(2 * S, (ID, BOB), (1, 1), false);
        script.accept_over(server, 3 * S, (ID, list), ("crepes.fr", 2)).expand(server, 3 * S, (ID, list), BOB);
        script.deliver(server, 3 * S, ID, BOB).attempt_over(3 * S, (ID, list), (1, 2), true);
        script.accept_over(server, 4 * S, (ID, BOB), ("crepes.fr", 3)).deliver(server, 4 * S, ID, BOB);
        script.attempt_over(4 * S, (ID, BOB), (2, 3), true);
        let record = script.finish(5 * S);
        assert_eq!(record.violations, Vec::<String>::new());
        let causes: Vec<_> =
            record.tables.duplicates.iter().map(|row| (row.cause, row.connection.as_deref())).collect();
        assert_eq!(causes, [(DuplicateCause::TwoWays, None), (DuplicateCause::LostReply, Some("crepes.fr#1"))]);
        assert_eq!(record.tables.lost_replies.len(), 1);
    }

    /// Breaks when a copy that a backup exchanger took, unheard, has no cause when it follows.
    #[test]
    fn a_lost_reply_of_a_backup_explains_what_comes_from_there() {
        let (mut script, server) = (Script::two_domains(), "hamburger.edu");
        script.compose("pc", 0, ID, "alice@crepes.fr", BOB).accept("crepes.fr", S, ID, BOB);
        script.accept_over("ns", 2 * S, (ID, BOB), ("crepes.fr", 1)).attempt_over(2 * S, (ID, BOB), (1, 1), false);
        script.accept_over(server, 3 * S, (ID, BOB), ("crepes.fr", 2)).deliver(server, 3 * S, ID, BOB);
        script.attempt_over(3 * S, (ID, BOB), (2, 2), true);
        script.accept_over(server, 4 * S, (ID, BOB), ("ns", 1)).deliver(server, 4 * S, ID, BOB);
        let record = script.finish(5 * S);
        let causes: Vec<_> =
            record.tables.duplicates.iter().map(|row| (row.cause, row.connection.as_deref())).collect();
        assert_eq!(causes, [(DuplicateCause::LostReply, Some("crepes.fr#1"))]);
    }

    /// Breaks when who sends again from outside is taken for one who did not hear the reply.
    #[test]
    fn whoever_sends_again_from_outside_may() {
        let (mut script, server) = (Script::two_domains(), "hamburger.edu");
        for (number, at) in [(1, S), (2, 2 * S)] {
            script.hand_in(server, at, ID, BOB).accept_over(server, at, (ID, BOB), ("pc", number));
            script.deliver(server, at, ID, BOB);
        }
        let record = script.finish(5 * S);
        let causes: Vec<DuplicateCause> = record.tables.duplicates.iter().map(|row| row.cause).collect();
        assert_eq!((causes, record.tables.lost_replies.len()), (vec![DuplicateCause::SentAgain], 0));
    }

    /// Breaks when a program outside that uses the Message-ID of a message of the run makes duplicates without a cause.
    #[test]
    fn whoever_comes_from_outside_may_take_a_name() {
        let (mut script, server) = (Script::two_domains(), "hamburger.edu");
        script.compose("pc", 0, ID, "alice@crepes.fr", BOB).accept("crepes.fr", S, ID, BOB);
        script.accept_over(server, 2 * S, (ID, BOB), ("crepes.fr", 1)).deliver(server, 2 * S, ID, BOB);
        script.attempt_over(2 * S, (ID, BOB), (1, 1), true);
        script.hand_in(server, 3 * S, ID, BOB).accept_over(server, 3 * S, (ID, BOB), ("pc", 1));
        script.deliver(server, 3 * S, ID, BOB);
        let record = script.finish(5 * S);
        let causes: Vec<DuplicateCause> = record.tables.duplicates.iter().map(|row| row.cause).collect();
        assert_eq!(causes, [DuplicateCause::SentAgain]);
    }
}
