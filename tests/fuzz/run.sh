#!/usr/bin/env bash
# tests/fuzz/run.sh FOLDER SECONDS [TARGET...] - runs the programs FOLDER/fuzz_* (all of them), as many at once as there are
# processors, about SECONDS in all, each on what it found earlier and on beginnings. What a target finds is kept in
# build/fuzz/TARGET, an input that fails in build/fuzz.
set -euo pipefail
programs=$1
seconds=$2
shift 2
[ $# -gt 0 ] || set -- tflite space csv list sound cache database
out=build/fuzz
jobs=$(nproc)
[ "$jobs" -le $# ] || jobs=$#
each=$((seconds * jobs / $#))
[ "$each" -gt 0 ] || each=1
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
seeds() { # TARGET: small files to begin with
    rm -rf "$out/seeds/$1"
    mkdir -p "$out/seeds/$1"
    case $1 in
    tflite) "$programs/seeds" "$out/seeds/tflite" ;;
    space) cp spaces/*.json tests/fuzz/space/* "$out/seeds/space" ;;
    csv) cp tests/fuzz/csv/* "$out/seeds/csv" ;;
    list) cp tests/fuzz/list/* "$out/seeds/list" ;;
    sound) cp tests/fuzz/sound/* "$out/seeds/sound" ;;
    cache | database) FUZZ_SEEDS=$out/seeds/$1 "$programs/fuzz_$1" -runs=0 >/dev/null 2>&1 ;;
    esac
}

fuzz() { # TARGET
    local target=$1 limits
    export TMPDIR=$out/$target.tmp
    mkdir -p "$out/$target" "$TMPDIR"
    seeds "$target"
    case $target in
    tflite) limits="-max_len=6000" ;; # a graph that is run asks for at most 128 kB; 256 times that and 16 MB are what it may take
    space) limits="-max_len=8000 -dict=tests/fuzz/space.dict" ;;
    database) limits="-max_len=64 -len_control=0 -timeout=60" ;; # what does not end is given up after some seconds
    *) limits="-max_len=4096" ;;
    esac
    # shellcheck disable=SC2086
    if ! "$programs/fuzz_$target" -max_total_time="$each" -timeout=20 -malloc_limit_mb=128 -rss_limit_mb=2000 \
        -print_final_stats=1 -artifact_prefix="$out/$target-" $limits "$out/$target" "$out/seeds/$target" >"$out/$target.log" 2>&1; then
        tail -n 40 "$out/$target.log" >&2
        echo "fuzz: $target failed; the input is $out/$target-*" >&2
        exit 1
    fi
    sed -n "s/^stat::number_of_executed_units: *\([0-9]*\)/fuzz $target: \1 executions, no failure/p" "$out/$target.log"
    rm -rf "$TMPDIR"
}

# Those that are at work end; no other begins after a failure.
status=0 running=0
for target in "$@"; do
    [ "$running" -lt "$jobs" ] || { wait -n || status=1; running=$((running - 1)); }
    [ $status = 0 ] || break
    fuzz "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || status=1
    running=$((running - 1))
done
exit $status
