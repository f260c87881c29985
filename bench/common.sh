# Sourced by the scripts beside it: where the program and the real clips are.
NAS=$(realpath "${NAS:-./nas}")
DATA=$(realpath "${NAS_TEST_DATA:-../shared/data}/speech_commands") || exit 1
SPACES=$(realpath spaces)
[ -x "$NAS" ] || { echo "build first: make"; exit 1; }
[ -d "$DATA" ] || { echo "no clips: set NAS_TEST_DATA to the folder that holds speech_commands"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# equal_cost NAME VALUES: a space whose points differ in label_smoothing alone, so that all cost the same.
equal_cost() {
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "keywords", "data": "$DATA", "labels": ["down","go","left","no","right","stop","up","yes"] },
  "frontend": { "kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": 20, "mel_bins": 40,
                "lower_hz": 20, "upper_hz": 4000, "coefficients": 10 },
  "model": { "layers": [
    { "op": "conv2d", "filters": 64, "kernel": [3, 3], "stride": [2, 2], "padding": "same", "bias": false },
    { "op": "batch_norm" }, { "op": "relu" },
    { "repeat": 2, "layers": [
      { "op": "depthwise_conv2d", "kernel": [3, 3], "padding": "same", "bias": false },
      { "op": "conv2d", "filters": 64, "kernel": [1, 1], "bias": false },
      { "op": "batch_norm" }, { "op": "relu" } ] },
    { "op": "global_average_pool" }, { "op": "dense", "units": "classes" }, { "op": "softmax" } ] },
  "train": { "epochs": $3, "batch_size": 20, "optimizer": "adam",
             "label_smoothing": { "range": [0, $2], "step": 0.001 },
             "learning_rate": { "schedule": "polynomial", "from": 0.01, "to": 1e-5 } },
  "quantize": "int8",
  "objective": { "maximize": "accuracy" },
  "search": { "sampler": "grid" } }
JSON
}
