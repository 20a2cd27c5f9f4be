//! The catalogue: one row a code. `bert explain` and the documentation are made from it.

use super::{Code, CodeInfo, Severity};

macro_rules! catalogue {
    ($($id:ident $name:literal $severity:ident $summary:literal $explanation:literal $fix:literal;)*) => {
        impl Code {
            $(
                #[doc = $summary]
                pub const $id: Code = Code(&CodeInfo {
                    id: stringify!($id),
                    name: $name,
                    severity: Severity::$severity,
                    summary: $summary,
                    explanation: $explanation,
                    fix: $fix,
                });
            )*
        }

        pub(super) const ALL: &[Code] = &[$(Code::$id),*];
    };
}

catalogue! {
    C001 "config-missing" Error
        "the checkpoint has no `config.json`"
        "Without a configuration the number of attention heads, the activation, the epsilon and the label names are unknown; guessing them gives a model that runs and predicts something else. The finding lists what the tensors reveal."
        "Copy `config.json` from the training run's output folder, or name one with `--model-config FILE`.";
    C002 "config-not-text" Error
        "the configuration is empty or not UTF-8 text"
        "JSON is UTF-8. An empty file is usually an interrupted write, UTF-16 comes from some Windows editors, other bytes from a wrong file."
        "Save the file as UTF-8, or copy it again from where it was made.";
    C003 "byte-order-mark" Note
        "the file begins with a UTF-8 byte order mark"
        "The three bytes EF BB BF are not part of JSON. They are skipped here; Python's `json` refuses them."
        "Save the file as UTF-8 without a byte order mark.";
    C004 "json-syntax" Error
        "the configuration is not valid JSON"
        "The place is where reading stopped: a file cut short, a trailing comma, a literal such as NaN that JSON lacks, a second document, or nesting beyond any sane depth."
        "Mend the text at the place shown, or copy the file again.";
    C005 "config-not-object" Error
        "the configuration is not a JSON object"
        "A configuration is one object of fields. A list or a bare value means that another file was put in its place."
        "Put the object itself at the top level.";
    C006 "duplicate-key" Error
        "a key occurs twice in one JSON object"
        "JSON readers keep one of the two values without a word, and not all the same one. Which one was meant cannot be known."
        "Delete the wrong one.";
    C007 "wrong-type" Error
        "a field has a value of the wrong JSON type"
        "A number written as a string, or an object where a list belongs, is refused by some loaders and silently misread by others."
        "Write the value in the type shown.";
    C008 "integral-float" Note
        "an integer field is written as a float"
        "`768.0` is read as 768. Some writers turn all numbers into floats; the value is not in doubt."
        "Write the number without a fraction.";
    C009 "out-of-range" Error
        "a number is outside its legal range"
        "Sizes are at least 1 and bounded, epsilons are positive, probabilities lie in 0..=1. The range is checked before anything is allocated."
        "Write the value that the weights have; the shapes in the weight file tell most of them.";
    C010 "heads-do-not-divide" Error
        "`hidden_size` is not a multiple of `num_attention_heads`"
        "Each head gets hidden_size / num_attention_heads columns. With a remainder there is no such model."
        "Correct whichever of the two is wrong; the hidden size can be read from the weights, the number of heads cannot.";
    C011 "unknown-activation" Error
        "`hidden_act` names no known activation"
        "Another activation is another function at every layer: nothing crashes, every prediction changes. Only names of the reference's table are accepted."
        "Use one of the names listed, as the training code had it.";
    C012 "label-maps-disagree" Error
        "`label2id` and `id2label` name different label sets"
        "Both maps describe the same labels. When they differ, one belongs to another run, and the printed names may be the wrong ones."
        "Keep the map that agrees with training and derive the other from it.";
    C013 "label-map-malformed" Error
        "a label map has a gap, a key that is no number, or no entry"
        "`id2label` must name every id from 0 without a gap, else an output of the classifier has no name, or the count of labels is wrong."
        "Write one entry for each id from 0 on.";
    C014 "duplicate-label" Error
        "two ids have the same label name"
        "Two outputs with one name cannot be told apart in the predictions, and `label2id` can hold only one of them."
        "Give each id its own name.";
    C015 "num-labels-disagrees" Error
        "`num_labels` contradicts the label maps"
        "The reference takes the count from `id2label` and ignores `num_labels` with a log line, or makes new names LABEL_0.. depending on the version."
        "Delete `num_labels`, or complete the maps.";
    C016 "problem-type-label-count" Error
        "`problem_type` does not fit the number of labels"
        "Softmax over one label is always 1.0, whatever the text: single-label classification needs two labels."
        "Use `regression` or `multi_label_classification` for one label, or correct the label maps.";
    C017 "illegal-value" Error
        "a field has a value that the reference does not know"
        "An unknown word in a field that steers the forward pass cannot be run faithfully."
        "Use one of the values listed.";
    C018 "misspelt-field" Warning
        "an unknown field looks like a misspelt one"
        "Unknown fields are ignored by every loader, so the real field takes its default without a word."
        "Rename the field, or delete it if it means nothing.";
    C019 "unknown-field" Note
        "a field that no version of the reference knows"
        "It has no effect. Training code often leaves its own bookkeeping in the configuration."
        "Nothing to do; delete the field if it is a leftover.";
    C020 "not-bert" Error
        "the checkpoint is not a BERT encoder"
        "`model_type` names another architecture. RoBERTa, DistilBERT, ALBERT and others differ in positions, names or arithmetic; run as BERT they predict noise."
        "Use a loader for that architecture; this one runs `bert`.";
    C021 "unsupported-architecture" Error
        "`architectures` names no class that can be run"
        "The class decides which head sits on the encoder. The names of BERT's own classes are known; others may compute something else."
        "Name the class the weights were trained with.";
    C022 "decoder" Error
        "the configuration makes a decoder of the model"
        "`is_decoder` masks the future and `add_cross_attention` adds inputs: the weights mean something else than an encoder's."
        "Set the field to false if the model was trained as an encoder.";
    C023 "pruned-heads" Error
        "attention heads were pruned"
        "Pruning shrinks the query, key, value and output matrices of single layers. It is refused by name rather than ignored."
        "Load the model with the library that pruned it and save it with the heads restored (zero weights).";
    C024 "quantized" Error
        "the weights are quantized by an external scheme"
        "`quantization_config` says that the tensors are codes that need scales and a matching kernel; read as plain numbers they are noise."
        "Save the dequantized model.";
    C025 "google-config-name" Note
        "the configuration was read from `bert_config.json`"
        "Google's original archives use this name and leave out model_type, architectures, layer_norm_eps and pad_token_id; the defaults of BERT hold for them."
        "Rename it to `config.json` and add `architectures`.";
    C026 "architectures-missing" Note
        "the configuration does not say which class was trained"
        "Without `architectures` the head is read off the tensors."
        "Add `\"architectures\": [\"BertForSequenceClassification\"]`, or the class that was trained.";
    C027 "generic-labels" Note
        "the labels have only generic names"
        "LABEL_0, LABEL_1 are what training scripts write when nobody named the labels. They are correct ids without a meaning."
        "Write the names into `id2label` and `label2id`.";
    C028 "several-architectures" Note
        "`architectures` lists more than one class"
        "The first one is used, as the reference does."
        "Keep the class that was trained.";
    C029 "unknown-score-function" Error
        "the configuration names an activation of a cross-encoder that is not known"
        "`sentence_transformers.activation_fn` (or the older `sbert_ce_default_activation_function`) says what turns the logit of a cross-encoder into its score. A class that is not torch's own is code of the training run; the reference falls back to a default with one log line."
        "Name the class of torch that computes the same, or delete the field if the default (sigmoid for one label) is meant.";
    C031 "id2label-missing" Warning
        "`label2id` is there but `id2label` is missing"
        "The reference counts labels by `id2label` alone and would name them LABEL_0, LABEL_1. Here the names are derived from `label2id`."
        "Write `id2label` as the inverse of `label2id`.";
    W001 "weights-missing" Error
        "no weight file was found"
        "The folder may be the wrong level of a download, or an interrupted save."
        "Point at the folder that holds `model.safetensors`.";
    W002 "not-safetensors" Error
        "the weight file is something else than its name says"
        "Recognised by its first bytes: a Git LFS pointer, a web page, a JSON error, an archive, or an empty file."
        "Fetch the real file; for an LFS pointer run `git lfs pull`.";
    W003 "header-broken" Error
        "the safetensors header cannot be read"
        "The first eight bytes give the length of a JSON header. A length past the end of the file means a cut download; a huge one, a hostile or foreign file."
        "Download the file again and compare its size with the original.";
    W004 "tensor-entry-malformed" Error
        "an entry of the header is not a tensor description"
        "Each entry needs `dtype`, `shape` and `data_offsets`, with whole numbers that do not overflow."
        "Write the file again with the safetensors library.";
    W005 "duplicate-tensor" Error
        "the header names a tensor twice"
        "Readers keep one of the two without a word."
        "Write the file again with unique names.";
    W006 "unknown-dtype" Error
        "a tensor has an unknown element type"
        "The size of its elements is unknown, so nothing about the file can be trusted."
        "Write the file again with a current safetensors library.";
    W007 "bad-offsets" Error
        "tensor data overlaps, has holes or lies outside the file"
        "Every byte of the data belongs to exactly one tensor; anything else lets one tensor read another's bytes."
        "Download or write the file again.";
    W008 "size-mismatch" Error
        "a tensor's bytes do not fit its shape"
        "The byte range must be elements times element size."
        "Write the file again with the safetensors library.";
    W009 "trailing-bytes" Error
        "there are bytes after the last tensor"
        "A valid file ends with its last tensor. Extra bytes come from a botched append or hide something."
        "Download or write the file again.";
    W010 "missing-tensor" Error
        "tensors that the configuration calls for are not in the file"
        "The reference fills missing tensors with random numbers and logs a line; every prediction then depends on them."
        "Take weights and configuration from the same training step.";
    W011 "unexpected-tensor" Warning
        "the file holds tensors that the model does not use"
        "They are ignored. Often they belong to another head or a wrapper; sometimes they show that the configuration is too small."
        "Nothing, if you know why they are there; else compare the configuration with the training run's.";
    W012 "layers-dropped" Error
        "the file has more layers than the configuration"
        "Running the first layers only of a deeper model gives hidden states it was never trained to give. Other loaders do it with a log line."
        "Set `num_hidden_layers` to the number of layers in the file.";
    W013 "shape-mismatch" Error
        "tensors have other shapes than the configuration calls for"
        "The field that most of them share is named, with the value that would fit."
        "Correct the field, or take weights and configuration from the same run.";
    W015 "not-a-float-weight" Error
        "a weight is stored in a type that cannot mean a number by itself"
        "Integers, booleans and 8-bit floats need a scale that the file does not carry."
        "Save the dequantized model.";
    W016 "narrowed" Note
        "float64 weights are rounded to float32"
        "The reference does the same when it loads them."
        "Save the weights as float32.";
    W017 "non-finite" Error
        "weights are NaN or infinite"
        "Training diverged, or the file is damaged: one NaN makes every prediction NaN."
        "Take an earlier checkpoint of the run.";
    W018 "all-zero" Warning
        "a weight matrix is all zero"
        "A matrix of zeros passes nothing on: it was never initialised, or its data was lost (a sparse or cut copy)."
        "Compare with the original file; take another checkpoint.";
    W019 "untrained-head" Warning
        "the head looks freshly initialised"
        "Its bias is exactly zero and its weights have the mean and spread of a fresh initialisation: it was probably saved before training."
        "Fine-tune first, or point at the fine-tuned folder.";
    W020 "legacy-layer-norm-names" Warning
        "tensors use the TensorFlow-era names `gamma`/`beta`"
        "They are read as `weight`/`bias` where every LayerNorm has them; the mapping is then unambiguous."
        "Rename them once and save.";
    W021 "prefix-mapped" Note
        "tensor names were mapped to the standard ones"
        "A wrapper's prefix was removed or the missing `bert.` supplied, decided from all names at once."
        "Nothing to do; save the model by its own class to get standard names.";
    W022 "ambiguous-names" Error
        "two tensors stand for the same weight"
        "After mapping, two names of the file mean one tensor of the model. Which one was trained cannot be known."
        "Delete one of them from the file.";
    W023 "harmless-extra" Note
        "the file holds buffers that carry no training"
        "`position_ids` and `token_type_ids` were saved by older versions; they are constants."
        "Nothing to do.";
    W024 "format-missing" Note
        "the safetensors metadata names no format"
        "transformers 4 refuses a file without `\"format\": \"pt\"` in its metadata; the tensors are the same."
        "Write the metadata when saving.";
    W025 "unused-head" Note
        "the file also holds tensors of another head"
        "They are left over from pre-training or another task and are not used here."
        "Nothing to do.";
    W026 "unsupported-container" Error
        "the weights are in a form of their container that is not read"
        "Object-based checkpoints of TensorFlow 2 and layouts of HDF5 that Keras does not write are refused by name rather than read half."
        "Convert once: load the folder with transformers and `save_pretrained(..., safe_serialization=True)`.";
    W027 "several-weight-files" Note
        "more than one weight file lies in the folder"
        "The reference takes `model.safetensors` first; the others are not looked at."
        "Delete the stale one.";
    W028 "training-state-as-weights" Error
        "the file holds optimizer or trainer state, not a model"
        "`optimizer.pt`, `scheduler.pt` and the like continue a training run; they hold no usable weights."
        "Name the folder with `model.safetensors`.";
    W029 "dtype-differs" Note
        "the configuration names another element type than the weights have"
        "`torch_dtype` says in what type the weights were saved. It changes nothing here: weights are computed with in float32. It often shows that the two files come from different saves."
        "Nothing to do; or take both files from one save.";
    W030 "decoder-not-tied" Error
        "the masked LM decoder differs from the word embeddings it is tied to"
        "With `tie_word_embeddings` true the reference replaces the decoder by the word embeddings when it loads the model, and the stored decoder is lost without a word."
        "Set `tie_word_embeddings` to false if the decoder was trained by itself; else delete it from the file.";
    W031 "decoder-bias-disagrees" Error
        "`cls.predictions.decoder.bias` and `cls.predictions.bias` differ"
        "Both names mean one vector. The reference keeps one of the two, which one depends on its version."
        "Delete the one that was not trained from the file.";
    W040 "pickle-refused" Error
        "a pickle names code that is no part of a model's weights"
        "A pickle is a program: it can name any function, and other loaders call it. Here it is read as data, with a list of what a state dict may name; there is nothing that could execute anything. Whatever else is named is refused."
        "Do not load the file elsewhere before you know where it comes from. If you trust it, save `model.state_dict()` instead of the module or the trainer.";
    W041 "container-broken" Error
        "a weight file contradicts itself or is cut short"
        "Every length, offset, checksum of a directory and number of elements is checked against the file before it is used. A file that fails is cut short, damaged, or made to mislead."
        "Download or copy the file again and compare its size and hash with the original.";
    W042 "shards-disagree" Error
        "the index of a sharded checkpoint and its files do not fit together"
        "The index says which file holds which tensor. Files must lie beside it under plain names, hold what it says, and nothing it does not say; else they are of different saves. Paths are never followed out of the folder."
        "Take the index and all shards from one save.";
    W043 "names-translated" Note
        "tensor names of another framework were translated"
        "TensorFlow and Flax name tensors in their own way and store the matrices of dense layers the other way round; they are read transposed. Nothing is lost."
        "Write it once in today's form: `bert convert CKPT -o DIR`.";
    W044 "entries-passed-over" Note
        "a weight file holds entries that are no part of a model"
        "Optimizer state, counters, callbacks and the like lie beside the model in trainers' files. They are not looked at."
        "Nothing to do; `bert convert CKPT -o DIR` writes the model alone.";
    W045 "no-state-dict" Error
        "a weight file holds no model, or several"
        "The file is sound, but no dict of named tensors was found in it, or more than one and nothing tells which is the model."
        "Name the file that holds the model, or save the state dict that is meant by itself.";
    W046 "nested-state-dict" Note
        "the tensors lie below a key of a trainer's file"
        "Lightning keeps the model under `state_dict`, hand-written loops under `model_state_dict` or `model`, with their bookkeeping beside it."
        "Nothing to do; `bert convert CKPT -o DIR` writes the model alone.";
    W047 "weight-files-disagree" Error
        "two weight files in the folder hold different values"
        "Loaders take whichever comes first in their list and never look at the other. When both are complete and differ, one is of another run or another step, and which one cannot be known."
        "Delete the stale one, or name the file that is meant.";
    W048 "checksum-differs" Warning
        "the checksum of a tensor's bytes does not fit them"
        "Archives and TensorFlow's bundles keep a checksum of every tensor. A difference means damaged bytes, or a writer that was told not to compute checksums; loaders do not look."
        "Fetch the file again and compare its hash with the original.";
    T001 "tokenizer-missing" Error
        "the checkpoint has no tokenizer"
        "Without the vocabulary of the training run every text becomes other ids."
        "Copy `tokenizer.json` or `vocab.txt` from the base model, or name a folder with `--tokenizer DIR`.";
    T002 "tokenizer-broken" Error
        "a tokenizer file cannot be read"
        "The file is cut, damaged or not what its name says."
        "Copy the file again.";
    T003 "not-wordpiece" Error
        "the tokenizer is not a BERT tokenizer"
        "BERT uses WordPiece. A BPE or Unigram tokenizer belongs to another model; its ids mean other words."
        "Copy the tokenizer files of this model's base.";
    T004 "vocabulary-line" Error
        "the vocabulary has a duplicate line"
        "A line's number is the token's id, so a line that repeats an earlier one shifts or hides ids."
        "Restore the original `vocab.txt`.";
    T005 "blank-vocabulary-line" Warning
        "the vocabulary has a blank line"
        "A blank line takes an id that no text can produce; in the middle it is often the trace of an edit that shifted ids."
        "Restore the original `vocab.txt`.";
    T007 "special-token-missing" Error
        "a special token has no id"
        "Without [CLS], [SEP] or [UNK] no input can be built as in training."
        "Restore the original vocabulary, or name the tokens in `tokenizer_config.json`.";
    T008 "special-ids-disagree" Error
        "the post-processor uses other ids than the vocabulary"
        "The ids put around every text would be other tokens' ids."
        "Take `tokenizer.json` from one source.";
    T009 "baked-truncation" Warning
        "`tokenizer.json` carries truncation or padding settings"
        "They were active when the file was saved and would cut or pad texts without a word. They are not applied here."
        "Save the tokenizer with truncation and padding off.";
    T010 "casing-disagrees" Warning
        "the vocabulary and the lower-casing setting do not fit"
        "A cased vocabulary behind a lower-casing tokenizer loses its upper-case entries, and `do_lower_case` defaults to true: names become unknown pieces."
        "Set `do_lower_case` in `tokenizer_config.json` as in training.";
    T011 "normalizer-disagrees" Warning
        "`tokenizer_config.json` and `tokenizer.json` normalise differently"
        "transformers 4 lets `tokenizer_config.json` win, other users of `tokenizer.json` do not: the same text gets different ids."
        "Make the two files agree with training.";
    T012 "vocabularies-disagree" Warning
        "`vocab.txt` and `tokenizer.json` hold different vocabularies"
        "`tokenizer.json` is used; a program that reads `vocab.txt` gets other ids."
        "Delete the stale file.";
    T014 "special-tokens-disagree" Warning
        "two tokenizer files name different special tokens"
        "`tokenizer_config.json` wins here and in the reference; another program that reads `special_tokens_map.json` builds other inputs."
        "Make the two files agree with training.";
    X001 "label-count" Error
        "the classifier has another number of outputs than there are labels"
        "Predictions for the outputs without a name cannot be reported, and a label map of another length belongs to another run."
        "Give the names of all outputs, or take configuration and weights from the same run.";
    X003 "no-trained-head" Error
        "the checkpoint has no trained head for its task"
        "The reference initialises a random head and logs one line; every prediction is then noise."
        "Fine-tune first, or point at the fine-tuned folder.";
    X004 "other-head" Error
        "the tensors are those of another head"
        "`architectures` names one class, the weights were saved by another."
        "Correct `architectures`, or choose the task that the tensors were trained for.";
    X005 "task-not-held" Error
        "the checkpoint cannot do the task that was asked for"
        "The head for this task is not among the tensors."
        "Ask for the task named in the finding, or use another checkpoint.";
    X006 "head-undecided" Warning
        "which head the tensors are is a guess"
        "Without `architectures`, a `classifier` may label texts, choices or tokens: the shapes are the same. A pooler speaks for texts, since transformers 4 saves none with a token classifier."
        "Add `architectures` to the configuration, or say `--task`.";
    X007 "position-embedding-disagrees" Error
        "the tensors were trained with relative positions, the configuration says absolute"
        "The file holds `distance_embedding` tensors, which only relative positions use. transformers 5 ignores them without a word and runs another function."
        "Set `position_embedding_type` to what the training run had.";
    X010 "tokenizer-too-large" Error
        "the tokenizer can produce ids that the embedding table does not have"
        "PyTorch fails with `index out of range in self` on the first such text; other runtimes read foreign memory or zeros."
        "Take both files from one training step; the model was saved before `resize_token_embeddings`.";
    X012 "tokenizer-smaller" Note
        "the tokenizer uses fewer ids than the embedding table has rows"
        "Tables are padded to multiples of 8 or 64, or tokens were removed. The unused rows cannot be reached."
        "Nothing to do.";
    X013 "limit-above-positions" Warning
        "`model_max_length` is above the position table"
        "Texts are cut at the number of positions. A larger limit in the tokenizer makes other programs crash on long texts."
        "Set `model_max_length` to `max_position_embeddings`.";
    X014 "pad-id-disagrees" Warning
        "the configuration and the tokenizer name different padding ids"
        "Padding is masked, so predictions do not change here; programs that build the mask from the id cut real tokens."
        "Set `pad_token_id` to the tokenizer's id of the padding token.";
    X015 "one-token-type" Warning
        "pairs need a second token type that the table lacks"
        "The tokenizer gives the second text type 1, and the table has one row: single texts work, pairs cannot be run."
        "Use single texts, or retrain with `type_vocab_size` 2.";
    X016 "expectation-differs" Error
        "the checkpoint is not what the caller expected"
        "The caller stated a value, and the checkpoint has another: it is probably another run's."
        "Point at the intended checkpoint, or correct the expectation.";
    X017 "engines-disagree" Error
        "two independent implementations disagree on the checkpoint"
        "The engine and a plain f64 reference gave different hidden states for the same input: a defect of the engine, or weights at which f32 breaks down."
        "Report it with the checkpoint; until then its predictions cannot be trusted.";
    X018 "engines-agree" Note
        "two independent implementations agree on the checkpoint"
        "`bert check --level run` ran fixed sentences through the engine and through a plain f64 reference that shares no arithmetic with it."
        "Nothing to do.";
    X019 "special-ids-differ" Warning
        "the configuration and the tokenizer name different ids of special tokens"
        "Programs that build inputs from the configuration's ids put other tokens around a text than the tokenizer does."
        "Set the field to the tokenizer's id.";
    X020 "not-a-checkpoint" Error
        "the folder cannot be opened as a checkpoint"
        "Nothing in it is a configuration, a weight file or a tokenizer, or the path is not a folder that can be read."
        "Point at the folder that holds `config.json` and `model.safetensors`.";
    X021 "sentence-files-broken" Error
        "the files around a sentence encoder are missing or malformed"
        "`modules.json` lists what follows the encoder; each module has a folder with its settings and tensors. Without one of them the embeddings are other numbers, of the same shape."
        "Copy the whole folder again from where the model was saved.";
    X022 "sentence-module-unsupported" Error
        "a module or setting around the sentence encoder is not supported"
        "Modules are run as sentence-transformers 5.2.3 runs them, or refused by name; none is skipped or guessed."
        "Run the folder with sentence-transformers, or leave the module out in training.";
    X023 "sentence-dimensions-disagree" Error
        "the dimensions of the modules around a sentence encoder do not run through"
        "Each module must take as many columns as the one before it gives; others come from another model."
        "Take all modules from the same model.";
    X024 "adapter-broken" Error
        "a LoRA adapter does not fit its base, or is not whole"
        "Each pair of matrices must find the base's tensor it changes and fit its shape; each module that the configuration names must be there. PEFT leaves what is missing without effect, and the model is another than the one trained."
        "Copy the adapter's folder again, and name the base it was trained on with `--base DIR`.";
    X025 "adapter-unsupported" Error
        "an adapter is of a kind that is not applied"
        "Only LoRA and its variants rsLoRA and DoRA are applied, and only where adapter and base together say what the model is."
        "Merge it where it was trained (`merge_and_unload()`) and save the whole model.";
    X026 "adapter-applied" Note
        "a LoRA adapter was put on top of the base"
        "The base's tensors are changed as `merge_and_unload` of PEFT changes them, when they are read; modules that were trained whole replace the base's."
        "Write the merged model: `bert convert BASE -o DIR --merge-adapter ADAPTER`.";
    X027 "base-missing" Error
        "the base of an adapter was not found"
        "An adapter holds changes, not a model. Its configuration names the base as the training run knew it: a folder of that machine, or a name that is looked up in the local cache."
        "Name the base: `--base DIR`.";
    X028 "checkpoint-chosen" Note
        "one of a training run's checkpoints was chosen"
        "The folder is a Trainer's output. The best checkpoint by `trainer_state.json` is taken, else the last one; its stored path is of the training machine, so only its last part counts."
        "Name the checkpoint itself to take another.";
    X029 "tokenizer-elsewhere" Note
        "the tokenizer was taken from another folder"
        "Trainers save the tokenizer beside the checkpoints, not always in each. It is checked against this checkpoint like its own."
        "Copy the tokenizer's files into the checkpoint, or name them with `--tokenizer DIR`.";
}
