//! The Received fields of every stored message against the trace: one for each server that it passed, in order.

use posthaste::app::App;
use posthaste::base::HostId;
use posthaste::cli::simulate::Finished;
use posthaste::scenario::Resolved;

use super::ledger::Ledger;
use super::payloads::message_id;

/// RFC 5321 6.3: the threshold of loops, "normally at least 100 Received entries".
const MOST: usize = 100;

/// What does not hold.
pub(crate) fn check<X>(scenario: &Resolved, ledger: &Ledger, finished: &Finished<X>) -> Vec<String> {
    let mut faults = Vec::new();
    for (host, app) in finished.world.apps() {
        let App::MailServer(server) = app else { continue };
        for message in server.mailboxes().flat_map(|maildrop| maildrop.messages()) {
            if let Err(fault) = path(scenario, ledger, host, &message.content) {
                faults.push(format!("{}: {fault}", message_id(&message.content)));
            }
        }
    }
    faults.truncate(12);
    faults
}

/// Goes back from the server that stored a message to the host that wrote it, from field to field.
fn path(scenario: &Resolved, ledger: &Ledger, stored: HostId, content: &[u8]) -> Result<(), String> {
    let id = message_id(content);
    let received = received(content);
    if received.len() > MOST {
        return Err(format!("{} Received fields", received.len()));
    }
    let mut holder = stored;
    for field in &received {
        let word = |before: &str| field.split(before).nth(1)?.split([' ', ';']).next();
        let (by, queue_id) = word(" by ").zip(word(" id ")).ok_or_else(|| format!("no hop: {field}"))?;
        let name = &scenario.host_spec(holder).name;
        if by != name {
            return Err(format!("{name} had it, and the field says {field}"));
        }
        let hop = ledger.hops.get(&(holder, queue_id.to_owned()));
        let (message, client) = hop.ok_or_else(|| format!("{name} took no message as {queue_id}"))?;
        if *message != id {
            return Err(format!("{name} took {message} as {queue_id}"));
        }
        holder = *client;
    }
    let wrote = ledger.copies.iter().any(|(key, copy)| key.0 == id && copy.composed == Some(holder));
    let name = &scenario.host_spec(holder).name;
    if wrote { Ok(()) } else { Err(format!("{} fields lead back to {name}, which did not write it", received.len())) }
}

/// The Received fields, unfolded, the last one first.
fn received(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n\t", " ");
    head.split("\r\n").filter(|line| line.starts_with("Received: ")).map(str::to_owned).collect()
}
