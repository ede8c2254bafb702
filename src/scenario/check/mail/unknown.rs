//! An address that nobody has: what is wrong with it, and what would help at its place.

use crate::scenario::check::Context;
use crate::scenario::names::{check_host_name, check_local_part};
use crate::scenario::problem::{Path, did_you_mean, nearest, quote, some_of};

/// What would help where an address is well formed, but nobody has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario::check) enum Remedy {
    /// Only that somebody has it.
    AddUser,
    /// Or `allow_unknown`, which the object around has and does not say.
    Allow,
}

/// Whether this is an address that somebody could have.
pub(in crate::scenario::check) fn is_address(address: &str) -> bool {
    address
        .rsplit_once('@')
        .is_some_and(|(local, domain)| check_local_part(local).is_ok() && check_host_name(domain).is_ok())
}

/// Notes that nobody has this address, in words that fit the mistake.
pub(in crate::scenario::check) fn unknown_user(cx: &mut Context<'_>, path: Path<'_>, address: &str, remedy: Remedy) {
    let scenario = cx.scenario;
    let Some((local, domain)) = address.rsplit_once('@') else {
        let help = "write it like \"alice@crepes.fr\"";
        cx.problems.unknown_name(path, format!("{} is no mail address", quote(address)), Some(help.to_owned()));
        return;
    };
    if let Err((message, help)) = well_formed(local, domain) {
        let found = find_nearest(cx, local, domain).map(|near| did_you_mean(&near)).or(help);
        cx.problems.unknown_name(path, message, found);
        return;
    }
    let allow = match remedy {
        Remedy::AddUser => None,
        Remedy::Allow => Some("write \"allow_unknown\": true"),
    };
    let near = find_nearest(cx, local, domain).map(|near| did_you_mean(&near));
    let (message, known) = match scenario.mail.get(domain) {
        None => {
            let known = some_of("mail domains", scenario.mail.keys().map(String::as_str));
            (format!("there is no mail domain {}", quote(domain)), [known, None])
        }
        Some(found) => {
            let known = some_of("users there", found.users.iter().map(String::as_str));
            let domain = quote(domain);
            let add = format!("add it to the users of {domain}");
            (format!("there is no user {} in {domain}", quote(local)), [known, Some(add)])
        }
    };
    let [known, add] = known;
    let ways: Vec<String> = [add, allow.map(str::to_owned)].into_iter().flatten().collect();
    let ways = Some(ways.join(", or ")).filter(|ways| !ways.is_empty());
    let otherwise = [known, ways].into_iter().flatten().collect::<Vec<_>>().join("; ");
    cx.problems.unknown_name(path, message, near.or(Some(otherwise).filter(|text| !text.is_empty())));
}

/// The address that was probably meant: of this domain, or of the one that is nearest to it.
fn find_nearest(cx: &Context<'_>, local: &str, domain: &str) -> Option<String> {
    let mail = &cx.scenario.mail;
    let lower = domain.to_ascii_lowercase();
    let (name, found) = match mail.get_key_value(&lower) {
        Some(found) => found,
        None => {
            let name = nearest(&lower, mail.keys().map(String::as_str))?;
            let (name, found) = mail.get_key_value(name)?;
            // The local part is right if that domain has it; else whatever is near to it is as good a guess.
            let locals = || found.users.iter().chain(found.aliases.keys()).chain(found.lists.keys());
            let local = nearest(local, locals().map(String::as_str)).unwrap_or(local);
            return Some(format!("{local}@{name}"));
        }
    };
    let locals = || found.users.iter().chain(found.aliases.keys()).chain(found.lists.keys());
    Some(format!("{}@{name}", nearest(local, locals().map(String::as_str))?))
}

/// What is wrong with the form of an address, and what would help.
fn well_formed(local: &str, domain: &str) -> Result<(), (String, Option<String>)> {
    if domain.starts_with('[') {
        // RFC 5321 section 4.1.3.
        let help = "name the mail domain".to_owned();
        return Err(("an address in a scenario has no address literal behind the @".to_owned(), Some(help)));
    }
    if local.starts_with('"') {
        // RFC 5321 section 4.1.2, Quoted-string.
        let help = "choose one of letters, digits and !#$%&'*+-/=?^_`|~ with single dots between".to_owned();
        return Err(("the part before the @ is not quoted in a scenario".to_owned(), Some(help)));
    }
    if local.contains('{') {
        let help = "write it like \"u{1..50}@hamburger.edu\"".to_owned();
        return Err(("this pattern stands for no addresses, or for too many".to_owned(), Some(help)));
    }
    check_local_part(local).and_then(|()| check_host_name(domain)).map_err(|message| (message, None))
}
