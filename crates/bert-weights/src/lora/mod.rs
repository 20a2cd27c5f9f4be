//! LoRA adapters as PEFT saves them, applied to a base's tensors when they are read (Hu et al. 2021, arXiv:2106.09685;
//! DoRA: Liu et al. 2024, arXiv:2402.09353; `peft/tuners/lora/layer.py`, PEFT 0.18).

mod apply;
mod config;
mod merge;

pub use apply::{AdapterSummary, apply_adapter};
pub use config::AdapterConfig;
pub(crate) use merge::Adapted;
