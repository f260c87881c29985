#!/usr/bin/env bash
# nas data check: what it prints of clips, of a table, of a formula; and that nas run says the same.
. tests/lib.sh

space toy 2 "accuracy > 0.1" >toy.json
by_speaker='{"task": {"labels": null, "split": {"by": "speaker"}}}'
by_file='{"task": {"labels": null}}'
last() { tail -n 1 "$1"; }
found() { # N FILE: the last line counts N findings, and there are so many
    local want="$1 findings"
    [ "$1" != 0 ] || want="nothing found"
    [ "$1" != 1 ] || want="1 finding"
    equal "$(last "$2")" "$want" && equal "$(grep -c '^ *[0-9][0-9]*  [a-z. ]*: ' "$2")" "$1"
}
run_check() { "$NAS" data check "$@" >out.check 2>err.check || { cat err.check; return 1; }; cat out.check; }

# --- clips
check "clips that are well" run_check toy.json --set "$by_speaker"
check "nothing is found" found 0 out.check
check "it shows the classes" has -E '^stop +24 ' out.check
check "and how they sound" has -E '^stop +16000 +1.00 +-[0-9]+ \.\. -[0-9]+ +8000 ' out.check
check "nothing is left behind" equal "$(ls -d ./*.cache ./*.db 2>/dev/null)" ""
narrow() { ! grep -q '.\{81\}' <(grep -v '^ *[0-9]*  [a-z. ]*: ' out.check); }
check "no line is wider than 80 columns" narrow
check "a split by file" run_check toy.json --set "$by_file"
check "has speakers on both sides" found 1 out.check
check "who are counted" has -E '^  1  speakers: [0-9]+ of [0-9]+ in the validation set and [0-9]+ of' out.check
check "as JSON" run_check toy.json --set "$by_file" --json
is_json() { command -v python3 >/dev/null || return 0; python3 -c '
import json, sys
j = json.load(open("out.check"))
assert j["space"] == "toy" and len(j["classes"]) == 8 and len(j["findings"]) == 1, j
assert j["findings"][0].startswith("speakers: ") and j["shared_speakers"]["test"] > 0, j
assert all(c["clips"] == 24 and c["seconds"]["half"] == 1 for c in j["classes"]), j'; }
check "which is JSON" is_json

# --- what is wrong is said by all that open the data, in the same words
cp -r clips wrong
first=$(cd wrong/go && ls | head -n 1)
cp "wrong/go/$first" "wrong/stop/copy_nohash_0.wav"
check "a copy in another class" run_check toy.json --data wrong --set "$by_speaker"
says_copy() { tr -s ' \n' ' ' <out.check | has 'copies: 2 of 193 clips have the same samples as a clip of another class, such as go/'; }
check "is found" says_copy
names() { ls wrong/*/* | sed 's|.*/||; s/_nohash_.*//' | sort -u; }
names | awk -v first="${first%%_nohash_*}" '{ print $1 "," ($1 == first ? 0 : $1 == "copy" ? 2 : NR % 3) }' >wrong/folds.csv
in_folds() { run_check toy.json --data wrong --set '{"task": {"labels": null, "split": {"by": "groups", "folds": 3, "list": "folds.csv", "validation": null, "test": null}}}' && tr -s ' \n' ' ' <out.check | has "(fold 0) and stop/copy_nohash_0.wav (fold 2)"; }
check "folds are called as the list does" in_folds
rm wrong/folds.csv
same_words() {
    "$NAS" run toy.json --data wrong --trials 1 --workers 1 --set "$by_speaker" 2>run.txt >/dev/null
    has '^nas: warning: copies: 2 of 193 clips have the same samples' run.txt
}
check "a run says it" same_words
check "once" equal "$(grep -c copies run.txt)" 1
check "what a run has decoded serves" run_check toy.json --data wrong --set "$by_speaker"
check "and gives the same" says_copy

# --- mel bands without a bin: said by check and by run; the file never asks for a division by 0
low='{"constraints": null, "frontend": {"kind": "log_mel", "coefficients": null, "mel_bins": 40, "upper_hz": 500, "normalize": "coefficient", "frame_length_ms": 32}, "task": {"labels": null, "split": {"by": "speaker"}}}'
check "bands that hold no bin" run_check toy.json --set "$low"
empty() { tr -s ' \n' ' ' <out.check | has -E 'front end: [0-9]+ of 40 mel bands hold no bin of the transform .* set frontend.mel_bins to at most'; }
check "are counted, with the setting" empty
run_empty() { "$NAS" run toy.json --db low.db --out low_best --trials 1 --workers 1 --set "$low" 2>run.txt >/dev/null; has -c 'warning: front end: ' run.txt; }
check "a run says it, too" run_empty
deviations() { sed -n '/"deviation"/,/]/p' low_best/frontend.json | tr -d ' \n'; }
no_zero() { deviations | has '\[' && ! deviations | grep -qE '[[,](0|[0-9.]+e-[0-9]+)[],]'; }
check "frontend.json has no deviation of 0" no_zero
trained() { "$NAS" eval low_best --data clips --split test >eval.txt 2>&1 && has accuracy eval.txt; }
check "and its model is judged as before" trained

# --- tables, formulas, errors
table() {
    echo "a,b"
    for i in $(seq 300); do echo "$((i % 17)).5,$((i % 5))"; done
    echo "oops,1"
    for i in $(seq 100); do echo "$((i % 17)).5,$((i % 5))"; done
}
table >table.csv
cat >table.json <<'JSON'
{ "schema": 1, "name": "cells",
  "task": { "kind": "forecast", "data": "table.csv", "inputs": ["a", "b"], "targets": {"b": "b"}, "window": 4, "horizon": 1, "missing": "drop" },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 1, "batch_size": 10, "learning_rate": 0.01 },
  "search": { "sampler": "grid" } }
JSON
check "a table" run_check table.json
check "its rows" has -E '^rows +401, 1 of them lack a value' out.check
check "and stretches: before that one and after it" has -E '^stretches without a break +2$' out.check
check "its columns" has -E '^a +0.5 ' out.check
check "what reading it warns of is a finding" found 1 out.check
check "as JSON, too" run_check table.json --json
check "with its columns" has '"rows": 401, "dropped": 1' out.check
check "a formula has no data" run_check "$ROOT/spaces/rosenbrock.json"
check "nor findings" found 0 out.check
check "no such folder" says 2 "the clips' folder nowhere does not exist" "$NAS" data check toy.json --data nowhere
check "no space" says 2 "expected one space file" "$NAS" data check
check "no such space" says 2 "none.json" "$NAS" data check none.json
close_tests
