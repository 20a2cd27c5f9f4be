//! Which instruction sets the machine has.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use super::Simd;
use super::portable::Portable;

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// Something to compute on any instruction set. `run` must be `#[inline(always)]`, and so must all it calls: only then is
/// it compiled with the set's instructions.
pub(crate) trait Op {
    type Out;
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

impl Isa {
    /// The widest set that this machine has, found once.
    pub fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().first().copied().unwrap_or(Isa(Kind::Portable)))
    }

    /// All sets that this machine has, widest first; the portable one is always among them.
    pub fn available() -> Vec<Isa> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if fma && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                sets.push(Isa(Kind::Avx512));
            }
            if fma {
                sets.push(Isa(Kind::Avx2));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            sets.push(Isa(Kind::Neon));
        }
        sets.push(Isa(Kind::Portable));
        sets
    }

    /// Its name: `avx512`, `avx2`, `neon` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
            Kind::Portable => "portable",
        }
    }

    /// Most rows of a tile, and its width: two vectors, as a packed panel's.
    pub(crate) fn tile(self) -> (usize, usize) {
        struct Sizes;
        impl Op for Sizes {
            type Out = (usize, usize);
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> (usize, usize) {
                (S::ROWS, 2 * S::LANES)
            }
        }
        self.run(Sizes)
    }

    pub(crate) fn run<O: Op>(self, op: O) -> O::Out {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind is made only where the features were detected.
            Kind::Avx512 => unsafe { super::avx512::run(op) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kind::Avx2 => unsafe { super::avx2::run(op) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Kind::Neon => unsafe { super::neon::run(op) },
            Kind::Portable => op.run(Portable),
        }
    }
}
