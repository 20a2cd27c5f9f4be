//! AVX-512: 16 lanes, 32 registers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::isa::Op;
use super::{MOST_LANES, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// # Safety
/// The machine must have the features.
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
pub(super) unsafe fn run<O: Op>(op: O) -> O::Out {
    op.run(Avx512(()))
}

// SAFETY of every block below: a value of `Avx512` exists only inside `run`, on a machine with the features; pointers are
// the caller's to answer for.
impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const ROWS: usize = 14;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_abs_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, n: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_scalef_ps(a, n) }
    }
    #[inline(always)]
    fn choose(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), y, x) }
    }
    #[inline(always)]
    fn transpose(self, rows: &mut [Self::V; MOST_LANES]) {
        // Pairs, fours within quarters, then quarters among vectors.
        // SAFETY: see above the impl.
        unsafe {
            for four in rows.chunks_exact_mut(4) {
                let (a, b) = (_mm512_unpacklo_ps(four[0], four[1]), _mm512_unpackhi_ps(four[0], four[1]));
                let (c, d) = (_mm512_unpacklo_ps(four[2], four[3]), _mm512_unpackhi_ps(four[2], four[3]));
                four[0] = _mm512_shuffle_ps::<0x44>(a, c);
                four[1] = _mm512_shuffle_ps::<0xee>(a, c);
                four[2] = _mm512_shuffle_ps::<0x44>(b, d);
                four[3] = _mm512_shuffle_ps::<0xee>(b, d);
            }
            for i in 0..4 {
                let (a, b) = (rows[i], rows[i + 4]);
                let (c, d) = (rows[i + 8], rows[i + 12]);
                let (ab, cd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
                let (ef, gh) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
                rows[i] = _mm512_shuffle_f32x4::<0x88>(ab, cd);
                rows[i + 4] = _mm512_shuffle_f32x4::<0x88>(ef, gh);
                rows[i + 8] = _mm512_shuffle_f32x4::<0xdd>(ab, cd);
                rows[i + 12] = _mm512_shuffle_f32x4::<0xdd>(ef, gh);
            }
        }
    }
    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        // SAFETY: see above the impl.
        unsafe { _mm512_reduce_add_ps(a) }
    }
    #[inline(always)]
    fn highest(self, a: Self::V) -> f32 {
        // SAFETY: see above the impl.
        unsafe { _mm512_reduce_max_ps(a) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::V {
        // SAFETY: see above the impl.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: Self::V) {
        // SAFETY: see above the impl.
        unsafe { _mm512_storeu_ps(to, v) }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, n: usize, v: Self::V) {
        // SAFETY: see above the impl; lanes outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, mask(n), v) }
    }
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: a hint, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
}

/// The first `n < 16` lanes.
#[inline(always)]
fn mask(n: usize) -> __mmask16 {
    ((1u32 << (n & 15)) - 1) as u16
}
