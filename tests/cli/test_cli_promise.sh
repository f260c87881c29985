#!/usr/bin/env bash
# What is kept of single examples, and what is promised by it: bounds, claims, replicates.
. tests/lib.sh

# The constraint is one that the bare figure of some trial keeps and the end of its interval does not.
crossed() { # NAME CONSTRAINT SEARCH-KEYS
    space "$1" 4 "$2" |
        sed -e 's/"by": "file", "validation": 0.2, "test": 0.2/"by": "speaker", "folds": 3, "test": 0.2/' \
            -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 32/' -e "s/\"seed\": 3/\"seed\": 3$3/"
}
crossed kept "zlib_bytes < 100000" "" >kept.json
run() { "$NAS" run kept.json --db "$1.db" --workers "$2" --out "$1_best" >"$1.txt"; }
all="select a.trial, part, replicate, examples, score, hex(\"right\"), hex(predicted), hex(share) from nas_answers a order by 1, 2, 3"
rows="select number, accuracy, accuracy_lo, zlib_bytes from kept order by number"
check "a study with folds" run two 2
check "one worker" run one 1
check "the same bounds" equal "$(sql one.db "$rows")" "$(sql two.db "$rows")"
check "the same answers" equal "$(sql one.db "$all")" "$(sql two.db "$all")"
check "the same claims" equal "$(sql one.db 'select * from nas_claims')" "$(sql two.db 'select * from nas_claims')"

# --- examples
check "every clip is an example" equal "$(sql two.db 'select count(*), count(distinct name) from nas_examples')" "72,72"
check "folds and the test set" equal "$(sql two.db "select count(*) from nas_examples where (part = 'test') = (fold is null)")" 72
check "a speaker is in one fold" equal "$(sql two.db 'select count(*) from (select 1 from nas_examples group by "group" having count(distinct coalesce(fold, -1)) > 1)')" 0
check "accuracy is the share of right bits" equal "$(sql two.db "select count(*) from kept k where accuracy =
    (select avg(\"right\") from nas_verdicts v where v.trial = k.id and part = 'validation' and replicate = 0)")" 4
check "so it is of the test set" equal "$(sql two.db "select count(*) from kept k where test_accuracy =
    (select avg(\"right\") from nas_verdicts v where v.trial = k.id and part = 'test')")" 3
check "which was read once" equal "$(sql two.db "select min(reads), max(reads), count(*) from nas_answers where part = 'test'")" "1,1,3"
check "finalists have classes" equal "$(sql two.db "select count(distinct trial), min(predicted) >= 0, max(predicted) <= 2, min(share) > 0.3
    from nas_verdicts where part = 'validation' and replicate = 0 and predicted is not null")" "3,1,1,1"
check "and these are right where they are the label" equal "$(sql two.db "select count(*) from nas_verdicts where predicted is not null
    and \"right\" <> (class = case predicted when 0 then 'go' when 1 then 'stop' else 'yes' end)")" 0
dumped() { "$NAS" eval two_best --data clips --split test --json | sed -n 's/.*"accuracy": \([0-9.]*\).*/\1/p'; }
check "the stored test set is what eval finds" test "$(sql two.db 'select abs(test_accuracy - '"$(dumped)"') < 1e-6 from kept_best')" = 1

# --- bounds
check "the end is below the figure" equal "$(sql two.db 'select count(*) from kept where accuracy_lo < accuracy and accuracy_lo > 0')" 4
best=$(sql two.db 'select max(accuracy) from kept') lo=$(sql two.db 'select max(accuracy_lo) from kept')
between=$(sql two.db "select ($best + $lo) / 2")
crossed bound "accuracy > $between" "" >bound.json
check "a constraint on an estimate is tested against the end" bash -c "'$NAS' run bound.json --quiet >bound.txt; [ \$? = 3 ] && grep -q 'no trial satisfies' bound.txt"
check "and says what would settle it" grep -q "about [0-9,]* clips like these would settle accuracy > $between, there are" bound.txt
check "which its bound says" equal "$(sql bound.db 'select "column" from nas_bounds')" accuracy_lo
crossed bare "accuracy > $between" ', "confidence": null' >bare.json
crossed few "accuracy > $(sql one.db 'select 0.973 * accuracy_lo from kept order by zlib_bytes limit 1')" "" | sed 's/"maximize": "accuracy"/"minimize": "zlib_bytes"/' >few.json
needs_more() { "$NAS" run few.json --quiet >few.txt && awk '/clips like these would settle it/ && $2 + 0 <= $NF + 0 { bad = 1 } END { exit bad }' few.txt; }
check "fewer clips than there are would settle nothing" needs_more
check "null asks for the bare figure" "$NAS" run bare.json --quiet
check "which its bound says, too" equal "$(sql bare.db 'select "column" from nas_bounds')" accuracy
crossed unlike "accuracy < 0.99" "" >unlike.json
check "less than a figure that is better high is asked of the figure" "$NAS" run unlike.json --quiet
check "as its bound says" equal "$(sql unlike.db 'select "column" from nas_bounds')" accuracy

# --- another confidence for the same study
sure() { "$NAS" run kept.json --db "$1.db" --quiet --set '{"search": {"confidence": 0.6}}'; }
check "another confidence for a study that is there" sure two
check "trains nothing" equal "$(sql two.db 'select max(attempt), max(version) from nas_trials_1')" "1,1"
check "a fresh study with it" sure fresh
check "has the same bounds" equal "$(sql two.db "$rows")" "$(sql fresh.db "$rows")"
wider() { "$NAS" run kept.json --db two.db --quiet --set "{\"search\": {\"confidence\": $1, \"replicates\": 0}, \"train\": {\"epochs\": $2}}"; }
ends_now() { sql two.db "select accuracy_lo from nas_trials_1 where version = $1 order by number"; }
at_06=$(ends_now 1)
check "another confidence with another space" wider 0.9 2
other_version() { [ "$(ends_now 1)" != "$at_06" ]; }
check "which may take over trials of the other: these have it, too" other_version
check "and back with the first space" sure two
check "bounds of all versions are at it" equal "$(ends_now 1)" "$at_06"
crossed kept "zlib_bytes < 100000" ', "confidence": null' >null.json
check "null, after a confidence" "$NAS" run null.json --db two.db --quiet
check "its bounds are those of the default" equal "$(ends_now 1)" "$(sql one.db "select accuracy_lo from kept order by number")"
check "a confidence, after null" sure two
check "has its bounds" equal "$(ends_now 1)" "$at_06"
check "which are higher" equal "$(sql two.db "select sum(accuracy_lo) > $(sql one.db 'select sum(accuracy_lo) from kept') from kept")" 1
cp -r clips fewer
rm "$(find fewer/go -name '*.wav' | sort | head -n 1)"
on_others() { "$NAS" run kept.json --db two.db --quiet --set '{"search": {"confidence": 0.9, "replicates": 0}}' "$@"; }
check "other data at another confidence" on_others --data fewer
check "and back at that one" on_others
check "has its bounds, too" other_version
check "until the next one" sure two
check "which gives the old ones" equal "$(ends_now 1)" "$at_06"

# --- claims and replicates
check "a winner is claimed something" equal "$(sql one.db 'select count(*), sum(trials), sum(claimed <= observed), sum(claimed_lo < claimed), sum(claimed_low < claimed_high) from nas_claims')" "3,4,1,1,1"
check "wins are shares" equal "$(sql one.db 'select sum(wins) <= 1 and min(wins) >= 0 from nas_claims')" 1
check "it is said" grep -q "claimed accuracy 0\.[0-9]* (0\.[0-9]* \.\. [01]\.[0-9]*)" one.txt
check "and that the test set was read once" grep -q "test set, read once: " one.txt
check "finalists are trained from two other seeds" equal "$(sql one.db "select count(*), count(distinct trial), min(replicate), max(replicate) from nas_answers where replicate > 0")" "6,3,1,2"
check "which gives other nets" equal "$(sql one.db "select count(*) > 0 from nas_answers a join nas_answers b on a.trial = b.trial and a.part = b.part and a.replicate = 0 and b.replicate > 0 where hex(a.\"right\") <> hex(b.\"right\")")" 1
before=$(sql one.db "$all")
check "the same command again" run one 1
check "reads no test set again" equal "$(sql one.db "select max(reads) from nas_answers where part = 'test'")" 1
check "trains none of them again" equal "$(sql one.db "$all")" "$before"
none() { "$NAS" run kept.json --db none.db --quiet --set '{"search": {"replicates": 0}}' && [ "$(sql none.db 'select max(replicate) from nas_answers')" = 0 ]; }
check "a space may ask for none" none

winner=$(sql one.db 'select number from kept_best')
cp one.db other.db
python3 -c 'import sqlite3; db = sqlite3.connect("other.db"); db.execute("update nas_answers set score = null where replicate = 1"); db.commit()'
check "one that diverged is said" says_of 0 "from other seeds: diverged, 0." "$NAS" show other.db "$winner"
check "verify trains them again" says_of 0 "bytes, and 2 replicates the same" "$NAS" verify one.db "$winner"
tampered() { # REPLICATE TEXT: verify finds another bit
    cp one.db other.db
    python3 - "$winner" "$1" <<'PY'
import sqlite3, sys
db = sqlite3.connect("other.db")
key = "trial = (select id from kept where number = %s) and part = 'validation' and replicate = %s" % (sys.argv[1], sys.argv[2])
bits = bytearray(db.execute('select "right" from nas_answers where ' + key).fetchone()[0])
bits[3] ^= 16
db.execute('update nas_answers set "right" = ? where ' + key, (bytes(bits),))
db.commit()
PY
    says_of 1 "$2" "$NAS" verify other.db "$winner"
}
check "and finds one other answer of the folds" tampered 0 "its examples get OTHER ANSWERS"
check "and of a replicate" tampered 2 "replicate 2 gives OTHER ANSWERS"

# --- the smallest within noise
small() { "$NAS" run kept.json --db small.db --quiet --set '{"search": {"prefer": "smallest"}}'; }
check "the smallest within noise" small
check "is no larger than the best" equal "$(sql small.db "select (select zlib_bytes from kept_best) <= $(sql one.db 'select zlib_bytes from kept_best')")" 1
check "is the winner" equal "$(sql small.db 'select id from kept_best')" "$(sql small.db 'select trial from nas_claims where place = 0')"
check "and is tested" equal "$(sql small.db 'select test_accuracy is not null from kept_best')" 1

least=$(sql one.db "select accuracy from kept order by zlib_bytes limit 1")
both() { # CONSTRAINT: beside another one on the score
    crossed both "accuracy > 0.01\", \"accuracy $1" ', "confidence": null, "prefer": "smallest", "replicates": 0' >both.json
    "$NAS" run both.json --quiet --out both_best
}
agrees() {
    both "$1" && equal "$(python3 -c 'import json; print(json.load(open("both_best/metrics.json"))["accuracy"])')" "$(sql both.db 'select accuracy from both_best')" &&
        equal "$(sql both.db 'select count(*) from nas_claims c join both_feasible f on f.id = c.trial and c.place = 0')" 1
}
check "the smallest keeps a second constraint on the score" agrees "> $least"
check "and an upper one" agrees "< $(sql one.db 'select max(accuracy) from kept')"

# --- kills
"$NAS" run kept.json --db killed.db --quiet --out killed_best &
pid=$!
sleep 0.7
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
check "killed and begun again" "$NAS" run kept.json --db killed.db --quiet --out killed_best
by_number="select k.number, part, replicate, score, hex(\"right\"), hex(predicted) from nas_answers a join kept k on k.id = a.trial order by 1, 2, 3"
check "the same answers after a kill" equal "$(sql killed.db "$by_number")" "$(sql one.db "$by_number")"
check "seven workers" run seven 7
check "the same answers with them" equal "$(sql seven.db "$by_number")" "$(sql one.db "$by_number")"
claims="select k.number, place, wins, observed, claimed, claimed_lo from nas_claims c join kept k on k.id = c.trial order by place"
check "and the same claims" equal "$(sql seven.db "$claims")" "$(sql one.db "$claims")"

# --- groups of silence are the recordings that it was cut from
python3 - <<'PY'
import os, random, wave
random.seed(1)
os.makedirs("clips/_background_noise_"); os.makedirs("clips/_silence_")
def write(path, frames):
    with wave.open(path, "wb") as w:
        w.setnchannels(1); w.setsampwidth(2); w.setframerate(16000); w.writeframes(frames)
for r in range(2):
    noise = b"".join(random.randrange(-3000, 3000).to_bytes(2, "little", signed=True) for _ in range(160000))
    write(f"clips/_background_noise_/hum_{r}.wav", noise)
    for k in range(12):
        at = 2 * random.randrange(0, 140000)
        write(f"clips/_silence_/speaker{r}{k:02}_nohash_0.wav", noise[at:at + 32000])
write("clips/_silence_/softer_nohash_0.wav", bytes(random.randrange(0, 255) if i % 2 == 0 else 0 for i in range(32000)))
PY
crossed silent "zlib_bytes < 100000" "" | sed 's/"labels": \["go", "stop", "yes"\]/"labels": ["go", "stop", "_silence_"]/' >silent.json
check "clips of silence" bash -c "'$NAS' run silent.json --trials 1 --quiet >silent.txt 2>&1"
check "are of the recordings they were cut from" equal "$(sql silent.db "select \"group\", count(*) from nas_examples where class = '_silence_' group by 1 order by 1")" \
    "$(printf '_background_noise_/hum_0.wav,12\n_background_noise_/hum_1.wav,12\nsofter,1')"
check "what is in none is told" grep -q "1 of 25 clips of _silence_ stand in no recording" silent.txt
rm -r clips/_background_noise_ clips/_silence_

# --- a study of an older nas: it kept no examples
older() {
    cp one.db old.db
    python3 - <<'PY'
import sqlite3
db = sqlite3.connect("old.db")
db.executescript("""update nas_studies set examples = null, confidence = null; delete from nas_examples;
    delete from nas_answers; delete from nas_claims; update nas_trials_1 set accuracy_lo = null;""")
PY
    "$NAS" run kept.json --db old.db --set "{\"constraints\": [\"accuracy > $between\"]}" >old.txt 2>&1
}
check "it goes on with bare figures" older
check "and says so" grep -q "kept no single examples" old.txt
check "once" equal "$(grep -c "kept no single examples" old.txt)" 1
check "nothing is trained" equal "$(sql old.db 'select max(attempt) from nas_trials_1')" 1
check "its bound is bare" equal "$(sql old.db 'select "column" from nas_bounds')" accuracy
close_tests
