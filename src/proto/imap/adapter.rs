//! The grammar of commands is the crate imap-codec's; this file alone knows it. Its types
//! become ours here, but for search keys and body sections, which are used as they are.

use imap_codec::decode::Decoder as _;
use imap_codec::encode::Encoder as _;
use imap_codec::{CommandCodec, ResponseCodec};
use imap_types::IntoStatic as _;
use imap_types::command::{Command as Decoded, CommandBody, FetchModifier, SelectParameter, StoreModifier};
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

use super::command::{Appended, Command, InternalDate, Item, Messages, StatusItem};
use super::content::Content;
use super::event::NewMessage;
use super::flags::{Flags, StoreAction, SystemFlag};
use super::order::{Criterion, Key, Order};
use super::saved::{self, Saved};
use super::sets::{Bound, NumberSet};
use super::{append_command, list_command, results, words};
use crate::base::UnixTime;

/// Reads a command, its tag and its literals included; `None` if it is not well formed. A client
/// that speaks IMAP4rev2 may write UTF-8 in quotes.
pub(super) fn decode(octets: &[u8], rev2: bool, saved: impl FnOnce() -> Saved) -> Option<Command> {
    let utf8 = if rev2 { words::without_utf8_in_quotes(octets) } else { None };
    let octets = utf8.as_deref().unwrap_or(octets);
    let filled = octets.contains(&b'$').then(|| saved::fill(octets, &saved())).flatten();
    let text = filled.as_ref().map_or(octets, |filled| &filled.command);
    // Clients of old put two spaces where RFC 3501 section 9 has one.
    let mut command = any(text).or_else(|| any(&words::single_spaced(text)?))?;
    if filled.is_some_and(|filled| filled.empty) {
        command.about_nothing();
    }
    Some(command)
}

fn any(octets: &[u8]) -> Option<Command> {
    if let Some((asked, rest)) = results::split(octets) {
        let Command::Search { keys, charset, order, uid, .. } = read(&rest)? else { return None };
        return Some(Command::Search { keys, charset, order, returns: Some(asked?), uid });
    }
    let create = || {
        let (mailbox, special_use) = list_command::create(octets)?;
        Some(Command::Create { mailbox, special_use: Some(special_use) })
    };
    let append = || {
        let parts = append_command::split(octets)?;
        let parts = parts
            .iter()
            .map(|part| if let Some(Command::Append(appended)) = read(part) { Some(appended) } else { None });
        append_command::joined(parts).map(Command::Append)
    };
    read(octets).or_else(|| list_command::read(octets).map(Command::ListExtended)).or_else(create).or_else(append)
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
        CommandBody::Select { mailbox, parameters } => select(&mailbox, false, &parameters)?,
        CommandBody::Examine { mailbox, parameters } => select(&mailbox, true, &parameters)?,
        CommandBody::Create { mailbox } => Command::Create { mailbox: name(&mailbox), special_use: None },
        CommandBody::Delete { mailbox } => Command::Delete { mailbox: name(&mailbox) },
        CommandBody::Rename { from, to } => Command::Rename { from: name(&from), to: name(&to) },
        CommandBody::Subscribe { mailbox } => Command::Subscribe { mailbox: name(&mailbox), wanted: true },
        CommandBody::Unsubscribe { mailbox } => Command::Subscribe { mailbox: name(&mailbox), wanted: false },
        CommandBody::List { reference, mailbox_wildcard } => list(false, &reference, &mailbox_wildcard),
        CommandBody::Lsub { reference, mailbox_wildcard } => list(true, &reference, &mailbox_wildcard),
        CommandBody::Status { item_names, .. } if item_names.is_empty() => return None,
        CommandBody::Status { mailbox, item_names } => {
            Command::Status { mailbox: name(&mailbox), items: item_names.iter().map(status_item).collect() }
        }
        CommandBody::Append { mailbox, flags: named, date, message } => {
            let content = match message {
                LiteralOrLiteral8::Literal(literal) => literal.into_inner(),
                LiteralOrLiteral8::Literal8(literal) => literal.data,
            };
            let (flags, date, content) = (flags(&named)?, date.as_ref().map(internal_date), (&*content).into());
            let messages = vec![NewMessage { flags, date, content }];
            Command::Append(Appended { mailbox: name(&mailbox), messages })
        }
        CommandBody::Enable { capabilities } => {
            Command::Enable { names: capabilities.as_ref().iter().map(ToString::to_string).collect() }
        }
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
        CommandBody::Fetch { sequence_set, macro_or_item_names, uid, modifiers } => {
            let items = match macro_or_item_names {
                MacroOrMessageDataItemNames::Macro(name) => name.expand().into_iter().map(item).collect::<Option<_>>(),
                // RFC 3501 section 9 has one item at least.
                MacroOrMessageDataItemNames::MessageDataItemNames(names) if names.is_empty() => None,
                MacroOrMessageDataItemNames::MessageDataItemNames(names) => {
                    names.into_iter().map(item).collect::<Option<_>>()
                }
            }?;
            let changed_since = match modifiers.as_slice() {
                [] => None,
                [FetchModifier::ChangedSince(since)] => Some(since.get()),
                [..] => return None,
            };
            Command::Fetch { messages: Messages { set: set(&sequence_set), uid }, items, changed_since }
        }
        CommandBody::Store { sequence_set, kind, response, flags: named, uid, modifiers } => Command::Store {
            messages: Messages { set: set(&sequence_set), uid },
            action: match kind {
                StoreType::Replace => StoreAction::Replace,
                StoreType::Add => StoreAction::Add,
                StoreType::Remove => StoreAction::Remove,
            },
            silent: response == StoreResponse::Silent,
            flags: flags(&named)?,
            unchanged_since: match modifiers.as_slice() {
                [] => None,
                [StoreModifier::UnchangedSince(since)] => Some(*since),
                [..] => return None,
            },
        },
        CommandBody::Copy { sequence_set, mailbox, uid } => {
            Command::Copy { messages: Messages { set: set(&sequence_set), uid }, to: name(&mailbox), moving: false }
        }
        CommandBody::Move { sequence_set, mailbox, uid } => {
            Command::Copy { messages: Messages { set: set(&sequence_set), uid }, to: name(&mailbox), moving: true }
        }
        CommandBody::GetQuota { root } => Command::Quota { root: root.as_ref().to_vec() },
        CommandBody::GetQuotaRoot { mailbox } => Command::QuotaRoot { mailbox: name(&mailbox) },
        // RFC 9208 section 3.1.2: limits are set by who runs the server, without QUOTASET.
        CommandBody::StartTLS | CommandBody::Compress { .. } | CommandBody::SetQuota { .. } => Command::Unknown,
    })
}

fn name(mailbox: &Mailbox<'_>) -> Vec<u8> {
    match mailbox {
        Mailbox::Inbox => b"INBOX".to_vec(),
        Mailbox::Other(other) => other.as_ref().to_vec(),
    }
}

/// QRESYNC is not offered.
fn select(mailbox: &Mailbox<'_>, read_only: bool, parameters: &[SelectParameter]) -> Option<Command> {
    let condstore = !parameters.is_empty();
    let known = parameters.iter().all(|parameter| *parameter == SelectParameter::CondStore);
    known.then(|| Command::Select { mailbox: name(mailbox), read_only, condstore })
}

fn list(subscribed: bool, reference: &Mailbox<'_>, pattern: &ListMailbox<'_>) -> Command {
    let pattern = match pattern {
        ListMailbox::Token(token) => token.as_ref().to_vec(),
        ListMailbox::String(string) => string.as_ref().to_vec(),
    };
    Command::List { subscribed, reference: name(reference), pattern }
}

const fn status_item(item: &StatusDataItemName) -> StatusItem {
    match item {
        StatusDataItemName::Messages => StatusItem::Messages,
        StatusDataItemName::Recent => StatusItem::Recent,
        StatusDataItemName::UidNext => StatusItem::UidNext,
        StatusDataItemName::UidValidity => StatusItem::UidValidity,
        StatusDataItemName::Unseen => StatusItem::Unseen,
        StatusDataItemName::Deleted => StatusItem::Deleted,
        StatusDataItemName::Size => StatusItem::Size,
        StatusDataItemName::HighestModSeq => StatusItem::HighestModSeq,
        StatusDataItemName::DeletedStorage => StatusItem::DeletedStorage,
    }
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
        MessageDataItemName::ModSeq => Item::ModSeq,
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
