//! Hashes that stay the same on every machine and in every version of the compiler:
//! stream keys, scenario hashes and the fingerprint of a run's trace (XXH3, 64/128 bit).

use std::fmt;

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed, xxh3_128};

/// A 128-bit digest, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The 128-bit digest of `bytes`.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Digest(xxh3_128(bytes))
}

/// A 64-bit hash of `bytes` under `seed`.
#[must_use]
pub fn hash64(seed: u64, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, seed)
}

/// A digest fed piece by piece.
#[derive(Clone, Default)]
pub struct Hasher(Xxh3);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hasher").field(&self.digest()).finish()
    }
}

impl Hasher {
    /// An empty digest.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they are: the caller sees to it that pieces cannot run together.
    pub fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was written.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.0.digest128())
    }
}
