//! Which program made a study: told by the build, since nobody can tell later.

/// The program, as it was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The version of the package.
    pub version: &'static str,
    /// The commit of its sources; none where the build knew none.
    pub commit: Option<&'static str>,
    /// Whether the sources differed from that commit; none where the build could not tell.
    pub dirty: Option<bool>,
    /// What the compiler says of its version.
    pub compiler: Option<&'static str>,
    /// For which computers it was built.
    pub target: Option<&'static str>,
    /// `release` or `debug`.
    pub profile: Option<&'static str>,
}

/// This program.
pub const PROVENANCE: Provenance = Provenance {
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("POSTHASTE_COMMIT"),
    dirty: match option_env!("POSTHASTE_DIRTY") {
        Some(text) => Some(matches!(text.as_bytes(), b"yes")),
        None => None,
    },
    compiler: option_env!("POSTHASTE_COMPILER"),
    target: option_env!("POSTHASTE_TARGET"),
    profile: option_env!("POSTHASTE_PROFILE"),
};
