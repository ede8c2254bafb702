//! The words that tables use for the trace's enumerations.
//!
//! They are the same as in the trace's JSON form, so that a table and `events.jsonl` can be
//! searched for one word.

use crate::base::socket::CloseReason;
use crate::base::trace::{FailureKind, Protocol};

/// Declares an enumeration whose variants have names in tables, both ways.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that tables call `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(super) use named;

/// The word for a kind of trouble.
#[must_use]
pub const fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NoSuchDomain => "no_such_domain",
        FailureKind::NoMailServer => "no_mail_server",
        FailureKind::DnsFailure => "dns_failure",
        FailureKind::ConnectionRefused => "connection_refused",
        FailureKind::ConnectionTimedOut => "connection_timed_out",
        FailureKind::Unreachable => "unreachable",
        FailureKind::ConnectionLost => "connection_lost",
        FailureKind::Reply => "reply",
        FailureKind::ReplyTimedOut => "reply_timed_out",
        FailureKind::NoTls => "no_tls",
        FailureKind::ProtocolError => "protocol_error",
        FailureKind::Unsendable => "unsendable",
        FailureKind::Expired => "expired",
        FailureKind::Loop => "loop",
    }
}

/// The word for the end of a connection.
#[must_use]
pub const fn close(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Finished => "finished",
        CloseReason::Refused => "refused",
        CloseReason::Reset => "reset",
        CloseReason::TimedOut => "timed_out",
        CloseReason::Aborted => "aborted",
        CloseReason::Unreachable => "unreachable",
    }
}

/// The word for a protocol, as in the names of transcript files.
pub(super) const fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => "smtp",
        Protocol::Pop3 => "pop3",
        Protocol::Imap => "imap",
        Protocol::Http => "http",
        Protocol::Dns => "dns",
    }
}

/// The mnemonic of an RR type (RFC 1035 3.2.2, RFC 3596), or `TYPEn` (RFC 3597 5).
#[must_use]
pub fn rtype(number: u16) -> String {
    let name = match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        39 => "DNAME",
        43 => "DS",
        65 => "HTTPS",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        other => return format!("TYPE{other}"),
    };
    name.to_owned()
}

/// The mnemonic of a response code (RFC 1035 4.1.1), or `RCODEn`.
pub(super) fn rcode(number: u8) -> String {
    let name = match number {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        16 => "BADVERS",
        other => return format!("RCODE{other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a word here drifts from the one in the trace's JSON form.
    #[test]
    fn words_equal_the_trace_s_json() {
        let json = |value: &FailureKind| serde_json::to_value(value).unwrap();
        for kind in FailureKind::ALL {
            assert_eq!(json(&kind), failure(kind));
        }
        for reason in [CloseReason::TimedOut, CloseReason::Finished] {
            assert_eq!(serde_json::to_value(reason).unwrap(), close(reason));
        }
        assert_eq!(serde_json::to_value(Protocol::Pop3).unwrap(), protocol(Protocol::Pop3));
    }

    #[test]
    fn mnemonics() {
        assert_eq!((rtype(15), rtype(65_280)), ("MX".to_owned(), "TYPE65280".to_owned()));
        assert_eq!((rcode(3), rcode(9)), ("NXDOMAIN".to_owned(), "RCODE9".to_owned()));
    }
}
