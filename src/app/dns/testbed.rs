//! A miniature network.
