//! `tables/cwnd.csv`: the windows of TCP senders, one row for each change.
//!
//! An acknowledgement changes a window nearly always, so the rows are written as the run goes
//! on and not kept. What is compared is what drives the sender: cwnd, ssthresh, SRTT and RTO;
//! the octets in flight change with every segment and are told along with them.

use std::fmt;
use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::columns::{self, TableDoc};
use super::rows::{Cells, Row};
use super::values::optional;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId};
use crate::base::socket::Side;
use crate::base::time::SimDuration;
use crate::base::trace::{ConnStep, Observer, Trace, TraceEvent, Windows};
use crate::metrics::WindowRow;

/// Of which connections windows are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowOptions {
    /// Only ends on these hosts; all when empty.
    pub hosts: Vec<HostId>,
    /// Only connections from or to one of these ports; all when empty.
    pub ports: Vec<u16>,
}

/// What a row is about, less what is told along.
type Driving = (u64, Option<u64>, SimDuration, SimDuration);

/// An observer that writes a row for each change of a window.
pub struct WindowWriter<W: Write> {
    directory: Directory,
    options: WindowOptions,
    /// What was last written of each open end.
    last: FxHashMap<(ConnId, Side), Driving>,
    out: csv::Writer<W>,
    error: Option<csv::Error>,
}

impl<W: Write> fmt::Debug for WindowWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowWriter").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<W: Write> WindowWriter<W> {
    /// Writes to `out`, beginning with the header.
    #[must_use]
    pub fn new(directory: Directory, options: WindowOptions, out: W) -> Self {
        let mut out = csv::Writer::from_writer(out);
        let error = out.write_record(columns::CWND.columns.iter().map(|(name, _)| *name)).err();
        Self { directory, options, last: FxHashMap::default(), out, error }
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// The first error of any row, or that of the flush. After an error nothing is written.
    pub fn finish(self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error.into()),
            None => self.out.into_inner().map_err(csv::IntoInnerError::into_error),
        }
    }

    fn shows(&self, windows: &Windows) -> bool {
        let WindowOptions { hosts, ports } = &self.options;
        (hosts.is_empty() || hosts.contains(&windows.host))
            && (ports.is_empty() || windows.ports.iter().any(|port| ports.contains(port)))
    }
}

impl<W: Write> Observer for WindowWriter<W> {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if let Trace::Conn { conn, side, step: ConnStep::Closed { .. } } = event.what {
            self.last.remove(&(conn, side));
        }
    }

    fn wants_windows(&self) -> bool {
        self.error.is_none()
    }

    fn observe_windows(&mut self, windows: &Windows) {
        let Windows { at, host, conn, side, cwnd, ssthresh, srtt, rto, in_flight, .. } = *windows;
        let driving = (cwnd, ssthresh, srtt, rto);
        if !self.shows(windows) || self.last.insert((conn, side), driving) == Some(driving) {
            return;
        }
        let row = WindowRow {
            at,
            connection: self.directory.conn_name(conn).into(),
            side,
            host: self.directory.host_name(host).into(),
            cwnd,
            ssthresh,
            srtt,
            rto,
            in_flight,
        };
        self.error = self.error.take().or(self.out.write_record(row.cells()).err());
    }
}

const SIDES: [(Side, &str); 2] = [(Side::Client, "client"), (Side::Server, "server")];

/// The word for an end in tables.
pub(super) fn side_name(side: Side) -> &'static str {
    SIDES.into_iter().find(|(known, _)| *known == side).map_or("", |(_, name)| name)
}

/// The end that tables call so.
pub(super) fn side_from_name(name: &str) -> Option<Side> {
    SIDES.into_iter().find(|(_, known)| *known == name).map(|(side, _)| side)
}

impl Row for WindowRow {
    const TABLE: TableDoc = columns::CWND;

    fn cells(&self) -> Vec<String> {
        vec![
            self.at.to_string(),
            self.connection.to_string(),
            side_name(self.side).to_owned(),
            self.host.to_string(),
            self.cwnd.to_string(),
            optional(self.ssthresh),
            self.srtt.to_string(),
            self.rto.to_string(),
            self.in_flight.to_string(),
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            at: cells.time()?,
            connection: cells.text()?,
            side: cells.word(side_from_name)?,
            host: cells.text()?,
            cwnd: cells.number()?,
            ssthresh: cells.some_number()?,
            srtt: cells.duration()?,
            rto: cells.duration()?,
            in_flight: cells.number()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::EventId;
    use crate::base::socket::CloseReason;
    use crate::base::time::SimTime;
    use crate::base::trace::EndFigures;
    use crate::metrics::testing::directory;

    const CONN: ConnId = ConnId { host: HostId(0), number: 1 };

    fn windows(at: u64, cwnd: u64, in_flight: u64) -> Windows {
        let at = SimTime::from_nanos(at);
        let (srtt, rto) = (SimDuration::from_millis(84), SimDuration::from_secs(1));
        let (host, side, ports) = (HostId(0), Side::Client, [49_152, 25]);
        Windows { at, host, conn: CONN, side, ports, cwnd, ssthresh: None, srtt, rto, in_flight }
    }

    fn rows(options: WindowOptions, story: impl FnOnce(&mut WindowWriter<Vec<u8>>)) -> Vec<String> {
        let mut writer = WindowWriter::new(directory(), options, Vec::new());
        assert!(writer.wants_windows());
        story(&mut writer);
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    /// Breaks when a row repeats the one before, or an end that was closed is remembered.
    #[test]
    fn a_row_tells_a_change() {
        let found = rows(WindowOptions::default(), |writer| {
            for told in [windows(1, 14_600, 0), windows(2, 14_600, 1_460), windows(3, 16_060, 1_460)] {
                writer.observe_windows(&told);
            }
            let step = ConnStep::Closed {
                reason: CloseReason::Finished,
                sent: 0,
                received: 0,
                figures: EndFigures::default(),
            };
            let what = Trace::Conn { conn: CONN, side: Side::Client, step };
            writer.observe(&TraceEvent { id: EventId(1), cause: EventId(0), at: SimTime::ZERO, host: HostId(0), what });
            assert!(writer.last.is_empty());
        });
        let rest = "0.084000000,1.000000000";
        assert_eq!(
            found,
            [
                format!("0.000000001,crepes.fr#1,client,crepes.fr,14600,,{rest},0"),
                format!("0.000000003,crepes.fr#1,client,crepes.fr,16060,,{rest},1460")
            ]
        );
    }

    #[test]
    fn a_choice_of_hosts_and_ports_holds() {
        let count = |hosts: &[u32], ports: &[u16]| {
            let hosts = hosts.iter().map(|host| HostId(*host)).collect();
            let options = WindowOptions { hosts, ports: ports.to_vec() };
            rows(options, |writer| writer.observe_windows(&windows(1, 14_600, 0))).len()
        };
        assert_eq!([count(&[], &[]), count(&[0], &[25]), count(&[1, 0], &[49_152])], [1, 1, 1]);
        assert_eq!([count(&[1], &[]), count(&[0], &[110])], [0, 0]);
    }

    /// A writer that fails at once.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        let writer = WindowWriter::new(directory(), WindowOptions::default(), Full);
        assert!(writer.finish().is_err_and(|error| error.to_string().contains("the disk is full")));
    }
}
