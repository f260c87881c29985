#!/usr/bin/env bash
# Two equal studies leave equal files, wherever they were made and however --data was spelled: in the
# database, in the folder of the run, in an export. What is measured stands in metrics.json alone.
. tests/lib.sh
space tiny 4 "zlib_bytes < 100000" >tiny.json
mkdir -p one two/deep three four
for d in one two/deep three four; do cp tiny.json $d/; done
ln -s clips linked
check "the space's own" bash -c "ln -s ../clips one/clips && cd one && '$NAS' run tiny.json --quiet --workers 1"
check "an absolute path" bash -c "cd two/deep && '$NAS' run tiny.json --data '$work/clips' --quiet --workers 2"
check "a link" bash -c "cd three && '$NAS' run tiny.json --data ../linked/ --quiet --no-share"
check "the folder itself" bash -c "cd clips && '$NAS' run ../four/tiny.json --data . --db ../four/tiny.db --out ../four/tiny_best --quiet --workers 2"
artefacts() { sql "$1/tiny.db" "select number, name, a.bytes, hex(content) from nas_artefacts a join tiny t on t.id = a.trial order by 1, 2"; }
texts() { sql "$1/tiny.db" "select text from tiny_warnings order by 1"; }
check "there is something to compare" test "$(artefacts one | wc -l)" -ge 16 -a "$(texts one | wc -l)" -ge 1
bare() { # FILE: metrics.json without times
    python3 -c "
import json, sys
print({k: v for k, v in json.load(open(sys.argv[1])).items() if k.split('_ms')[0] not in ('infer', 'frontend', 'total')})" "$1"
}
same_folder() { diff -r --exclude metrics.json "$1" "$2" && equal "$(bare "$1/metrics.json")" "$(bare "$2/metrics.json")"; }
for d in two/deep three four; do
    check "$d: the same artefacts" equal "$(artefacts $d)" "$(artefacts one)"
    check "$d: the same documents" equal "$(sql $d/tiny.db 'select json, candidate from nas_trials_1 order by number')" "$(sql one/tiny.db 'select json, candidate from nas_trials_1 order by number')"
    check "$d: the same warnings" equal "$(texts $d)" "$(texts one)"
    check "$d: the same folder of the run" same_folder $d/tiny_best one/tiny_best
    for n in 0 1 2 3; do
        "$NAS" export $d/tiny.db --trial $n -o $d/e$n >/dev/null
        [ -e one/e$n ] || "$NAS" export one/tiny.db --trial $n -o one/e$n >/dev/null
        check "$d: the same export of trial $n" same_folder $d/e$n one/e$n
    done
done
check "no path stands in them" bash -c "! grep -r -F '$work' one/tiny_best two/deep/tiny_best three/tiny_best"
check "twice the same export" bash -c "'$NAS' export one/tiny.db --trial 1 -o again && diff -r again one/e1"
check "the data are found again, from anywhere" says_of 0 "the same" "$NAS" verify two/deep/tiny.db 1
check "which the database says" equal "$(sql two/deep/tiny.db 'select place from nas_spaces')" "$work/clips"
gone() { # data that went are looked for where the candidate says
    mkdir away && cd away || return 1
    cp ../two/deep/tiny.db . && mv ../clips ../moved
    says_of 2 "clips does not exist; a relative path starts where nas is run; --data names another folder" "$NAS" verify tiny.db 1
    local st=$?
    mv ../moved ../clips
    cd ..
    return $st
}
check "and when they went that is said" gone
older() { # as an older nas left it: the path in the candidate, none beside
    cp two/deep/tiny.db older.db && python3 - "$work/clips" <<'P' && mv clips elsewhere && ln -s elsewhere clips && "$NAS" verify older.db --all
import json, sqlite3, sys
db = sqlite3.connect("older.db")
for i, text in db.execute("select id, content from nas_artefacts where name = 'candidate.json'").fetchall():
    c = json.loads(text); c["task"]["data"] = sys.argv[1]
    db.execute("update nas_artefacts set content = ?, bytes = ? where id = ?", (json.dumps(c).encode(), len(json.dumps(c)), i))
db.execute("update nas_spaces set place = null")
db.commit()
P
}
check "a study of an older nas verifies" older

# A table, under other names; what is said of it, too.
awk 'BEGIN { srand(1); print "Date Time,T,rh"
    for (i = 0; i < 600; i++) {
        printf "%02d.06.2024 %02d:%02d:00,", 1 + int(i / 144), int(i / 6) % 24, i % 6 * 10
        if (i % 97 == 50) print ",60"; else printf "%.2f,%.2f\n", 10 + 8 * sin(i / 23) + rand(), 60 + rand() } }' >holes.csv
cp holes.csv other.csv
cat >weather.json <<'JSON'
{ "schema": 1, "name": "weather",
  "task": { "kind": "forecast", "data": "holes.csv", "inputs": ["T", "rh"], "targets": { "t": "T" },
            "window": 4, "horizon": 2, "missing": "drop" },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": { "choice": [1, 2] }, "batch_size": 16, "loss": "absolute", "learning_rate": 0.01 },
  "search": { "sampler": "grid", "trials": 2, "seed": 5 } }
JSON
check "a table" "$NAS" run weather.json --db w1.db --out w1 --quiet --workers 1
check "under another name" "$NAS" run weather.json --data "$work/other.csv" --db w2.db --out w2 --quiet --workers 2
check "something was said" test -s w1/warnings.txt
check "leaves the same folder" same_folder w1 w2
check "and train, too" bash -c "'$NAS' train w1/candidate.json --data ./other.csv -o w3 --quiet && diff -r --exclude metrics.json --exclude warnings.txt w3 w1"
check "and says the same of the data" bash -c "grep -qF \"\$(head -n 1 w1/warnings.txt)\" w3/warnings.txt"
close_tests
