//! The two ends of a connection without a network: the server alone, the client alone, and both together.

mod asking;
mod serving;
