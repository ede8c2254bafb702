//! A record's data as text, read into its type (RFC 1035 section 5.1).
//!
//! One line a record, in master-file form. One thing is easier here: a TXT record of a single
//! string needs no quotation marks.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::proto::dns::{Name, RecordData, Rtype};
use crate::scenario::problem::quote;

/// Reads the data of a record of that type in that zone.
pub(super) fn read(rtype: Rtype, data: &str, zone: &Name) -> Result<RecordData, String> {
    let data = data.trim();
    if rtype == Rtype::Txt && !data.starts_with(['"', '\\']) {
        let fits = data.len() <= 255 && data.bytes().all(|b| (b' '..=b'~').contains(&b));
        let text = fits.then(|| data.as_bytes().to_vec());
        let text = text.ok_or("a text of a TXT record is at most 255 printable ASCII characters")?;
        return Ok(RecordData::Txt(vec![text]));
    }
    RecordData::parse(rtype, data, zone).map_err(|error| {
        let octets = data.starts_with('\\');
        if rtype == Rtype::A && data.parse::<Ipv6Addr>().is_ok() {
            format!("{} is an IPv6 address, which needs a record of type AAAA", quote(data))
        } else if rtype == Rtype::Aaaa && data.parse::<Ipv4Addr>().is_ok() {
            format!("{} is an IPv4 address, which needs a record of type A", quote(data))
        } else if rtype == Rtype::A && !octets {
            format!("{} is no IPv4 address", quote(data))
        } else if rtype == Rtype::Aaaa && !octets {
            format!("{} is no IPv6 address", quote(data))
        } else {
            match form(rtype) {
                "" => format!("{} is {error}", quote(data)),
                form => format!("{} is not the data of a record of type {rtype}: {form}", quote(data)),
            }
        }
    })
}

const fn form(rtype: Rtype) -> &'static str {
    match rtype {
        Rtype::A => "write an IPv4 address, like \"10.1.2.3\"",
        Rtype::Aaaa => "write an IPv6 address, like \"2001:db8::1\"",
        Rtype::Ns | Rtype::Cname | Rtype::Ptr | Rtype::Dname => "write a name, like \"ns.crepes.fr.\"",
        Rtype::Mx => "write a preference and a name, like \"10 mail.crepes.fr.\"",
        Rtype::Srv => "write priority, weight, port and a name, like \"0 1 25 mail.crepes.fr.\"",
        Rtype::Txt => "write texts in quotation marks, of at most 255 characters each",
        Rtype::Soa => {
            "write two names and five numbers: primary server, mailbox, serial, refresh, retry, expire, minimum"
        }
        Rtype::Other(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_read_back_from_their_text() {
        let zone = Name::parse("a.fr").unwrap();
        let cases = [
            (Rtype::A, "10.1.2.3", "10.1.2.3"),
            (Rtype::Aaaa, "2001:db8::1", "2001:db8::1"),
            (Rtype::Mx, "10 mail", "10 mail.a.fr."),
            (Rtype::Mx, "0 .", "0 ."),
            (Rtype::Ns, "NS.b.org.", "NS.b.org."),
            (Rtype::Srv, "0 5 25 mail", "0 5 25 mail.a.fr."),
            (Rtype::Other(257), "0 issue \"ca.example\"", "\\# 17 0005697373756563612e6578616d706c65"),
            (Rtype::A, "\\# 4 0a010203", "10.1.2.3"),
            (Rtype::Txt, "plain text", "\"plain text\""),
            (Rtype::Txt, r#""a \" b" "c""#, r#""a \" b" "c""#),
            (Rtype::Soa, "ns hostmaster 1 2 3 4 5", "ns.a.fr. hostmaster.a.fr. 1 2 3 4 5"),
        ];
        for (rtype, given, shown) in cases {
            let data = read(rtype, given, &zone).unwrap();
            assert_eq!(data.to_string(), shown);
            assert_eq!(read(rtype, shown, &zone).as_ref(), Ok(&data));
        }
    }

    #[test]
    fn misfits_are_refused() {
        let zone = Name::parse("a.fr").unwrap();
        let cases = [
            (Rtype::A, ""),
            (Rtype::A, "::1"),
            (Rtype::A, "1.2.3.4 5"),
            (Rtype::Mx, "mail"),
            (Rtype::Mx, "70000 mail"),
            (Rtype::Ns, "a..b"),
            (Rtype::Txt, "\"open"),
            (Rtype::Soa, "ns hostmaster 1 2 3 4"),
            (Rtype::Soa, "ns hostmaster 1 2 3 4 -5"),
        ];
        for (rtype, data) in cases {
            assert!(read(rtype, data, &zone).is_err(), "{rtype} {data}");
        }
    }
}
