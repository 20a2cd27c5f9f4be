//! Fields outside the table that the reference knows, with what they change.

use crate::Effect;

/// Handled by code of their own: label maps, and what is refused by name.
pub(crate) const SPECIAL: &[&str] =
    &["id2label", "label2id", "num_labels", "_num_labels", "pruned_heads", "quantization_config"];

/// `PretrainedConfig`'s attributes, generation settings and other fields found in published checkpoints
/// (`configuration_utils.py`, transformers 4.57.6; Google's `bert_config.json`).
pub(crate) const WITHOUT_EFFECT: &[&str] = &[
    "_attn_implementation_autoset",
    "_attn_implementation",
    "_commit_hash",
    "_name_or_path",
    "adapters",
    "attn_implementation",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "chunk_size_feed_forward",
    "cls_token_id",
    "cross_attention_hidden_size",
    "custom_pipelines",
    "decoder_start_token_id",
    "directionality",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "function_to_apply",
    "gradient_checkpointing",
    "is_encoder_decoder",
    "language",
    "length_penalty",
    "mask_token_id",
    "max_length",
    "min_length",
    "model_max_length",
    "name",
    "name_or_path",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_scores",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "prefix",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "sbert_ce_default_activation_function",
    "sentence_transformers",
    "sep_token_id",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token_id",
    "use_bfloat16",
    "use_cache",
    "auto_map",
    "label_smoothing",
    "layer_type",
    "reduction",
];

/// Names other model families and libraries give to fields of BERT: no slip of the pen, but the same mistake.
pub(crate) const SYNONYMS: &[(&str, &str)] = &[
    ("activation", "hidden_act"),
    ("activation_function", "hidden_act"),
    ("attention_dropout", "attention_probs_dropout_prob"),
    ("dim", "hidden_size"),
    ("dropout", "hidden_dropout_prob"),
    ("d_model", "hidden_size"),
    ("ffn_dim", "intermediate_size"),
    ("hidden_activation", "hidden_act"),
    ("hidden_dim", "hidden_size"),
    ("layer_norm_epsilon", "layer_norm_eps"),
    ("layernorm_epsilon", "layer_norm_eps"),
    ("max_seq_length", "max_position_embeddings"),
    ("n_embd", "hidden_size"),
    ("n_head", "num_attention_heads"),
    ("n_heads", "num_attention_heads"),
    ("n_layer", "num_hidden_layers"),
    ("n_layers", "num_hidden_layers"),
    ("n_positions", "max_position_embeddings"),
    ("norm_eps", "layer_norm_eps"),
    ("num_classes", "num_labels"),
    ("num_heads", "num_attention_heads"),
    ("num_layers", "num_hidden_layers"),
];

/// Fields that have an effect on inference outside the forward pass: they steer post-processing.
const POST_PROCESSING: &[&str] =
    &["sbert_ce_default_activation_function", "sentence_transformers", "task_specific_params"];

pub(crate) fn is_known(name: &str) -> bool {
    WITHOUT_EFFECT.contains(&name) || SPECIAL.contains(&name)
}

pub(crate) fn effect(name: &str) -> Effect {
    if POST_PROCESSING.contains(&name) || matches!(name, "pruned_heads" | "quantization_config") {
        Effect::Inference
    } else {
        Effect::None
    }
}
