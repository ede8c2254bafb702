//! Posthaste: a deterministic discrete-event simulator of Internet mail and the DNS beneath it.

pub mod app;
pub mod base;
pub mod bench;
pub mod cli;
pub mod live;
pub mod metrics;
pub mod net;
pub mod proto;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod sweep;
