#!/bin/sh
# tests/interop/run.sh [BUILD [short|all]] - our files in the runtimes that people have: matrix.py.
# BUILD: a folder of the Makefile's, with nas, tests/interop/models and examples/make_climate.
# short: SHORT random nets, without TensorFlow 2.16. all: LONG nets, every runtime.
# The virtual environments are kept in build/ until their requirements change.
set -eu
SHORT=100
LONG=300
here=$(dirname "$0")
build=${1:-build/gcc}
form=${2:-short}
out=build/interop
nets=$SHORT
set --
if [ "$form" = all ]; then
    nets=$LONG
    set -- --all
fi

rm -rf "$out"
mkdir -p "$out"
shown() { # LOG COMMAND...: its output goes to LOG, whose end is shown where it fails
    log=$1
    shift
    "$@" >"$log" 2>&1 || {
        status=$?
        tail -20 "$log" >&2
        exit $status
    }
}

# Wheels are fetched while nets are trained.
names=$("$here/matrix.py" "$@" --list)
# shellcheck disable=SC2086
shown "$out/venvs.log" "$here/venvs.py" build/venvs $names &
fetch=$!
shown "$out/exports.log" "$here/exports.sh" "$build" "$out/exports"
"$build/tests/interop/models" "$out/models" "$nets"
wait $fetch
grep -h '^interop:\|^accuracy' "$out/venvs.log" "$out/exports.log" || true
"$here/matrix.py" "$@" --venvs build/venvs --logs "$out/logs" "$out"/models/*.tflite \
    "$out"/exports/files/*.tflite "$out"/exports/classes/*
