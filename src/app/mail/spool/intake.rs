//! Taking the responsibility for a message: what its recipients become, what is delivered
//! here, what goes on elsewhere.
//!
//! A copy that an alias, a forward or a list turned into others ends here, and those begin
//! here. What a copy for a mailbox that is full becomes is the server's policy: it goes back,
//! or waits in the queue for room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::reports::Undeliverable;
use super::{Arrival, Spool, trace_maildrop, trace_phase};
use crate::app::host::Host;
use crate::app::mail::config::{DeliveredTo, WhenFull};
use crate::app::mail::failure::Reason;
use crate::app::mail::folder::Origin;
use crate::app::mail::homes::{Child, End, Expansion, Link, Place, Sending, expand};
use crate::app::mail::mailbox::Maildrop;
use crate::app::mail::queue::{Addressee, QueuedCopy, QueuedMessage};
use crate::app::mail::redirect;
use crate::base::trace::{FailureKind, MailTrace, Phase, Redirection, Trace};
use crate::proto::message::{count_received, return_path};
use crate::proto::smtp::{MailOptions, Mailbox, ReversePath, Status};

/// A message as it goes on behind one address, its recipients elsewhere, and the mailboxes that have it.
struct Branch {
    arrival: Arrival,
    remote: Vec<Addressee>,
    stored: Vec<Place>,
}

impl Spool {
    /// Takes the responsibility for a message: the server may answer 250 after this.
    pub(in crate::app::mail) fn accept<H: Host>(&mut self, host: &mut H, mut arrival: Arrival) {
        let recipients = std::mem::take(&mut arrival.recipients);
        let looping = count_received(&arrival.content) > self.loops.max_hops;
        let expansion = if looping { Expansion::default() } else { self.expand(&arrival, &recipients) };
        let mut ends = expansion.fates.iter();
        let mut branches: BTreeMap<usize, Branch> = BTreeMap::new();
        let mut trunk = Branch { arrival, remote: Vec::new(), stored: Vec::new() };
        for addressee in &recipients {
            self.counted.accepted += 1;
            host.trace(Trace::Mail(MailTrace::Accepted {
                message: &trunk.arrival.message_id,
                to: addressee.mailbox.as_str(),
                queue_id: &trunk.arrival.queue_id,
                conn: trunk.arrival.conn,
                bytes: trunk.arrival.bytes,
            }));
            let Some(fate) = ends.next() else {
                let reason = Reason::new(FailureKind::Loop, "too many hops");
                self.undeliverable_here(host, &trunk.arrival, addressee, &reason);
                continue;
            };
            for child in &fate.children {
                let branch =
                    branches.entry(child.node).or_insert_with(|| self.branch(&trunk.arrival, &expansion, child.node));
                self.redirect(host, &branch.arrival, &expansion, (&addressee.mailbox, child));
            }
            match &fate.end {
                End::Placed(place) => self.settle(host, &mut trunk, addressee.clone(), place),
                End::Expanded => {
                    self.expanded(host, &trunk.arrival, &addressee.mailbox, fate.children.len());
                    // RFC 3461 section 5.2.7.3: what the sender asked for ends at a list, and is told there; so
                    // it is with success at an address of several recipients.
                    if fate.is_several() || fate.children.iter().any(|child| expansion.list_of(child.node).is_some()) {
                        self.tell_expanded(host, &trunk.arrival, addressee);
                    }
                }
                End::Merged(place) => {
                    self.expanded(host, &trunk.arrival, &addressee.mailbox, fate.children.len());
                    if trunk.stored.contains(place) {
                        self.tell_delivered(host, &trunk.arrival, addressee);
                    }
                }
                End::Loop => self.settle(host, &mut trunk, addressee.clone(), &Place::Loop),
                End::TooMany => self.undeliverable_here(host, &trunk.arrival, addressee, &too_many()),
            }
            for child in &fate.children {
                if let Some(branch) = branches.get_mut(&child.node) {
                    let listed = expansion.list_of(child.node).is_some();
                    let heir = redirect::heir(addressee, &child.address, (listed, fate.is_several()));
                    self.settle(host, branch, heir, &child.place);
                }
            }
        }
        for branch in std::iter::once(trunk).chain(branches.into_values()) {
            if !branch.remote.is_empty() {
                self.enqueue(host, branch.arrival, branch.remote);
            }
        }
    }

    fn expand(&self, arrival: &Arrival, recipients: &[Addressee]) -> Expansion {
        let recipients: Vec<Mailbox> = recipients.iter().map(|addressee| addressee.mailbox.clone()).collect();
        let passed: BTreeSet<String> = if self.homes.redirects() {
            redirect::delivered_to(&arrival.content).map(|mailbox| self.homes.find(&mailbox).key).collect()
        } else {
            BTreeSet::new()
        };
        let sending = Sending {
            sender: &arrival.reverse_path,
            passed: &passed,
            heed_passed: self.loops.delivered_to.is_heeded(),
            most: self.loops.max_copies.max(recipients.len()),
        };
        expand(&self.homes, &recipients, &sending)
    }

    /// The message as it goes on behind an address that was turned into others.
    fn branch(&mut self, arrival: &Arrival, expansion: &Expansion, node: usize) -> Branch {
        let list = expansion.list_of(node);
        let arrival = Arrival {
            queue_id: self.next_queue_id(),
            // RFC 5321 3.9.2: the return address "MUST be changed to be the address of a person or
            // other entity who administers the list".
            // A report stays one: else a list whose owner is not reached would make reports of reports for ever.
            reverse_path: match list {
                Some(list) if arrival.reverse_path != ReversePath::Null => ReversePath::Mailbox(list.owner.clone()),
                Some(_) | None => arrival.reverse_path.clone(),
            },
            options: match list {
                // RFC 3461 section 5.2.7: what the author asked for ends at the list.
                Some(_) => MailOptions { ret: None, envid: None, ..arrival.options.clone() },
                None => arrival.options.clone(),
            },
            content: redirect::content(&arrival.content, expansion, node, self.loops.delivered_to.is_heeded()),
            ..arrival.clone()
        };
        Branch { arrival, remote: Vec::new(), stored: Vec::new() }
    }

    /// Begins the life of a copy that came of another.
    fn redirect<H: Host>(
        &mut self,
        host: &mut H,
        branch: &Arrival,
        expansion: &Expansion,
        (parent, child): (&Mailbox, &Child),
    ) {
        self.counted.accepted += 1;
        host.trace(Trace::Mail(MailTrace::Redirected {
            message: &branch.message_id,
            to: parent.as_str(),
            into: child.address.as_str(),
            from: branch.reverse_path.as_str(),
            by: match &expansion.nodes[child.node].link {
                Link::Alias => Redirection::Alias,
                Link::Forward => Redirection::Forward,
                Link::List(_) => Redirection::List,
            },
        }));
    }

    fn expanded<H: Host>(&mut self, host: &mut H, arrival: &Arrival, recipient: &Mailbox, copies: usize) {
        self.counted.expanded += 1;
        let copies = u32::try_from(copies).unwrap_or(u32::MAX);
        let (message, to) = (arrival.message_id.as_str(), recipient.as_str());
        host.trace(Trace::Mail(MailTrace::Expanded { message, to, copies }));
    }

    /// Brings a copy where its chain ends.
    fn settle<H: Host>(&mut self, host: &mut H, branch: &mut Branch, addressee: Addressee, place: &Place) {
        let recipient = &addressee.mailbox;
        let refusal = |code: u16, text: String| Reason { kind: FailureKind::Reply, code, text };
        let reason = match place {
            Place::Queue => return branch.remote.push(addressee),
            Place::Mailbox { key, folder } => {
                if !self.has_room(key, branch.arrival.content.len()) {
                    let when_full = self.homes.quota(key).when_full;
                    if when_full == WhenFull::Defer {
                        return branch.remote.push(addressee);
                    }
                    let reason = full(recipient, when_full);
                    return self.undeliverable_here(host, &branch.arrival, &addressee, &reason);
                }
                let Arrival { message_id, reverse_path, content, .. } = &branch.arrival;
                self.store(host, (message_id, reverse_path, content), recipient, (key, folder.as_deref()));
                self.after_delivery(host, &branch.arrival, &addressee, key);
                return branch.stored.push(place.clone());
            }
            Place::Discard => {
                self.counted.discarded += 1;
                let (message, to) = (branch.arrival.message_id.as_str(), recipient.as_str());
                host.trace(Trace::Mail(MailTrace::Discarded { message, to, why: "the address is one to discard" }));
                return;
            }
            Place::Unknown => refusal(550, format!("{recipient} ... User unknown")),
            // RFC 3463 section 3.8: X.7.2, "Mailing list expansion prohibited".
            Place::NotPermitted => refusal(550, format!("5.7.2 {recipient} ... This sender may not write to the list")),
            Place::Loop => Reason::new(FailureKind::Loop, format!("mail for {recipient} goes round in a circle")),
        };
        self.undeliverable_here(host, &branch.arrival, &addressee, &reason);
    }

    fn enqueue<H: Host>(&mut self, host: &mut H, arrival: Arrival, recipients: Vec<Addressee>) {
        let copies = recipients
            .into_iter()
            .map(|addressee| {
                let cause = trace_phase(host, &arrival.message_id, addressee.mailbox.as_str(), Phase::Queued);
                QueuedCopy::new(addressee, cause)
            })
            .collect();
        let Arrival { queue_id, message_id, reverse_path, options, content, .. } = arrival;
        let accepted = host.now();
        self.queue.insert(QueuedMessage { queue_id, message_id, reverse_path, options, content, accepted, copies });
        self.trace_length(host);
    }

    /// Whether a mailbox has room for one more message of that size.
    pub(in crate::app::mail) fn has_room(&self, key: &str, octets: usize) -> bool {
        let quota = self.homes.quota(key);
        let (messages, stored) = self.maildrops.get(key).map_or((0, 0), |drop| match quota.is_unlimited() {
            true => (0, 0),
            false => (drop.count() as u64, drop.octets()),
        });
        !quota.is_exceeded_by(messages + 1, stored.saturating_add(octets as u64))
    }

    /// Final delivery (RFC 5321 4.4: the delivering system "inserts a return-path line at the
    /// beginning of the mail data").
    pub(super) fn store<H: Host>(
        &mut self,
        host: &mut H,
        (message, reverse_path, content): (&str, &ReversePath, &Arc<[u8]>),
        recipient: &Mailbox,
        (key, folder): (&str, Option<&str>),
    ) {
        let mut head = return_path(reverse_path.as_str());
        if self.loops.delivered_to == DeliveredTo::Always {
            head.push_str(&redirect::delivered_to_field(recipient));
        }
        let content = [head.as_bytes(), content].concat().into();
        let drop = self.maildrops.entry(key.to_owned()).or_insert_with(|| Maildrop::new(key.to_owned(), None));
        let origin = Origin { message_id: message.to_owned(), recipient: recipient.as_str().to_owned() };
        let validity = drop.store(folder, origin, content, (host.now(), host.calendar()));
        self.touched.push((key.to_owned(), validity));
        self.counted.delivered += 1;
        let to = recipient.as_str();
        host.trace(Trace::Mail(MailTrace::Delivered { message, to, mailbox: drop.address() }));
        trace_phase(host, message, to, Phase::InMailbox);
        trace_maildrop(host, drop);
    }

    fn undeliverable_here<H: Host>(&mut self, host: &mut H, arrival: &Arrival, who: &Addressee, reason: &Reason) {
        let copy = Undeliverable::arriving(arrival, who, host.now());
        self.report(host, &copy, reason);
    }
}

/// What a server says of a full mailbox (RFC 3463 section 3.3: X.2.2).
pub(in crate::app::mail) fn full(recipient: &Mailbox, when_full: WhenFull) -> Reason {
    let code = when_full.code();
    let status = Status::MAILBOX_FULL.text(code);
    Reason { kind: FailureKind::Reply, code, text: format!("{status} {recipient} ... Mailbox full") }
}

fn too_many() -> Reason {
    // RFC 3463 section 3.6: X.5.3, "Too many recipients".
    let text = "5.5.3 too many recipients behind this address".to_owned();
    Reason { kind: FailureKind::Reply, code: 554, text }
}
