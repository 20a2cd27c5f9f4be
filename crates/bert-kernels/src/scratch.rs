//! Memory that is used again.

/// The first `length` values, of which there are made to be so many: memory that is used again is not cleared.
#[inline(always)]
pub fn sized(values: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if values.len() < length {
        values.resize(length, 0.0);
    }
    &mut values[..length]
}
