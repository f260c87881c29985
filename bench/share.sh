#!/usr/bin/env bash
# What sharing saves: a grid of 3 sparsities x 4 cluster counts x 4 formats on one net, shared and with
# --no-share, one worker each. Epochs, the seconds of training (stages train, cluster and tune), and
# whether all determined columns and files are the same.
set -euo pipefail
. bench/common.sh
equal_cost grid 0 20 |
    sed -e 's/"label_smoothing": {[^}]*},//' -e "s/\"filters\": 64/\"filters\": ${FILTERS:-16}/" \
        -e 's/"quantize": "int8",/"prune": { "schedule": "polynomial", "from": 0.2, "to": { "choice": [0.7, 0.8, 0.9] }, "begin": 0.2, "end": 0.8 },\
            "cluster": { "clusters": { "choice": [8, 16, 32, 64] }, "init": "kmeans++", "fine_tune_epochs": 1 },\
            "quantize": { "choice": ["float32", "float16", "dynamic", "int8"] },/' >grid.json
"$NAS" run grid.json --db warm.db --trials 1 --workers 1 --seed 1 --quiet --out best >/dev/null

study() { # NAME OPTIONS: epochs, training seconds
    local name=$1
    shift
    mkdir "$name.cache"
    cp -r warm.db.cache/. "$name.cache"
    "$NAS" run grid.json --db "$name.db" --cache "$name.cache" --workers 1 --quiet --out best "$@" >/dev/null
    "$NAS" sql "$name.db" "select (select total(epochs_trained) from grid), total(wall_seconds) from nas_stages
        where name in ('train', 'cluster', 'tune')" --csv | tail -n 1
    "$NAS" sql "$name.db" "select number, state, accuracy, test_accuracy, tflite_bytes, zlib_bytes, nonzero_params, ram_bytes,
        candidate, (select hex(content) from nas_artefacts where trial = grid.id and name = 'model.tflite') from grid" --csv >"$name.rows"
}
echo "48 trials, DS-CNN ${FILTERS:-16}, 20 epochs and one of clusters"
alone=$(study alone --no-share)
shared=$(study shared)
awk -F, -v a="$alone" -v b="$shared" 'BEGIN {
    split(a, x); split(b, y)
    printf "epochs %g of %g: %.3f\ntraining %.2f s of %.2f s: %.3f\n", y[1], x[1], y[1] / x[1], y[2], x[2], y[2] / x[2] }'
cmp alone.rows shared.rows && echo "identical rows and files"
