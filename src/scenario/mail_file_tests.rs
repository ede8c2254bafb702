//! Messages from files.
