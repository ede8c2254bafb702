//! Our reader of SMTP commands against that of the crate `smtp-proto`: they agree on every
//! line except for the differences listed here, each with its reason.

use std::borrow::Cow;

use posthaste::proto::smtp::command::{Command, CommandError};
use posthaste::proto::smtp::{ForwardPath, ReversePath};
use proptest::prelude::*;
use smtp_proto::Request;

type Theirs<'a> = Result<Request<Cow<'a, str>>, smtp_proto::Error>;

/// Where the two disagree on purpose, with an example of each.
///
/// Ours refuses what it does not implement or what the grammar does not have, so that a
/// student sees the mistake; theirs serves an Internet full of careless clients.
const DIFFERENCES: [(Difference, &str); 14] = [
    (Difference::Mechanism, "AUTH  PLAIN"),
    (Difference::SurplusArgument, "DATA now"),
    (Difference::ClientName, "HELO no_name"),
    (Difference::Parameters, "MAIL FROM:<a@b> FOO=1"),
    (Difference::EmptyForwardPath, "RCPT TO:<>"),
    (Difference::PostmasterAsSender, "MAIL FROM:<postmaster>"),
    (Difference::Address, "MAIL FROM:<a@b_c>"),
    (Difference::Spaces, "MAIL FROM :<a@b>"),
    (Difference::Characters, "MAIL FROM:<\u{e9}@b>"),
    (Difference::NotImplemented, "LHLO crepes.fr"),
    (Difference::AddressLiteral, "MAIL FROM:<a@[192.0.2.1]>"),
    (Difference::EmptyString, "VRFY \"\""),
    (Difference::EndMarker, "BDAT 0 ["),
    (Difference::SourceRoute, "RCPT TO:<@a,b@c:d@e>"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    /// RFC 5321 4.3.2: DATA, RSET and QUIT with an argument SHOULD get 501. Theirs skips it.
    SurplusArgument,
    /// 4.1.1.1: HELO and EHLO take a domain or an address literal, and nothing behind it.
    /// Theirs takes the first word, whatever it is.
    ClientName,
    /// Ours reads any parameter that the grammar has and leaves it to the session, theirs judges
    /// the parameters that it knows.
    Parameters,
    /// RFC 4954 section 4: one space before the mechanism and before the initial response, and
    /// nothing behind. Theirs skips what it does not look for.
    Mechanism,
    /// 4.1.2: only a reverse-path may be null.
    EmptyForwardPath,
    /// 4.1.1.3: only a forward-path may be `<Postmaster>`.
    PostmasterAsSender,
    /// 4.1.2, 4.5.3.1: theirs checks neither labels nor the lengths of the parts, and counts
    /// the length of a path without its brackets.
    Address,
    /// 4.1.1: theirs skips spaces before the verb and the colon and inside the brackets, and
    /// takes a tab for a space.
    Spaces,
    /// 2.4, 4.1.2: ours refuses control characters and other character sets.
    Characters,
    /// Verbs that ours knows only to refuse with 502, and LHLO, ATRN and BURL, which it does
    /// not know.
    NotImplemented,
    /// 4.1.3: theirs does not read mailboxes at address literals.
    AddressLiteral,
    /// VRFY: theirs wants a string of 1 to 256 octets, ours anything that is not a wrong mailbox.
    EmptyString,
    /// 4.1.2: theirs does not look into a source route, so a wrong one passes.
    SourceRoute,
    /// RFC 3030 section 2: theirs passes over an end-marker that is none.
    EndMarker,
}

/// What may differ in this line, judged by the line alone.
fn differences(line: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |applies: bool, difference| {
        if applies {
            found.push(difference);
        }
    };
    let upper = line.to_ascii_uppercase();
    let (verb, argument) = upper.split_once(' ').unwrap_or((&upper, ""));
    let inner = argument.split_once('<').map_or("", |(_, rest)| rest);
    let (path, after) = inner.rsplit_once('>').unwrap_or((inner, ""));
    let mailbox = if path.starts_with('@') { path.rsplit_once(':').map_or(path, |(_, rest)| rest) } else { path };
    let is = |verbs: &[&str]| verbs.contains(&verb.trim());
    note(is(&["DATA", "RSET", "QUIT", "STARTTLS"]) && !argument.trim().is_empty(), Difference::SurplusArgument);
    note(is(&["HELO", "EHLO"]) && !plain_domain(argument.trim_end()), Difference::ClientName);
    note(is(&["MAIL", "RCPT"]) && !after.trim().is_empty(), Difference::Parameters);
    note(is(&["RCPT"]) && argument.contains('<') && path.trim().is_empty(), Difference::EmptyForwardPath);
    note(is(&["MAIL"]) && path.trim() == "POSTMASTER", Difference::PostmasterAsSender);
    note(is(&["MAIL", "RCPT"]) && !path.is_empty() && !plain_mailbox(mailbox), Difference::Address);
    let spaces = line.starts_with(' ') || line.contains('\t') || path.contains(' ');
    note(spaces || argument.split_once(':').is_some_and(|(keyword, _)| keyword.contains(' ')), Difference::Spaces);
    note(line.bytes().any(|b| !matches!(b, b' '..=b'~')), Difference::Characters);
    note(is(&["AUTH"]), Difference::Mechanism);
    let others = ["LHLO", "ATRN", "BURL"];
    note(is(&others), Difference::NotImplemented);
    note(mailbox.contains("@["), Difference::AddressLiteral);
    let string = !argument.contains(['"', '@']) && argument.len() <= 256;
    note(is(&["VRFY", "EXPN"]) && !string, Difference::EmptyString);
    note(is(&["ETRN"]) && !plain_domain(argument.trim_end()), Difference::ClientName);
    note(path.starts_with('@'), Difference::SourceRoute);
    let size = argument.strip_suffix(" LAST").unwrap_or(argument);
    note(is(&["BDAT"]) && !size.bytes().all(|b| b.is_ascii_digit()), Difference::EndMarker);
    found
}

/// A domain that nobody can find fault with.
fn plain_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 180 && text.split('.').all(label)
}

/// A mailbox that nobody can find fault with: without quotes.
fn plain_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return text == "POSTMASTER" };
    let atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    local.len() <= 64 && local.split('.').all(atom) && plain_domain(domain)
}

/// Whether both read the same from a line that both take.
fn same(ours: &Command, theirs: &Request<Cow<'_, str>>) -> bool {
    // Theirs takes the quotes away, as our key of a mailbox does.
    let path = |key: String, address: &str| key == address.to_ascii_lowercase();
    match (ours, theirs) {
        (Command::Helo(name), Request::Helo { host }) | (Command::Ehlo(name), Request::Ehlo { host }) => name == host,
        (Command::Mail { path: reverse_path, parameters }, Request::Mail { from }) => {
            let size = parameters.iter().find(|parameter| parameter.keyword == "SIZE");
            let size = size.and_then(|parameter| parameter.value.as_deref()?.parse().ok());
            let address = match reverse_path {
                ReversePath::Null => from.address.is_empty(),
                ReversePath::Mailbox(mailbox) => path(mailbox.key(), &from.address),
            };
            address && size.unwrap_or(0) == from.size
        }
        (Command::Rcpt { path: ForwardPath::Postmaster, .. }, Request::Rcpt { to }) => to.address.is_empty(),
        (Command::Rcpt { path: ForwardPath::Mailbox(mailbox), .. }, Request::Rcpt { to }) => {
            path(mailbox.key(), &to.address)
        }
        (Command::Data, Request::Data)
        | (Command::Rset, Request::Rset)
        | (Command::Quit, Request::Quit)
        | (Command::Noop, Request::Noop { .. })
        | (Command::Help(_), Request::Help { .. })
        | (Command::StartTls, Request::StartTls)
        | (Command::Vrfy { .. }, Request::Vrfy { .. })
        | (Command::Expn { .. }, Request::Expn { .. }) => true,
        (Command::Etrn(node), Request::Etrn { name }) => node == name,
        (Command::Bdat { octets, last }, Request::Bdat { chunk_size, is_last }) => {
            usize::try_from(*octets) == Ok(*chunk_size) && last == is_last
        }
        (Command::Auth { initial, .. }, Request::Auth { initial_response, .. }) => {
            initial.as_deref().unwrap_or_default() == initial_response.trim_end()
        }
        _ => false,
    }
}

fn agree(ours: &Result<Command, CommandError>, theirs: &Theirs<'_>) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => same(ours, theirs),
        (Err(_), Err(_)) => true,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn check(line: &str) -> Result<(), String> {
    let wire = format!("{line}\r\n");
    let (ours, theirs) = (Command::parse(line.as_bytes()), Request::parse(&mut wire.as_bytes().iter()));
    // What both take they must read alike; only one of them may refuse.
    let excused = (ours.is_err() || theirs.is_err()) && !differences(line).is_empty();
    if excused || agree(&ours, &theirs) {
        return Ok(());
    }
    Err(format!("{line:?}: ours {ours:?}, theirs {theirs:?}"))
}

/// Would break if a difference went away, or stood in the list without being one.
#[test]
fn the_differences_are_as_listed() {
    for (difference, line) in DIFFERENCES {
        let wire = format!("{line}\r\n");
        let (ours, theirs) = (Command::parse(line.as_bytes()), Request::parse(&mut wire.as_bytes().iter()));
        assert!(!agree(&ours, &theirs), "no difference: {line:?}: ours {ours:?}, theirs {theirs:?}");
        assert!(differences(line).contains(&difference), "{line:?} is taken for {:?}", differences(line));
    }
}

/// What nobody can find fault with must be read alike: else the list above could hide all.
#[test]
fn ordinary_lines_are_read_alike() {
    for line in [
        "HELO crepes.fr",
        "ehlo crepes.fr",
        "MAIL FROM:<alice@crepes.fr>",
        "MAIL FROM: <alice@crepes.fr>",
        "mail from:<>",
        "RCPT TO:<Bob.B+x@hamburger.edu>",
        "RCPT TO:<PostMaster>",
        "DATA",
        "data ",
        "RSET",
        "NOOP",
        "NOOP x",
        "HELP",
        "EXPN staff",
        "ETRN crepes.fr",
        "BDAT 86 LAST",
        "STARTTLS",
        "VRFY bob",
        "QUIT",
        "WHAT",
        "MAIL",
        "MAIL FROM:",
        "MAIL TO:<a@b>",
        "RCPT FROM:<a@b>",
        "RCPT TO:a@b",
        "RCPT TO:<a@b",
        "VRFY",
        "HELO",
        "",
    ] {
        assert!(differences(line).iter().all(|d| *d == Difference::ClientName), "{line}: {:?}", differences(line));
        let wire = format!("{line}\r\n");
        let (ours, theirs) = (Command::parse(line.as_bytes()), Request::parse(&mut wire.as_bytes().iter()));
        assert!(agree(&ours, &theirs), "{line:?}: ours {ours:?}, theirs {theirs:?}");
    }
}

fn path() -> impl Strategy<Value = String> {
    let local =
        prop_oneof![4 => "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,8}", 1 => "\"[a-z \\\\\"@>.]{0,6}\"", 1 => "a{62,67}"];
    let domain = prop_oneof![4 => "[a-zA-Z0-9-]{1,6}(\\.[a-z0-9]{1,5}){0,2}", 1 => "\\[192\\.0\\.2\\.[0-9]{1,3}\\]", 1 => "b{62,65}\\.c", 1 => "[a.:_-]{0,4}"];
    let mailbox = (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"));
    prop_oneof![
        6 => mailbox.clone().prop_map(|mailbox| format!("<{mailbox}>")),
        1 => Just("<>".to_owned()),
        1 => "<[pP]ost[mM]aster>",
        1 => ("[a-z]{1,3}", mailbox.clone()).prop_map(|(host, mailbox)| format!("<@{host}:{mailbox}>")),
        1 => mailbox,
        1 => "[<>@a\".: ]{0,8}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    let keyword = prop_oneof![6 => Just(":"), 1 => Just(": "), 1 => Just(" :"), 1 => Just("")];
    let tail = prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just(" SIZE=3"), 1 => Just("x")];
    let transaction =
        prop_oneof![Just("MAIL FROM"), Just("RCPT TO"), Just("mail from"), Just("Rcpt To"), Just("MAIL TO")];
    let verb = "(HELO|EHLO|helo|DATA|RSET|NOOP|QUIT|VRFY|HELP|EXPN|AUTH|BDAT|STARTTLS|DAT|RSETT|X|)";
    prop_oneof![
        4 => (transaction, keyword, path(), tail).prop_map(|(verb, colon, path, tail)| format!("{verb}{colon}{path}{tail}")),
        2 => (verb, "( [a-z0-9.\\[\\]\"-]{0,8}){0,2}").prop_map(|(verb, rest)| verb + &rest),
        1 => "[A-Za-z<>@: \\t\u{e9}\\x07\"]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Would break if ours took, refused or read a line otherwise than theirs for a reason
    /// that is not listed.
    #[test]
    fn ours_agrees_with_theirs(line in line()) {
        prop_assert_eq!(check(&line), Ok(()));
    }
}
