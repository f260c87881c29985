#!/bin/sh
# tests/fuzz/run.sh FOLDER SECONDS - runs FOLDER/fuzz_tflite on what it found earlier and on files
# that FOLDER/seeds makes. What it finds is kept in build/fuzz/corpus, an input that fails in build/fuzz.
set -eu
programs=$1
seconds=$2
out=build/fuzz
mkdir -p "$out/corpus"
"$programs/seeds" "$out/seeds"
# A graph that is run asks for at most 128 kB; 256 times that and 16 MB are what it may take.
if ! "$programs/fuzz_tflite" -max_total_time="$seconds" -max_len=6000 -timeout=10 -malloc_limit_mb=128 \
    -rss_limit_mb=2000 -print_final_stats=1 -artifact_prefix="$out/" "$out/corpus" "$out/seeds" >"$out/log" 2>&1; then
    tail -n 40 "$out/log" >&2
    echo "fuzz: failed; the input is in $out" >&2
    exit 1
fi
sed -n 's/^stat::number_of_executed_units: *\([0-9]*\)/fuzz: \1 executions, no failure/p' "$out/log"
