#!/usr/bin/env bash
# Seed corpora for the fuzz targets, from the fixtures.
set -euo pipefail
cd "$(dirname "$0")"
tiny=../fixtures/tiny
for target in config safetensors tokenizer vocab folder pickle zip bundle msgpack hdf5 shards adapter; do mkdir -p "corpus/$target"; done
for folder in "$tiny"/*/; do
  name=$(basename "$folder")
  for file in config.json bert_config.json; do
    if [ -f "$folder$file" ]; then cp "$folder$file" "corpus/config/$name"; fi
  done
done
for name in seq-odd-sizes seq-f16 seq-gamma-beta model-no-pooler; do cp "$tiny/$name/model.safetensors" "corpus/safetensors/$name"; done
for name in seq-three seq-added-tokens seq-baked-truncation; do cp "$tiny/$name/tokenizer.json" "corpus/tokenizer/$name"; done
{ cat "$tiny/seq-cased/vocab.txt"; printf '\0'; cat "$tiny/seq-cased/tokenizer_config.json"; } > corpus/vocab/cased
cp "$tiny/seq-vocab-only/vocab.txt" corpus/vocab/alone
part='\0--\0'
{ cat "$tiny/seq-odd-sizes/config.json"; printf "$part"; cat "$tiny/seq-odd-sizes/tokenizer.json"; printf "$part$part$part"; cat "$tiny/seq-odd-sizes/model.safetensors"; } > corpus/folder/odd-sizes
forms=../fixtures/forms
for name in bin bin-views bin-deflated bin-legacy bin-views-legacy bin-protocol-4 bin-big-endian bin-half loop; do
  for file in pytorch_model.bin best.pt; do
    if [ -f "$forms/$name/$file" ]; then cp "$forms/$name/$file" "corpus/zip/$name"; fi
  done
done
for name in bin bin-views bin-protocol-4; do unzip -p "$forms/$name/pytorch_model.bin" '*/data.pkl' > "corpus/pickle/$name"; done
unzip -p "$forms/lightning/epoch=3.ckpt" '*/data.pkl' > corpus/pickle/lightning
for name in google google-squad; do
  { cat "$forms/$name"/*.index; printf "$part"; cat "$forms/$name"/*.data-*; } > "corpus/bundle/$name"
done
for name in flax flax-mask flax-answer; do cp "$forms/$name/flax_model.msgpack" "corpus/msgpack/$name"; done
for name in keras keras-answer; do cp "$forms/$name/tf_model.h5" "corpus/hdf5/$name"; done
cp "$forms/sharded/model.safetensors.index.json" corpus/shards/sharded
printf '{"weight_map": {"bert.pooler.dense.bias": "model-00001-of-00002.safetensors", "x": "../y"}}' > corpus/shards/small
for name in lora lora-patterns lora-dora; do cp "$forms/$name/adapter_config.json" "corpus/adapter/$name"; done
