//! Webmail at the user's end: what a browser does under a person's hand, as a client of the mailbox.

pub mod client;
pub mod page;
#[cfg(test)]
mod tests;

pub use client::Client;
