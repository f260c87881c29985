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
# Wheels are fetched while nets are trained.
# shellcheck disable=SC2046
"$here/venvs.py" build/venvs $("$here/matrix.py" "$@" --list) >"$out/venvs.log" 2>&1 &
fetch=$!
"$here/exports.sh" "$build" "$out/exports"
"$build/tests/interop/models" "$out/models" "$nets"
wait $fetch || {
    status=$?
    tail -20 "$out/venvs.log" >&2
    exit $status
}
cat "$out/venvs.log"
"$here/matrix.py" "$@" --venvs build/venvs --logs "$out/logs" "$out"/models/*.tflite \
    "$out"/exports/files/*.tflite "$out"/exports/classes/*
