#!/bin/sh
# tests/interop/clips.sh NAS OUT - trains one net on real clips, exports it in each number format, and leaves
# our classes of its test part beside each file: OUT/<format>/{model.tflite,features.f32,classes.txt}.
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
    sed "s/\"quantize\": \"float32\"/\"quantize\": \"$format\"/" tests/interop/candidate.json >"$out/$format.json"
    "$nas" train "$out/$format.json" --data "$data" --cache "$out/cache" --quiet -o "$out/$format"
    "$nas" eval "$out/$format" --data "$data" --split test --cache "$out/cache" --dump "$out/$format" | head -n 1
    rm "$out/$format.json"
done
rm -rf "$out/cache"
