#!/bin/sh
# examples/from_recordings.sh FOLDER [TRIALS] - from one's own folder of recordings to an exported model.
# FOLDER holds one folder of sound files for each word. Files named <speaker>_nohash_<n>.wav keep a speaker's
# recordings together; other files count as speakers of their own.
set -eu
nas=${NAS:-./nas}
folder=${1:?usage: $0 FOLDER [TRIALS]}
trials=${2:-12}
name=recordings

cat >"$name.json" <<JSON
{
  "schema": 1,
  "name": "$name",
  "task": { "kind": "keywords", "data": "$folder", "split": { "by": "speaker", "validation": 0.15, "test": 0.15 } },
  "frontend": {
    "kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": { "choice": [20, 40] },
    "mel_bins": 40, "lower_hz": 20, "upper_hz": 4000, "coefficients": 10, "normalize": "coefficient"
  },
  "augment": { "shift_frames": 4 },
  "model": {
    "width": { "choice": [0.5, 0.75, 1, 1.5] },
    "layers": [
      { "op": "conv2d", "filters": 32, "kernel": [3, 3], "stride": [2, 2], "padding": "same", "bias": false },
      { "op": "batch_norm" }, { "op": "relu" },
      { "repeat": { "choice": [1, 2, 3] }, "layers": [
        { "op": "depthwise_conv2d", "kernel": [3, 3], "padding": "same", "bias": false },
        { "op": "conv2d", "filters": 32, "kernel": [1, 1], "bias": false },
        { "op": "batch_norm" }, { "op": "relu" } ] },
      { "op": "global_average_pool" }, { "op": "dense", "units": "classes" }, { "op": "softmax" }
    ]
  },
  "train": {
    "epochs": 30, "batch_size": 20, "optimizer": "adam",
    "learning_rate": { "schedule": "polynomial", "from": 0.01, "to": 1e-5 }
  },
  "quantize": "int8",
  "objective": { "maximize": "accuracy" },
  "constraints": ["zlib_bytes < 20000"],
  "search": { "sampler": "random", "trials": $trials, "seed": 1 }
}
JSON
"$nas" space "$name.json"
"$nas" run "$name.json"
"$nas" eval "${name}_best" --data "$folder" --split test
