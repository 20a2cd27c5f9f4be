//! Vectors of f32: one trait, one implementation an instruction set, chosen at run time.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

pub use isa::Isa;
pub(crate) use isa::Op;

/// Lanes of the widest set.
pub(crate) const MOST_LANES: usize = 16;

/// The operations of an instruction set. A value of the type is proof that the machine has it: [`Isa::run`] alone makes
/// one, inside a function compiled for the set; everything generic over `Simd` is inlined into that function.
///
/// `max` and `min` give their second operand where one is NaN.
pub(crate) trait Simd: Copy {
    /// `LANES` values.
    type V: Copy;
    const LANES: usize;
    /// Most rows of a tile of two vectors' width whose sums fit the registers.
    const ROWS: usize;

    fn splat(self, x: f32) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a b + c`
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// To the nearest integer, halves to the even one.
    fn round(self, a: Self::V) -> Self::V;
    /// `a 2^n` for integers `n` from -126 to 127.
    fn scale(self, a: Self::V, n: Self::V) -> Self::V;
    /// `x` where `a > b`, else `y`.
    fn choose(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Rows to columns: lane `j` of vector `i` becomes lane `i` of vector `j`, for the first `LANES` vectors.
    fn transpose(self, rows: &mut [Self::V; MOST_LANES]);
    /// Sum of the lanes, always in the same order.
    fn sum(self, a: Self::V) -> f32;
    /// Largest lane.
    fn highest(self, a: Self::V) -> f32;

    /// # Safety
    /// `from` must be valid for reads of `LANES` values.
    unsafe fn load(self, from: *const f32) -> Self::V;
    /// # Safety
    /// `to` must be valid for writes of `LANES` values.
    unsafe fn store(self, to: *mut f32, v: Self::V);
    /// # Safety
    /// `to` must be valid for writes of `n < LANES` values.
    unsafe fn store_part(self, to: *mut f32, n: usize, v: Self::V);
    /// Brings a cache line nearer; any address will do.
    fn prefetch(self, at: *const f32);

    /// The first `LANES` values of a slice.
    #[inline(always)]
    fn first(self, from: &[f32]) -> Self::V {
        assert!(from.len() >= Self::LANES);
        // SAFETY: there are so many.
        unsafe { self.load(from.as_ptr()) }
    }

    /// Values of a slice from `at` on; lanes past its end are `rest`.
    #[inline(always)]
    fn get(self, from: &[f32], at: usize, rest: f32) -> Self::V {
        let n = from.len().saturating_sub(at);
        if n >= Self::LANES {
            // SAFETY: at + LANES <= len.
            return unsafe { self.load(from.as_ptr().add(at)) };
        }
        // Copied by hand, so that the lanes past the end can hold anything.
        let mut lanes = [rest; MOST_LANES];
        for (lane, x) in lanes.iter_mut().zip(from.get(at..).unwrap_or_default()) {
            *lane = *x;
        }
        // SAFETY: no set has more than 16 lanes.
        unsafe { self.load(lanes.as_ptr()) }
    }

    /// Writes the lanes into a slice from `at` on, as far as it goes.
    #[inline(always)]
    fn put(self, to: &mut [f32], at: usize, v: Self::V) {
        let n = to.len().saturating_sub(at);
        if n >= Self::LANES {
            // SAFETY: at + LANES <= len.
            unsafe { self.store(to.as_mut_ptr().add(at), v) }
        } else if n > 0 {
            // SAFETY: at + n = len.
            unsafe { self.store_part(to.as_mut_ptr().add(at), n, v) }
        }
    }
}
