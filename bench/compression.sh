#!/usr/bin/env bash
# What pruning, clusters and number formats cost in accuracy on real clips: CNN 77 with 80 % zeros, 8 clusters and int8, in all
# combinations, and five nets as float32, as int8 and as int8 with fine-tuning. Trials that begin alike share their training.
set -euo pipefail
. bench/common.sh

conv='"op": "conv2d", "padding": "same", "bias": false'
end='{ "op": "global_average_pool" }, { "op": "dense", "units": "classes" }, { "op": "softmax" }'
act='{ "op": "batch_norm" }, { "op": "relu" }'
stem() { echo "{ $conv, \"filters\": $1, \"kernel\": $2, \"stride\": [2, 2] }, $act"; }
cnn() { echo "[ $(stem "$1" '[3, 3]'), { \"repeat\": 2, \"layers\": [ { $conv, \"filters\": $1, \"kernel\": [3, 3] }, $act ] }, $end ]"; }
separable() { # FILTERS BETWEEN: a depthwise and a pointwise convolution
    echo "{ \"op\": \"depthwise_conv2d\", \"kernel\": [3, 3], \"padding\": \"same\", \"bias\": false }, $2
          { $conv, \"filters\": $1, \"kernel\": [1, 1] }"
}
ds_cnn() { echo "[ $(stem "$1" '[3, 3]'), { \"repeat\": $2, \"layers\": [ $(separable "$1" ''), $act ] }, $end ]"; }
residual() {
    echo "[ $(stem "$1" '[5, 5]'), { \"repeat\": $2, \"layers\": [ { \"op\": \"residual\", \"layers\": [
          $(separable "$1" "$act,"), { \"op\": \"batch_norm\" } ] }, { \"op\": \"relu\" } ] }, $end ]"
}
space() { # NAME LAYERS REST
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "keywords", "data": "$DATA", "labels": ["down","go","left","no","right","stop","up","yes"] },
  "frontend": { "kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": 20, "mel_bins": 40,
                "lower_hz": 20, "upper_hz": 4000, "coefficients": 10 },
  "augment": { "shift_frames": 4 },
  "model": { "layers": $2 },
  "train": { "epochs": 30, "batch_size": 20, "optimizer": "adam", "label_smoothing": 0.1,
             "learning_rate": { "schedule": "polynomial", "from": 0.01, "to": 1e-5 } },
  $3,
  "objective": { "maximize": "accuracy" }, "search": { "sampler": "grid", "seed": 1 } }
JSON
}

echo "CNN 77, 30 epochs"
space cnn_77 "$(cnn 77)" '"prune": { "choice": [null, { "schedule": "polynomial", "from": 0.2, "to": 0.8, "begin": 0.2, "end": 0.8 }] },
  "cluster": { "choice": [null, { "clusters": 8, "init": "kmeans++", "fine_tune_epochs": 3, "fine_tune_learning_rate": 5e-4 }] },
  "quantize": { "choice": ["float32", { "kind": "int8", "fine_tune_epochs": 3, "fine_tune_learning_rate": 5e-4 }] }' >cnn_77.json
"$NAS" run cnn_77.json --db cnn_77.db --quiet --out best >/dev/null
"$NAS" sql cnn_77.db "select case when prune is null then 'dense' else '80 % zeros' end weights,
    case when cluster is null then '' else '8 clusters' end clusters,
    case quantize when 0 then 'float32' else 'int8' end format, round(accuracy, 4) accuracy, zlib_bytes from cnn_77 order by number"

echo
echo "five nets, 30 epochs: validation accuracy"
space five "{ \"choice\": [$(ds_cnn 64 2), $(ds_cnn 48 3), $(residual 48 3), $(residual 32 4), $(cnn 32)] }" \
    '"quantize": { "choice": ["float32", "int8", { "kind": "int8", "fine_tune_epochs": 3, "fine_tune_learning_rate": 1e-4 }] }' >five.json
"$NAS" run five.json --db five.db --quiet --out best >/dev/null
"$NAS" sql five.db "select case model_layers when 0 then 'DS-CNN 64 x 2' when 1 then 'DS-CNN 48 x 3' when 2 then 'residual 48 x 3'
    when 3 then 'residual 32 x 4' else 'CNN 32 x 3' end net,
    max(case quantize when 0 then round(accuracy, 4) end) float32, max(case quantize when 1 then round(accuracy, 4) end) int8,
    max(case quantize when 2 then round(accuracy, 4) end) fine_tuned from five group by model_layers
    union all select 'mean', round(avg(case quantize when 0 then accuracy end), 4), round(avg(case quantize when 1 then accuracy end), 4),
    round(avg(case quantize when 2 then accuracy end), 4) from five"
