//! The grammar of commands is the crate imap-codec's; this file alone knows it. Its types
//! become ours here, but for search keys and body sections, which are used as they are.

use imap_codec::decode::Decoder as _;
use imap_codec::encode::Encoder as _;
use imap_codec::{CommandCodec, ResponseCodec};
use imap_types::IntoStatic as _;
use imap_types::command::{Command as Decoded, CommandBody};
use imap_types::core::Vec1;
use imap_types::datetime::DateTime;
use imap_types::extensions::binary::LiteralOrLiteral8;
use imap_types::extensions::sort::{SortCriterion, SortKey};
use imap_types::extensions::thread::ThreadingAlgorithm;
pub(super) use imap_types::fetch::Section;
use imap_types::fetch::{MacroOrMessageDataItemNames, MessageDataItem, MessageDataItemName};
use imap_types::flag::{Flag, StoreResponse, StoreType};
use imap_types::mailbox::{ListMailbox, Mailbox};
use imap_types::response::{Data, Response};
pub(super) use imap_types::search::SearchKey;
use imap_types::sequence::{ONE, SeqOrUid, Sequence, SequenceSet};
use imap_types::status::StatusDataItemName;

use super::command::{Command, InternalDate, Item, Messages, Returns, StatusItem};
use super::content::Content;
use super::flags::{Flags, StoreAction, SystemFlag};
use super::list_command;
use super::order::{Criterion, Key, Order};
use super::sets::{Bound, NumberSet};
use crate::base::UnixTime;

/// Reads a command, its tag and its literals included; `None` if it is not well formed.
pub(super) fn decode(octets: &[u8]) -> Option<Command> {
    let Some((asked, rest)) = result_options(octets) else {
        return read(octets).or_else(|| list_command::read(octets).map(Command::ListExtended));
    };
    let Command::Search { keys, charset, order: Order::Numbers, uid, .. } = read(&rest)? else { return None };
    Some(Command::Search { keys, charset, order: Order::Numbers, returns: Some(asked?), uid })
}

/// What a SEARCH is asked to return (RFC 4731), which the library does not know, and the
/// command without that. The options are `None` if they are not well formed.
fn result_options(octets: &[u8]) -> Option<(Option<Returns>, Vec<u8>)> {
    const WORDS: &[u8] = b"SEARCH RETURN (";
    let mut start = octets.iter().position(|b| *b == b' ')? + 1;
    if octets[start..].get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"UID ")) {
        start += 4;
    }
    octets[start..].get(..WORDS.len()).filter(|words| words.eq_ignore_ascii_case(WORDS))?;
    let inside = start + WORDS.len();
    let end = inside + octets[inside..].iter().position(|b| *b == b')')?;
    let mut returns = Returns::default();
    let known = octets[inside..end].split(|b| *b == b' ').all(|option| {
        let place = match option.to_ascii_uppercase().as_slice() {
            b"MIN" => &mut returns.min,
            b"MAX" => &mut returns.max,
            b"ALL" => &mut returns.all,
            b"COUNT" => &mut returns.count,
            _ => return inside == end,
        };
        *place = true;
        true
    });
    // RFC 4731 3.1: an empty list is the same as ALL.
    returns.all |= inside == end;
    Some((known.then_some(returns), [&octets[..start + 6], &octets[end + 1..]].concat()))
}

fn read(octets: &[u8]) -> Option<Command> {
    let (rest, Decoded { body, .. }) = CommandCodec::default().decode(octets).ok()?;
    if rest.is_empty() { command(body) } else { None }
}

#[allow(clippy::too_many_lines, reason = "one line for each command of the protocol")]
fn command(body: CommandBody<'_>) -> Option<Command> {
    Some(match body {
        CommandBody::Capability => Command::Capability,
        CommandBody::Noop => Command::Noop,
        CommandBody::Logout => Command::Logout,
        CommandBody::Id { .. } => Command::Id,
        CommandBody::Authenticate { mechanism, initial_response } => Command::Authenticate {
            mechanism: mechanism.to_string(),
            initial: initial_response.map(|secret| secret.declassify().to_vec()),
        },
        CommandBody::Login { username, password } => {
            Command::Login { user: username.as_ref().to_vec(), password: password.declassify().as_ref().to_vec() }
        }
        CommandBody::Namespace => Command::Namespace,
        CommandBody::Select { mailbox } => Command::Select { mailbox: name(&mailbox), read_only: false },
        CommandBody::Examine { mailbox } => Command::Select { mailbox: name(&mailbox), read_only: true },
        CommandBody::Create { mailbox } => Command::Create { mailbox: name(&mailbox) },
        CommandBody::Delete { mailbox } => Command::Delete { mailbox: name(&mailbox) },
        CommandBody::Rename { from, to } => Command::Rename { from: name(&from), to: name(&to) },
        CommandBody::Subscribe { mailbox } => Command::Subscribe { mailbox: name(&mailbox), wanted: true },
        CommandBody::Unsubscribe { mailbox } => Command::Subscribe { mailbox: name(&mailbox), wanted: false },
        CommandBody::List { reference, mailbox_wildcard } => list(false, &reference, &mailbox_wildcard),
        CommandBody::Lsub { reference, mailbox_wildcard } => list(true, &reference, &mailbox_wildcard),
        CommandBody::Status { item_names, .. } if item_names.is_empty() => return None,
        CommandBody::Status { mailbox, item_names } => Command::Status {
            mailbox: name(&mailbox),
            items: item_names.iter().map(status_item).collect::<Option<_>>()?,
        },
        CommandBody::Append { mailbox, flags: named, date, message } => Command::Append {
            mailbox: name(&mailbox),
            flags: flags(&named)?,
            date: date.as_ref().map(internal_date),
            content: match message {
                LiteralOrLiteral8::Literal(literal) => literal.into_inner().into_owned(),
                LiteralOrLiteral8::Literal8(literal) => literal.data.into_owned(),
            },
        },
        CommandBody::Idle => Command::Idle,
        CommandBody::Check => Command::Check,
        CommandBody::Close => Command::Close { expunge: true },
        CommandBody::Unselect => Command::Close { expunge: false },
        CommandBody::Expunge => Command::Expunge { uids: None },
        CommandBody::ExpungeUid { sequence_set } => Command::Expunge { uids: Some(set(&sequence_set)) },
        CommandBody::Search { charset, criteria, uid } => {
            let charset = charset.map(|charset| charset.as_ref().to_owned());
            Command::Search { keys: all(criteria), charset, order: Order::Numbers, returns: None, uid }
        }
        CommandBody::Sort { sort_criteria, charset, search_criteria, uid } => Command::Search {
            keys: all(search_criteria),
            charset: Some(charset.as_ref().to_owned()),
            order: Order::By(sort_criteria.as_ref().iter().map(criterion).collect::<Option<_>>()?),
            returns: None,
            uid,
        },
        CommandBody::Thread { algorithm, charset, search_criteria, uid } => Command::Search {
            keys: all(search_criteria),
            charset: Some(charset.as_ref().to_owned()),
            order: match algorithm {
                ThreadingAlgorithm::OrderedSubject => Order::Subjects,
                ThreadingAlgorithm::References => Order::References,
                ThreadingAlgorithm::Other(_) => return None,
            },
            returns: None,
            uid,
        },
        CommandBody::Fetch { sequence_set, macro_or_item_names, uid } => {
            let items = match macro_or_item_names {
                MacroOrMessageDataItemNames::Macro(name) => name.expand().into_iter().map(item).collect::<Option<_>>(),
                MacroOrMessageDataItemNames::MessageDataItemNames(names) => {
                    names.into_iter().map(item).collect::<Option<_>>()
                }
            }?;
            Command::Fetch { messages: Messages { set: set(&sequence_set), uid }, items }
        }
        CommandBody::Store { sequence_set, kind, response, flags: named, uid } => Command::Store {
            messages: Messages { set: set(&sequence_set), uid },
            action: match kind {
                StoreType::Replace => StoreAction::Replace,
                StoreType::Add => StoreAction::Add,
                StoreType::Remove => StoreAction::Remove,
            },
            silent: response == StoreResponse::Silent,
            flags: flags(&named)?,
        },
        CommandBody::Copy { sequence_set, mailbox, uid } => {
            Command::Copy { messages: Messages { set: set(&sequence_set), uid }, to: name(&mailbox), moving: false }
        }
        CommandBody::Move { sequence_set, mailbox, uid } => {
            Command::Copy { messages: Messages { set: set(&sequence_set), uid }, to: name(&mailbox), moving: true }
        }
        CommandBody::StartTLS
        | CommandBody::Enable { .. }
        | CommandBody::Compress { .. }
        | CommandBody::GetQuota { .. }
        | CommandBody::GetQuotaRoot { .. }
        | CommandBody::SetQuota { .. } => Command::Unknown,
    })
}

fn name(mailbox: &Mailbox<'_>) -> Vec<u8> {
    match mailbox {
        Mailbox::Inbox => b"INBOX".to_vec(),
        Mailbox::Other(other) => other.as_ref().to_vec(),
    }
}

fn list(subscribed: bool, reference: &Mailbox<'_>, pattern: &ListMailbox<'_>) -> Command {
    let pattern = match pattern {
        ListMailbox::Token(token) => token.as_ref().to_vec(),
        ListMailbox::String(string) => string.as_ref().to_vec(),
    };
    Command::List { subscribed, reference: name(reference), pattern }
}

const fn status_item(item: &StatusDataItemName) -> Option<StatusItem> {
    Some(match item {
        StatusDataItemName::Messages => StatusItem::Messages,
        StatusDataItemName::Recent => StatusItem::Recent,
        StatusDataItemName::UidNext => StatusItem::UidNext,
        StatusDataItemName::UidValidity => StatusItem::UidValidity,
        StatusDataItemName::Unseen => StatusItem::Unseen,
        StatusDataItemName::Deleted => StatusItem::Deleted,
        StatusDataItemName::Size => StatusItem::Size,
        StatusDataItemName::DeletedStorage => return None,
    })
}

/// `None` for flags that a client cannot set.
fn flags(named: &[Flag<'_>]) -> Option<Flags> {
    let mut out = Flags::default();
    for flag in named {
        match flag {
            Flag::Answered => out.insert(SystemFlag::Answered),
            Flag::Deleted => out.insert(SystemFlag::Deleted),
            Flag::Draft => out.insert(SystemFlag::Draft),
            Flag::Flagged => out.insert(SystemFlag::Flagged),
            Flag::Seen => out.insert(SystemFlag::Seen),
            Flag::Keyword(name) => out.insert_keyword(name.as_ref().into()),
            Flag::Extension(_) => return None,
        }
    }
    Some(out)
}

fn internal_date(date: &DateTime) -> InternalDate {
    let date = date.as_ref();
    let zone = i16::try_from(date.offset().local_minus_utc() / 60).unwrap_or(0);
    InternalDate { at: UnixTime(date.timestamp()), zone }
}

fn set(set: &SequenceSet) -> NumberSet {
    let bound = |bound: &SeqOrUid| match bound {
        SeqOrUid::Value(number) => Bound::Number(number.get()),
        SeqOrUid::Asterisk => Bound::Last,
    };
    let range = |sequence: &Sequence| match sequence {
        Sequence::Single(one) => (bound(one), bound(one)),
        Sequence::Range(from, to) => (bound(from), bound(to)),
    };
    NumberSet(set.0.as_ref().iter().map(range).collect())
}

fn all(criteria: Vec1<SearchKey<'_>>) -> SearchKey<'static> {
    SearchKey::And(criteria.into_static())
}

const fn criterion(criterion: &SortCriterion) -> Option<Criterion> {
    let key = match criterion.key {
        SortKey::Arrival => Key::Arrival,
        SortKey::Cc => Key::Cc,
        SortKey::Date => Key::Date,
        SortKey::From => Key::From,
        SortKey::Size => Key::Size,
        SortKey::Subject => Key::Subject,
        SortKey::To => Key::To,
        SortKey::DisplayFrom | SortKey::DisplayTo => return None,
    };
    Some(Criterion { key, reverse: criterion.reverse })
}

fn item(name: MessageDataItemName<'_>) -> Option<Item> {
    Some(match name {
        MessageDataItemName::Flags => Item::Flags,
        MessageDataItemName::Uid => Item::Uid,
        MessageDataItemName::InternalDate => Item::InternalDate,
        MessageDataItemName::Rfc822Size => Item::Size,
        MessageDataItemName::Envelope => Item::Envelope,
        MessageDataItemName::Body => Item::Structure { extended: false },
        MessageDataItemName::BodyStructure => Item::Structure { extended: true },
        MessageDataItemName::BodyExt { section, partial, peek } => Item::Section {
            section: section.map(imap_types::IntoStatic::into_static),
            partial: partial.map(|(from, count)| (from, count.get())),
            peek,
        },
        MessageDataItemName::Rfc822 => Item::Rfc822,
        MessageDataItemName::Rfc822Header => Item::Rfc822Header,
        MessageDataItemName::Rfc822Text => Item::Rfc822Text,
        MessageDataItemName::Binary { section, partial, peek } => Item::Binary {
            path: section.iter().map(|number| number.get()).collect(),
            partial: partial.map(|(from, count)| (from, count.get())),
            peek,
        },
        MessageDataItemName::BinarySize { section } => {
            Item::BinarySize { path: section.iter().map(|number| number.get()).collect() }
        }
    })
}

/// ENVELOPE, with its name.
pub(super) fn envelope(content: &Content<'_>) -> Vec<u8> {
    written(MessageDataItem::Envelope(content.envelope()))
}

/// BODY or BODYSTRUCTURE, with its name.
pub(super) fn structure(content: &Content<'_>, extended: bool) -> Vec<u8> {
    written(if extended {
        MessageDataItem::BodyStructure(content.body_structure())
    } else {
        MessageDataItem::Body(content.body())
    })
}

/// BODY[...], with its name.
pub(super) fn section(content: &Content<'_>, section: Option<&Section<'_>>, partial: Option<(u32, u32)>) -> Vec<u8> {
    let data = content.fetch(section, partial);
    let origin = partial.map(|(origin, _)| origin);
    written(MessageDataItem::BodyExt { section: section.cloned(), origin, data })
}

/// One item as the library writes it in a FETCH response.
fn written(item: MessageDataItem<'_>) -> Vec<u8> {
    let response = Response::Data(Data::Fetch { seq: ONE, items: Vec1::from(item) });
    let line = ResponseCodec::new().encode(&response).dump();
    let inner = line.strip_prefix(b"* 1 FETCH (").and_then(|rest| rest.strip_suffix(b")\r\n"));
    inner.map_or_else(Vec::new, <[u8]>::to_vec)
}
