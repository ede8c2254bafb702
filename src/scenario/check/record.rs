//! A record's data as text, read into its type (RFC 1035 section 5.1).
//!
//! One line a record: no parentheses, no `\DDD` escapes but `\"` and `\\` in text.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::scenario::names::{absolute, check_owner_name};
use crate::scenario::problem::quote;
use crate::scenario::resolved::{RecordData, RecordType};

/// Reads the data of a record of that type in that zone.
pub(super) fn read(rtype: RecordType, data: &str, zone: &str) -> Result<RecordData, String> {
    let fields: Vec<&str> = data.split_ascii_whitespace().collect();
    match (rtype, fields.as_slice()) {
        (RecordType::A, [address]) => {
            let error = |_| match address.parse::<Ipv6Addr>() {
                Ok(_) => format!("{} is an IPv6 address, which needs a record of type AAAA", quote(address)),
                Err(_) => format!("{} is no IPv4 address", quote(address)),
            };
            address.parse::<Ipv4Addr>().map(RecordData::A).map_err(error)
        }
        (RecordType::Aaaa, [address]) => {
            let error = |_| match address.parse::<Ipv4Addr>() {
                Ok(_) => format!("{} is an IPv4 address, which needs a record of type A", quote(address)),
                Err(_) => format!("{} is no IPv6 address", quote(address)),
            };
            address.parse::<Ipv6Addr>().map(RecordData::Aaaa).map_err(error)
        }
        (RecordType::Ns, [name]) => read_name(name, zone).map(RecordData::Ns),
        (RecordType::Cname, [name]) => read_name(name, zone).map(RecordData::Cname),
        (RecordType::Ptr, [name]) => read_name(name, zone).map(RecordData::Ptr),
        (RecordType::Mx, [preference, name]) => {
            let error = |_| format!("{} is no preference from 0 to 65535", quote(preference));
            let preference = preference.parse().map_err(error)?;
            Ok(RecordData::Mx { preference, exchange: read_name(name, zone)? })
        }
        (RecordType::Txt, _) => read_strings(data).map(RecordData::Txt),
        (RecordType::Soa, [mname, rname, numbers @ ..]) if numbers.len() == 5 => {
            let number = |text: &str| text.parse::<u32>().map_err(|_| format!("{} is no 32-bit number", quote(text)));
            Ok(RecordData::Soa {
                mname: read_name(mname, zone)?,
                rname: read_name(rname, zone)?,
                serial: number(numbers[0])?,
                refresh: number(numbers[1])?,
                retry: number(numbers[2])?,
                expire: number(numbers[3])?,
                minimum: number(numbers[4])?,
            })
        }
        (rtype, _) => Err(format!("{} is not the data of a record of type {rtype}: {}", quote(data), form(rtype))),
    }
}

const fn form(rtype: RecordType) -> &'static str {
    match rtype {
        RecordType::A => "write an IPv4 address, like \"10.1.2.3\"",
        RecordType::Aaaa => "write an IPv6 address, like \"2001:db8::1\"",
        RecordType::Ns | RecordType::Cname | RecordType::Ptr => "write a name, like \"ns.crepes.fr.\"",
        RecordType::Mx => "write a preference and a name, like \"10 mail.crepes.fr.\"",
        RecordType::Txt => "write texts in quotation marks",
        RecordType::Soa => {
            "write two names and five numbers: primary server, mailbox, serial, refresh, retry, expire, minimum"
        }
    }
}

fn read_name(text: &str, zone: &str) -> Result<String, String> {
    let name = absolute(text, zone);
    if name != "." {
        check_owner_name(&name).map_err(|why| format!("{} is no name: {why}", quote(text)))?;
    }
    Ok(name)
}

/// Character strings: one without quotation marks, or several with.
fn read_strings(data: &str) -> Result<Vec<String>, String> {
    let mut strings = Vec::new();
    let mut rest = data.trim();
    if !rest.starts_with('"') {
        strings.push(rest.to_owned());
        rest = "";
    }
    while let Some(opened) = rest.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = opened.char_indices();
        let end = loop {
            match chars.next() {
                None => return Err("a quotation mark is not closed".to_owned()),
                Some((at, '"')) => break at,
                Some((_, '\\')) => text.extend(chars.next().map(|(_, c)| c)),
                Some((_, c)) => text.push(c),
            }
        };
        strings.push(text);
        rest = opened[end + 1..].trim_start();
    }
    if !rest.is_empty() {
        return Err("several texts of one record each stand in quotation marks".to_owned());
    }
    let fits = |text: &String| text.len() <= 255 && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if !strings.iter().all(fits) {
        return Err("a text of a TXT record is at most 255 printable ASCII characters".to_owned());
    }
    Ok(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_read_back_from_their_text() {
        let cases = [
            (RecordType::A, "10.1.2.3", "10.1.2.3"),
            (RecordType::Aaaa, "2001:db8::1", "2001:db8::1"),
            (RecordType::Mx, "10 mail", "10 mail.a.fr."),
            (RecordType::Mx, "0 .", "0 ."),
            (RecordType::Ns, "NS.b.org.", "ns.b.org."),
            (RecordType::Txt, "plain text", "\"plain text\""),
            (RecordType::Txt, r#""a \" b" "c""#, r#""a \" b" "c""#),
            (RecordType::Soa, "ns hostmaster 1 2 3 4 5", "ns.a.fr. hostmaster.a.fr. 1 2 3 4 5"),
        ];
        for (rtype, given, shown) in cases {
            let data = read(rtype, given, "a.fr").unwrap();
            assert_eq!(data.to_string(), shown);
            assert_eq!(read(rtype, shown, "a.fr").as_ref(), Ok(&data));
        }
    }

    #[test]
    fn misfits_are_refused() {
        let cases = [
            (RecordType::A, ""),
            (RecordType::A, "::1"),
            (RecordType::A, "1.2.3.4 5"),
            (RecordType::Mx, "mail"),
            (RecordType::Mx, "70000 mail"),
            (RecordType::Ns, "a..b"),
            (RecordType::Txt, "\"open"),
            (RecordType::Txt, "\"a\" b"),
            (RecordType::Soa, "ns hostmaster 1 2 3 4"),
            (RecordType::Soa, "ns hostmaster 1 2 3 4 -5"),
        ];
        for (rtype, data) in cases {
            assert!(read(rtype, data, "a.fr").is_err(), "{rtype} {data}");
        }
    }
}
