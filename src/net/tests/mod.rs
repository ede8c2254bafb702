//! The network against closed forms and invariants.

mod closed_windows;
mod content;
mod degraded;
mod families;
mod figures;
mod icmp;
mod impaired;
mod links;
mod path_mtu;
mod properties;
mod queues;
mod rack;
mod rerouting;
mod resets;
mod services;
mod simultaneous;
mod sleep;
mod storm;
mod tcp;
mod tcp_forms;
mod tcp_loss;
mod world;
