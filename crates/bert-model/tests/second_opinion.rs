//! The encoder against candle-transformers' `BertModel`, where that fits: absolute positions, exact GELU, one input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_checkpoint::Checkpoint;
use bert_model::{CandleEncoder, Encoder, PackedBatch};
use bert_testkit::fixtures;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, HiddenAct, PositionEmbeddingType};

#[test]
fn equals_candle_transformers_on_the_demo() {
    let folder = fixtures().join("demo");
    let checkpoint = Checkpoint::open(&folder).unwrap();
    let c = checkpoint.config();
    let config = Config {
        vocab_size: c.vocab_size,
        hidden_size: c.hidden_size,
        num_hidden_layers: c.num_hidden_layers,
        num_attention_heads: c.num_attention_heads,
        intermediate_size: c.intermediate_size,
        hidden_act: HiddenAct::Gelu,
        hidden_dropout_prob: 0.0,
        max_position_embeddings: c.max_position_embeddings,
        type_vocab_size: c.type_vocab_size,
        initializer_range: 0.02,
        layer_norm_eps: c.layer_norm_eps,
        pad_token_id: 0,
        position_embedding_type: PositionEmbeddingType::Absolute,
        use_cache: false,
        classifier_dropout: None,
        model_type: Some("bert".into()),
    };
    let tensors = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu).unwrap();
    let theirs = BertModel::load(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu), &config).unwrap();
    let ours = CandleEncoder::load(&checkpoint).unwrap();
    for text in ["an utterly charming film", "it broke after one day and nobody answers"] {
        let encoded = checkpoint.tokenizer().encode(text, &Default::default()).unwrap();
        let ids = Tensor::new(encoded.ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let reference: Vec<f32> =
            theirs.forward(&ids, &ids.zeros_like().unwrap(), None).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let hidden = ours.encode(&PackedBatch::new([&encoded])).unwrap();
        let worst = hidden.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Hidden states reach 5; its LayerNorm takes the variance as a difference of squares, good to about 1e-5 there.
        assert!(worst < 1e-4, "{text:?}: {worst:e}");
    }
}
