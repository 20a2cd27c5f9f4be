//! Tables of rows.
#![allow(clippy::unwrap_used)]

use bert_kernels::{Isa, Table, machine};

#[test]
fn rows_are_where_they_were_put() {
    // More rows than one part of the filling takes.
    let table = Table::fill([3000, 200], |rows, to| {
        for (row, values) in rows.zip(to.chunks_mut(200)) {
            values.fill(row as f32);
        }
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!((table.rows(), table.width()), (3000, 200));
    for row in [0, 1, 1310, 1311, 2999] {
        assert_eq!(table.row(row).unwrap(), vec![row as f32; 200]);
    }
    assert!(table.row(3000).is_none());
    assert!(table.row(usize::MAX).is_none());
    assert_eq!(Table::fill([3000, 200], |rows, _| if rows.contains(&2999) { Err(1) } else { Ok(()) }).err(), Some(1));
    assert_eq!(Table::fill([0, 0], |_, _| Ok::<(), ()>(())).unwrap().rows(), 0);
}

#[test]
fn the_machine_can_be_measured() {
    for isa in Isa::available() {
        assert!(machine::fma_flops(isa, 1) > 0.0);
        assert!(machine::read_bandwidth(isa, 1 << 16, 1) > 0.0);
    }
}
