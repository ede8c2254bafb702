//! What a copy takes along when an alias, a forward or a list turns it into one for somebody
//! else: fields in front of the message, and what its sender wants to hear of it.
//!
//! Lists write List-Id (RFC 2919), List-Post, List-Owner and List-Unsubscribe (RFC 2369), and
//! take those of another list away: there may be one of each. Delivered-To (RFC 9228) says
//! where a message has been; lists write it always, the others where the server wants it.

use std::sync::Arc;

use super::config::Posting;
use super::homes::{Expansion, Link, List};
use super::queue::Addressee;
use crate::proto::message::fields;
use crate::proto::smtp::{Mailbox, Notify};

const DELIVERED_TO: &str = "Delivered-To";

/// The field that says that a message was at an address.
pub(super) fn delivered_to_field(address: &Mailbox) -> String {
    format!("{DELIVERED_TO}: {address}\r\n")
}

/// The addresses at which a message has been.
pub(super) fn delivered_to(content: &[u8]) -> impl Iterator<Item = Mailbox> {
    fields(content).filter(|field| field.is(DELIVERED_TO)).filter_map(|field| Mailbox::parse(&field.value()))
}

/// The recipient of a copy that came of another, with what the sender asked for.
///
/// RFC 3461 section 5.2.7: an alias and a forward hand NOTIFY on, and name the address that
/// the sender wrote as the original recipient; a list hands nothing on. Where `several` copies
/// come of one, the wish to hear of success ends there: who has it hears once, that the
/// address was expanded. Of failures and delays the sender hears from each copy.
pub(super) fn heir(parent: &Addressee, address: &Mailbox, (listed, several): (bool, bool)) -> Addressee {
    if listed {
        return Addressee::from(address.clone());
    }
    let asked = parent.notify.is_some() || parent.original.is_some();
    let original = parent.original.clone().or_else(|| asked.then(|| format!("rfc822;{}", parent.mailbox)));
    let notify = parent.notify.map(|notify| Notify { success: notify.success && !several, ..notify });
    Addressee { mailbox: address.clone(), notify, original }
}

/// The octets of the message behind an address that was turned into others.
pub(super) fn content(content: &Arc<[u8]>, expansion: &Expansion, node: usize, trace_all: bool) -> Arc<[u8]> {
    let mut head = String::new();
    let mut list = None;
    for node in expansion.way(node) {
        match &node.link {
            Link::List(at) => {
                head.push_str(&delivered_to_field(&at.address));
                list = list.or(Some(at));
            }
            Link::Alias | Link::Forward if trace_all => head.push_str(&delivered_to_field(&node.address)),
            Link::Alias | Link::Forward => {}
        }
    }
    let Some(list) = list else {
        return if head.is_empty() { Arc::clone(content) } else { [head.as_bytes(), content].concat().into() };
    };
    head.push_str(&list_fields(list));
    [head.as_bytes(), &without_fields_of(list, content)].concat().into()
}

fn list_fields(list: &List) -> String {
    let (address, owner) = (&list.address, &list.owner);
    let (local, domain) = (address.local_part(), address.domain());
    // RFC 2369 section 3.4: "the special case of the value "NO"" where posting is not allowed.
    let post = match list.config.posting {
        Posting::Anyone | Posting::Members => format!("<mailto:{address}>"),
        Posting::Owner => "NO".to_owned(),
    };
    let mut text = format!(
        "List-Id: <{local}.{domain}>\r\nList-Post: {post}\r\nList-Owner: <mailto:{owner}>\r\n\
         List-Unsubscribe: <mailto:{owner}?subject=unsubscribe%20{local}>\r\n"
    );
    if list.config.sender_field {
        text.push_str(&format!("Sender: {owner}\r\n"));
    }
    text
}

/// The message without what another list wrote, and without a Sender that this list replaces
/// (RFC 5322 3.6.2: there is one at most).
fn without_fields_of(list: &List, content: &[u8]) -> Vec<u8> {
    const LISTS: [&str; 7] = [
        "List-Id",
        "List-Post",
        "List-Owner",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Subscribe",
        "List-Help",
    ];
    let mut kept = Vec::with_capacity(content.len());
    let mut rest = content;
    for field in fields(content) {
        let (whole, tail) = rest.split_at((field.name.len() + 1 + field.raw.len() + 2).min(rest.len()));
        let gone = LISTS.iter().any(|name| field.is(name)) || list.config.sender_field && field.is("Sender");
        if !gone {
            kept.extend_from_slice(whole);
        }
        rest = tail;
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::app::mail::config::{AddressBook, ListConfig, RoutingConfig};
    use crate::app::mail::homes::{Homes, Sending, expand};
    use crate::proto::smtp::ReversePath;

    const MESSAGE: &[u8] = b"Received: from a by b\r\nList-Id: <x.y>\r\n folded\r\nSubject: Hi\r\nSender: s@x.org\r\n\
                             List-Post: <mailto:x@y>\r\n\r\nList-Id: body\r\n.\r\n";

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn list(name: &str, member: &str, posting: Posting, sender_field: bool) -> ListConfig {
        let (address, owner) = (format!("{name}@h.edu"), "bob@h.edu".to_owned());
        ListConfig { address, members: vec![member.to_owned()], owner, posting, sender_field }
    }

    /// What comes of the message that is sent to an address.
    fn sent_to(address: &str, trace_all: bool) -> String {
        let alias = |from: &str, to: &str| (from.to_owned(), vec![to.to_owned()]);
        let book = AddressBook {
            aliases: vec![alias("all@h.edu", "outer@h.edu"), alias("eva@h.edu", "eva@x.org")],
            lists: vec![
                list("outer", "Inner@h.edu", Posting::Anyone, false),
                list("inner", "eva@x.org", Posting::Owner, true),
            ],
            ..AddressBook::default()
        };
        let homes = Homes::new(&["h.edu".to_owned()], &RoutingConfig { book, ..RoutingConfig::default() });
        let (sender, passed) = (ReversePath::Mailbox(mailbox("s@x.org")), BTreeSet::new());
        let sending = Sending { sender: &sender, passed: &passed, heed_passed: trace_all, most: 9 };
        let expansion = expand(&homes, &[mailbox(address)], &sending);
        let node = expansion.fates[0].children[0].node;
        String::from_utf8(content(&MESSAGE.into(), &expansion, node, trace_all).to_vec()).unwrap()
    }

    #[test]
    fn a_list_writes_its_fields_and_the_last_one_stays() {
        let expected = "Delivered-To: inner@h.edu\r\nDelivered-To: outer@h.edu\r\nList-Id: <inner.h.edu>\r\n\
            List-Post: NO\r\nList-Owner: <mailto:bob@h.edu>\r\n\
            List-Unsubscribe: <mailto:bob@h.edu?subject=unsubscribe%20inner>\r\nSender: bob@h.edu\r\n\
            Received: from a by b\r\nSubject: Hi\r\n\r\nList-Id: body\r\n.\r\n";
        assert_eq!(sent_to("all@h.edu", false), expected);
        let all = sent_to("all@h.edu", true);
        let passed: Vec<String> = delivered_to(all.as_bytes()).map(|mailbox| mailbox.to_string()).collect();
        assert_eq!(passed, ["inner@h.edu", "outer@h.edu", "all@h.edu"]);
    }

    #[test]
    fn an_alias_leaves_the_message_alone() {
        let whole = String::from_utf8(MESSAGE.to_vec()).unwrap();
        assert_eq!(sent_to("eva@h.edu", false), whole);
        assert_eq!(sent_to("eva@h.edu", true), format!("Delivered-To: eva@h.edu\r\n{whole}"));
    }

    #[test]
    fn what_the_sender_wants_to_hear_goes_through_aliases() {
        let (to, notify) = (mailbox("eva@x.org"), Notify { success: true, failure: true, delay: false });
        let plain = Addressee::from(mailbox("all@h.edu"));
        assert_eq!(heir(&plain, &to, (false, false)).original, None);
        let asked = Addressee { notify: Some(notify), ..plain.clone() };
        let named = heir(&asked, &to, (false, false));
        assert_eq!((named.notify, named.original.as_deref()), (Some(notify), Some("rfc822;all@h.edu")));
        let first = heir(&Addressee { original: Some("rfc822;o@z".to_owned()), ..asked.clone() }, &to, (false, false));
        assert_eq!((first.notify, first.original.as_deref()), (Some(notify), Some("rfc822;o@z")));
        let one_of_many = heir(&asked, &to, (false, true));
        assert_eq!(one_of_many.notify, Some(Notify { success: false, ..notify }));
        assert_eq!((one_of_many.original, heir(&plain, &to, (false, true)).notify), (named.original, None));
        let listed = heir(&asked, &to, (true, false));
        assert_eq!((listed.notify, listed.original), (None, None));
    }
}
