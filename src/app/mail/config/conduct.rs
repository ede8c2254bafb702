//! What a server does to its clients besides serving them.

use std::sync::Arc;

use crate::app::mail::conduct::rules::Rule;

/// What a server does to its clients besides serving them; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConductConfig {
    /// Its rules, tried in this order.
    pub rules: Arc<[Rule]>,
}
