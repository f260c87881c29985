#!/usr/bin/env bash
# Cross-validation by speaker: what is counted, what ships, what is found again.
. tests/lib.sh

space crossed 4 "zlib_bytes < 100000" |
    sed -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "speaker", "folds": 3, "test": 0.2/' \
        -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 32/' >crossed.json

rows="select number, state, quantize, accuracy, tflite_bytes, zlib_bytes from crossed order by number"
run() { "$NAS" run crossed.json --db "$1.db" --workers "$2" --out "$1_best" >"$1.txt"; }
clips_in() { "$NAS" eval "$1" --data clips --split "$2" --json | sed -n 's/.*"clips": \([0-9]*\),.*/\1/p'; }
check "a grid with folds runs to its end" run two 2
check "it says how clips are dealt" grep -q "72 clips (3 folds with" two.txt
check "all complete" equal "$(sql two.db "select count(*), sum(state = 'complete') from crossed")" "4,4"
check "one worker, the same rows" run one 1
check "the same accuracies and sizes" equal "$(sql one.db "$rows")" "$(sql two.db "$rows")"

# --- what accuracy counts: every clip outside the test set
outside=$(clips_in two_best train) held=$(clips_in two_best test)
check "train and test are all clips" equal "$((outside + held))" 72
check "the test set is as asked" test "$held" -ge 10 -a "$held" -le 19
whole="select count(*) from crossed where abs(accuracy * $outside - round(accuracy * $outside)) < 1e-9"
check "accuracy counts all clips of the folds" equal "$(sql two.db "$whole")" 4
check "the last step is the file's" equal \
    "$(sql two.db "select count(*) from crossed join nas_steps s on s.trial = crossed.id and s.name = 'quantised' where s.accuracy = crossed.accuracy and s.tflite_bytes = crossed.tflite_bytes")" 2
check "epochs are those of the net that ships" equal "$(sql two.db "select count(*), count(val_accuracy) from nas_epochs")" "12,0"
check "folds are a stage" equal "$(sql two.db "select count(distinct key) from nas_stages where name = 'folds'")" 4
check "finalists are tested" equal "$(sql two.db 'select count(test_accuracy) from crossed')" 3

# --- the file
check "verify trains the same bytes" "$NAS" verify two.db 2
train() { "$NAS" train two_best/candidate.json -o "$1" --cache kept >"$1.txt"; }
check "train makes them too" train again
check "epochs are counted over all nets" equal "$(grep -c "^epoch.* of 12" again.txt)" 12
check "to the byte" cmp two_best/model.tflite again/model.tflite
same_accuracy() { equal "$(grep -o '"accuracy":[^,]*' again/metrics.json)" "$(grep -o '"accuracy":[^,]*' two_best/metrics.json)"; }
check "and the same accuracy" same_accuracy
check "once more" train third
check "every net lies in the cache" equal "$(grep -c "^epoch" third.txt)" 0
check "to the byte, too" cmp two_best/model.tflite third/model.tflite
check "no part validates" says 2 "with folds each trained net had its own" "$NAS" eval two_best --data clips --split validation

# --- what cannot be
sed 's/"batch_size": 10/"batch_size": 10, "keep": { "choice": ["last", "best"] }/' crossed.json >keep.json
check "nothing to keep the best by" says 2 "train.keep" "$NAS" run keep.json
sed 's/"batch_size": 10/"batch_size": 10, "patience": 2/' crossed.json >patience.json
check "nothing to wait for" says 2 "needs a validation set" "$NAS" run patience.json

# --- some clips of each fold pick the epoch
sed -e 's/"folds": 3/"folds": 3, "stopping": 0.2/' -e 's/"crossed"/"stopping"/' \
    -e 's/"batch_size": 10/"batch_size": 10, "keep": "best", "patience": { "choice": [null, 1] }/' crossed.json >stopping.json
check "with clips set aside there is something to wait for" "$NAS" run stopping.json --trials 8 --workers 2 --out stopping_best
check "all clips are still counted" equal \
    "$(sql stopping.db "select count(*) from stopping where abs(accuracy * $outside - round(accuracy * $outside)) < 1e-9")" 8
check "patience ends trainings early" test "$(sql stopping.db \
    "select max(epochs_trained + epochs_saved) > min(epochs_trained + epochs_saved) from stopping")" = 1
check "the net that ships has clips to stop by" equal "$(sql stopping.db "select count(*) = count(val_accuracy) from nas_epochs")" 1
check "verify trains the same bytes with them" "$NAS" verify stopping.db 1
sed -e 's/"folds": 3/"stopping": 0.2/' crossed.json >alone.json
check "without folds it says nothing" says 2 "belongs to folds" "$NAS" run alone.json

# --- no test set
sed -e 's/"test": 0.2/"test": 0/' -e 's/"crossed"/"all_in"/' crossed.json >all_in.json
check "no test set" "$NAS" run all_in.json --trials 1 --workers 1
check "all clips are counted" equal "$(clips_in all_in_best train)" 72
check "none is left to test on" equal "$(sql all_in.db 'select count(test_accuracy) from all_in')" 0

close_tests
