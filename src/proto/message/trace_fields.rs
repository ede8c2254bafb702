//! Trace fields (RFC 5321 4.4): `Received:` by every server that accepts a message, and
//! `Return-Path:` at final delivery.

use super::build::FOLD_AT;
use super::header::fields;
use crate::base::UnixTime;
use crate::proto::smtp::path::address_literal;
use std::net::IpAddr;

/// One acceptance of a message by a server.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// The name that the client gave in HELO or EHLO.
    pub client: &'a str,
    /// The client's address.
    pub address: IpAddr,
    /// The server.
    pub by: &'a str,
    /// `SMTP`, or `ESMTP` when the client said EHLO.
    pub with: &'a str,
    /// The server's name for the message.
    pub id: &'a str,
    /// When the final dot came.
    pub date: UnixTime,
}

/// The `Received:` field of a hop, with its CRLF; folded when it is longer than a line.
///
/// The name in the parentheses should come from a reverse look-up of the address; the
/// client's own word is taken instead, so that a hop costs no question to the DNS.
#[must_use]
pub fn received(hop: &Hop<'_>) -> String {
    let Hop { client, address, by, with, id, date } = hop;
    let literal = address_literal(*address);
    // TCP-info = address-literal / ( Domain FWS address-literal )
    let name = if client.starts_with('[') { String::new() } else { format!("{client} ") };
    let from = format!("Received: from {client} ({name}{literal})");
    let by = format!("by {by} with {with} id {id};");
    let date = date.rfc5322();
    let long = from.len() + by.len() + date.len() + 2 > FOLD_AT;
    let space = if long { "\r\n\t" } else { " " };
    format!("{from}{space}{by}{space}{date}\r\n")
}

/// The `Return-Path:` field of a reverse-path, given without angle brackets, with its CRLF.
#[must_use]
pub fn return_path(reverse_path: &str) -> String {
    format!("Return-Path: <{reverse_path}>\r\n")
}

/// How many servers a message has passed (RFC 5321 6.3: "simple counting of the number of
/// "Received:" header fields").
#[must_use]
pub fn count_received(content: &[u8]) -> usize {
    fields(content).filter(|field| field.is("Received")).count()
}

#[cfg(test)]
mod tests {
    use super::super::first;
    use super::*;

    #[test]
    fn a_hop_is_written_and_counted() {
        let address = "10.1.2.3".parse().unwrap();
        let date = UnixTime::DEFAULT_START;
        let hop = Hop { client: "crepes.fr", address, by: "hamburger.edu", with: "SMTP", id: "Q000001", date };
        let field = received(&hop);
        let text = "from crepes.fr (crepes.fr [10.1.2.3])\tby hamburger.edu with SMTP id Q000001;\t\
                    Mon, 05 Jan 2026 09:00:00 +0000";
        assert_eq!(first(field.as_bytes(), "Received").as_deref(), Some(text));
        assert!(field.lines().all(|line| line.len() <= FOLD_AT));
        for (client, address, from) in [
            ("[10.1.2.3]", "10.1.2.3", "Received: from [10.1.2.3] ([10.1.2.3])\r\n"),
            ("a.b", "2001:db8::1", "Received: from a.b (a.b [IPv6:2001:db8::1])\r\n"),
        ] {
            let field = received(&Hop { client, address: address.parse().unwrap(), ..hop });
            assert!(field.starts_with(from), "{field}");
        }
        let message = format!("{}{field}{field}Subject: x\r\n\r\nReceived: not this\r\n", return_path(""));
        assert_eq!(count_received(message.as_bytes()), 2);
    }
}
