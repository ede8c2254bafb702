//! A whole mail server with webmail, asked by requests; the tests stand by what they ask for.

mod attacks;
mod client;
mod reading;
mod site;
mod writing;
