//! Whole mail systems on a miniature test bed: several hosts, a virtual clock, and a network
//! that only delays.

mod bed;
mod families;
mod flow;
mod mazes;
mod names;
mod queue;
mod readers;
mod redirects;
mod relays;
mod reports;
mod submission;
mod trouble;
