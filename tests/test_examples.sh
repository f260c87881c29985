#!/usr/bin/env bash
# The examples do what they say. Closes with the summary lines of cmocka.
set -uo pipefail
NAS=$(realpath "${NAS:-./nas}")
BIN=$(realpath "${BUILD:-build/gcc}/examples")
SCRIPTS=$(realpath examples)
export NAS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ran=0 failed=0

check() { # NAME COMMAND...
    ran=$((ran + 1))
    local name=$1
    shift
    if "$@" >out.txt 2>&1; then
        echo "[       OK ] $name"
    else
        failed=$((failed + 1))
        echo "[  FAILED  ] $name"
        sed 's/^/    /' out.txt | tail -n 15
    fi
}

"$BIN/make_clips" clips --clips 160 >/dev/null 2>&1 || { echo "make_clips failed"; exit 1; }

learns() { "$BIN/train_net" | tee net.txt && awk 'END { exit !($NF > 0.9) }' net.txt; }
check "train_net learns its stripes" learns

mfcc() { "$BIN/mfcc" "$(ls clips/go/* | head -n 1)" >mfcc.txt && awk 'NF != 10 { bad = 1 } END { exit bad || NR != 49 }' mfcc.txt; }
check "mfcc prints 49 frames of 10" mfcc
refuses() { ! "$BIN/mfcc" "$SCRIPTS/mfcc.c" 2>why.txt && grep -q 'mfcc.c: ' why.txt; }
check "mfcc says what is wrong with a file" refuses

check "from_recordings ends in a model" sh "$SCRIPTS/from_recordings.sh" clips 2
check "which is there" test -s recordings_best/model.tflite
front() { "$BIN/pareto" recordings.db | tee front.txt && grep -q '^trial [0-9]*: accuracy' front.txt; }
check "pareto prints the front" front

echo "[==========] $ran test(s) run."
echo "[  PASSED  ] $((ran - failed)) test(s)."
[ "$failed" = 0 ] || { echo "[  FAILED  ] $failed test(s), listed above."; exit 1; }
