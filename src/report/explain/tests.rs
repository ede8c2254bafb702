//! Tests of explanations that need no run.
