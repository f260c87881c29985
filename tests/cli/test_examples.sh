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

check "the preset for one's own recordings runs" "$NAS" run "$ROOT/spaces/recordings.json" --data clips --trials 2 --quiet \
    --set '{"train": {"epochs": 4}, "constraints": ["zlib_bytes < 50000"]}'
check "and ends in a model" test -s recordings_best/model.tflite
front() { "$BIN/pareto" recordings.db | tee front.txt && grep -q '^trial [0-9]*: accuracy' front.txt; }
check "pareto prints the front" front

check "make_climate writes a table" "$BIN/make_climate" made.csv --rows 3000
again() { "$BIN/make_climate" again.csv --rows 3000 && cmp made.csv again.csv; }
check "the same one again" again
plausible() { # humidity is what temperature and dew point say, and the columns are Jena's
    head -n 1 made.csv | has -F '"Date Time","p (mbar)","T (degC)","Tpot (K)","Tdew (degC)","rh (%)"' &&
        awk -F, 'NR > 1 { e = 6.1094 * exp(17.625 * $5 / (243.04 + $5)); s = 6.1094 * exp(17.625 * $3 / (243.04 + $3))
            if ($6 < 100 && ($6 - 100 * e / s) ^ 2 > 0.1 || $5 > $3 || $3 < -40 || $3 > 45) bad++ } END { exit bad > 0 || NR != 3001 }' made.csv
}
check "of plausible weather" plausible

close_tests
