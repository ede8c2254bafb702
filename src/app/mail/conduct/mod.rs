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
use self::rules::{Caller, Occasion};
use crate::app::host::Host;
use crate::app::sessions::Talk;
use crate::base::ConnId;
use crate::base::trace::{MailTrace, Trace};
use crate::proto::smtp::ServerEvent;

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
                let session = u64::from(conn.host.0) << 32 | u64::from(conn.number);
                let caller = Caller { client, port, session };
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
