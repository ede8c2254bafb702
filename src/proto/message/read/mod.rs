//! Messages taken apart by offsets (RFC 5322, MIME): header fields and their values, media types,
//! the tree of parts, texts and transfer encodings undone, and what a reader shows of them.
//!
//! Works on any octets: bare LF for CRLF, headers that are missing, multiparts that are cut off.
//! What IMAP makes of it stands in `proto/imap/content/`.

pub mod address;
pub mod decode;
pub mod header;
pub mod html;
pub mod lexer;
pub mod media;
pub mod shown;
pub mod tree;

#[cfg(test)]
mod oracle_tests;
