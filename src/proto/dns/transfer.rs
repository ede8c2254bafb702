//! A whole zone in answer to one question (AXFR, RFC 5936): the SOA record, all others, and the SOA
//! record again, over as many messages of a stream as it takes.
//!
//! Left out: incremental transfer (RFC 1995), signatures of transactions, transfers without a
//! final SOA record.

use super::{Message, Name, Rcode, Record, Rtype, TCP_LIMIT};

/// Records put into one message at first; fewer where they do not fit.
const CHUNK: usize = 256;

/// Records that a copy may have, so that a server gone mad does not fill the memory.
const MAX_RECORDS: usize = 1 << 20;

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The server does not give the zone.
    #[error("the server refused the transfer")]
    Refused,
    /// The messages are no transfer of the zone.
    #[error("the messages are no transfer of that zone")]
    Malformed,
}

/// The messages that answer a query for a whole zone.
#[must_use]
pub fn messages(query: &Message, soa: &Record, others: impl Iterator<Item = Record>) -> Vec<Vec<u8>> {
    let all: Vec<Record> = std::iter::once(soa.clone()).chain(others).chain([soa.clone()]).collect();
    let mut octets = Vec::new();
    let mut rest = &all[..];
    let mut most = CHUNK;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(most.min(rest.len()));
        let mut message = query.response(Rcode::NoError);
        message.flags.aa = true;
        message.answers = now.to_vec();
        let encoded = message.encode(TCP_LIMIT);
        let cut = encoded.get(2).is_some_and(|bits| bits & 2 != 0);
        if cut && now.len() > 1 {
            most = now.len() / 2;
            continue;
        }
        octets.push(encoded);
        rest = later;
        most = CHUNK;
    }
    octets
}

/// A zone that comes in.
#[derive(Clone, Debug)]
pub struct Transfer {
    zone: Name,
    records: Vec<Record>,
    complete: bool,
}

impl Transfer {
    /// The transfer of that zone, of which nothing has come yet.
    #[must_use]
    pub const fn new(zone: Name) -> Self {
        Self { zone, records: Vec::new(), complete: false }
    }

    /// Takes the next message; whether the zone is complete with it.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn take(&mut self, message: &Message) -> Result<bool, TransferError> {
        if message.rcode != Rcode::NoError {
            return Err(TransferError::Refused);
        }
        // RFC 5936 2.2.2: what stands behind the final SOA record, or in messages without any
        // record, is nothing of a transfer
        if self.complete || message.answers.is_empty() || message.flags.tc {
            return Err(TransferError::Malformed);
        }
        for record in &message.answers {
            let is_soa = record.rtype() == Rtype::Soa;
            if self.complete || !record.name.is_within(&self.zone) || self.records.len() >= MAX_RECORDS {
                return Err(TransferError::Malformed);
            }
            match self.records.first() {
                None if is_soa && record.name == self.zone => self.records.push(record.clone()),
                None => return Err(TransferError::Malformed),
                // RFC 5936 2.2: the first and the last resource record are the same
                Some(first) if is_soa && record == first => self.complete = true,
                Some(_) if is_soa => return Err(TransferError::Malformed),
                Some(_) => self.records.push(record.clone()),
            }
        }
        Ok(self.complete)
    }

    /// The records that came, the SOA record first and once.
    #[must_use]
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::dns::{Question, RecordData};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn record(owner: &str, rtype: &str, data: &str) -> Record {
        let data = RecordData::parse(Rtype::parse(rtype).unwrap(), data, &Name::root()).unwrap();
        Record { name: name(owner), ttl: 60, data }
    }

    fn soa(serial: u32) -> Record {
        record("a.fr", "SOA", &format!("ns.a.fr. root.a.fr. {serial} 2 3 4 5"))
    }

    fn query() -> Message {
        Message::query(7, Question { name: name("a.fr"), rtype: Rtype::AXFR }, false)
    }

    fn texts(count: usize, length: usize) -> Vec<Record> {
        (0..count).map(|n| record(&format!("h{n}.a.fr"), "TXT", &format!("\"{}\"", "x".repeat(length)))).collect()
    }

    fn message(answers: Vec<Record>) -> Message {
        Message { answers, ..query().response(Rcode::NoError) }
    }

    /// Breaks when records are lost between messages, or one grows beyond the limit of a stream.
    #[test]
    fn a_zone_comes_over_whole() {
        for (count, length) in [(0, 1), (1, 1), (253, 1), (254, 1), (255, 1), (1000, 250)] {
            let others = texts(count, length);
            let sent = messages(&query(), &soa(1), others.iter().cloned());
            assert!(sent.iter().all(|octets| octets.len() <= TCP_LIMIT));
            let mut transfer = Transfer::new(name("a.fr"));
            let took: Vec<bool> =
                sent.iter().map(|octets| transfer.take(&Message::decode(octets).unwrap()).unwrap()).collect();
            assert!(took.iter().enumerate().all(|(at, complete)| *complete == (at + 1 == sent.len())));
            let wanted: Vec<Record> = std::iter::once(soa(1)).chain(others).collect();
            assert_eq!(transfer.into_records(), wanted);
        }
    }

    #[test]
    fn what_is_no_transfer_is_not_taken() {
        let host = || record("h.a.fr", "A", "10.0.0.1");
        let foreign = record("h.b.fr", "A", "10.0.0.1");
        for answers in [
            vec![],
            vec![host()],
            vec![record("x.a.fr", "SOA", "ns. root. 1 2 3 4 5")],
            vec![soa(1), foreign],
            vec![soa(1), host(), soa(2)],
            vec![soa(1), soa(1), host()],
        ] {
            let mut transfer = Transfer::new(name("a.fr"));
            assert_eq!(transfer.take(&message(answers)), Err(TransferError::Malformed));
        }
        let mut transfer = Transfer::new(name("a.fr"));
        assert_eq!(transfer.take(&message(vec![soa(1), soa(1)])), Ok(true));
        assert_eq!(transfer.take(&message(vec![host()])), Err(TransferError::Malformed));
        let refused = query().response(Rcode::Refused);
        assert_eq!(Transfer::new(name("a.fr")).take(&refused), Err(TransferError::Refused));
    }
}
