//! Tables whose rows are picked by id.

use std::ops::Range;

use rayon::prelude::*;

use crate::buffer::Buffer;

/// Rows of one width, in memory of their own.
pub struct Table {
    values: Buffer,
    width: usize,
}

impl Table {
    /// A table whose rows `rows` writes: it is called in parallel, each time for some consecutive rows, and gets
    /// `[rows, width]` to fill.
    ///
    /// # Errors
    /// The first one of `rows`.
    pub fn fill<E: Send>(
        [count, width]: [usize; 2],
        rows: impl Fn(Range<usize>, &mut [f32]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        /// About as much as the second cache holds.
        const VALUES: usize = 1 << 18;
        let mut values = Buffer::zeroed(count * width);
        let some = (VALUES / width.max(1)).max(1);
        if width > 0 {
            let parts = values.values_mut().par_chunks_mut(some * width).enumerate();
            parts.try_for_each(|(part, to)| rows(part * some..part * some + to.len() / width, to))?;
        }
        Ok(Table { values, width })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.values().len().checked_div(self.width).unwrap_or(0)
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A row, if there are so many.
    pub fn row(&self, number: usize) -> Option<&[f32]> {
        let start = number.checked_mul(self.width)?;
        self.values.values().get(start..start.checked_add(self.width)?)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({} x {})", self.rows(), self.width)
    }
}
