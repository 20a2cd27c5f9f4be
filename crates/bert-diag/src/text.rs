//! Small pieces of wording shared by all findings.

/// `1 tensor`, `3 tensors`: a count with its noun, plural by `s`.
pub fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Names joined by commas, at most `most` of them, then `and N more`.
pub fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>, most: usize) -> String {
    let mut names = names.into_iter();
    let mut out = String::new();
    for name in names.by_ref().take(most) {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(name.as_ref());
    }
    match names.count() {
        0 => out,
        more => format!("{out} and {more} more"),
    }
}

/// A string from a file, quoted for a message: control characters escaped, at most 60 characters.
pub fn quoted(s: &str) -> String {
    let mut out = String::from("`");
    for (i, c) in s.chars().enumerate() {
        if i == 60 {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out.push('`');
    out
}
