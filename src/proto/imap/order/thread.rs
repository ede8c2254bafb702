//! Threads (RFC 5256 3): messages as forests, by their subjects or by what they refer to.
//!
//! A thread may have a root that is no message. No chain of references becomes a recursion: all
//! walks keep their own stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Key, Traits};
use crate::base::UnixTime;

/// THREAD=ORDEREDSUBJECT: messages of one base subject are a thread, all but the first children
/// of the first. The answer is as THREAD writes it, without the word.
#[must_use]
pub fn ordered_subject(mut messages: Vec<Traits>) -> String {
    let by_date = |one: &Traits, other: &Traits| one.compare(other, Key::Date).then(one.number.cmp(&other.number));
    messages.sort_by(by_date);
    let mut threads: BTreeMap<&str, Vec<&Traits>> = BTreeMap::new();
    for message in &messages {
        threads.entry(&message.subject.base).or_default().push(message);
    }
    let mut threads: Vec<Vec<&Traits>> = threads.into_values().collect();
    threads.sort_by(|one, other| by_date(one[0], other[0]));
    let mut out = String::new();
    for thread in threads {
        match thread[..] {
            [first, second] => drop(write!(out, "({} {})", first.number, second.number)),
            [] => {}
            [first, ref others @ ..] => {
                let others: String = others.iter().map(|other| format!("({})", other.number)).collect();
                let space = if others.is_empty() { "" } else { " " };
                let _ = write!(out, "({}{space}{others})", first.number);
            }
        }
    }
    out
}

/// A place in the forest: a message, or something that only holds others together.
#[derive(Clone, Debug, Default)]
struct Node<'a> {
    message: Option<&'a Traits>,
    parent: Option<usize>,
    children: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Forest<'a> {
    nodes: Vec<Node<'a>>,
    roots: Vec<usize>,
}

/// THREAD=REFERENCES. The answer is as THREAD writes it, without the word.
#[must_use]
pub fn references(messages: &[Traits]) -> String {
    let mut forest = Forest::linked(messages);
    forest.prune();
    forest.sort_children();
    forest.sort_roots();
    forest.gather_subjects();
    forest.sort_children();
    forest.sort_roots();
    forest.written()
}

impl<'a> Forest<'a> {
    /// Step 1: each message under the last one that it refers to.
    fn linked(messages: &'a [Traits]) -> Self {
        let mut forest = Self::default();
        let mut by_id: BTreeMap<&[u8], usize> = BTreeMap::new();
        let mut own: Vec<usize> = Vec::with_capacity(messages.len());
        for message in messages {
            // A message-id that another message has is as good as none.
            let known = message.id.as_deref().and_then(|id| by_id.get(id).copied());
            let node = match known.filter(|node| forest.nodes[*node].message.is_none()) {
                Some(node) => node,
                None => forest.add(),
            };
            forest.nodes[node].message = Some(message);
            if let (Some(id), None) = (message.id.as_deref(), known) {
                by_id.insert(id, node);
            }
            own.push(node);
            let mut before = None;
            for id in &message.references {
                let place = *by_id.entry(id).or_insert_with(|| {
                    forest.nodes.push(Node::default());
                    forest.nodes.len() - 1
                });
                if let Some(before) = before.filter(|_| forest.nodes[place].parent.is_none()) {
                    forest.adopt(before, place);
                }
                before = Some(place);
            }
            // Step 1B: what the message says of itself counts more than what others said.
            forest.orphan(node);
            if let Some(parent) = before {
                forest.adopt(parent, node);
            }
        }
        forest.roots = (0..forest.nodes.len()).filter(|node| forest.nodes[*node].parent.is_none()).collect();
        forest
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Makes a node another's child, unless that would close a ring.
    fn adopt(&mut self, parent: usize, child: usize) {
        // Who has nobody below can close no ring but with itself.
        let mut above = if self.nodes[child].children.is_empty() && parent != child { None } else { Some(parent) };
        while let Some(node) = above {
            if node == child {
                return;
            }
            above = self.nodes[node].parent;
        }
        self.nodes[child].parent = Some(parent);
        self.nodes[parent].children.push(child);
    }

    fn orphan(&mut self, node: usize) {
        if let Some(parent) = self.nodes[node].parent.take() {
            self.nodes[parent].children.retain(|child| *child != node);
        }
    }

    /// All nodes below the roots, each behind its parent.
    fn order(&self) -> Vec<usize> {
        let mut out = self.roots.clone();
        let mut next = 0;
        while next < out.len() {
            out.extend(&self.nodes[out[next]].children);
            next += 1;
        }
        out
    }

    /// Step 3: places without a message go. Their children take their place, but several
    /// threads do not become roots where one was.
    fn prune(&mut self) {
        for node in self.order().into_iter().rev() {
            let children = std::mem::take(&mut self.nodes[node].children);
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                if self.nodes[child].message.is_some() {
                    kept.push(child);
                } else {
                    kept.append(&mut self.nodes[child].children);
                }
            }
            kept.iter().for_each(|child| self.nodes[*child].parent = Some(node));
            self.nodes[node].children = kept;
        }
        let mut roots = Vec::with_capacity(self.roots.len());
        for root in std::mem::take(&mut self.roots) {
            match (&self.nodes[root].message, &self.nodes[root].children[..]) {
                (None, []) => {}
                (None, [only]) => roots.push(*only),
                (_, _) => roots.push(root),
            }
        }
        roots.iter().for_each(|root| self.nodes[*root].parent = None);
        self.roots = roots;
    }

    /// The message that stands for a node: its own, or that of its first child.
    fn speaker(&self, node: usize) -> Option<&'a Traits> {
        self.nodes[node].message.or_else(|| self.nodes[*self.nodes[node].children.first()?].message)
    }

    fn rank(&self, node: usize) -> (UnixTime, u32) {
        self.speaker(node).map_or((UnixTime(0), 0), |message| (message.sent, message.number))
    }

    fn sort_children(&mut self) {
        for node in self.order().into_iter().rev() {
            let mut children = std::mem::take(&mut self.nodes[node].children);
            children.sort_by_key(|child| self.rank(*child));
            self.nodes[node].children = children;
        }
    }

    fn sort_roots(&mut self) {
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_key(|root| self.rank(*root));
        self.roots = roots;
    }

    /// Whether a root is a reply by its subject.
    fn is_reply(&self, root: usize) -> bool {
        self.speaker(root).is_some_and(|message| message.subject.is_reply)
    }

    /// Step 5: threads of one base subject become one.
    fn gather_subjects(&mut self) {
        let mut table: BTreeMap<&'a str, usize> = BTreeMap::new();
        for &root in &self.roots {
            let Some(subject) = self.speaker(root).map(|message| message.subject.base.as_str()) else { continue };
            if subject.is_empty() {
                continue;
            }
            let place = table.entry(subject).or_insert(root);
            let (held, new) = (&self.nodes[*place], &self.nodes[root]);
            let better =
                held.message.is_some() && (new.message.is_none() || (self.is_reply(*place) && !self.is_reply(root)));
            if better {
                *place = root;
            }
        }
        for root in self.roots.clone() {
            let Some(subject) = self.speaker(root).map(|message| message.subject.base.as_str()) else { continue };
            if let Some(held) = table.get(subject).copied().filter(|held| *held != root) {
                let merged = self.merge(held, root);
                table.insert(subject, merged);
            }
        }
        // What became a child, or gave all of its children away, is no root any more.
        let mut roots = std::mem::take(&mut self.roots);
        roots.retain(|root| {
            let node = &self.nodes[*root];
            node.parent.is_none() && (node.message.is_some() || !node.children.is_empty())
        });
        self.roots = roots;
    }

    /// Brings a root together with the one of its subject; returns which stands for the subject.
    fn merge(&mut self, held: usize, root: usize) -> usize {
        match (self.nodes[held].message.is_some(), self.nodes[root].message.is_some()) {
            (false, false) => {
                for child in std::mem::take(&mut self.nodes[root].children) {
                    self.adopt(held, child);
                }
            }
            (false, true) => self.adopt(held, root),
            (true, _) if self.is_reply(root) && !self.is_reply(held) => self.adopt(held, root),
            (true, _) => {
                let both = self.add();
                self.roots.push(both);
                self.adopt(both, held);
                self.adopt(both, root);
                return both;
            }
        }
        held
    }

    /// The forest in parentheses: a chain of only children is a list of numbers, and several
    /// children are lists of their own.
    fn written(&self) -> String {
        enum Piece {
            Open(usize),
            Node(usize),
            Close,
        }
        let mut out = String::new();
        let mut left: Vec<Piece> = self.roots.iter().rev().map(|root| Piece::Open(*root)).collect();
        while let Some(piece) = left.pop() {
            match piece {
                Piece::Close => out.push(')'),
                Piece::Open(node) => {
                    out.push('(');
                    left.extend([Piece::Close, Piece::Node(node)]);
                }
                Piece::Node(node) => {
                    let Node { message, children, .. } = &self.nodes[node];
                    let space = if out.ends_with('(') || out.is_empty() { "" } else { " " };
                    if let Some(message) = message {
                        let _ = write!(out, "{space}{}", message.number);
                    }
                    match children[..] {
                        [only] => left.push(Piece::Node(only)),
                        [] => {}
                        [..] => {
                            if message.is_some() {
                                out.push(' ');
                            }
                            left.extend(children.iter().rev().map(|child| Piece::Open(*child)));
                        }
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of the day of its number: id, references, subject.
    fn message(number: u32, id: &str, references: &str, subject: &str) -> Traits {
        let text = format!(
            "Date: {} Feb 2008 12:00:00 +0000\nMessage-ID: {id}\nReferences: {references}\nSubject: {subject}\n\n",
            number % 28 + 1
        );
        Traits::read(number, (UnixTime(0), 1), text.as_bytes())
    }

    fn threads(messages: &[(&str, &str, &str)]) -> String {
        let messages: Vec<_> = messages
            .iter()
            .zip(1..)
            .map(|((id, references, subject), n)| message(n, id, references, subject))
            .collect();
        references(&messages)
    }

    #[test]
    fn by_references() {
        for (messages, wanted) in [
            (&[("<a@x>", "", "s"), ("<b@x>", "<a@x>", "Re: s"), ("<c@x>", "<a@x> <b@x>", "Re: s")][..], "(1 2 3)"),
            (&[("<a@x>", "", "s"), ("<b@x>", "<a@x>", "t"), ("<c@x>", "<a@x>", "u")], "(1 (2)(3))"),
            // The message between is not there.
            (&[("<a@x>", "", "s"), ("<c@x>", "<a@x> <b@x>", "Re: s")], "(1 2)"),
            // Two replies to what is not there stay together.
            (&[("<b@x>", "<a@x>", "t"), ("<c@x>", "<a@x>", "u")], "((1)(2))"),
            // A child that comes first.
            (&[("<b@x>", "<a@x>", "Re: s"), ("<a@x>", "", "s")], "(2 1)"),
            // Two messages of one id are two messages.
            (&[("<a@x>", "", "s"), ("<a@x>", "", "Re: s")], "(1 2)"),
            (&[("<a@x>", "", "s"), ("<a@x>", "", "t")], "(1)(2)"),
            // Rings do not close.
            (&[("<a@x>", "<b@x>", "s"), ("<b@x>", "<a@x>", "t")], "(2 1)"),
            (&[("<a@x>", "<a@x>", "s")], "(1)"),
            (&[], ""),
        ] {
            assert_eq!(threads(messages), wanted, "{messages:?}");
        }
    }

    #[test]
    fn by_subjects_of_roots() {
        for (messages, wanted) in [
            (&[("<a@x>", "", "s"), ("<b@x>", "", "Re: s"), ("<c@x>", "", "Re: s")][..], "(1 (2)(3))"),
            (&[("<a@x>", "", "s"), ("<b@x>", "", "s")], "((1)(2))"),
            (&[("<a@x>", "", "Re: s"), ("<b@x>", "", "s")], "(2 1)"),
            (&[("<a@x>", "", ""), ("<b@x>", "", "")], "(1)(2)"),
            (&[("<a@x>", "<q@x>", "s"), ("<b@x>", "<q@x>", "t"), ("<c@x>", "", "s")], "((1)(2)(3))"),
        ] {
            assert_eq!(threads(messages), wanted, "{messages:?}");
        }
    }

    #[test]
    fn by_ordered_subject() {
        let list = ["a", "b", "Re: a", "c", "re: A", "b"];
        let messages = list.iter().zip(1..).map(|(subject, n)| message(n, "", "", subject)).collect();
        assert_eq!(ordered_subject(messages), "(1 (3)(5))(2 6)(4)");
    }

    /// Would break if a chain of messages became a recursion, or cost the square of its length.
    #[test]
    fn long_chains() {
        let id = |n: u32| format!("<{n}@x>");
        let chain: Vec<_> = (1..5_000).map(|n| message(n, &id(n), &id(n - 1), "s")).collect();
        assert_eq!(references(&chain).matches('(').count(), 1);
        let alike: Vec<_> = (1..20_000).map(|n| message(n, &id(n), "", "s")).collect();
        assert_eq!(references(&alike).matches('(').count(), 20_000);
    }

    proptest! {
        /// Would break if a message were lost, or told twice, whatever refers to what.
        #[test]
        fn every_message_is_told_once(
            links in proptest::collection::vec((0..8_u32, proptest::collection::vec(0..10_u32, 0..4), 0..6_usize), 0..20),
        ) {
            let subjects = ["", "s", "Re: s", "t", "Fwd: t", "u"];
            let messages: Vec<_> = links
                .iter()
                .zip(1..)
                .map(|((id, references, subject), n)| {
                    let references: String = references.iter().map(|id| format!("<{id}@x> ")).collect();
                    message(n, &format!("<{id}@x>"), &references, subjects[*subject])
                })
                .collect();
            for text in [references(&messages), ordered_subject(messages.clone())] {
                let mut numbers: Vec<u32> =
                    text.split(['(', ')', ' ']).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect();
                numbers.sort_unstable();
                prop_assert_eq!(numbers, (1..).take(messages.len()).collect::<Vec<u32>>(), "{}", text);
                prop_assert_eq!(text.matches('(').count(), text.matches(')').count());
            }
        }
    }
}
