//! GETQUOTA and GETQUOTAROOT (RFC 9208): one root, of no name, for all mailboxes of a user.
//!
//! Left out: SETQUOTA, since who runs the server says what users may store.

use super::super::event::{Quota, ServerEvent};
use super::{Doing, Ending, Server};

impl Server {
    pub(super) fn quota(&mut self, tag: String, root: &[u8]) {
        if root.is_empty() {
            self.ask(tag, Doing::Quota(None), ServerEvent::Quota { mailbox: None });
        } else {
            self.no_such_root(&tag);
        }
    }

    fn no_such_root(&mut self, tag: &str) {
        self.no(tag, Some("NONEXISTENT"), "No such quota root", Ending::Other);
    }

    pub(super) fn quota_root(&mut self, tag: String, mailbox: &[u8]) {
        let Some(mailbox) = self.name(&tag, mailbox) else { return };
        self.ask(tag, Doing::Quota(Some(mailbox.clone())), ServerEvent::Quota { mailbox: Some(mailbox) });
    }

    /// A resource without a limit is not told; a user without limits has no root.
    pub(super) fn quota_told(&mut self, tag: &str, mailbox: Option<&str>, quota: &Quota) {
        // RFC 9208 section 5.1: "in units of 1024 octets".
        let (used, limit) = quota.octets;
        let storage = limit.map(|limit| format!("STORAGE {} {}", used.div_ceil(1024), limit / 1024));
        let (used, limit) = quota.messages;
        let messages = limit.map(|limit| format!("MESSAGE {used} {limit}"));
        let resources: Vec<String> = storage.into_iter().chain(messages).collect();
        let name = match mailbox {
            Some(mailbox) => {
                let root = if resources.is_empty() { "" } else { " \"\"" };
                self.say(&format!("* QUOTAROOT {}{root}", self.style().quoted(mailbox)));
                "GETQUOTAROOT"
            }
            None if resources.is_empty() => return self.no_such_root(tag),
            None => "GETQUOTA",
        };
        if !resources.is_empty() {
            self.say(&format!("* QUOTA \"\" ({})", resources.join(" ")));
        }
        self.completed(tag, name, Ending::Other);
    }
}
