//! Queues, mailboxes and zones of a host: as lines for a reader, and field by field for programs.
//!
//! The octets of messages are left out: they may be long, and `run` with `outputs` writes them.

use serde_json::{Value, json};

use super::state::Holding;
use crate::app::dns::NameServer;
use crate::app::mail::{Folder, MailServer, Maildrop, QueuedCopy, QueuedMessage, Status, StoredMessage};
use crate::live::command::{mailbox_lines, queue_lines};
use crate::proto::imap::utf7;

/// What waits in a server's queue.
pub(super) fn queue(server: &MailServer) -> Holding {
    let copies = server.queue().flat_map(|message| message.copies.iter().map(move |copy| (message, copy)));
    let json: Vec<Value> = copies.filter_map(|(message, copy)| queued(message, copy)).collect();
    listed("queue", "Queue", &queue_lines(server), "is empty", json!(json))
}

fn queued(message: &QueuedMessage, copy: &QueuedCopy) -> Option<Value> {
    let (state, next) = match copy.status {
        Status::Scheduled => ("being_tried", None),
        Status::TemporarilyFailed { until, give_up: false } => ("waiting", Some(until)),
        Status::TemporarilyFailed { until, give_up: true } => ("waiting_for_its_end", Some(until)),
        Status::Completed | Status::PermanentlyFailed => return None,
    };
    Some(json!({
        "queue_id": message.queue_id,
        "message": message.message_id,
        "from": message.reverse_path.as_str(),
        "to": copy.recipient.as_str(),
        "octets": message.content.len(),
        "accepted_s": message.accepted.to_string(),
        "attempts": copy.attempts,
        "state": state,
        "next_s": next.map(|next| next.to_string()),
        "last_failure": copy.last_failure.as_ref().map(|last| &last.text),
    }))
}

/// The mailboxes of a server.
pub(super) fn mailboxes(server: &MailServer) -> Holding {
    let lines: Vec<String> = server.mailboxes().flat_map(|drop| mailbox_lines(drop, true)).collect();
    let json: Vec<Value> = server.mailboxes().map(mailbox).collect();
    listed("mailboxes", "Mailboxes", &lines, "there are none", json!(json))
}

fn mailbox(drop: &Maildrop) -> Value {
    let inbox = std::iter::once(folder("INBOX".to_owned(), drop.inbox()));
    let others = drop.others().map(|(name, of)| folder(utf7::decode(name).unwrap_or_else(|| name.to_owned()), of));
    json!({ "user": drop.address(), "octets": drop.octets(), "folders": inbox.chain(others).collect::<Vec<_>>() })
}

fn folder(name: String, folder: &Folder) -> Value {
    let messages: Vec<Value> = folder.messages().iter().map(stored).collect();
    json!({ "name": name, "octets": folder.octets(), "messages": messages })
}

fn stored(message: &StoredMessage) -> Value {
    let flags = message.flags.to_string();
    json!({
        "message": message.origin.as_ref().map(|origin| &origin.message_id),
        "uid": message.uid,
        "octets": message.content.len(),
        "stored_s": message.stored.to_string(),
        "flags": flags.split_whitespace().collect::<Vec<_>>(),
        "retrieved": message.retrieved,
    })
}

/// The zones of a name server.
pub(super) fn zones(server: &NameServer) -> Holding {
    let json: Vec<Value> = server
        .held()
        .map(|zone| {
            json!({
                "zone": zone.apex.to_string(),
                "serial": zone.serial,
                "records": zone.records,
                "copy": zone.copy.is_some(),
                "origin": zone.copy,
            })
        })
        .collect();
    listed("zones", "Zones", &server.lines(), "there are none", json!(json))
}

fn listed(key: &str, title: &str, lines: &[String], empty: &str, json: Value) -> Holding {
    let text = if lines.is_empty() { format!("  {empty}") } else { format!("  {}", lines.join("\n  ")) };
    Holding { key: key.to_owned(), title: title.to_owned(), text, json }
}
