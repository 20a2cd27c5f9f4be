//! NEON: 4 lanes, 32 registers.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::isa::Op;
use super::{MOST_LANES, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// # Safety
/// The machine must have the features.
#[target_feature(enable = "neon")]
pub(super) unsafe fn run<O: Op>(op: O) -> O::Out {
    op.run(Neon(()))
}

// SAFETY of every block below: a value of `Neon` exists only inside `run`, on a machine with the features; pointers are
// the caller's to answer for.
impl Simd for Neon {
    type V = float32x4_t;
    const LANES: usize = 4;
    const ROWS: usize = 12;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vdivq_f32(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vabsq_f32(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vrndnq_f32(a) }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, n: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe {
            let exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
            vmulq_f32(a, vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent)))
        }
    }
    #[inline(always)]
    fn choose(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vbslq_f32(vcgtq_f32(a, b), x, y) }
    }
    #[inline(always)]
    fn transpose(self, rows: &mut [Self::V; MOST_LANES]) {
        // SAFETY: see above the impl.
        unsafe {
            let (a, b) = (vtrnq_f32(rows[0], rows[1]), vtrnq_f32(rows[2], rows[3]));
            rows[0] = vcombine_f32(vget_low_f32(a.0), vget_low_f32(b.0));
            rows[1] = vcombine_f32(vget_low_f32(a.1), vget_low_f32(b.1));
            rows[2] = vcombine_f32(vget_high_f32(a.0), vget_high_f32(b.0));
            rows[3] = vcombine_f32(vget_high_f32(a.1), vget_high_f32(b.1));
        }
    }
    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        // SAFETY: see above the impl.
        unsafe { vaddvq_f32(a) }
    }
    #[inline(always)]
    fn highest(self, a: Self::V) -> f32 {
        // SAFETY: see above the impl.
        unsafe { vmaxvq_f32(a) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: Self::V) {
        // SAFETY: see above the impl.
        unsafe { vst1q_f32(to, v) }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, n: usize, v: Self::V) {
        let mut lanes = [0.0f32; 4];
        // SAFETY: see above the impl; n < 4 values are written.
        unsafe {
            vst1q_f32(lanes.as_mut_ptr(), v);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, n.min(4));
        }
    }
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}
}
