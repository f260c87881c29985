#!/usr/bin/env bash
# The examples do what they say.
. tests/lib.sh
export NAS

learns() { "$BIN/train_net" | tee net.txt && awk 'END { exit !($NF > 0.9) }' net.txt; }
check "train_net learns its stripes" learns

mfcc() { "$BIN/mfcc" "$(ls clips/go/* | head -n 1)" >mfcc.txt && awk 'NF != 10 { bad = 1 } END { exit bad || NR != 49 }' mfcc.txt; }
check "mfcc prints 49 frames of 10" mfcc
refuses() { ! "$BIN/mfcc" "$ROOT/examples/mfcc.c" 2>why.txt && grep -q 'mfcc.c: ' why.txt; }
check "mfcc says what is wrong with a file" refuses

check "from_recordings ends in a model" sh "$ROOT/examples/from_recordings.sh" clips 2
check "which is there" test -s recordings_best/model.tflite
front() { "$BIN/pareto" recordings.db | tee front.txt && grep -q '^trial [0-9]*: accuracy' front.txt; }
check "pareto prints the front" front

close_tests
