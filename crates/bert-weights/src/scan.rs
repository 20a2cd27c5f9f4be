//! What the values of the tensors say: not a number, nothing but zeros, mean and spread.

use rayon::prelude::*;

use crate::{DType, Error, TensorView, Weights};

/// What is plainly wrong with a tensor's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueCheck {
    /// Number of values.
    pub count: usize,
    /// Values that are NaN.
    pub nan: usize,
    /// Values that are infinite.
    pub infinite: usize,
    /// Index (row-major) of the first NaN or infinite value.
    pub first_bad: Option<usize>,
    /// Whether every value is zero.
    pub all_zero: bool,
}

/// Mean and spread of a tensor's values, and what is wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TensorStats {
    /// What is wrong with them.
    pub check: ValueCheck,
    /// Mean of the finite values.
    pub mean: f64,
    /// Standard deviation of the finite values.
    pub std: f64,
}

/// The names among these that are float weights.
fn weights_among<'a>(weights: &Weights, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().filter(|n| weights.index().get(n).is_some_and(|info| info.dtype.is_weight())).collect()
}

/// Bytes looked at by one task: a multiple of every element size, small enough to share the work, large enough to be
/// worth a task.
const BLOCK_BYTES: usize = 1 << 20;
/// Blocks between two times that memory is given back: enough to keep all threads busy.
const WAVE_BLOCKS: usize = 64;

/// Looks at every value of the named tensors once, where it lies, in parallel, at about the speed of memory; tensors that
/// are no float weights are left out.
///
/// # Errors
/// When the file was cut while it was open.
pub fn check_values<'a>(
    weights: &Weights,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(&'a str, ValueCheck)>, Error> {
    let names = weights_among(weights, names);
    let missing = |name: &str| Error::NoTensor { name: name.to_string() };
    let views =
        names.iter().map(|name| weights.get(name).ok_or_else(|| missing(name))).collect::<Result<Vec<_>, _>>()?;
    let mut whole = vec![Mask::default(); names.len()];
    // Tensors that lie in the file as they are need no copy, so they are cut into blocks that share the work evenly.
    let mapped: Vec<usize> =
        (0..views.len()).filter(|i| views.get(*i).is_some_and(|v| v.info().range().is_some())).collect();
    let bytes = mapped.iter().filter_map(|i| Some((*i, views.get(*i)?))).map(|(i, v)| Ok((i, v.bytes()?)));
    let bytes = bytes.collect::<Result<Vec<_>, Error>>()?;
    let blocks: Vec<(usize, &[u8])> =
        bytes.iter().flat_map(|(i, all)| all.chunks(BLOCK_BYTES).map(move |block| (*i, block))).collect();
    let dtype_of = |i: usize| views.get(i).map_or(DType::F32, |view| view.info().dtype);
    let mut masks: Vec<(usize, Mask)> = Vec::with_capacity(blocks.len());
    let mut looked_at = 0;
    for wave in blocks.chunks(WAVE_BLOCKS) {
        masks.par_extend(wave.par_iter().map(|(i, block)| (*i, mask(dtype_of(*i), block))));
        // What was looked at need not stay mapped: checking then takes no more memory than a wave.
        let last = wave.last().map_or(looked_at, |(i, _)| *i);
        (looked_at..last).filter_map(|i| views.get(i)).for_each(TensorView::release);
        looked_at = last;
    }
    views.iter().skip(looked_at).for_each(TensorView::release);
    let others: Vec<usize> = (0..views.len()).filter(|i| !mapped.contains(i)).collect();
    let copied = others.par_iter().filter_map(|i| Some((*i, views.get(*i)?))).map(|(i, view)| {
        let found = mask(dtype_of(i), &view.unordered_bytes()?);
        view.release();
        Ok((i, found))
    });
    masks.extend(copied.collect::<Result<Vec<_>, Error>>()?);
    for (i, mask) in masks {
        if let Some(sum) = whole.get_mut(i) {
            sum.any |= mask.any;
            sum.bad |= mask.bad;
        }
    }
    let checks = whole.iter().zip(&views).map(|(mask, view)| {
        let count = view.info().len();
        match mask.bad {
            // Rare, so counted in a second look.
            true => Ok::<_, Error>(counted(&view.to_f32()?)),
            false => Ok(ValueCheck { count, all_zero: !mask.any, ..ValueCheck::default() }),
        }
    });
    names.into_iter().zip(checks).map(|(name, check)| Ok((name, check?))).collect()
}

/// Whether any value is not zero, and whether any is not finite.
#[derive(Clone, Copy, Default)]
struct Mask {
    any: bool,
    bad: bool,
}

/// An exponent of all ones means NaN or infinity: adding one to it carries into the sign's place. Only `and`, `add` and
/// `or`, so that it is vectorised for every processor.
macro_rules! mask_of {
    ($bytes:expr, $type:ty, $exponent:expr, $one:expr) => {{
        let (mut any, mut carry): ($type, $type) = (0, 0);
        for b in $bytes.as_chunks::<{ size_of::<$type>() }>().0 {
            let bits = <$type>::from_le_bytes(*b);
            any |= bits << 1;
            carry |= (bits & $exponent).wrapping_add($one);
        }
        Mask { any: any != 0, bad: carry >> (<$type>::BITS - 1) != 0 }
    }};
}

fn mask(dtype: DType, bytes: &[u8]) -> Mask {
    match dtype {
        DType::F16 => mask_of!(bytes, u16, 0x7c00, 0x0400),
        DType::BF16 => mask_of!(bytes, u16, 0x7f80, 0x0080),
        DType::F64 => mask_of!(bytes, u64, 0x7ff0_0000_0000_0000, 0x0010_0000_0000_0000),
        _ => mask_of!(bytes, u32, 0x7f80_0000, 0x0080_0000),
    }
}

fn counted(values: &[f32]) -> ValueCheck {
    let bad = values.iter().filter(|v| !v.is_finite()).count();
    let nan = values.iter().filter(|v| v.is_nan()).count();
    ValueCheck {
        count: values.len(),
        nan,
        infinite: bad - nan,
        first_bad: values.iter().position(|v| !v.is_finite()),
        all_zero: values.iter().all(|v| *v == 0.0),
    }
}

/// Mean and spread of the named tensors, in parallel; tensors that are no float weights are left out.
///
/// # Errors
/// When the file was cut while it was open.
pub fn scan<'a>(
    weights: &Weights,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(&'a str, TensorStats)>, Error> {
    weights_among(weights, names)
        .into_par_iter()
        .map(|name| {
            let view = weights.get(name).ok_or_else(|| Error::NoTensor { name: name.to_string() })?;
            Ok((name, stats(&view.to_f32()?)))
        })
        .collect()
}

/// Values summed in f32 before they go to f64: few enough to lose nothing that matters to a mean.
const SUM: usize = 64;

fn stats(values: &[f32]) -> TensorStats {
    let check = counted(values);
    let finite = (values.len() - check.nan - check.infinite).max(1) as f64;
    let or_zero = |v: f32| if v.is_finite() { v } else { 0.0 };
    let sum: f64 = values.chunks(SUM).map(|b| f64::from(b.iter().map(|v| or_zero(*v)).sum::<f32>())).sum();
    let mean = sum / finite;
    let centre = mean as f32;
    let square = |v: &f32| if v.is_finite() { (v - centre) * (v - centre) } else { 0.0 };
    let squares: f64 = values.chunks(SUM).map(|b| f64::from(b.iter().map(square).sum::<f32>())).sum();
    TensorStats { check, mean, std: (squares / finite).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_tell_zero_finite_and_bad_apart_in_every_type() {
        let cases: [(f64, bool, bool); 8] = [
            (0.0, false, false),
            (-0.0, false, false),
            (1.0, true, false),
            (-1e-3, true, false),
            (6.1e4, true, false),
            (f64::NAN, true, true),
            (f64::INFINITY, true, true),
            (f64::NEG_INFINITY, true, true),
        ];
        for (value, any, bad) in cases {
            let forms: [(DType, Vec<u8>); 4] = [
                (DType::F64, value.to_le_bytes().to_vec()),
                (DType::F32, (value as f32).to_le_bytes().to_vec()),
                (DType::F16, half::f16::from_f64(value).to_le_bytes().to_vec()),
                (DType::BF16, half::bf16::from_f64(value).to_le_bytes().to_vec()),
            ];
            for (dtype, bytes) in forms {
                let mask = mask(dtype, &bytes);
                assert_eq!((mask.any, mask.bad), (any, bad), "{dtype} {value}");
            }
        }
        assert!(mask(DType::F32, &f32::MAX.to_le_bytes()).any && !mask(DType::F32, &f32::MAX.to_le_bytes()).bad);
        assert!(mask(DType::F32, &f32::from_bits(1).to_le_bytes()).any, "the smallest number is not zero");
    }
}
