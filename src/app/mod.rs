//! What runs on a host and sees only the socket API.
//!
//! An application is driven by two functions: `handle(host, input)` and
//! `deadline() -> SimTime`, the instant at which it wants [`host::Input::Wake`] next
//! ([`SimTime::NEVER`](crate::base::SimTime::NEVER): not at all). It is asked for its
//! deadline after every input.

mod application;
pub mod dns;
pub mod host;
pub mod mail;
pub mod sessions;
pub mod user;
pub mod web;

pub use application::App;
