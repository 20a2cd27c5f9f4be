//! docs/mutations.md: changes of the code, one at a time, each of which must turn a comparison with the reference red.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Result, root};

/// A test of the workspace: crate and test binary.
type Test = (&'static str, &'static str);

const PARITY: Test = ("bert-model", "parity");
const GOLDEN: Test = ("bert-tok", "golden");
const STRESS: Test = ("bert-tok", "stress");

struct Mutation {
    what: &'static str,
    /// Below `crates`.
    file: &'static str,
    from: &'static str,
    to: &'static str,
    test: Test,
}

const fn parity(what: &'static str, file: &'static str, from: &'static str, to: &'static str) -> Mutation {
    Mutation { what, file, from, to, test: PARITY }
}

const NATIVE: &str = "bert-model/src/native/mod.rs";
const LAYER: &str = "bert-model/src/native/layer.rs";
const EMBEDDINGS: &str = "bert-model/src/native/embeddings.rs";
const ATTENTION: &str = "bert-kernels/src/attention.rs";
const DISTANCES: &str = "bert-kernels/src/distances.rs";
const NORM: &str = "bert-kernels/src/norm.rs";
const EXACT: &str = "bert-model/src/reference/layer.rs";
const SENTENCE: &str = "bert-model/src/heads/sentence.rs";
const PREDICTIONS: &str = "bert-model/src/heads/predictions.rs";
const GROUP: &str = "bert-model/src/tasks/tagger/group.rs";
const SPANS: &str = "bert-model/src/tasks/answerer/spans.rs";
const FILLER: &str = "bert-model/src/tasks/mask_filler.rs";
const SCORES: &str = "bert-model/src/scores.rs";
const VOCAB: &str = "bert-tok/src/vocab.rs";
const WINDOWS: &str = "bert-tok/src/windows.rs";

const MUTATIONS: &[Mutation] = &[
    // the engine
    parity(
        "the mask: every token sees the whole batch",
        NATIVE,
        "keys: r, positions",
        "keys: 0..batch.total_tokens(), positions",
    ),
    parity(
        "scores scaled by the number of heads",
        ATTENTION,
        "1.0 / (size as f32).sqrt()",
        "1.0 / (self.attention.heads as f32).sqrt()",
    ),
    parity(
        "query and key exchanged",
        LAYER,
        "[columns(0), columns(1), columns(2)]",
        "[columns(1), columns(0), columns(2)]",
    ),
    parity(
        "the last layer's query and key exchanged",
        LAYER,
        "source.dense(&part(\"query\"))",
        "source.dense(&part(\"key\"))",
    ),
    parity(
        "distances with the wrong sign",
        DISTANCES,
        "chunks_exact(head_size.max(1)).rev()",
        "chunks_exact(head_size.max(1))",
    ),
    parity("relative_key_query without the keys' term", DISTANCES, "if !self.keys {", "if true {"),
    parity(
        "the keys' distances one off",
        DISTANCES,
        "self.first(*position) + group.start + k - start",
        "self.first(*position) + group.start + k.saturating_sub(1) - start",
    ),
    parity("distances added twice", DISTANCES, "*score += product;", "*score += 2.0 * product;"),
    parity(
        "positions that go on from text to text",
        EMBEDDINGS,
        "flat_map(|range| 0..range.len())",
        "flat_map(|range| (range.start..range.end).map(|p| p % 12))",
    ),
    parity(
        "positions from 1 on",
        EMBEDDINGS,
        "flat_map(|range| 0..range.len())",
        "flat_map(|range| (1..=range.len()).map(|p| p % 8))",
    ),
    parity("token types left at 0", EMBEDDINGS, "self.types.row(kind)", "self.types.row(kind * 0)"),
    parity(
        "the last layer's positions not told to the distances",
        LAYER,
        "positions: positions.to_vec()",
        "positions: positions.iter().map(|p| p + 1).collect()",
    ),
    parity(
        "no residual at all",
        "bert-kernels/src/product.rs",
        "&residual.rows[row * outputs..(row + 1) * outputs]);",
        "&residual.rows[..0]);",
    ),
    parity(
        "no residual around the feed-forward",
        LAYER,
        "apply_normed(intermediate, attended,",
        "apply_normed(intermediate, &vec![0.0; attended.len()],",
    ),
    parity(
        "LayerNorm with the unbiased variance",
        NORM,
        "s.sum(squares) / count - shift",
        "s.sum(squares) / (count - 1.0) - shift",
    ),
    parity(
        "sums of 16 inputs dropped",
        "bert-kernels/src/tile.rs",
        "for i in 0..t.inputs % CHUNK {",
        "for i in 0..0 {",
    ),
    parity(
        "the softmax with what is past the keys",
        ATTENTION,
        "row[keys..].fill(f32::NEG_INFINITY);",
        "row[keys..].fill(0.0);",
    ),
    // the f64 reference
    parity("the reference's distances with the wrong sign", EXACT, "zero + token - other", "zero + other - token"),
    parity(
        "the reference without the keys' term",
        EXACT,
        "query.dot(&vector) + key.dot(&vector)",
        "query.dot(&vector)",
    ),
    // heads
    parity("the pooler without tanh", "bert-model/src/heads/pooler.rs", ".map(f32::tanh)", ".map(|x| x)"),
    parity(
        "the pooler on the last token",
        "bert-model/src/heads/pooled.rs",
        "row(hidden, 0)",
        "row(hidden, hidden.nrows() - 1)",
    ),
    parity(
        "the masked head without its activation",
        PREDICTIONS,
        "apply_activated(hidden, self.activation,",
        "apply_activated(hidden, Activation::Linear,",
    ),
    parity(
        "the masked head without its LayerNorm",
        PREDICTIONS,
        "self.norm.apply(Isa::best(), &mut dense);",
        "let _ = &self.norm;",
    ),
    parity(
        "an epsilon of its own",
        "bert-model/src/native/source.rs",
        "layer_norm_eps as f32;",
        "layer_norm_eps as f32 * 1e9;",
    ),
    parity(
        "the mean over one token too many",
        SENTENCE,
        "_ => sum(&|_| 1.0, count as f64)",
        "_ => sum(&|_| 1.0, count as f64 + 1.0)",
    ),
    parity("weights of tokens from 0 on", SENTENCE, "sum(&|i| i as f64 + 1.0,", "sum(&|i| i as f64,"),
    parity("the sum over n in place of its root", SENTENCE, "(count as f64).sqrt())", "count as f64)"),
    parity("a prompt that is pooled too", SENTENCE, "if self.include_prompt { 0 }", "if true { 0 }"),
    parity(
        "the modules' LayerNorm with the model's epsilon",
        SENTENCE,
        "const EPS: f64 = 1e-5;",
        "const EPS: f64 = 1e-3;",
    ),
    parity("no normalisation", SENTENCE, "Module::Normalize => normalize(x)", "Module::Normalize => x"),
    parity(
        "a dense module without its activation",
        SENTENCE,
        "exact(*activation, f64::from(v)) as f32",
        "{ let _ = activation; v }",
    ),
    // tasks
    parity("sigmoid for softmax", SCORES, "_ => ScoreFunction::Softmax,", "_ => ScoreFunction::Sigmoid,"),
    parity(
        "softmax over one label",
        SCORES,
        "(Some(ProblemType::MultiLabel), _) | (_, 1) =>",
        "(Some(ProblemType::MultiLabel), _) =>",
    ),
    parity(
        "a cross-encoder's activation ignored",
        SCORES,
        "if let Some(activation) = config.score_activation()",
        "if let Some(activation) = config.score_activation().filter(|_| false)",
    ),
    parity(
        "windows: the first one's scores only",
        "bert-model/src/tasks/classifier.rs",
        "mean(parts.iter().map(|(_, logits)| self.function.apply(logits)))",
        "mean(parts[..1].iter().map(|(_, logits)| self.function.apply(logits)))",
    ),
    parity("pieces are words", GROUP, "is_subword: is_subword && !unknown", "is_subword: false"),
    parity(
        "unknown pieces continue words",
        GROUP,
        "is_subword: is_subword && !unknown",
        "is_subword: is_subword || unknown",
    ),
    parity("B- does not begin an entity", GROUP, "kind == before && !begins", "kind == before"),
    parity(
        "a word's label: its last token's",
        GROUP,
        "_ => self.best(&first.scores),",
        "_ => self.best(&last.scores),",
    ),
    parity("a group's score: its first token's", GROUP, "score: scores as f32,", "score: first.score,"),
    parity("of overlapping entities the shorter one", GROUP, "longer.is_gt() ||", "longer.is_lt() ||"),
    parity("overlapping entities of windows both kept", GROUP, "if windows.len() < 2 {", "if true {"),
    parity("ignored labels kept", "bert-model/src/tasks/tagger.rs", "ignore: vec![\"O\".into()]", "ignore: vec![]"),
    parity("answers in the question", SPANS, "!question_first || encoded.sequences.get(i) == Some(&Some(1))", "true"),
    parity("[CLS] outside the softmax of answers", SPANS, "context(i) || is_cls(i)", "context(i)"),
    parity("answers one token too long", SPANS, ".take(longest)", ".take(longest + 1)"),
    parity("answers cut inside words", SPANS, "if !self.align_to_words {", "if true {"),
    parity("equal answers of windows not joined", SPANS, "*held == key", "*held == key && false"),
    parity(
        "no answer: the window where it is likeliest",
        SPANS,
        "self.nothing.min(score)",
        "if self.nothing.is_finite() { self.nothing.max(score) } else { score }",
    ),
    parity(
        "fills over the targets only",
        FILLER,
        "let probabilities = softmax(&logits);",
        "let mut probabilities = softmax(&logits); if let Some(ids) = &self.targets { let s: f32 = ids.iter().map(|i| probabilities[*i as usize]).sum(); probabilities.iter_mut().for_each(|p| *p /= s); }",
    ),
    parity(
        "special tokens in the filled sequence",
        FILLER,
        "tokenizer.decode(&ids, alone)",
        "tokenizer.decode(&ids, false)",
    ),
    parity(
        "next sentence: index 1 means is next",
        "bert-model/src/tasks/next_sentence.rs",
        "scores.first() > scores.get(1)",
        "scores.first() < scores.get(1)",
    ),
    parity(
        "choices by sigmoid",
        "bert-model/src/tasks/chooser.rs",
        "let scores = softmax(&logits);",
        "let scores: Vec<f32> = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();",
    ),
    parity(
        "similarity: a distance without its sign",
        "bert-model/src/similarity.rs",
        "-pairs().map(|(x, y)| (x - y).abs())",
        "pairs().map(|(x, y)| (x - y).abs())",
    ),
    parity("texts not trimmed before embedding", "bert-model/src/tasks/embedder.rs", "if self.trims {", "if false {"),
    // tokenisation
    parity(
        "windows without their stride",
        WINDOWS,
        "cut.truncate(room, options.stride, self.direction());",
        "cut.truncate(room, 0, self.direction());",
    ),
    parity(
        "decoding keeps spaces before punctuation",
        "bert-tok/src/decode.rs",
        "match self.clean_up {",
        "match false {",
    ),
    Mutation {
        what: "Chinese characters not set apart",
        file: VOCAB,
        from: "\"handle_chinese_chars\": recipe.chinese",
        to: "\"handle_chinese_chars\": false",
        test: STRESS,
    },
    Mutation {
        what: "accents always stripped",
        file: VOCAB,
        from: "\"strip_accents\": recipe.strip_accents",
        to: "\"strip_accents\": true",
        test: STRESS,
    },
    Mutation {
        what: "control characters kept",
        file: VOCAB,
        from: "\"clean_text\": true",
        to: "\"clean_text\": false",
        test: STRESS,
    },
    Mutation {
        what: "words of 101 characters looked up",
        file: VOCAB,
        from: "\"max_input_chars_per_word\": 100",
        to: "\"max_input_chars_per_word\": 101",
        test: STRESS,
    },
    Mutation {
        what: "second texts of type 0",
        file: VOCAB,
        from: "sequence(\"B\", 1), special(sep, 1)",
        to: "sequence(\"B\", 0), special(sep, 0)",
        test: STRESS,
    },
    Mutation {
        what: "flags of added tokens ignored",
        file: "bert-tok/src/build.rs",
        from: "tokenizer.add_tokens(added).map_err(library)?;",
        to: "tokenizer.add_tokens(added.into_iter().map(|t| t.lstrip(false).rstrip(false))).map_err(library)?;",
        test: STRESS,
    },
    Mutation {
        what: "cut at the left",
        file: "bert-tok/src/encode.rs",
        from: "if self.truncate_left {",
        to: "if false {",
        test: STRESS,
    },
    Mutation {
        what: "baked-in padding acts",
        file: "bert-tok/src/build.rs",
        from: "for key in [\"truncation\", \"padding\"] {",
        to: "for key in [\"truncation\"] {",
        test: GOLDEN,
    },
];

/// Tries every mutation on a copy of the last commit and writes the table.
pub(crate) fn write() -> Result {
    let (table, survivors) = attempt(|_| true)?;
    std::fs::write(root().join("docs/mutations.md"), page(&table))?;
    judge(&survivors)
}

/// Tries the mutations of files whose path has this word in it, and writes nothing.
pub(crate) fn only(word: &str) -> Result {
    judge(&attempt(|mutation| mutation.file.contains(word))?.1)
}

fn judge(survivors: &[&str]) -> Result {
    match survivors.is_empty() {
        true => Ok(()),
        false => Err(format!("{} mutations go unseen: {}", survivors.len(), survivors.join("; ")).into()),
    }
}

/// The rows of the table, and what went unseen.
fn attempt(wanted: impl Fn(&Mutation) -> bool) -> Result<(String, Vec<&'static str>)> {
    let tree = root().join("target/mutations/tree");
    if tree.exists() {
        std::fs::remove_dir_all(&tree)?;
    }
    std::fs::create_dir_all(&tree)?;
    let copied = format!("git archive HEAD | tar -x -C '{}'", tree.display());
    crate::python::run(Command::new("sh").args(["-c", &copied]))?;
    for test in [PARITY, GOLDEN, STRESS] {
        if !passes(&tree, test)? {
            return Err(format!("{} {} is red before anything is changed", test.0, test.1).into());
        }
    }
    let mut table = String::new();
    let mut survivors = Vec::new();
    for mutation in MUTATIONS.iter().filter(|m| wanted(m)) {
        let red = !survives(&tree, mutation)?;
        println!("{} {}", if red { "red     " } else { "SURVIVES" }, mutation.what);
        survivors.extend((!red).then_some(mutation.what));
        let (file, test) = (mutation.file, mutation.test);
        _ = writeln!(
            table,
            "| {} | {file} | {} `{}` | {} |",
            mutation.what,
            test.0,
            test.1,
            if red { "red" } else { "green" }
        );
    }
    Ok((table, survivors))
}

fn page(table: &str) -> String {
    format!(
        "# Mutations\n\nA comparison that cannot fail proves nothing. {} changes of the code, one at a time on a copy of the last \
         commit, and what the comparison with the reference's outputs says to each (`cargo xtask mutations`):\n\n\
         | change | file below `crates/` | test | outcome |\n| --- | --- | --- | --- |\n{table}\n\
         Changes of the *checkpoints* (epsilon, activation, positions, distances, token types, number of heads, transposed square \
         matrices, biases, LayerNorm weights) are tried on every golden in every run of `cargo test` \
         (`crates/bert-model/tests/mutations.rs`): each golden goes red for each change that applies to it.\n",
        MUTATIONS.len()
    )
}

fn survives(tree: &Path, mutation: &Mutation) -> Result<bool> {
    let path = tree.join("crates").join(mutation.file);
    let original = std::fs::read_to_string(&path)?;
    if !original.contains(mutation.from) {
        return Err(format!("{}: there is no `{}`", mutation.file, mutation.from).into());
    }
    std::fs::write(&path, original.replacen(mutation.from, mutation.to, 1))?;
    let outcome = match builds(tree, mutation.test)? {
        true => passes(tree, mutation.test),
        false => Err(format!("{}: `{}` does not compile", mutation.file, mutation.to).into()),
    };
    std::fs::write(&path, original)?;
    outcome
}

fn cargo(tree: &Path, test: Test, more: &[&str]) -> Result<bool> {
    let status = Command::new("cargo")
        .args(["test", "--quiet", "-p", test.0, "--test", test.1])
        .args(more)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", root().join("target/mutations/target"))
        .env("RUSTFLAGS", "--cap-lints=warn")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    Ok(status.success())
}

fn builds(tree: &Path, test: Test) -> Result<bool> {
    cargo(tree, test, &["--no-run"])
}

fn passes(tree: &Path, test: Test) -> Result<bool> {
    cargo(tree, test, &[])
}
