#!/usr/bin/env bash
# Whose rounding nas eval takes, and the scales of dense layers, as a space asks for them.
. tests/lib.sh

awk 'BEGIN { srand(1); print "Date Time,a,b"
    for (i = 0; i < 2880; i++) {
        w = 0.95 * w + rand() - 0.5
        printf "%02d.06.2024 %02d:%02d:00,%.2f,%.2f\n", 1 + int(i / 144), int(i / 6) % 24, i % 6 * 10, 10 + 8 * sin(i / 23) + w, 70 - 2 * w } }' >t.csv
study() { # NAME QUANTIZE
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "forecast", "data": "t.csv", "inputs": ["a", "b"], "targets": { "a": "a", "b": "b" }, "window": 6, "horizon": 6 },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": 16 }, { "op": "relu" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 4, "batch_size": 16, "loss": "absolute", "learning_rate": { "schedule": "cosine", "from": 0.02 } },
  "quantize": $2 }
JSON
}
study one '"int8"' >one.json
study many '{ "kind": "int8", "dense_scales": "channel" }' >many.json
study float '{ "kind": "float32", "dense_scales": "channel" }, "search": { "sampler": "grid" }' >float.json
for m in one many; do check "a forecast is trained: $m" "$NAS" train $m.json -o $m --quiet; done
kernel() { "$NAS" show "$1" | awk '$2 == "kernel" { print $5 }' | head -1; }
check "its dense layer has one scale" bash -c "[[ $(kernel one) == *.* || $(kernel one) == 1 ]]"
check "or one for each output, where that is asked for" equal "$(kernel many)" 16
check "float32 takes the key, too" "$NAS" space float.json --data t.csv

"$NAS" eval one --data t.csv --dump micro >/dev/null
"$NAS" eval one --data t.csv --dump named --runtime tflite-micro >/dev/null
"$NAS" eval one --data t.csv --dump litert --runtime litert >/dev/null
same() { cmp -s "$1/forecasts.f32" "$2/forecasts.f32"; }
check "tflite-micro is what is meant without a name" same named micro
check "litert rounds some forecasts otherwise" bash -c '! cmp -s micro/forecasts.f32 litert/forecasts.f32'
values() { od -An -v -w4 -tf4 "$1/forecasts.f32" | tr -d ' '; }
apart=$(paste <(values micro) <(values litert) | awk '$1 != $2 { n++ } END { print n + 0 < 0.1 * NR }')
check "but few" equal "$apart" 1
check "no other is known" says 2 "--runtime: expected tflite-micro or litert, got 'tf'" "$NAS" eval one --data t.csv --runtime tf
check "two models take it, too" "$NAS" eval one many --data t.csv --runtime litert
close_tests
