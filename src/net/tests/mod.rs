//! The network against closed forms and invariants.

mod links;
mod properties;
mod tcp;
mod world;
