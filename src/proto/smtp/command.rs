//! SMTP commands as a server reads them (RFC 5321 4.1.1).
//!
//! Strict: the verb must be known, arguments must be there exactly when the grammar has
//! them, and no control character or bare line end is let through. One indulgence: spaces
//! between the colon and the path are accepted, for that is how the lecture writes it. More
//! indulgence is there for the software of the world, on request ([`Manner::Lenient`]), and with it
//! UTF-8, for whose absence the session must look. What parameters mean is for the session to know ([`super::parameter`]).

use super::parameter::Parameter;
use super::path::{self, ForwardPath, ReversePath, lenient};

/// RFC 5321 4.5.3.1.4: "The maximum total length of a command line including the command
/// word and the <CRLF> is 512 octets."
pub const MAX_COMMAND_LINE: usize = 512;

/// How commands are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As RFC 5321 writes them.
    Strict,
    /// Paths in the forms that real servers take, too.
    Lenient,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `HELO crepes.fr`.
    Helo(String),
    /// `EHLO crepes.fr`.
    Ehlo(String),
    /// `MAIL FROM:<alice@crepes.fr>`.
    Mail {
        /// From whom.
        path: ReversePath,
        /// What stands behind, such as `SIZE=1000`.
        parameters: Vec<Parameter>,
    },
    /// `RCPT TO:<bob@hamburger.edu>`.
    Rcpt {
        /// For whom.
        path: ForwardPath,
        /// What stands behind.
        parameters: Vec<Parameter>,
    },
    /// `DATA`.
    Data,
    /// `RSET`.
    Rset,
    /// `NOOP`, with anything after it.
    Noop,
    /// `QUIT`.
    Quit,
    /// `VRFY bob`.
    Vrfy {
        /// A user's name, or a mailbox.
        name: String,
        /// Whether SMTPUTF8 stands behind it (RFC 6531 section 3.7.4.2).
        utf8: bool,
    },
    /// `EXPN staff`.
    Expn {
        /// A list's name, or its mailbox.
        name: String,
        /// Whether SMTPUTF8 stands behind it.
        utf8: bool,
    },
    /// `HELP data`: with a topic, or without.
    Help(String),
    /// `BDAT 86 LAST` (RFC 3030 section 2).
    Bdat {
        /// Octets behind the line.
        octets: u64,
        /// Whether no chunk follows.
        last: bool,
    },
    /// `ETRN crepes.fr` (RFC 1985): a domain, one with `@` before it for all below, or `#` and the name
    /// of a queue.
    Etrn(String),
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `AUTH PLAIN` (RFC 4954 section 4), perhaps with a first response.
    Auth {
        /// The mechanism; empty when none was named.
        mechanism: String,
        /// The response that came with it.
        initial: Option<String>,
    },
}

/// Why a line is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The verb is unknown, or the line is not ASCII.
    #[error("command unrecognized")]
    Unknown,
    /// The verb is known, what follows it is wrong.
    #[error("syntax error in parameters or arguments")]
    Arguments,
    /// The verb is known, but not implemented.
    #[error("command not implemented")]
    NotImplemented,
    /// MAIL or RCPT has a parameter that is not known.
    #[error("parameters not recognized or not implemented")]
    Parameters,
}

impl CommandError {
    /// The reply that RFC 5321 4.2.2, 4.2.4 and 4.1.1.11 give to it.
    #[must_use]
    pub const fn reply(self) -> (u16, &'static str) {
        match self {
            Self::Unknown => (500, "Syntax error, command unrecognized"),
            Self::Arguments => (501, "Syntax error in parameters or arguments"),
            Self::NotImplemented => (502, "Command not implemented"),
            Self::Parameters => (555, "Parameters not recognized or not implemented"),
        }
    }
}

impl Command {
    /// Reads one line, given without its CRLF.
    ///
    /// # Errors
    /// Anything that RFC 5321's grammar does not have.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        Self::parse_in(line, Manner::Strict)
    }

    /// Reads one line, given without its CRLF, in that manner.
    ///
    /// # Errors
    /// Anything that the manner does not allow.
    pub fn parse_in(line: &[u8], manner: Manner) -> Result<Self, CommandError> {
        let (reverse_path, forward_path): (Reader<ReversePath>, Reader<ForwardPath>) = match manner {
            Manner::Strict => (path::reverse_path, path::forward_path),
            Manner::Lenient => (lenient::reverse_path, lenient::forward_path),
        };
        // RFC 5321 2.4: commands in another character set get "500 syntax error - invalid
        // character". With SMTPUTF8 addresses are in UTF-8 (RFC 6531 section 3.3).
        let allowed = |line: &&str| line.is_ascii() || manner == Manner::Lenient;
        let line = str::from_utf8(line).ok().filter(allowed).ok_or(CommandError::Unknown)?;
        // RFC 5321 4.1.1: "SMTP receivers SHOULD tolerate trailing white space before the
        // terminating <CRLF>."
        let line = line.trim_end_matches([' ', '\t']);
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        let bare = |command: Self| if argument.is_empty() { Ok(command) } else { Err(CommandError::Arguments) };
        // RFC 5321 4.1.2: a command with invalid characters, all else being well, is rejected
        // "with a 501 response".
        let valid = argument.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | 128..));
        // RFC 5321 2.4: "Verbs and argument values [...] are not case sensitive".
        let command =
            match verb.to_ascii_uppercase().as_str() {
                "HELO" => client_name(argument).map(Self::Helo),
                "EHLO" => client_name(argument).map(Self::Ehlo),
                "MAIL" => after_keyword(argument, "FROM:", reverse_path)
                    .map(|(path, parameters)| Self::Mail { path, parameters }),
                "RCPT" => after_keyword(argument, "TO:", forward_path)
                    .map(|(path, parameters)| Self::Rcpt { path, parameters }),
                "DATA" => bare(Self::Data),
                "RSET" => bare(Self::Rset),
                "QUIT" => bare(Self::Quit),
                "NOOP" => Ok(Self::Noop),
                "HELP" => Ok(Self::Help(argument.to_owned())),
                "VRFY" => name(argument).map(|(name, utf8)| Self::Vrfy { name, utf8 }),
                "EXPN" => name(argument).map(|(name, utf8)| Self::Expn { name, utf8 }),
                "AUTH" => auth(argument),
                "BDAT" => bdat(argument),
                "ETRN" => etrn(argument),
                "STARTTLS" => bare(Self::StartTls),
                "TURN" | "SEND" | "SOML" | "SAML" => Err(CommandError::NotImplemented),
                _ => Err(CommandError::Unknown),
            }?;
        if valid { Ok(command) } else { Err(CommandError::Arguments) }
    }
}

/// RFC 5321 3.5.1: VRFY takes a user's name or a mailbox, here with angle brackets or without;
/// EXPN a list's. RFC 6531 section 3.7.4.2 adds a parameter.
fn name(argument: &str) -> Result<(String, bool), CommandError> {
    let (name, utf8) = match argument.rsplit_once(' ') {
        Some((name, parameter)) if parameter.eq_ignore_ascii_case("SMTPUTF8") => (name, true),
        Some(_) | None => (argument, false),
    };
    let mailbox = || lenient::forward_path(name).is_some_and(|(_, rest)| rest.is_empty());
    let valid = !name.is_empty() && (!name.contains('@') || mailbox());
    if valid { Ok((name.to_owned(), utf8)) } else { Err(CommandError::Arguments) }
}

/// RFC 3030 section 2: `"BDAT" SP chunk-size [ SP end-marker ] CRLF`. A size that no
/// integer here holds is an error of its argument: nobody could send as much.
fn bdat(argument: &str) -> Result<Command, CommandError> {
    let (size, last) = match argument.split_once(' ') {
        None => (argument, false),
        Some((size, marker)) if marker.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return Err(CommandError::Arguments),
    };
    let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
    let octets = digits.then(|| size.parse().ok()).flatten().ok_or(CommandError::Arguments)?;
    Ok(Command::Bdat { octets, last })
}

/// RFC 1985 section 5: `"ETRN" <SP> [option character] node name`.
fn etrn(argument: &str) -> Result<Command, CommandError> {
    let valid = match argument.strip_prefix('#') {
        Some(queue) => !queue.is_empty() && queue.bytes().all(|byte| byte.is_ascii_graphic()),
        None => path::is_client_name(argument.strip_prefix('@').unwrap_or(argument)),
    };
    if valid { Ok(Command::Etrn(argument.to_owned())) } else { Err(CommandError::Arguments) }
}

fn client_name(argument: &str) -> Result<String, CommandError> {
    if lenient::is_client_name(argument) { Ok(argument.to_owned()) } else { Err(CommandError::Arguments) }
}

/// Reads a path from the beginning of a text and returns what follows.
type Reader<P> = fn(&str) -> Option<(P, &str)>;

fn after_keyword<P>(argument: &str, keyword: &str, read: Reader<P>) -> Result<(P, Vec<Parameter>), CommandError> {
    let head = argument.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword));
    let rest = head.map(|_| argument[keyword.len()..].trim_start_matches(' ')).ok_or(CommandError::Arguments)?;
    let (path, rest) = read(rest).ok_or(CommandError::Arguments)?;
    let parameters = Parameter::list(rest).ok_or(CommandError::Arguments)?;
    Ok((path, parameters))
}

/// `AUTH mechanism [initial-response]` (RFC 4954 section 4).
fn auth(argument: &str) -> Result<Command, CommandError> {
    let mut words = argument.split(' ');
    let mechanism = words.next().unwrap_or_default().to_owned();
    let initial = words.next().map(str::to_owned);
    let spaced = initial.as_ref().is_none_or(|initial| !initial.is_empty() && !mechanism.is_empty());
    if spaced && words.next().is_none() {
        Ok(Command::Auth { mechanism, initial })
    } else {
        Err(CommandError::Arguments)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_and_their_mistakes() {
        let parse = |line: &str| Command::parse(line.as_bytes());
        assert_eq!(parse("HELO crepes.fr"), Ok(Command::Helo("crepes.fr".into())));
        assert_eq!(parse("ehlo [10.0.0.1]"), Ok(Command::Ehlo("[10.0.0.1]".into())));
        assert_eq!(parse("MAIL FROM: <alice@crepes.fr>"), parse("mail from:<alice@crepes.fr>"));
        let none = Vec::new;
        assert_eq!(parse("MAIL FROM:<>"), Ok(Command::Mail { path: ReversePath::Null, parameters: none() }));
        let postmaster = Command::Rcpt { path: ForwardPath::Postmaster, parameters: none() };
        assert_eq!(parse("RCPT TO:<postmaster>"), Ok(postmaster));
        let size = Parameter { keyword: "SIZE".into(), value: Some("3".into()) };
        assert_eq!(parse("MAIL FROM:<> size=3"), Ok(Command::Mail { path: ReversePath::Null, parameters: vec![size] }));
        let auth = |mechanism: &str, initial: Option<&str>| {
            Ok(Command::Auth { mechanism: mechanism.into(), initial: initial.map(str::to_owned) })
        };
        assert_eq!(parse("AUTH"), auth("", None));
        assert_eq!(parse("auth plain"), auth("plain", None));
        assert_eq!(parse("AUTH PLAIN AGEAYg=="), auth("PLAIN", Some("AGEAYg==")));
        assert_eq!(parse("AUTH PLAIN a b"), Err(CommandError::Arguments));
        let lenient = Command::parse_in(b"MAIL FROM:alice@crepes.fr", Manner::Lenient);
        assert_eq!(lenient, parse("MAIL FROM:<alice@crepes.fr>"));
        assert_eq!(parse("DATA  \t"), Ok(Command::Data));
        assert_eq!(parse("noop what ever"), Ok(Command::Noop));
        for (line, error) in [
            ("", CommandError::Unknown),
            ("HELLO crepes.fr", CommandError::Unknown),
            ("DATA\nQUIT", CommandError::Unknown),
            ("HELO", CommandError::Arguments),
            ("HELO a b", CommandError::Arguments),
            ("HELO a_b", CommandError::Arguments),
            ("DATA foo", CommandError::Arguments),
            ("RSET now", CommandError::Arguments),
            ("QUIT please", CommandError::Arguments),
            ("NOOP \u{7}", CommandError::Arguments),
            ("HELP a\nQUIT", CommandError::Arguments),
            ("MAIL FROM:<a\u{1}@b>", CommandError::Arguments),
            ("MAIL FROM:<é@b>", CommandError::Unknown),
            ("VRFY", CommandError::Arguments),
            ("VRFY @@", CommandError::Arguments),
            ("VRFY <bob@hamburger.edu", CommandError::Arguments),
            ("MAIL", CommandError::Arguments),
            ("MAIL TO:<a@b>", CommandError::Arguments),
            ("MAIL FROM <a@b>", CommandError::Arguments),
            ("MAIL FROM:a@b", CommandError::Arguments),
            ("MAIL FROM:<a@b>x", CommandError::Arguments),
            ("MAIL FROM:<a@b> SIZE=", CommandError::Arguments),
            ("MAIL FROM:<a@b> SIZE = 3", CommandError::Arguments),
            ("RCPT TO:<>", CommandError::Arguments),
            ("SEND x", CommandError::NotImplemented),
        ] {
            assert_eq!(parse(line), Err(error), "{line:?}");
        }
    }

    #[test]
    fn commands_of_extensions_and_their_mistakes() {
        let parse = |line: &str| Command::parse(line.as_bytes());
        let utf8 = Command::parse_in("MAIL FROM:<é@b> SMTPUTF8".as_bytes(), Manner::Lenient);
        assert!(matches!(utf8, Ok(Command::Mail { path, .. }) if path.as_str() == "é@b"));
        assert_eq!(parse("VRFY bob"), Ok(Command::Vrfy { name: "bob".into(), utf8: false }));
        assert_eq!(parse("expn bob smtputf8"), Ok(Command::Expn { name: "bob".into(), utf8: true }));
        assert_eq!(parse("HELP data"), Ok(Command::Help("data".into())));
        assert_eq!(parse("BDAT 0 last"), Ok(Command::Bdat { octets: 0, last: true }));
        let endless = Command::Bdat { octets: u64::MAX, last: false };
        assert_eq!(parse("bdat 18446744073709551615"), Ok(endless));
        for node in ["crepes.fr", "@crepes.fr", "#night"] {
            assert_eq!(parse(&format!("ETRN {node}")), Ok(Command::Etrn(node.into())));
        }
        for line in [
            "EXPN",
            "EXPN SMTPUTF8 SMTPUTF8 x@",
            "BDAT",
            "BDAT LAST",
            "BDAT -1",
            "BDAT 1 FIRST",
            "BDAT 1 LAST x",
            "BDAT 99999999999999999999 LAST",
            "ETRN",
            "ETRN #",
            "ETRN @",
            "ETRN crepes.fr x",
            "STARTTLS now",
        ] {
            assert_eq!(parse(line), Err(CommandError::Arguments), "{line:?}");
        }
    }

    proptest! {
        /// Would break if some line made the parser panic.
        #[test]
        fn any_line_has_an_answer(line in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Command::parse(&line);
            let _ = Command::parse_in(&line, Manner::Lenient);
        }

        #[test]
        fn any_argument_has_an_answer(verb in "(MAIL FROM:|RCPT TO: ?|HELO |VRFY )", rest in "[<>@\\[\\]\",:.a-cIPv6 \\\\é-]{0,30}") {
            let strict = Command::parse(format!("{verb}{rest}").as_bytes());
            let lenient = Command::parse_in(format!("{verb}{rest}").as_bytes(), Manner::Lenient);
            prop_assert!(strict.is_err() || lenient.is_ok());
        }
    }
}
