//! What becomes of mail for a domain, and the way that other mail takes.

use crate::app;
use crate::scenario::check::Context;
use crate::scenario::names::check_local_part;
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::CatchAllSpec;
use crate::scenario::schema::{CatchAll, MailDomain};

pub(super) fn read_catch_all(
    cx: &mut Context<'_>,
    here: Path<'_>,
    name: &str,
    domain: &MailDomain,
    catch_all: &CatchAll,
) -> Option<CatchAllSpec> {
    let path = here.key("catch_all");
    let except = path.key("except");
    for (index, pattern) in catch_all.except.iter().enumerate() {
        cx.problems.check(except.index(index), check_local_part(pattern));
    }
    let Some(local) = &catch_all.mailbox else {
        cx.problems.help(path, "a catch-all needs a mailbox", "write \"mailbox\": and the local part of a user here");
        return None;
    };
    if !domain.users.contains(local) {
        let known = domain.users.iter().map(String::as_str);
        let help = format!("add it to the users of {domain}", domain = quote(name));
        cx.problems.unknown_else(path.key("mailbox"), "user", local, known, Some(&help));
        return None;
    }
    let except = catch_all.except.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
    Some(CatchAllSpec { mailbox: format!("{local}@{name}"), except })
}

/// Whether an address that is no user's gets to a mailbox all the same.
pub(in crate::scenario::check) fn is_caught(cx: &Context<'_>, address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let Some(catch_all) = cx.scenario.mail.get(domain).and_then(|domain| domain.catch_all.as_ref()) else {
        return false;
    };
    let except = catch_all.except.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
    let catch_all = app::mail::CatchAll { domain: domain.to_owned(), mailbox: String::new(), except };
    catch_all.takes(&address.to_ascii_lowercase())
}
