#!/bin/sh
# tests/interop/clips.sh NAS OUT - trains one net on real clips, exports it in each number format, and leaves
# our classes beside each file: OUT/<format>/{model.tflite,features.f32,classes.txt}, of its test part, in int8
# of all clips. OUT/mlperf has the same of the MLPerf Tiny reference model, where it is there.
set -eu
nas=$1
out=$2
data=${NAS_TEST_DATA:-../shared/data}/speech_commands
if [ ! -d "$data" ]; then
    echo "interop: $data is absent; the demo's clips serve instead"
    data=data/demo_clips
fi
rm -rf "$out"
mkdir -p "$out"
for format in float32 float16 dynamic int8; do
    part=test
    [ $format != int8 ] || part=all
    sed "s/\"quantize\": \"float32\"/\"quantize\": \"$format\"/" tests/interop/candidate.json >"$out/$format.json"
    "$nas" train "$out/$format.json" --data "$data" --cache "$out/cache" --quiet -o "$out/$format"
    "$nas" eval "$out/$format" --data "$data" --split "$part" --cache "$out/cache" --dump "$out/$format" | head -n 1
    rm "$out/$format.json"
done
given=${NAS_TEST_DATA:-../shared/data}/models/mlperf_tiny_kws_int8.tflite
if [ -e "$given" ] && [ "$data" != data/demo_clips ]; then
    mkdir "$out/mlperf"
    cp "$given" "$out/mlperf/model.tflite"
    "$nas" eval "$given" --data "$data" --frontend tests/interop/mlperf_frontend.json \
        --labels tests/interop/mlperf_labels.txt --cache "$out/cache" --dump "$out/mlperf" | head -n 1
fi
rm -rf "$out/cache"
