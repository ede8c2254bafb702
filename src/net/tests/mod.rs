//! The network against closed forms and invariants.

mod content;
mod links;
mod properties;
mod tcp;
mod world;
