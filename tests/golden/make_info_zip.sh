#!/usr/bin/env bash
# tests/golden/info_zip.txt: lengths of the archives that Info-ZIP's zip 3.0 writes of what tests/core/test_info_zip.c makes.
#
# usage: make_info_zip.sh build/gcc/tests/core/test_info_zip > info_zip.txt
set -euo pipefail
unset ZIPOPT ZIP
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" --write "$folder"
for at in "$folder"/*; do
    cd "$at"
    zip -q -9 model.zip model.tflite
done
cd "$folder"
stat -c '%n %s' -- */model.zip | sed 's/_\([0-9]*\)\/model.zip/ \1/' | LC_ALL=C sort -k1,1 -k2,2n
