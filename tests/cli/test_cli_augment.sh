#!/usr/bin/env bash
# Warped and mixed training examples, decay and warm-up: one table for all folds and workers, and the
# same bits however a study is run.
. tests/lib.sh

space warped 8 "zlib_bytes < 100000" |
    sed -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "speaker", "folds": 3, "test": 0.2/' \
        -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 64, "normalize": "coefficient"/' \
        -e 's/"filters": { "choice": \[4, 8\] }/"filters": 8/' \
        -e 's/"epochs": 3/"epochs": 4, "weight_decay": { "choice": [0, 0.1] }, "warm_up_epochs": 0.5/' \
        -e 's/"model": {/"augment": { "warp": 0.1, "mixup": { "choice": [0, 0.3] }, "shift_frames": 1 }, "model": {/' \
        -e 's/"quantize": .*/"quantize": { "choice": ["float32", { "kind": "int8", "fine_tune_epochs": 1 }] },/' >warped.json

dump() { # DB: all that is determined
    sql "$1" "select number, state, reason, accuracy, test_accuracy, tflite_bytes, zlib_bytes, candidate from warped order by number"
    sql "$1" "select k.number, e.epoch, e.step, e.loss from nas_epochs e join warped k on k.id = e.trial order by 1, 2"
    sql "$1" "select k.number, s.position, s.name, s.key from nas_stages s join warped k on k.id = s.trial order by 1, 2"
    sql "$1" "select k.number, a.name, hex(a.content) from nas_artefacts a join warped k on k.id = a.trial order by 1, 2" | md5sum
}
run() { # NAME OPTIONS
    local name=$1
    shift
    "$NAS" run warped.json --db "$name.db" --out "$name.best" "$@" >"$name.txt" 2>&1 || { cat "$name.txt"; return 1; }
    dump "$name.db" >"$name.dump"
}
same() { diff "$1.dump" "$2.dump" | head -n 20; cmp "$1.dump" "$2.dump"; }
tables() { find "$1" -type f ! -name '*.lock' -exec sh -c 'head -c 64 "$1" | tail -c 16 | grep -qa warped && echo "$1"' _ {} \; | wc -l; }

check "two workers" run two --workers 2
check "all complete" equal "$(sql two.db "select count(*), sum(state = 'complete') from warped")" "8,8"
check "all folds and workers share one table" equal "$(tables two.db.cache)" 1
check "each setting trains another net" equal "$(sql two.db "select count(distinct hex(a.content)) from nas_artefacts a where a.name = 'model.tflite'")" 8
check "one worker" run one --workers 1
check "the same bits" same one two
check "each trial from its first step" run alone --workers 2 --no-share
check "the same bits without sharing" same alone two
kills() { kill_eight_times warped.json && run kills --workers 3; }
check "eight times kill -9, then to the end" kills
check "the same bits, too" same kills two
check "one table, after all that" equal "$(tables kills.db.cache)" 1
check "nothing unfinished stays" equal "$(find kills.db.cache -name '*.??????' | wc -l)" 0
check "verify trains the same bytes" "$NAS" verify two.db 7

# --- where clips change as well, rows are made anew
check "no table where clips change" run loud --workers 2 --trials 2 --set '{"augment": {"gain_db": 3}}'
check "there is none" equal "$(tables loud.db.cache)" 0

check "a warp of half is refused" says 2 "augment.warp: expected a number 0 .. 0.3, got 0.5" \
    "$NAS" space warped.json --set '{"augment": {"warp": 0.5}}'
sed 's/"warm_up_epochs": 0.5/"warm_up_epochs": 4/' warped.json >long.json
check "a warm-up as long as the training is refused" says 2 "train.warm_up_epochs: 4, and train.epochs is 4" "$NAS" space long.json

close_tests
