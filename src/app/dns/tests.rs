//! Whole lookups.
