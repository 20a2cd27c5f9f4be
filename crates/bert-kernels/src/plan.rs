//! How a product is cut into tasks.

use std::ops::Range;

use crate::simd::Isa;
use crate::team::threads;

/// Bytes of blocked rows that stay in the second cache beside a panel.
const ROW_BYTES: usize = 768 << 10;

/// Rows by panels, each cut evenly.
pub(crate) struct Plan {
    rows: usize,
    panels: usize,
    row_parts: usize,
    panel_parts: usize,
}

impl Plan {
    /// Enough rows are cut into blocks, at least one a thread, each of which reads all panels; few rows are left together
    /// and the panels are cut instead, so that every weight is read once.
    pub(crate) fn new(rows: usize, inputs: usize, panels: usize, whole_rows: bool, isa: Isa) -> Plan {
        let threads = threads();
        let tile = isa.tile().0;
        let most = (ROW_BYTES / size_of::<f32>() / inputs.max(1)).clamp(tile, 16 * tile);
        let blocks = rows.div_ceil(most).max(1);
        if threads == 1 {
            return Plan { rows, panels, row_parts: blocks, panel_parts: 1 };
        }
        if enough(rows, tile, threads) {
            let row_parts = blocks.next_multiple_of(threads);
            let panel_parts = if whole_rows || row_parts > threads { 1 } else { 2.min(panels.max(1)) };
            return Plan { rows, panels, row_parts, panel_parts };
        }
        let panel_parts = (2 * threads).div_ceil(blocks).clamp(1, panels.max(1));
        Plan { rows, panels, row_parts: blocks, panel_parts }
    }

    /// Whether a task has rows from end to end.
    pub(crate) fn whole_rows(&self) -> bool {
        self.panel_parts == 1
    }

    pub(crate) fn tasks(&self) -> usize {
        self.row_parts * self.panel_parts
    }

    /// Rows and panels of a task.
    pub(crate) fn task(&self, number: usize) -> (Range<usize>, Range<usize>) {
        let rows = part(self.rows, self.row_parts, number / self.panel_parts);
        (rows, part(self.panels, self.panel_parts, number % self.panel_parts))
    }
}

/// Whether every thread has rows enough to read all weights for.
fn enough(rows: usize, tile: usize, threads: usize) -> bool {
    rows >= 4 * tile * threads
}

/// Rows that go through several products one after the other while they are in the second cache; `None` where there are too
/// few for all threads, and each product is better cut by itself.
pub fn rows_to_keep_together(isa: Isa, rows: usize) -> Option<usize> {
    let (tile, threads) = (isa.tile().0, threads());
    let parts = rows.div_ceil(6 * tile.max(8)).next_multiple_of(threads);
    enough(rows, tile, threads).then(|| rows.div_ceil(parts))
}

/// Part `number` of `count` things cut evenly into `parts`.
#[inline(always)]
fn part(count: usize, parts: usize, number: usize) -> Range<usize> {
    count * number / parts..count * (number + 1) / parts
}

/// Rows in even groups of at most `most`.
#[inline(always)]
pub(crate) fn groups(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = rows.div_ceil(most);
    (0..parts).map(move |number| part(rows, parts, number))
}
