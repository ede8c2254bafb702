//! What a server answers when it is asked for an address: by RCPT, VRFY and EXPN.

use super::Spool;
use crate::app::mail::config::FullAt;
use crate::app::mail::homes::Target;
use crate::proto::smtp::{Mailbox, ReversePath, Status};

/// Why a recipient is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app::mail) struct Refusal {
    pub(in crate::app::mail) code: u16,
    pub(in crate::app::mail) status: Status,
    pub(in crate::app::mail) text: String,
}

impl Refusal {
    fn new(code: u16, status: Status, recipient: &Mailbox, why: &str) -> Self {
        Self { code, status, text: format!("{recipient} ... {why}") }
    }
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app::mail) enum Known {
    /// It should be here and is not.
    Nobody,
    /// It cannot be judged, because it lies elsewhere or is no mailbox.
    Unclear,
    /// It is this mailbox.
    User(String),
    /// It stands for these addresses.
    Members(Vec<String>),
}

impl Spool {
    /// Whether mail from a sender for a recipient is taken. `trusted` clients may send mail for
    /// elsewhere; `size` is that of the message, as far as it is known.
    pub(in crate::app::mail) fn judge(
        &self,
        sender: &ReversePath,
        recipient: &Mailbox,
        (trusted, size): (bool, u64),
    ) -> Result<(), Refusal> {
        let taken = self.is_local(recipient) || trusted || self.homes.is_relayed(recipient);
        if !taken {
            return Err(Refusal::new(550, Status::POLICY, recipient, "Relaying denied"));
        }
        if self.homes.is_unknown(recipient) {
            return Err(Refusal::new(550, Status::NO_MAILBOX, recipient, "User unknown"));
        }
        if !self.homes.may_post(sender, recipient) {
            return Err(Refusal::new(550, Status::NO_POSTING, recipient, "This sender may not write to the list"));
        }
        let found = self.homes.find(recipient);
        let quota = self.homes.quota(&found.key);
        if quota.checked == FullAt::Recipient
            && matches!(found.target, Target::Mailbox { .. })
            && !self.has_room(&found.key, usize::try_from(size).unwrap_or(usize::MAX))
        {
            return Err(Refusal::new(quota.when_full.code(), Status::MAILBOX_FULL, recipient, "Mailbox full"));
        }
        Ok(())
    }

    /// What is known of a name given to VRFY or EXPN: a mailbox or its local part.
    pub(in crate::app::mail) fn identify(&self, name: &str) -> Known {
        let text = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name);
        let named: Vec<Mailbox> = match Mailbox::parse(text) {
            Some(mailbox) => vec![mailbox],
            None => self.homes.domains().filter_map(|domain| Mailbox::parse(&format!("{text}@{domain}"))).collect(),
        };
        let mut known = if named.is_empty() { Known::Unclear } else { Known::Nobody };
        for mailbox in &named {
            if let Some(members) = self.homes.members(mailbox) {
                return Known::Members(members.iter().map(Mailbox::to_string).collect());
            }
            match self.homes.find(mailbox).target {
                Target::Mailbox { .. } | Target::Discard => return Known::User(mailbox.to_string()),
                Target::Elsewhere if !self.homes.is_unknown(mailbox) => known = Known::Unclear,
                Target::Elsewhere | Target::Unknown | Target::Alias(_) | Target::Forward { .. } | Target::List(_) => {}
            }
        }
        known
    }
}
