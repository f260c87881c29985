#!/usr/bin/env bash
# tests/golden/info_zip.txt: lengths of the archives that Info-ZIP's zip 3.0 writes of what tests/test_info_zip.c makes.
#
# usage: make_info_zip.sh build/gcc/tests/test_info_zip > info_zip.txt
set -euo pipefail
unset ZIPOPT ZIP
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --write "$folder"
for file in "$folder"/*/model.tflite; do
    at=$(dirname "$file") name=$(basename "$(dirname "$file")")
    (cd "$at" && zip -q -9 model.zip model.tflite)
    echo "${name%_*} ${name##*_} $(stat -c %s "$at/model.zip")"
done | LC_ALL=C sort -k1,1 -k2,2n
