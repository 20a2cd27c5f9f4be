//! Zip archives as PyTorch writes them, to change them: a plain reader and writer of their own, stored entries only.

/// Names and contents of a stored archive, in the order of its directory.
pub fn archive_entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, width: usize| bytes[at..at + width].iter().rev().fold(0usize, |n, b| n << 8 | *b as usize);
    let end = (0..bytes.len() - 21).rev().find(|i| bytes[*i..].starts_with(b"PK\x05\x06")).unwrap();
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    (0..count)
        .map(|_| {
            let (size, name, extra, comment) =
                (number(at + 24, 4), number(at + 28, 2), number(at + 30, 2), number(at + 32, 2));
            let local = number(at + 42, 4);
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let entry = (
                String::from_utf8(bytes[at + 46..at + 46 + name].to_vec()).unwrap(),
                bytes[start..start + size].to_vec(),
            );
            at += 46 + name + extra + comment;
            entry
        })
        .collect()
}

/// An archive of stored entries, with their checksums.
pub fn stored_archive<N: AsRef<str>, C: AsRef<[u8]>>(entries: &[(N, C)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let (name, content, offset) = (name.as_ref(), content.as_ref(), archive.len() as u32);
        let mut facts = Vec::new();
        facts.extend(crc32fast::hash(content).to_le_bytes());
        facts.extend([content.len() as u32; 2].iter().flat_map(|n| n.to_le_bytes()));
        facts.extend((name.len() as u16).to_le_bytes());
        archive.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        archive.extend(&facts);
        archive.extend([0, 0]);
        archive.extend(name.bytes());
        archive.extend(content);
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        directory.extend(&facts);
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let (start, size, count) = (archive.len() as u32, directory.len() as u32, entries.len() as u16);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count; 2].iter().flat_map(|n| n.to_le_bytes()));
    archive.extend([size, start].iter().flat_map(|n| n.to_le_bytes()));
    archive.extend([0, 0]);
    archive
}
