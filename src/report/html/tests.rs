//! The page of hand-made tables.
