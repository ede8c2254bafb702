//! Real clients inside the simulated Internet: a gateway, not a second implementation.
//!
//! Each real TCP connection to a loopback port is carried on by a simulated one, from a host of
//! the scenario to the service's host and port; UDP datagrams likewise. So a client sees the
//! simulated network's delays, losses and outages, and the servers are those of every run.
//!
//! One loop on one thread (`serving`, `clients`) runs the world up to the present instant, then waits on
//! the sockets until the next event is due. [`pace`] says what the present instant is: virtual time
//! follows the wall clock, or runs ahead where no client can tell. [`bridge`] carries octets,
//! half-closes, resets and back-pressure between the two connections, `datagrams` the questions
//! and answers, [`chronicle`] turns the trace into lines, [`command`] reads what an operator types.
//!
//! Left out: TLS; addresses other than loopback, on purpose; what a real stack knows beyond the
//! socket API (urgent data, real round-trip times).

pub mod bridge;
pub mod chronicle;
mod clients;
pub mod command;
mod datagrams;
pub mod gateway;
pub mod pace;
pub mod ports;
mod serving;
#[cfg(test)]
mod tests;

pub use chronicle::{Chronicle, Line, Wanted};
pub use gateway::{Gateway, GatewayError, Operator, Served, Settings};
pub use pace::Speed;
pub use ports::{Bound, Listener, Service, Transport};
