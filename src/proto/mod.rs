//! Conversations as functions of bytes and time (sans-IO): no network, no clock, no simulator.

pub mod dns;
pub mod http;
pub mod imap;
pub mod line;
pub mod mailbox;
pub mod md5;
pub mod message;
mod patience;
pub mod pop3;
pub mod sasl;
pub mod session;
pub mod smtp;
pub mod tls;
pub mod webmail;
