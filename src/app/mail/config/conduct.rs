//! What a server does to its clients besides serving them.

/// What a server does to its clients besides serving them; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConductConfig {}
