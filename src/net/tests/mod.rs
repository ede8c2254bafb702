//! The network against closed forms and invariants.

mod content;
mod figures;
mod icmp;
mod impaired;
mod links;
mod properties;
mod queues;
mod rerouting;
mod tcp;
mod tcp_forms;
mod tcp_loss;
mod world;
