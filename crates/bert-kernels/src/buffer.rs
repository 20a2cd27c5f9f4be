//! Memory for weights: mapped, in huge pages where the system has them, so that opening a model costs few page faults and
//! reading it few translations.
#![allow(unsafe_code)]

use memmap2::MmapMut;

/// `len` values, 0 at first.
pub(crate) enum Buffer {
    /// Pages straight from the system.
    Pages { map: MmapMut, len: usize },
    /// Where pages are not to be had.
    Heap(Vec<f32>),
}

impl Buffer {
    pub(crate) fn zeroed(len: usize) -> Buffer {
        match MmapMut::map_anon((len * size_of::<f32>()).max(1)) {
            Ok(map) => {
                // Only advice: a system without huge pages goes on with small ones.
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage);
                Buffer::Pages { map, len }
            }
            Err(_) => Buffer::Heap(vec![0.0; len]),
        }
    }

    pub(crate) fn values(&self) -> &[f32] {
        match self {
            // SAFETY: pages are aligned to more than f32, hold `len` values, and any bits are an f32.
            Buffer::Pages { map, len } => unsafe { std::slice::from_raw_parts(map.as_ptr().cast(), *len) },
            Buffer::Heap(values) => values,
        }
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        match self {
            // SAFETY: as above; `self` is borrowed mutably.
            Buffer::Pages { map, len } => unsafe { std::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), *len) },
            Buffer::Heap(values) => values,
        }
    }
}
