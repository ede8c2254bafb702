//! Windows of TCP senders: one row for each change.
//!
//! There can be as many rows as acknowledgements, so no recorder keeps them: `report` writes
//! them as the run goes on, and reads them back for a chart.

use super::names::Text;
use crate::base::socket::Side;
use crate::base::time::{SimDuration, SimTime};

/// The windows of one end of a connection from an instant on: a row of the table `cwnd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowRow {
    /// Since when.
    pub at: SimTime,
    /// The connection's name.
    pub connection: Text,
    /// Which end.
    pub side: Side,
    /// The end's host.
    pub host: Text,
    /// The congestion window in octets.
    pub cwnd: u64,
    /// The slow-start threshold in octets; none while no loss has set it.
    pub ssthresh: Option<u64>,
    /// The smoothed round-trip time; zero before the first measurement.
    pub srtt: SimDuration,
    /// The retransmission timeout.
    pub rto: SimDuration,
    /// Octets that count against the window at that instant.
    pub in_flight: u64,
}
