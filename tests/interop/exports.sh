#!/bin/sh
# tests/interop/exports.sh BUILD OUT - trains three small nets and exports each in every number format.
# A net of keywords: OUT/classes/FORMAT/{model.tflite,features.f32,classes.txt} with our classes of its test
# part, in int8 of all clips; OUT/classes/mlperf has the same of the MLPerf Tiny reference model, where it
# is there. OUT/files/KIND_NAME_FORMAT.{tflite,in,out,litert}: raw random inputs and our outputs of those
# files, and of two forecasters of an invented table.
set -eu
nas=$1/nas
models=$1/tests/interop/models
climate=$1/examples/make_climate
out=$2
here=tests/interop
data=${NAS_TEST_DATA:-../shared/data}/speech_commands
given=${NAS_TEST_DATA:-../shared/data}/models/mlperf_tiny_kws_int8.tflite
if [ ! -d "$data" ]; then
    echo "interop: $data is absent; the demo's clips serve instead"
    data=data/demo_clips
fi
rm -rf "$out"
mkdir -p "$out/classes" "$out/train"

as() { # CANDIDATE FORMAT TARGET
    sed "s/\"quantize\": \"float32\"/\"quantize\": \"$2\"/" "$1" >"$3.json"
}

for format in float32 float16 dynamic int8; do
    part=test
    [ $format != int8 ] || part=all
    to=$out/classes/$format
    as $here/candidate.json $format "$to"
    "$nas" train "$to.json" --data "$data" --cache "$out/cache" --quiet -o "$to"
    "$nas" eval "$to" --data "$data" --split "$part" --cache "$out/cache" --dump "$to" | head -n 1
    "$models" "$out/files" "$to/model.tflite" "keywords_net_$format"
    rm "$to.json"
done
if [ -e "$given" ] && [ "$data" != data/demo_clips ]; then
    mkdir "$out/classes/mlperf"
    cp "$given" "$out/classes/mlperf/model.tflite"
    "$nas" eval "$given" --data "$data" --frontend $here/mlperf_frontend.json \
        --labels $here/mlperf_labels.txt --cache "$out/cache" --dump "$out/classes/mlperf" | head -n 1
fi
if [ -e "$given" ]; then
    "$models" "$out/files" "$given" file_mlperf_int8
else
    echo "interop: SKIPPED: $given is absent"
fi

"$climate" "$out/table.csv" --rows 3000
for net in dense conv1d; do
    for format in float32 float16 dynamic int8; do
        to=$out/train/$net-$format
        as "$here/forecaster_$net.json" $format "$to"
        "$nas" train "$to.json" --data "$out/table.csv" --cache "$out/cache" --quiet -o "$to"
        "$models" "$out/files" "$to/model.tflite" "forecaster_${net}_$format"
    done
done
rm -rf "$out/cache" "$out/train"
