//! Replies that were lost, and the duplicates that came of them.
//!
//! A server that answered 250 to a message has it. A client that never hears this must take the
//! message for not delivered and send it again (RFC 5321 6.1, RFC 1047); then there are two.
//! A reply counts as lost when the attempt over whose connection the copy was accepted did not
//! end as completed. A user agent makes no attempts that the trace tells; its reply was lost
//! when it handed the same copy to the same server once more, or gave up.
//!
//! Each delivery into a mailbox that had the copy already has its reason: such a reply on the
//! copy's way, or on that of what it was expanded from; or two ways that led to one mailbox,
//! such as a list and the member's own address. Whoever sends from outside the simulation may
//! send twice as he likes. Anything else is a mistake of the simulator.

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
        /// A program outside the simulation sent it again.
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

#[derive(Clone, Copy, Debug)]
struct Acceptance {
    copy: CopyId,
    server: HostId,
    conn: ConnId,
    at: SimTime,
    /// The client heard of it.
    heard: bool,
    /// The client took it for failed: when, and why.
    missed: Option<(SimTime, Option<&'static str>)>,
}

#[derive(Clone, Copy, Debug)]
struct Again {
    copy: CopyId,
    server: HostId,
    mailbox: NameId,
    first: SimTime,
    again: SimTime,
}

/// The acceptances of a run, and the deliveries that were not the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    acceptances: Vec<Acceptance>,
    by_conn: FxHashMap<(CopyId, ConnId), usize>,
    by_copy: FxHashMap<CopyId, SmallVec<[usize; 2]>>,
    again: Vec<Again>,
}

impl Replies {
    /// A server took a copy that came over a connection.
    pub(super) fn accepted(&mut self, copy: CopyId, server: HostId, conn: ConnId, at: SimTime) {
        let before = self.by_copy.entry(copy).or_default();
        for index in before.iter() {
            let earlier = &mut self.acceptances[*index];
            // The same two hosts once more.
            if !earlier.heard && earlier.server == server && earlier.conn.host == conn.host {
                earlier.missed.get_or_insert((at, None));
            }
        }
        before.push(self.acceptances.len());
        self.by_conn.insert((copy, conn), self.acceptances.len());
        self.acceptances.push(Acceptance { copy, server, conn, at, heard: false, missed: None });
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
    pub(super) fn delivered_again(&mut self, copy: CopyId, place: (HostId, NameId), first: SimTime, again: SimTime) {
        let (server, mailbox) = place;
        self.again.push(Again { copy, server, mailbox, first, again });
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
        let lost = |acceptance: &&Acceptance| !acceptance.heard && acceptance.missed.is_some();
        let mut lost_rows = Vec::new();
        let mut by_copy: FxHashMap<CopyId, Vec<Acceptance>> = FxHashMap::default();
        for acceptance in self.acceptances.iter().filter(lost) {
            by_copy.entry(acceptance.copy).or_default().push(*acceptance);
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
        for again in &self.again {
            let way = copies.way(again.copy);
            let lost = way.iter().filter_map(|copy| by_copy.get(copy)).flatten();
            let lost = lost.filter(|lost| lost.at <= again.again).max_by_key(|lost| (lost.at, lost.conn));
            let cause = match lost {
                Some(_) => DuplicateCause::LostReply,
                None if copies.has_two_ways(again.copy) => DuplicateCause::TwoWays,
                None if way.iter().any(|copy| copies.is_from_outside(*copy)) => DuplicateCause::SentAgain,
                None => DuplicateCause::Unexplained,
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
