//! What a [`Witness`](super::Witness) writes down: the events of the trace that no table holds one by
//! one, with names in place of handles.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;

use super::blame::{Blame, Refusal};
use crate::base::socket::{CloseReason, Side};
use crate::base::time::{SimDuration, SimTime};
use crate::base::trace::{CacheResult, ConductAction, DnsAnswerKind, DropReason, Protocol, RetransmitReason};

/// Something about the message.
#[derive(Clone, Debug)]
pub(super) struct MailNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) to: String,
    pub(super) what: MailWhat,
}

#[derive(Clone, Debug)]
pub(super) enum MailWhat {
    /// A server took it.
    Accepted { queue_id: String, conn: Option<String> },
    /// The user agent keeps it.
    Postponed { kind: String, code: u16, text: String, next: SimTime },
    /// It became one of 7 bits.
    Downgraded { before: u64, after: u64 },
    /// It came into that mailbox.
    Delivered { mailbox: String },
    /// Its reader got it.
    Retrieved { mailbox: String, conn: String },
    /// Its reader deleted it on the server.
    Deleted { mailbox: String },
    /// It was made of the copy for somebody else.
    Redirected,
    /// A policy ended it.
    Discarded { why: String },
}

/// A server or a user agent gave a copy up.
#[derive(Clone, Debug)]
pub(super) struct EndNote {
    pub(super) at: SimTime,
    pub(super) to: String,
    /// The reply code, or 0.
    pub(super) code: u16,
    pub(super) text: String,
}

/// A rule of conduct did something.
#[derive(Clone, Debug)]
pub(super) struct ConductNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) rule: String,
    pub(super) conn: String,
    pub(super) at_command: String,
    pub(super) action: ConductAction,
    pub(super) effect: bool,
    pub(super) delay: SimDuration,
    pub(super) client: IpAddr,
    pub(super) sender: Option<String>,
    pub(super) recipient: Option<String>,
}

/// A look-up of a program is over.
#[derive(Clone, Debug)]
pub(super) struct LookUpNote {
    pub(super) at: SimTime,
    /// For the copies of which recipients it was made.
    pub(super) recipients: Vec<String>,
    /// Whose copies waited for what it found, though it was not made for them.
    pub(super) waiting: Vec<String>,
    pub(super) since: SimTime,
    pub(super) host: String,
    pub(super) name: String,
    pub(super) rtype: String,
    pub(super) kind: DnsAnswerKind,
    /// Whether a cache on the host had the answer.
    pub(super) cached: bool,
}

/// A resolver looked into its cache for a question.
#[derive(Clone, Debug)]
pub(super) struct CacheNote {
    pub(super) at: SimTime,
    pub(super) host: String,
    pub(super) name: String,
    pub(super) rtype: String,
    pub(super) result: CacheResult,
}

/// A packet was lost.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) at: SimTime,
    /// The link and its direction; none at a host.
    pub(super) link: Option<String>,
    /// The host that told it.
    pub(super) host: String,
    pub(super) reason: DropReason,
    /// Who had sent it.
    pub(super) from: String,
    /// To whom.
    pub(super) to: String,
    /// Sequence number, octets, and whether it was a SYN or FIN, of a segment.
    pub(super) segment: Option<Segment>,
    /// The fault for which it was lost, if for one.
    pub(super) blame: Option<Blame>,
    /// When something came through after all that holds some of the same octets.
    pub(super) made_good: Option<SimTime>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) seq: u64,
    pub(super) len: u32,
    pub(super) ack: Option<u64>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

impl Segment {
    /// The sequence numbers that it takes up: its octets, SYN and FIN (RFC 9293 3.4).
    pub(super) fn range(self) -> Range<u64> {
        self.seq..self.seq.saturating_add(u64::from(self.len) + u64::from(self.syn) + u64::from(self.fin))
    }
}

/// A segment came to the other end.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) at: SimTime,
    /// Who had sent it.
    pub(super) side: Side,
    pub(super) range: Range<u64>,
}

/// Octets that an end said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) at: SimTime,
    pub(super) side: Side,
    pub(super) protocol: Protocol,
    /// The beginning of them.
    pub(super) head: Vec<u8>,
    pub(super) octets: u64,
}

/// A segment was sent again.
#[derive(Clone, Debug)]
pub(super) struct Resent {
    pub(super) at: SimTime,
    pub(super) side: Side,
    pub(super) seq: u64,
    pub(super) len: u32,
    pub(super) why: RetransmitReason,
    /// A copy of it that was lost, unless a later one had arrived.
    pub(super) lost: Option<Loss>,
    /// When the last copy of it had arrived.
    pub(super) arrived: Option<SimTime>,
    /// What was lost and had not arrived of what stands before it.
    pub(super) gap: Option<Loss>,
}

/// How an end of a connection was closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) at: SimTime,
    pub(super) reason: CloseReason,
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct ConnNote {
    pub(super) name: String,
    /// For the copies of which recipients it was opened.
    pub(super) recipients: Vec<String>,
    /// The question for which it was opened, if for one.
    pub(super) query: Option<String>,
    pub(super) client: String,
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) opened: SimTime,
    pub(super) established: [Option<SimTime>; 2],
    pub(super) resent: Vec<Resent>,
    pub(super) losses: Vec<Loss>,
    /// The last segments that came to either end; pure acknowledgements are not among them.
    pub(super) arrivals: VecDeque<Arrival>,
    pub(super) said: Vec<Said>,
    pub(super) closed: [Option<Closed>; 2],
    /// An end's host went down: when, and the fault.
    pub(super) crashed: [Option<(SimTime, Option<Blame>)>; 2],
    /// Why the server answered the call by a reset, if it did.
    pub(super) refusal: Option<Refusal>,
    /// A service had no place for it.
    pub(super) turned_away: Option<SimTime>,
    /// Messages that a server took over it, and for whom.
    pub(super) took: Vec<(SimTime, String, String)>,
    /// What was not written down any more: losses, retransmissions, pieces of the dialogue.
    pub(super) left_out: usize,
}

impl ConnNote {
    /// Which of the arrays' places is the side's.
    pub(super) const fn place(side: Side) -> usize {
        match side {
            Side::Client => 0,
            Side::Server => 1,
        }
    }

    /// The host at an end.
    pub(super) fn host(&self, side: Side) -> &str {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// A segment has come to the host that it is for.
    pub(super) fn arrives(&mut self, at: SimTime, side: Side, segment: Segment) {
        // only what may still be sent again matters: far more than any window holds
        const MOST: usize = 4_096;
        let range = segment.range();
        if range.is_empty() {
            return;
        }
        for loss in self.losses_of(side, &range) {
            loss.made_good.get_or_insert(at);
        }
        if self.arrivals.len() >= MOST {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(Arrival { at, side, range });
    }

    /// What has arrived is lost within the host after all, as when it is damaged or the host is down.
    pub(super) fn arrives_not(&mut self, at: SimTime, side: Side, segment: Segment) {
        let range = segment.range();
        let place = self.arrivals.iter().rposition(|one| one.side == side && one.range == range);
        place.and_then(|place| self.arrivals.remove(place));
        for loss in self.losses_of(side, &range).filter(|loss| loss.made_good == Some(at)) {
            loss.made_good = None;
        }
    }

    /// The last losses of a side in which any of these were.
    fn losses_of<'a>(&'a mut self, side: Side, range: &'a Range<u64>) -> impl Iterator<Item = &'a mut Loss> {
        // so many losses before are looked at
        const LAST: usize = 64;
        let from = if side == Side::Client { &self.client } else { &self.server };
        self.losses.iter_mut().rev().take(LAST).filter(move |loss| {
            let lost = loss.segment.map_or(0..0, Segment::range);
            loss.from == *from && lost.start < range.end && range.start < lost.end
        })
    }

    /// When the last segment arrived that holds any of these.
    fn arrived(&self, side: Side, range: &Range<u64>) -> Option<SimTime> {
        let ours = |one: &&Arrival| one.side == side && one.range.start < range.end && range.start < one.range.end;
        self.arrivals.iter().rev().find(ours).map(|one| one.at)
    }

    /// Segments of a side that were lost, the last one first, and what of them is in a range.
    fn lost<'a>(&'a self, side: Side, within: &'a Range<u64>) -> impl Iterator<Item = (&'a Loss, Range<u64>)> {
        let from = self.host(side);
        self.losses.iter().rev().filter(move |loss| *loss.from == *from).filter_map(move |loss| {
            let lost = loss.segment?.range();
            let both = lost.start.max(within.start)..lost.end.min(within.end);
            (!both.is_empty()).then_some((loss, both))
        })
    }

    /// A segment is sent again, and what had become of it before.
    pub(super) fn sent_again(
        &self,
        (at, side): (SimTime, Side),
        (seq, len): (u64, u32),
        why: RetransmitReason,
    ) -> Resent {
        // so many losses before are looked at: each may ask for all arrivals
        const MOST: usize = 16;
        // a SYN and a FIN take up one sequence number
        let range = seq..seq.saturating_add(u64::from(len.max(1)));
        let later = |(loss, part): &(&Loss, Range<u64>)| self.arrived(side, part).is_none_or(|at| at < loss.at);
        let lost = self.lost(side, &range).take(MOST).find(later).map(|(loss, _)| loss.clone());
        let before = 0..seq;
        let gap = self.lost(side, &before).take(MOST).find(|(_, part)| self.arrived(side, part).is_none());
        let gap = gap.map(|(loss, _)| loss.clone());
        Resent { at, side, seq, len, why, lost, arrived: self.arrived(side, &range), gap }
    }
}
