#!/usr/bin/env bash
# One whole trial by us and by Keras + tensorflow-model-optimization + TFLite converter, one thread each: CNN 77, 30 epochs, 80 % zeros,
# 8 clusters, int8, measured. PYTHON is one with tensorflow 2.16, tf-keras 2.16 and tensorflow-model-optimization. EPOCHS=30
set -euo pipefail
peers=$(realpath bench/peers)
. bench/common.sh
python=${PYTHON:-python3}
epochs=${EPOCHS:-30}
cat >trial.json <<JSON
{ "schema": 1, "name": "trial",
  "task": { "kind": "keywords", "data": "$DATA", "labels": ["down","go","left","no","right","stop","up","yes"] },
  "frontend": { "kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": 20, "mel_bins": 40,
                "lower_hz": 20, "upper_hz": 4000, "coefficients": 10 },
  "model": { "layers": [
    { "op": "conv2d", "filters": 77, "kernel": [3, 3], "stride": [2, 2], "padding": "valid", "bias": false },
    { "op": "batch_norm" }, { "op": "relu" },
    { "repeat": 2, "layers": [
      { "op": "conv2d", "filters": 77, "kernel": [3, 3], "padding": "same", "bias": false },
      { "op": "batch_norm" }, { "op": "relu" } ] },
    { "op": "global_average_pool" }, { "op": "dense", "units": "classes" }, { "op": "softmax" } ] },
  "train": { "epochs": $epochs, "batch_size": 20, "optimizer": "adam",
             "learning_rate": { "schedule": "polynomial", "from": 0.01, "to": 1e-5, "power": 1 } },
  "prune": { "schedule": "polynomial", "from": 0.2, "to": 0.8, "begin": 0.2, "end": 0.8, "power": 3 },
  "cluster": { "clusters": 8, "init": "kmeans++", "fine_tune_epochs": 2 },
  "quantize": "int8",
  "objective": { "maximize": "accuracy" },
  "search": { "sampler": "grid", "trials": 1 } }
JSON
export OMP_NUM_THREADS=1
"$NAS" run trial.json --data "$DATA" --db trial.db --workers 1 --quiet --out best >/dev/null || [ $? -eq 3 ]
"$NAS" sql trial.db --csv "select name, wall_seconds, cpu_seconds from nas_stages order by position"
"$NAS" sql trial.db --csv "select accuracy, zlib_bytes, infer_ms, seconds, cpu_seconds from trial" >ours.csv
"$NAS" export trial.db --trial 0 -o of >/dev/null
for part in train validation; do "$NAS" eval of --data "$DATA" --split $part --dump "features/$part" >/dev/null; done
"$python" "$peers/trial_keras.py" features ours.csv "$epochs"
