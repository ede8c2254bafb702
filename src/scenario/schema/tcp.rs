//! The `network.tcp` key: the parameters of TCP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Duration, Size};

/// Parameters of TCP on all hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tcp {
    /// Maximum segment size over IPv4 in bytes of payload; over IPv6 it is 20 less, so that full packets are as long. Default: 1460.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// Initial congestion window in segments (RFC 6928). Default: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_window: Option<u32>,
    /// Receive buffer, at least one segment; above 65535 bytes it takes `window_scale`. Default: "65535B".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_window: Option<Size>,
    /// How often an unanswered SYN is repeated. Default: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_retries: Option<u32>,
    /// Handshakes under way that a listener keeps at a time; a SYN beyond them is dropped without a word (RFC 4987). Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_backlog: Option<u32>,
    /// How often an unanswered data segment is repeated. Default: 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_retries: Option<u32>,
    /// Retransmission time-out before the first measurement (RFC 6298 2.1). Default: "1s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_rto: Option<Duration>,
    /// Least retransmission time-out (RFC 6298 2.4). Default: "1s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rto: Option<Duration>,
    /// Greatest retransmission time-out (RFC 6298 2.5). Default: "60s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rto: Option<Duration>,
    /// How long an acknowledgement may wait for data to ride with, or for a second segment (RFC 1122 4.2.3.2); "0s": it never waits. Default: "40ms".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed_ack: Option<Duration>,
    /// Nagle's algorithm (RFC 1122 4.2.3.4): a short segment waits while anything is unacknowledged. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nagle: Option<bool>,
    /// Whether a sender waits until the peer's window has room for a full segment, as RFC 9293 3.8.6.2.1 asks, instead of using the window to its last octet. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silly_window_avoidance: Option<bool>,
    /// Selective acknowledgements (RFC 2018), with loss recovery by them (RFC 6675). Default: false, which leaves NewReno (RFC 6582).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sack: Option<bool>,
    /// Losses found by time instead of by duplicates, and tail loss probes (RFC 8985); takes `sack`. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rack: Option<bool>,
    /// Whether each of the first two duplicate acknowledgements lets a new segment go (RFC 3042); always so with SACK. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limited_transmit: Option<bool>,
    /// Window scaling (RFC 7323), offered when `receive_window` is above 65535 bytes. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_scale: Option<bool>,
    /// Timestamps (RFC 7323): round trips are measured on retransmissions too, old duplicates are refused, and a segment holds 12 bytes less. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
    /// Congestion control: "newreno" (RFC 5681, 6582) or "cubic" (RFC 9438). Default: "newreno".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub congestion: Option<CongestionName>,
    /// Idle time after which a host asks whether its peer lives (RFC 1122 4.2.3.6: "2h"): nine probes, one every 75 s. Default: none, it never asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<Duration>,
    /// How long data may wait to be acknowledged before the connection fails (RFC 9293 3.9.1). Default: none, only `data_retries` counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_timeout: Option<Duration>,
    /// Explicit congestion notification (RFC 3168): queues that can mark do so instead of dropping. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecn: Option<bool>,
}

/// A congestion control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CongestionName {
    /// A segment more each round trip, half at a loss (RFC 5681, 6582).
    #[default]
    #[serde(rename = "newreno")]
    NewReno,
    /// Along a cubic curve around the window of the last loss (RFC 9438).
    #[serde(rename = "cubic")]
    Cubic,
}
