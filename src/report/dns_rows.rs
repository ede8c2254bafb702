//! Rows of the tables about questions, caches and servers of names, as cells and back.

use super::columns::{self, TableDoc};
use super::rows::{Cells, Row};
use super::values::optional;
use crate::metrics::{
    CacheFound, CacheLevel, CacheRow, DnsOutcome, DnsRole, DnsRow, DnsServerRole, DnsServerRow, Millionths,
};

impl Row for DnsRow {
    const TABLE: TableDoc = columns::DNS_QUERIES;

    fn cells(&self) -> Vec<String> {
        vec![
            self.asked.to_string(),
            self.query.to_string(),
            self.from.to_string(),
            self.to.to_string(),
            self.role.name().to_owned(),
            self.name.to_string(),
            self.rtype.to_string(),
            self.retry.to_string(),
            self.outcome.name().to_owned(),
            optional(self.rcode.as_deref()),
            optional(self.answers),
            optional(self.latency),
            optional(self.heard),
            optional(self.replied),
            optional(self.cache.as_deref()),
            optional(self.for_query.as_deref()),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let asked = cells.time()?;
        Ok(Self {
            asked,
            query: cells.text()?,
            from: cells.text()?,
            to: cells.text()?,
            role: cells.word(DnsRole::from_name)?,
            name: cells.text()?,
            rtype: cells.text()?,
            retry: cells.number()?,
            outcome: cells.word(DnsOutcome::from_name)?,
            rcode: cells.some_text()?,
            answers: cells.some_number()?,
            latency: cells.some_duration()?,
            heard: cells.some_time_after(asked)?,
            replied: cells.some_time_after(asked)?,
            cache: cells.some_text()?,
            for_query: cells.some_text()?,
        })
    }
}

impl Row for CacheRow {
    const TABLE: TableDoc = columns::CACHES;

    fn cells(&self) -> Vec<String> {
        let CacheFound { hits, negative_hits, stale_hits, failure_hits, misses } = self.found;
        let counts = [self.found.lookups(), hits, negative_hits, stale_hits, failure_hits, misses];
        let mut cells = vec![self.host.to_string(), self.level.name().to_owned()];
        cells.extend(counts.iter().map(ToString::to_string));
        cells.push(self.found.hit_ratio().to_string());
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        let (host, level) = (cells.text()?, cells.word(CacheLevel::from_name)?);
        let lookups: u64 = cells.number()?;
        let found = CacheFound {
            hits: cells.number()?,
            negative_hits: cells.number()?,
            stale_hits: cells.number()?,
            failure_hits: cells.number()?,
            misses: cells.number()?,
        };
        cells.number::<Millionths>()?;
        let CacheFound { hits, negative_hits, stale_hits, failure_hits, misses } = found;
        // sums are drawn, so a damaged file may not overflow them
        let all = [hits, negative_hits, stale_hits, failure_hits, misses];
        let sum = all.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
        if sum != Some(lookups) {
            return Err("the look-ups are not the sum of what they found".to_owned());
        }
        Ok(Self { host, level, found })
    }
}

impl Row for DnsServerRow {
    const TABLE: TableDoc = columns::DNS_SERVERS;

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.server.to_string(), self.role.name().to_owned()];
        cells.extend([self.queries_udp, self.queries_tcp].iter().map(ToString::to_string));
        cells.push(self.mean_load.to_string());
        let replies = [self.answers, self.aliases, self.referrals, self.nxdomain, self.nodata];
        cells.extend(replies.iter().chain(&[self.failures, self.truncated]).map(ToString::to_string));
        cells
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            server: cells.text()?,
            role: cells.word(DnsServerRole::from_name)?,
            queries_udp: cells.number()?,
            queries_tcp: cells.number()?,
            mean_load: cells.number()?,
            answers: cells.number()?,
            aliases: cells.number()?,
            referrals: cells.number()?,
            nxdomain: cells.number()?,
            nodata: cells.number()?,
            failures: cells.number()?,
            truncated: cells.number()?,
        })
    }
}
