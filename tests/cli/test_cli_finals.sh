#!/usr/bin/env bash
# Figures of the test set stand beside finalists alone, however a study came to its number of trials; how
# often the test set was read stays.
. tests/lib.sh
space steps 8 "zlib_bytes < 100000" | sed 's/"quantize"/"export": { "names": false }, &/' >steps.json
cp steps.json once.json
grow() { local n; for n in 2 4 5 8; do "$NAS" run steps.json --db steps.db --trials $n --workers 1 --quiet || return 1; done; }
check "a study in four steps" grow
check "and at once" "$NAS" run once.json --db once.db --workers 2 --quiet --out once_best
rows() { sql "$1" "select number, state, accuracy, test_accuracy, zlib_bytes from steps order by number"; }
check "the same rows" equal "$(rows steps.db)" "$(rows once.db)"
check "three finalists" equal "$(sql steps.db 'select count(test_accuracy) from steps')" 3
check "of the last claim" equal "$(sql steps.db 'select id from steps where test_accuracy is not null order by 1')" "$(sql steps.db 'select trial from nas_claims where version = 1 order by 1')"
check "the finals of each step" equal "$(sql steps.db "select trials, count(*) from nas_finals where metric = 'test_accuracy' and place is not null group by 1")" "2,2
4,3
5,3
8,3"
check "the winner of each stands first" equal "$(sql steps.db "select count(*) from nas_finals f where metric = 'test_accuracy' and place = 0 and trial = (select id from steps where number < f.trials order by accuracy desc, zlib_bytes, number limit 1)")" 4
check "the last are what the view shows" equal "$(sql steps.db "select trial, value from nas_finals where metric = 'test_accuracy' and trials = 8 and place is not null order by 1")" "$(sql steps.db 'select id, test_accuracy from steps where test_accuracy is not null order by id')"
read=$(sql steps.db "select count(*) from nas_answers where part = 'test'")
check "nobody's test set was read twice" equal "$(sql steps.db "select max(reads) from nas_answers where part = 'test'")" 1
check "more than three were asked, and it stays" test "$read" -gt 3
check "which is told" says_of 0 "test set, read once" "$NAS" run steps.json --db steps.db
check "and how many were" says_of 0 "$read trials were asked about the test set" "$NAS" run steps.json --db steps.db
check "the same command again reads nothing" equal "$(sql steps.db "select sum(reads) from nas_answers where part = 'test'")" "$read"
check "no word of it where the finalists alone were" bash -c "! '$NAS' run once.json --db once.db --out once_best | grep 'were asked'"
check "times stand with them" equal "$(sql steps.db "select count(distinct metric) from nas_finals where metric in ('infer_ms', 'frontend_ms', 'total_ms', 'total_ms_hi')")" 4

# A file of schema 6, whose former finalists show what they got.
older() {
    cp steps.db older.db
    python3 - <<'P'
import sqlite3
db = sqlite3.connect("older.db")
for trial, value in db.execute("select trial, value from nas_finals where metric = 'test_accuracy'").fetchall():
    db.execute("update nas_trials_1 set test_accuracy = ? where id = ?", (value, trial))
db.execute("drop table nas_finals")
db.execute("alter table nas_spaces drop column place")
db.execute("pragma user_version = 6")
db.commit()
P
}
older
check "an older file shows them all" equal "$(sql older.db 'select count(test_accuracy) from steps')" "$read"
check "and goes on" "$NAS" run steps.json --db older.db --quiet
check "to the same rows" equal "$(rows older.db)" "$(rows once.db)"
check "with what was known of the others" equal "$(sql older.db "select count(distinct trial) from nas_finals where metric = 'test_accuracy'")" "$read"
check "and read none again" equal "$(sql older.db "select max(reads), count(*) from nas_answers where part = 'test'")" "1,$read"

# Other bounds: other finalists of as many trials, and back.
sed 's/"zlib_bytes < 100000"/"zlib_bytes < 560"/' steps.json >tight.json
first=$(rows steps.db)
check "other bounds" "$NAS" run tight.json --db steps.db --quiet --out tight_best
check "show their finalists alone" equal "$(sql steps.db 'select count(test_accuracy), max(case when test_accuracy is not null then zlib_bytes end) < 560 from steps')" "3,1"
check "and back" "$NAS" run steps.json --db steps.db --quiet
check "those of before" equal "$(rows steps.db)" "$first"
check "without a further reading" equal "$(sql steps.db "select max(reads) from nas_answers where part = 'test'")" 1

# Another space: who was a finalist there is none here before the end.
sed 's/"filters": { "choice": \[4, 8\] }/"filters": { "choice": [4, 8, 12] }/; s/"trials": 8/"trials": 12/' steps.json >wider.json
check "a wider space" "$NAS" run wider.json --db steps.db --quiet
check "takes results over" test "$(sql steps.db 'select count(reused) from steps')" -gt 3
check "but no former finalists" equal "$(sql steps.db 'select count(test_accuracy) from steps')" 3
check "the older version keeps its own" equal "$("$NAS" sql steps.db --version 1 "select count(test_accuracy) from steps" --csv | tail -n 1)" 3
check "a trial that was asked in one version is not asked in another" equal "$(sql steps.db "select max(reads) from nas_answers where part = 'test'")" 1
close_tests
