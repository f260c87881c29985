#!/bin/sh
# tests/interop/run.sh [PROGRAM [FOLDER...]] - our files in the real LiteRT runtime.
# PROGRAM: tests/interop/models, built. FOLDERs: model.tflite, features.f32 and classes.txt each.
# The virtual environment is kept in build/ until the requirements change.
set -eu
here=$(dirname "$0")
models=${1:-build/gcc/tests/interop/models}
[ $# -gt 0 ] && shift
venv=build/venv-interop
out=build/interop

if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    echo "interop: installing $(tr '\n' ' ' <"$here/requirements.txt")from PyPI"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

rm -rf "$out"
"$models" "$out/models" 300
for folder in "$@"; do
    set -- "$@" --classes "$folder"
    shift
done
set -- --models "$out/models" "$@"
given=${NAS_TEST_DATA:-../shared/data}/models/mlperf_tiny_kws_int8.tflite
if [ -e "$given" ]; then
    "$models" "$out/given" "$given"
    set -- "$@" --models "$out/given"
else
    echo "interop: skipped: $given is absent"
fi
# The runtime is talkative; what it says matters only when something fails.
"$venv/bin/python" "$here/check.py" "$@" 2>"$out/runtime.log" || {
    status=$?
    tail -20 "$out/runtime.log" >&2
    exit $status
}
