//! A login that the server has forgotten: the login page comes in place of what was asked for.
//!
//! The person logs in again there and goes back to the page that was wanted. A form is not handed in again, since
//! nobody knows what became of it (RFC 9110 9.2.2), nor does its page exist any more.

use super::{Client, Doing};
use crate::base::SimTime;
use crate::proto::mailbox::{Done, MailboxEvent};
use crate::proto::webmail::page::Page;

/// What was under way when it came out.
#[derive(Clone, Debug)]
pub(super) struct Interrupted {
    doing: Doing,
    /// The page to go back to; none: a form was handed in.
    target: Option<String>,
}

impl Client {
    /// The login page came, unasked for.
    pub(super) fn expired(&mut self, now: SimTime) {
        if self.refreshed {
            // A server that forgets at once is not asked for ever.
            return self.fail("the server knows this session no more");
        }
        self.refreshed = true;
        let doing = std::mem::replace(&mut self.doing, Doing::Idle);
        self.interrupted = Some(Box::new(Interrupted { doing, target: self.wanted.take() }));
        self.log_in(now);
    }

    /// The list came that is shown after logging in.
    pub(super) fn entered(&mut self, now: SimTime, page: Page) {
        match self.interrupted.take().map(|interrupted| *interrupted) {
            None => {
                self.fresh = Some(page);
                self.tell(MailboxEvent::Open);
            }
            Some(Interrupted { doing, target: Some(target) }) => {
                self.doing = doing;
                self.get(now, &target);
            }
            Some(Interrupted { target: None, .. }) => {
                self.refreshed = false;
                self.done(Done::Refused("the login had expired".to_owned()));
            }
        }
    }
}
