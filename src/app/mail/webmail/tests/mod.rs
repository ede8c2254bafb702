//! The server asked for pages and forms, without a connection.

mod attacks;
mod client;
mod reading;
mod site;
mod writing;
