//! The texts.

use super::characters;

/// Numbers by rule (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }
}

/// What stands in real texts and makes trouble.
const FRAGMENTS: &[&str] = &[
    "the",
    "Film",
    "UNBELIEVABLE",
    "don't",
    "e-mail",
    "it's",
    "3,141.59",
    "1e-5",
    "0x1F",
    "a_b",
    "C++",
    "http://x.y/z?q=1&r=%20",
    "user@example.com",
    "#tag",
    "$5",
    "50%",
    "(x)",
    "[y]",
    "{z}",
    "a/b\\c",
    "...",
    "\u{2026}",
    "\u{201c}q\u{201d}",
    "\u{2019}s",
    "\u{2014}",
    "\u{ab}r\u{bb}",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{c5}ngstr\u{f6}m",
    "Stra\u{df}e",
    "STRA\u{1e9e}E",
    "\u{130}stanbul",
    "\u{131}s\u{131}",
    "\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}",
    "\u{fb01}n",
    "\u{2126}",
    "\u{212b}",
    "\u{1d400}\u{1d401}",
    "\u{ff21}\u{ff22}",
    "\u{0416}\u{0438}\u{0306}",
    "e\u{301}\u{300}\u{302}",
    "o\u{338}",
    "\u{1100}\u{1161}\u{11a8}",
    "\u{d55c}\u{ad6d}\u{c5b4}",
    "\u{5317}\u{4eac}",
    "\u{6771}\u{4eac}\u{3067}",
    "\u{3042}\u{30a2}\u{ff71}",
    "\u{30cf}\u{309a}",
    "\u{20000}\u{2a6d6}",
    "\u{f900}\u{2f800}",
    "\u{3400}\u{4dbf}\u{9fff}",
    "\u{5e9}\u{5c1}\u{5b8}\u{5dc}\u{5d5}\u{5b9}\u{5dd}",
    "\u{627}\u{644}\u{633}\u{651}\u{644}\u{627}\u{645}",
    "\u{202e}abc\u{202c}",
    "\u{200f}x\u{200e}",
    "\u{66d}\u{6dd}",
    "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
    "\u{e20}\u{e32}\u{e29}\u{e32}\u{e44}\u{e17}\u{e22}",
    "\u{f66}\u{f7c}\u{f51}",
    "\u{1019}\u{103c}\u{1014}\u{103a}",
    "\u{1f642}",
    "\u{1f44d}\u{1f3fd}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{1f1e9}\u{1f1ea}",
    "\u{2764}\u{fe0f}",
    "1\u{fe0f}\u{20e3}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{2060}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{e000}",
    "\u{f0000}",
    "\u{10ffff}",
    "[CLS]",
    "[SEP]",
    "[PAD]",
    "[UNK]",
    "[MASK]",
    "[mask]",
    "[MASK",
    "MASK]",
    "[[MASK]]",
    "[unused1]",
    "##ing",
    "##",
    "#",
    "<user>",
    "<USER>",
    "<url>",
    "<left>",
    "<right>",
    "<both>",
    "<word>",
    "<Norm>",
    "<norm>",
    "<raw>",
    "<Raw>",
    "w<word>w",
    "\u{e9}l\u{e8}ve",
];

const GAPS: &[&str] = &[
    " ", " ", " ", "", "", "  ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{2003}", "\u{2028}", "\u{b}", "-", ".",
    ",", "'",
];

const MARKS: std::ops::Range<u32> = 0x300..0x370;

/// More than 10,000 texts.
pub fn texts() -> Vec<String> {
    let mut texts: Vec<String> = ["", " ", "\t\n", "\u{a0}\u{3000}", "\u{0}", "\u{200b}"].map(str::to_string).into();
    every_character(&mut texts);
    marks(&mut texts);
    long_words(&mut texts);
    mixtures(&mut texts);
    texts
}

/// Every character of planes 0 and 1, and some of every other plane: 16 in a row, each alone, within words, and together.
fn every_character(texts: &mut Vec<String>) {
    let planes = (0..0x20000).step_by(16).chain((0x20000..0x110000).step_by(0x400));
    for start in planes {
        let block: Vec<char> = characters(start..start + 16).collect();
        if block.is_empty() {
            continue;
        }
        let mut text = String::new();
        for (i, c) in block.iter().enumerate() {
            match i % 4 {
                0 => text.extend([*c, ' ']),
                1 => text.extend(['a', *c]),
                2 => text.extend([*c, 'b', ' ']),
                _ => text.extend(['A', *c, '.']),
            }
        }
        text.push(' ');
        text.extend(&block);
        texts.push(text);
    }
}

/// Combining marks on letters of several scripts.
fn marks(texts: &mut Vec<String>) {
    let letters =
        ['a', 'E', 'n', '\u{3b1}', '\u{0418}', '\u{5d0}', '\u{915}', '\u{304b}', '\u{1100}', '\u{e9}', '1', '.'];
    for mark in characters(MARKS).step_by(2) {
        let text: String = letters.iter().flat_map(|l| [*l, mark, *l, mark, '\u{327}', ' ']).collect();
        texts.push(text);
    }
}

/// Words about the longest that is looked up (100 characters), and far beyond.
fn long_words(texts: &mut Vec<String>) {
    for n in [98, 99, 100, 101, 102, 200, 600] {
        for c in [
            "a",
            "Z",
            "\u{e9}",
            "e\u{301}",
            "\u{5317}",
            "\u{1f642}",
            "!",
            "\u{5d0}",
            "\u{0}",
            "\u{200b}",
            "<user>",
            "[MASK]",
        ] {
            texts.push(c.repeat(n));
            texts.push(format!("x {} y", c.repeat(n)));
        }
    }
    texts.push("a".repeat(100_000));
}

/// Fragments with gaps between them, and characters from anywhere.
fn mixtures(texts: &mut Vec<String>) {
    let mut dice = Dice(2026);
    for i in 0..4000 {
        let mut text = String::new();
        for _ in 0..dice.below(24) {
            text.push_str(dice.of(FRAGMENTS));
            if i % 4 == 3 {
                text.extend(char::from_u32(dice.below(0x3000) as u32));
            }
            text.push_str(dice.of(GAPS));
        }
        texts.push(text);
    }
}
