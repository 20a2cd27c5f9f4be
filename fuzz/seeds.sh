#!/usr/bin/env bash
# Seed corpora for the fuzz targets, from the fixtures.
set -euo pipefail
cd "$(dirname "$0")"
tiny=../fixtures/tiny
for target in config safetensors tokenizer vocab folder; do mkdir -p "corpus/$target"; done
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
