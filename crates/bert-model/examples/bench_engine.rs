//! Our side of `cargo xtask bench`, driven over standard input: a JSON object a line, answered by one.
//! The protocol is that of `fixtures/reference/bench_peer.py`, and `{"machine": true}` for the machine's own limits.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use bert_kernels::{Isa, machine};
use bert_model::{Classifier, Logits};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut classifier = None;
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        println!("{}", answer(&asked, &mut classifier)?);
    }
    Ok(())
}

fn answer(asked: &Value, classifier: &mut Option<Classifier>) -> Result<Value, Box<dyn Error>> {
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    if asked.get("machine").is_some() {
        let isa = Isa::best();
        let (flops, bytes) = (machine::fma_flops(isa, 5), machine::read_bandwidth(isa, 400 << 20, 3));
        return Ok(json!({"isa": isa.name(), "flops": flops, "bytes": bytes}));
    }
    if let Some(folder) = text("load") {
        let started = Instant::now();
        *classifier = Some(Classifier::open(folder)?);
        return Ok(json!({"ms": milliseconds(started)}));
    }
    let classifier = classifier.as_ref().ok_or("nothing is loaded")?;
    if let Some(ids) = asked.get("ids") {
        let ids: Vec<Vec<u32>> = serde_json::from_value(ids.clone())?;
        let inputs: Vec<(&[u32], &[u32])> = ids.iter().map(|ids| (ids.as_slice(), [].as_slice())).collect();
        let started = Instant::now();
        let logits = classifier.logits_of_ids(&inputs)?;
        return Ok(json!({"ms": milliseconds(started), "logits": rows(&logits)}));
    }
    let texts = std::fs::read_to_string(text("texts").ok_or("no such question")?)?;
    let texts: Vec<&str> = texts.lines().collect();
    let started = Instant::now();
    let logits = classifier.logits(texts.iter().copied())?;
    Ok(json!({"ms": milliseconds(started), "texts": texts.len(), "logits": rows(&logits)}))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn rows(logits: &Logits) -> Vec<Vec<f32>> {
    logits.view().rows().into_iter().map(|row| row.to_vec()).collect()
}
