//! candle-transformers' `BertModel` as a peer in `cargo xtask bench`: the protocol of `fixtures/reference/bench_peer.py`,
//! dense batches only.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::{Linear, Module, VarBuilder, linear};
use candle_transformers::models::bert::{BertModel, Config};
use serde_json::{Value, json};

/// Encoder, pooler and classifier.
struct Model {
    bert: BertModel,
    pooler: Linear,
    classifier: Linear,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut model = None;
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let started = Instant::now();
        if let Some(folder) = asked.get("load").and_then(Value::as_str) {
            model = Some(Model::load(folder)?);
            println!("{}", json!({"ms": started.elapsed().as_secs_f64() * 1e3}));
        } else {
            let ids: Vec<Vec<u32>> = serde_json::from_value(asked.get("ids").cloned().unwrap_or_default())?;
            let started = Instant::now();
            let logits = model.as_ref().ok_or("nothing is loaded")?.logits(ids)?;
            println!("{}", json!({"ms": started.elapsed().as_secs_f64() * 1e3, "logits": logits}));
        }
    }
    Ok(())
}

impl Model {
    fn load(folder: &str) -> Result<Self, Box<dyn Error>> {
        let config = std::fs::read_to_string(format!("{folder}/config.json"))?;
        let labels = serde_json::from_str::<Value>(&config)?
            .pointer("/id2label")
            .and_then(Value::as_object)
            .map_or(2, |l| l.len());
        let config: Config = serde_json::from_str(&config)?;
        let tensors = candle_core::safetensors::load(format!("{folder}/model.safetensors"), &Device::Cpu)?;
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let hidden = config.hidden_size;
        Ok(Model {
            bert: BertModel::load(weights.pp("bert"), &config)?,
            pooler: linear(hidden, hidden, weights.pp("bert.pooler.dense"))?,
            classifier: linear(hidden, labels, weights.pp("classifier"))?,
        })
    }

    fn logits(&self, ids: Vec<Vec<u32>>) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
        let ids = Tensor::new(ids, &Device::Cpu)?;
        let hidden = self.bert.forward(&ids, &ids.zeros_like()?, Some(&ids.ones_like()?))?;
        let pooled = self.pooler.forward(&hidden.i((.., 0))?.contiguous()?)?.tanh()?;
        Ok(self.classifier.forward(&pooled)?.to_vec2()?)
    }
}
