//! Expansion: what the recipients of a message become when aliases, forwards and lists are
//! followed to their ends. A pure function of the tables and the envelope.
//!
//! A walk in depth, the members of an address in their order. It ends whatever the tables
//! say: each address is opened once for a recipient, chains have a greatest depth, copies a
//! greatest number. Nobody gets two copies of a message from one server, by however many ways or
//! addresses they can be reached: bob and bob+work are one mailbox, unless the detail names a folder. Where a chain comes back to an address that is on the way already,
//! the user of that name gets the message in the mailbox; is there none, and nothing else
//! came of the recipient, it was a loop, and its sender is told.
//!
//! Left out: the detail of an address is not handed on to where it is forwarded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Homes, List, Target};
use crate::proto::smtp::{Mailbox, ReversePath};

/// Addresses one behind the other, each turned into the next.
const MAX_DEPTH: usize = 1_000;

/// Where a copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app::mail) enum Place {
    /// To another server.
    Queue,
    /// Into a mailbox here, in the folder of that name if there is one.
    Mailbox { key: String, folder: Option<String> },
    /// Nowhere, as was wished.
    Discard,
    /// Nobody has the address.
    Unknown,
    /// The list does not take messages from this sender.
    NotPermitted,
    /// The message has been at this address before, or the chain is too long.
    Loop,
}

/// What turned an address into others.
#[derive(Clone, Debug)]
pub(in crate::app::mail) enum Link {
    Alias,
    Forward,
    List(Arc<List>),
}

/// An address that was turned into others.
#[derive(Clone, Debug)]
pub(in crate::app::mail) struct Node {
    pub(in crate::app::mail) address: Mailbox,
    /// The address that was turned into this one; none for a recipient of the envelope.
    pub(in crate::app::mail) parent: Option<usize>,
    pub(in crate::app::mail) link: Link,
    depth: usize,
}

/// A copy that came of another.
#[derive(Clone, Debug)]
pub(in crate::app::mail) struct Child {
    pub(in crate::app::mail) address: Mailbox,
    pub(in crate::app::mail) place: Place,
    /// The index of the address that was turned into this one.
    pub(in crate::app::mail) node: usize,
}

/// What becomes of the copy for a recipient of the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app::mail) enum End {
    /// It goes there itself.
    Placed(Place),
    /// Others take its place; none if all of them have their copy already.
    Expanded,
    /// Another recipient of the message has that mailbox: its copy stands for this one too.
    Merged(Place),
    /// Its chains lead back to themselves and nowhere else.
    Loop,
    /// More copies would come of it than are allowed.
    TooMany,
}

/// What becomes of a recipient: of its own copy, and those that come of it.
#[derive(Clone, Debug)]
pub(in crate::app::mail) struct Fate {
    pub(in crate::app::mail) end: End,
    pub(in crate::app::mail) children: Vec<Child>,
}

impl Fate {
    /// Whether the message reaches several people by this recipient, the one of its own mailbox included.
    pub(in crate::app::mail) fn is_several(&self) -> bool {
        let own = match self.end {
            End::Placed(_) | End::Merged(_) => 1,
            End::Expanded | End::Loop | End::TooMany => 0,
        };
        self.children.len() + own > 1
    }
}

/// What becomes of all recipients.
#[derive(Clone, Debug, Default)]
pub(in crate::app::mail) struct Expansion {
    /// All addresses that were turned into others; each stands behind its parent.
    pub(in crate::app::mail) nodes: Vec<Node>,
    /// In the order of the recipients.
    pub(in crate::app::mail) fates: Vec<Fate>,
}

impl Expansion {
    /// The list whose copy a child is: the nearest one on its way.
    pub(in crate::app::mail) fn list_of(&self, node: usize) -> Option<&Arc<List>> {
        self.way(node).find_map(|node| match &node.link {
            Link::List(list) => Some(list),
            Link::Alias | Link::Forward => None,
        })
    }

    /// The addresses on the way to a child, the nearest first.
    pub(in crate::app::mail) fn way(&self, node: usize) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.nodes.get(node), |node| self.nodes.get(node.parent?))
    }
}

/// Who sends, and what is known of the message's way so far.
#[derive(Clone, Copy, Debug)]
pub(in crate::app::mail) struct Sending<'a> {
    pub(in crate::app::mail) sender: &'a ReversePath,
    /// Addresses to which the message was delivered before, by key.
    pub(in crate::app::mail) passed: &'a BTreeSet<String>,
    /// Whether aliases and forwards heed that too, or lists alone.
    pub(in crate::app::mail) heed_passed: bool,
    /// Copies in all.
    pub(in crate::app::mail) most: usize,
}

/// Follows all recipients of a message to their ends.
pub(in crate::app::mail) fn expand(homes: &Homes, recipients: &[Mailbox], origin: &Sending<'_>) -> Expansion {
    let seen = recipients.iter().map(|recipient| homes.find(recipient).identity).collect();
    let (owned, nodes) = (BTreeSet::new(), Vec::new());
    let mut walk = Walk { homes, origin, seen, owned, nodes, copies: recipients.len() };
    let fates = recipients.iter().map(|recipient| walk.follow(recipient)).collect();
    Expansion { nodes: walk.nodes, fates }
}

struct Walk<'a> {
    homes: &'a Homes,
    origin: &'a Sending<'a>,
    /// Who has a copy already, by identity.
    seen: BTreeSet<String>,
    /// The mailboxes of recipients that were followed, by identity.
    owned: BTreeSet<String>,
    nodes: Vec<Node>,
    copies: usize,
}

/// What came of one recipient so far.
struct Trail {
    /// The recipient's key: what it was found as.
    key: String,
    own: Option<Place>,
    /// The identity of the mailbox that is its own.
    owned: Option<String>,
    /// The mailbox that a recipient before it has.
    merged: Option<Place>,
    children: Vec<Child>,
    identities: BTreeSet<String>,
    /// The nodes by key, and whether their members are being looked at.
    opened: BTreeMap<String, bool>,
    /// Somebody was reached who has a copy already.
    known: bool,
    /// A chain came back to itself.
    cycle: bool,
}

/// What is to be done next.
enum Step<'a> {
    Look { address: &'a Mailbox, parent: Option<usize> },
    Leave(String),
}

impl<'a> Walk<'a> {
    fn follow(&mut self, recipient: &'a Mailbox) -> Fate {
        let mut trail = Trail {
            key: self.homes.find(recipient).key,
            own: None,
            owned: None,
            merged: None,
            children: Vec::new(),
            identities: BTreeSet::new(),
            opened: BTreeMap::new(),
            known: false,
            cycle: false,
        };
        let before = (self.copies, self.nodes.len());
        let mut steps = vec![Step::Look { address: recipient, parent: None }];
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(key) => {
                    trail.opened.insert(key, false);
                }
                Step::Look { address, parent } => self.look(&mut trail, &mut steps, address, parent),
            }
            if self.copies > self.origin.most && self.copies > before.0 {
                self.seen.retain(|identity| !trail.identities.contains(identity));
                self.owned.retain(|identity| trail.owned.as_ref() != Some(identity));
                self.nodes.truncate(before.1);
                self.copies = before.0;
                return Fate { end: End::TooMany, children: Vec::new() };
            }
        }
        let Trail { own, merged, children, known, cycle, .. } = trail;
        let end = match (own, merged) {
            (Some(place), _) => End::Placed(place),
            (None, Some(place)) => End::Merged(place),
            (None, None) if cycle && children.is_empty() && !known => End::Loop,
            (None, None) => End::Expanded,
        };
        Fate { end, children }
    }

    fn look(&mut self, trail: &mut Trail, steps: &mut Vec<Step<'a>>, address: &'a Mailbox, parent: Option<usize>) {
        let homes = self.homes;
        let found = homes.find(address);
        let (link, to, own) = match found.target {
            Target::Elsewhere => return self.place(trail, address, found.identity, parent, Place::Queue),
            Target::Unknown => return self.place(trail, address, found.identity, parent, Place::Unknown),
            Target::Discard => return self.place(trail, address, found.identity, parent, Place::Discard),
            Target::Mailbox { folder } => {
                let place = Place::Mailbox { key: found.key, folder };
                return self.place(trail, address, found.identity, parent, place);
            }
            Target::Alias(to) => (Link::Alias, to, None),
            Target::Forward { to, keep, folder } => (Link::Forward, to, keep.then_some(folder)),
            Target::List(list) => (Link::List(Arc::clone(list)), list.members.as_slice(), None),
        };
        if let Some(&under_way) = trail.opened.get(&found.key) {
            if under_way && homes.has_mailbox(&found.key) {
                let place = Place::Mailbox { key: found.key.clone(), folder: None };
                let own = found.key == trail.key;
                self.place(trail, address, found.identity, parent.filter(|_| !own), place);
            }
            trail.cycle |= under_way;
            return;
        }
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let heeds = self.origin.heed_passed || matches!(link, Link::List(_));
        if depth >= MAX_DEPTH || heeds && self.origin.passed.contains(&found.key) {
            return self.place(trail, address, found.identity, parent, Place::Loop);
        }
        if let Link::List(list) = &link
            && !list.takes_from(&self.sender(parent))
        {
            return self.place(trail, address, found.identity, parent, Place::NotPermitted);
        }
        if let Some(folder) = own {
            let place = Place::Mailbox { key: found.key.clone(), folder };
            self.place(trail, address, found.identity, parent, place);
        }
        self.nodes.push(Node { address: address.clone(), parent, link, depth });
        let node = Some(self.nodes.len() - 1);
        trail.opened.insert(found.key.clone(), true);
        steps.push(Step::Leave(found.key));
        steps.extend(to.iter().rev().map(|address| Step::Look { address, parent: node }));
    }

    /// From whom a copy behind that node comes: a list inside a list gets it from the outer one's owner.
    fn sender(&self, parent: Option<usize>) -> ReversePath {
        let way = std::iter::successors(parent.map(|at| &self.nodes[at]), |node| node.parent.map(|at| &self.nodes[at]));
        let list = way.into_iter().find_map(|node| match &node.link {
            Link::List(list) => Some(list),
            Link::Alias | Link::Forward => None,
        });
        let list = list.filter(|_| *self.origin.sender != ReversePath::Null);
        list.map_or_else(|| self.origin.sender.clone(), |list| ReversePath::Mailbox(list.owner.clone()))
    }

    /// Notes where a chain ends. Without a parent it is the recipient's own copy.
    fn place(&mut self, trail: &mut Trail, address: &Mailbox, identity: String, parent: Option<usize>, place: Place) {
        let Some(node) = parent else {
            if trail.own.is_none() && matches!(place, Place::Mailbox { .. }) {
                if self.owned.contains(&identity) {
                    trail.merged = Some(place);
                    return;
                }
                self.owned.insert(identity.clone());
                trail.owned = Some(identity);
            }
            trail.own.get_or_insert(place);
            return;
        };
        if self.seen.insert(identity.clone()) {
            self.copies += 1;
            trail.identities.insert(identity);
            trail.children.push(Child { address: address.clone(), place, node });
        } else {
            trail.known = true;
        }
    }
}
