//! The name server of the test bed: it answers every question from a table, whoever is asked.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// `name type` to RCODE and RDATA (`10.0.0.1`, or `5 exchange`).
pub(super) type Table = BTreeMap<String, (u8, Vec<String>)>;

/// The response to a query.
pub(super) fn answer(table: &Table, query: &[u8]) -> Vec<u8> {
    let mut name = String::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
        at += length + 1;
    }
    let rtype = query[at + 2];
    let question = &query[12..at + 5];
    let word = match rtype {
        1 => "A",
        28 => "AAAA",
        _ => "MX",
    };
    let known = table.keys().any(|key| key.starts_with(&format!("{name} ")));
    let nothing = (if known { 0 } else { 3 }, Vec::new());
    let (rcode, data) = table.get(&format!("{name} {word}")).cloned().unwrap_or(nothing);
    let mut out = vec![query[0], query[1], 0x81, 0x80 | rcode, 0, 1, 0, u8::try_from(data.len()).unwrap(), 0, 0, 0, 0];
    out.extend_from_slice(question);
    for text in data {
        let rdata = match (text.split_once(' '), text.parse()) {
            (Some((preference, exchange)), _) => {
                let mut rdata = preference.parse::<u16>().unwrap().to_be_bytes().to_vec();
                rdata.extend(wire_name(exchange));
                rdata
            }
            (None, Ok(IpAddr::V4(address))) => address.octets().to_vec(),
            (None, Ok(IpAddr::V6(address))) => address.octets().to_vec(),
            (None, Err(_)) => panic!("{text} is no address"),
        };
        out.extend(wire_name(&name));
        out.extend_from_slice(&[0, rtype, 0, 1, 0, 0, 0, 60, 0, u8::try_from(rdata.len()).unwrap()]);
        out.extend(rdata);
    }
    out
}

fn wire_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}
