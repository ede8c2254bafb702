//! What a mail server does to its clients besides serving them: it greylists, slows, refuses, limits
//! rates, loses replies, falls silent. All of it is data: rules that are tried at each command.
//!
//! - [`rules`] says what a rule is, [`judge`] tries them, [`greylist`] and [`meter`] remember.
//! - [`attended`] is the server's session with somebody who looks over its shoulder.
//!
//! Nothing here knows why a server is as it is: a peer that is broken, overloaded or cautious is the
//! same to its clients.

pub mod attended;
mod facts;
pub mod greylist;
pub mod judge;
pub mod meter;
pub mod pattern;
pub mod rules;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use self::attended::{Attended, Notice};
use self::judge::Judge;
use self::rules::{At, Caller, Occasion, Ruling};
use crate::app::host::Host;
use crate::app::sessions::Talk;
use crate::base::ConnId;
use crate::base::trace::{MailTrace, Trace};
use crate::proto::smtp::{SUBMISSION_PORT, ServerEvent};

/// What the session of a client tells or asks next; what is a matter of conduct is settled here.
pub(super) fn next<H: Host>(
    judge: &mut Judge,
    host: &mut H,
    talk: &mut Talk<Attended>,
    (client, port): (IpAddr, u16),
) -> Option<ServerEvent> {
    loop {
        match talk.next_event(host)? {
            Notice::Server(event) => return Some(event),
            Notice::Judge(occasion) => {
                let conn = talk.conn();
                let caller = Caller { client, port, session: session_of(conn) };
                let now = host.now();
                let (decision, uses) = judge.decide(caller, &occasion, now, &|purpose| host.stream(purpose));
                for used in &uses {
                    told(host, conn, caller, &occasion, used, decision.effect);
                }
                talk.session.obey(decision);
            }
            Notice::Reset => talk.abort(host),
            Notice::HalfClose => host.close(talk.socket()),
        }
    }
}

/// A message that a user hands in by a form, who has logged in: the rules are tried as for one submitted on port 587, at
/// MAIL, at each RCPT and when it has come. What stands in its way, if anything does. Left out: what slows, since a form
/// is answered at once, and what befalls connections, of which a refusal is left.
pub(super) fn submitted<H: Host>(
    judge: &mut Judge,
    host: &mut H,
    (conn, client): (ConnId, IpAddr),
    message: &Occasion,
) -> Result<(), String> {
    let at = |at| Occasion { at: Some(at), authenticated: true, ..message.clone() };
    let mail = Occasion { recipients: Vec::new(), message_id: None, ..at(At::Mail) };
    let named = message.recipients.iter().map(|to| vec![to.clone()]);
    let rcpt = named.map(|recipients| Occasion { recipients, size: None, message_id: None, ..at(At::Rcpt) });
    let caller = Caller { client, port: SUBMISSION_PORT, session: session_of(conn) };
    let now = host.now();
    for occasion in std::iter::once(mail).chain(rcpt).chain([at(At::Body)]) {
        let (decision, uses) = judge.decide(caller, &occasion, now, &|purpose| host.stream(purpose));
        for used in &uses {
            told(host, conn, caller, &occasion, used, decision.effect);
        }
        match decision.ruling {
            Ruling::Pass | Ruling::HalfClose => {}
            Ruling::Reply(_) | Ruling::Drop { .. } | Ruling::Cut { .. } | Ruling::Silent | Ruling::Octets(_)
                if decision.effect => {}
            Ruling::Reply(saying) => return Err(saying.to_text()),
            Ruling::Drop { .. } | Ruling::Cut { .. } | Ruling::Silent | Ruling::Octets(_) => {
                return Err("The server did not take the message.".to_owned());
            }
        }
    }
    Ok(())
}

/// A number for the session on a connection.
const fn session_of(conn: ConnId) -> u64 {
    (conn.host.0 as u64) << 32 | conn.number as u64
}

fn told<H: Host>(host: &mut H, conn: ConnId, caller: Caller, occasion: &Occasion, used: &judge::Use, effect: bool) {
    host.trace(Trace::Mail(MailTrace::Conduct {
        rule: &used.rule,
        conn,
        at: occasion.at.map_or("", |at| at.name()),
        action: used.action,
        effect: effect && used.decides,
        delay: used.delay,
        client: caller.client,
        sender: occasion.sender.as_deref(),
        recipient: occasion.recipients.last().map(String::as_str),
        message: occasion.message_id.as_deref(),
    }));
}
