#!/usr/bin/env bash
# Classes that are not of one size: recalls in a run, what always answering one class would have, and what nas eval
# says of parts and of classes that are absent.
. tests/lib.sh

# --- a run: nine of ten clips are of one class, and no class has a sound of its own
mkdir -p common/go common/stop common/yes
for f in clips/*/*; do cp "$f" "common/go/$(basename "$(dirname "$f")")$(basename "$f")"; done
for w in stop yes; do
    for f in $(ls clips/go | head -5); do cp "clips/go/$f" "common/$w/$w$f"; done
done
flat() { # CONSTRAINT
    space flat 2 "$1" | sed 's/"clips"/"common"/; s/{ "choice": \[32, 64\] }/64/; s/{ "choice": \["float32", "int8"\] }/"int8"/; s/"epochs": 3/"epochs": 8/'
}
flat "accuracy > 0.05" >flat.json
"$NAS" run flat.json >run.txt 2>warned.txt
check "a bound that one answer keeps is warned of" has 'accuracy > 0.05: [0-9]* of [0-9]* clips that accuracy is on are "go", so always answering it has accuracy 0\.[0-9]*; set a constraint on balanced_accuracy or worst_recall' warned.txt
by_hand() { # of the winner, from what is kept of its clips
    sql flat.db "select printf('%.9f %.9f %.9f', avg(r), min(r), max(n) * 1.0 / sum(n)) from (select avg(\"right\") as r, count(*) as n
        from nas_verdicts where part = 'validation' and replicate = 0 and trial = (select coalesce(reused, id) from flat_best) group by class)"
}
check "and that is kept, in the database" test "$(sql flat.db "select count(*) from flat_warnings where text like '%always answering it has accuracy%'")" = 1
check "and beside the winner" has "always answering it has accuracy" flat_best/warnings.txt
stored() { sql flat.db "select printf('%.9f %.9f %.9f', balanced_accuracy, worst_recall, majority) from flat_best"; }
check "recalls are those of the clips" equal "$(stored)" "$(by_hand)"
check "a lower end lies below" equal "$(sql flat.db 'select min(balanced_accuracy_lo <= balanced_accuracy and worst_recall_lo <= worst_recall) from flat')" 1
check "they stand beside accuracy" bash -c "sed -n '/^metrics/,/^files/p' run.txt | awk '{ print \$1 }' | tr '\n' ' ' | grep -q 'accuracy test_accuracy balanced_accuracy worst_recall majority tflite_bytes'"
check "a winner of one answer is told" has -A1 -e "^one class only$" run.txt
check "with its class" has "it is right on \"[a-z]*\" alone, as always answering that would be" run.txt
check "so does show" says 0 "one class only" "$NAS" show flat.db "$(sql flat.db 'select number from flat_best')"

flat "balanced_accuracy > 0.5" >flat.json
status_of() { "$@" >status.txt 2>&1; echo $?; }
check "a bound on the recalls turns it away" equal "$(status_of "$NAS" run flat.json)" 3
check "tested at its lower end" equal "$(sql flat.db 'select "column" from nas_bounds')" balanced_accuracy_lo
silent() { ! grep -q 'always answering' status.txt; }
check "and no warning" silent
flat "worst_recall > 0" >flat.json
check "the lowest too" equal "$(status_of "$NAS" run flat.json)" 3
check "an objective" bash -c "sed 's/\"accuracy\" }/\"balanced_accuracy\" }/; s/worst_recall > 0/zlib_bytes < 100000/' flat.json >goal.json && '$NAS' run goal.json --db goal.db --quiet --out goal"
check "a word that is none is told" says 2 'did you mean "balanced_accuracy"?' "$NAS" space flat.json --set '{"constraints": ["balanced_acuracy > 0.5"]}'

# --- a study from before: its rows lack the metrics, and are measured again once they are asked for
before() { # what an older nas left: no such columns
    flat "accuracy > 0.05" >old.json
    "$NAS" run old.json --db old.db --quiet --out old || return 1
    sqlite3 old.db "update nas_trials_1 set balanced_accuracy = null, balanced_accuracy_lo = null, worst_recall = null, worst_recall_lo = null, majority = null"
    "$NAS" run old.json --db old.db --quiet --out old && [ "$(sql old.db 'select count(balanced_accuracy) from flat')" = 0 ] || return 1
    flat "balanced_accuracy > 0.05" >old.json
    "$NAS" run old.json --db old.db --quiet --out old
    [ "$(sql old.db "select count(balanced_accuracy_lo) from flat where state = 'complete'")" = "$(sql old.db "select count(*) from flat where state = 'complete'")" ]
}
if command -v sqlite3 >/dev/null; then check "an older study is measured again" before; fi

# --- eval: parts
space tiny 1 "zlib_bytes < 100000" | sed 's/"by": "file"/"by": "speaker"/' >tiny.json
"$NAS" train tiny.json -o made --quiet 2>/dev/null || { sed 's/{ "choice": \[\([^],]*\), [^]]*\] }/\1/' tiny.json >one.json; "$NAS" train one.json -o made --quiet; }
n() { "$NAS" eval made --data clips --split "$1" --json | sed 's/.*"clips": \([0-9]*\).*/\1/'; }
train=$(n train) validation=$(n validation) test=$(n test)
check "all clips: their parts" says 0 "heard all that it was made with: $train train, $validation validation, $test test" "$NAS" eval made --data clips
check "and how to leave them out" says 0 "it has learnt those of train; --split test takes the test set alone" "$NAS" eval made --data clips
check "a part" says 0 "heard the test set" "$NAS" eval made --data clips --split test
check "the training set" says 0 "heard the training set, which it has learnt" "$NAS" eval made --data clips --split train
check "in JSON" says 0 "\"part\": \"all\", \"trained_on_these\": true, \"parts\": {\"train\": $train, \"validation\": $validation, \"test\": $test}, \"absent\": []" "$NAS" eval made --data clips --json
cp -r clips other
rm "other/go/$(ls other/go | head -1)"
check "other clips are not called its own" says 0 "these may be other clips than those it was made with" "$NAS" eval made --data other
check "nor is their test set" says 0 "it may have learnt some of them" "$NAS" eval made --data other --split test
mkdir alone
cp made/model.tflite made/frontend.json made/labels.txt alone
check "without a candidate nothing is known" says 0 "whether it was trained on some of them is not known" "$NAS" eval alone --data clips
(cd clips && ls go/* stop/* yes/* | awk '{ print > (NR == 1 ? "/dev/null" : NR % 5 == 0 ? "held.txt" : NR % 5 == 1 ? "test.txt" : "train.txt") }')
space listed 1 "zlib_bytes < 100000" | sed -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "lists", "train": "train.txt", "validation": "held.txt", "test": "test.txt"/' -e 's/{ "choice": \[\([^],]*\), [^]]*\] }/\1/' >listed.json
"$NAS" train listed.json -o listed --quiet 2>/dev/null
check "a clip of no list is of no part" says 0 "test, 1 of no list" "$NAS" eval listed --data clips
rm clips/*.txt
check "of two models each" says 0 "B: heard all that it was made with" "$NAS" eval made made --data clips

# --- eval: classes that are absent
mkdir some
cp -r clips/stop some
check "one class is enough" says 0 "2 of 3 classes have no clips here: go, yes; nothing is said of them" "$NAS" eval made --data some
check "in JSON too" says 0 '"absent": ["go", "yes"]' "$NAS" eval made --data some --json
check "its row is that of all clips" equal "$("$NAS" eval made --data some | grep '^stop ')" "$("$NAS" eval made --data clips | grep '^stop ')"
mkdir -p some/yes
check "an empty folder is absent" says 0 "classes have no clips here: go, yes" "$NAS" eval made --data some
mkdir -p none/sotp
check "none of the classes is refused" says 2 "there is no class" "$NAS" eval made --data none
close_tests
