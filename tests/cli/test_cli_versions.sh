#!/usr/bin/env bash
# Versions of a study: what is said when another one begins, what of the files stays, and how older ones are read.
. tests/lib.sh
find clips -mindepth 1 -maxdepth 1 -type d ! -name go ! -name stop ! -name yes -exec rm -r {} + # nothing is left out

heard() { sed -n 's/^nas: warning: //p' "$1"; }
number_in() { tr -d '\t ' <"$1" | sed -n "s/\"$2\":\([0-9.e-]*\),*/\1/p"; }

# --- a changed space
space kws 4 "zlib_bytes < 100000" >first.json
sed 's/"filters": { "choice": \[4, 8\] }/"filters": { "choice": [1, 4] }/; s/"epochs": 3/"epochs": 1/; s/"quantize": .*/"quantize": "int8",/' first.json >second.json
check "a study" "$NAS" run first.json --db kws.db --quiet
best=$(sql kws.db "select number, printf('%.4f', accuracy) from kws_best")
cp -r kws_best before
check "an unchanged space says nothing" bash -c "'$NAS' run first.json --db kws.db --quiet >/dev/null 2>err.log && ! grep -qE 'warning: (study|.*keeps)' err.log"
begin() { "$NAS" run second.json --db kws.db >out.log 2>err.log; }
check "a changed space" begin
worse() { [ "$(sql kws.db "select accuracy < ${best#*,} from kws_best")" = 1 ]; }
check "whose winner is worse" worse
check "what changed is said by path, with the values" grep -qF 'study kws: the space is another than version 1'"'"'s (model.layers[0].filters.choice: [4, 8], now [1, 4]; train.epochs: 3, now 1; quantize is another): version 2 begins.' err.log
check "and what was best" grep -qF "The best of version 1 was trial ${best%,*}, accuracy ${best#*,}: nas top kws.db --version 1" err.log
check "once each" equal "$(grep -cE '^nas: warning: (study kws|./kws_best)' err.log)" 3
check "all of it is kept" equal "$(sql kws.db "select count(*) from kws_warnings where text like 'study kws%'")" 2
check "the files of the better winner stay" diff -r before kws_best
check "which is said" grep -qF "./kws_best/ keeps the files of trial ${best%,*} of version 1, accuracy" err.log
check "with the way to the others" grep -qF "nas export kws.db --trial $(sql kws.db 'select number from kws_best') -o DIR" out.log
check "the version goes on without a word" bash -c "'$NAS' run second.json --db kws.db --quiet 2>err.log | grep -q 'still holds trial' && ! grep -q begins err.log"
check "told so, they are replaced" bash -c "'$NAS' run second.json --db kws.db --quiet --replace 2>err.log >out.log && ! grep -qE 'warning: (study|.*keeps)' err.log && grep -q 'replaced: those of trial ${best%,*} of version 1' out.log && grep -q 'nas export kws.db --version 1 --trial ${best%,*} -o DIR' out.log"
check "by the winner's" equal "$(number_in kws_best/metrics.json accuracy)" "$("$NAS" sql kws.db 'select accuracy from kws_best' --json | sed -n 's/.*: \(.*\)}/\1/p')"
check "as said, the others come again" bash -c "'$NAS' export kws.db --version 1 --trial ${best%,*} -o again && diff -r before again"
check "the space changed back finds its version" bash -c "'$NAS' run first.json --db kws.db --quiet 2>err.log >out.log && grep -q 'version 1 goes on' err.log && grep -q 'replaced: those of trial' out.log"
check "and its winner" cmp before/model.tflite kws_best/model.tflite

# --- a folder from elsewhere
check "a better winner that the database does not know stays, too" bash -c "rm -rf two && '$NAS' run second.json --db two.db --quiet --out kws_best 2>err.log >out.log && cmp before/model.tflite kws_best/model.tflite && grep -q 'keeps the files of a trial that the database does not have, accuracy' err.log"
check "one that misses a constraint does not" bash -c "sed 's/zlib_bytes < 100000/zlib_bytes < 600/; s/\"quantize\"/\"export\": { \"names\": false }, &/' second.json >small.json && '$NAS' run small.json --db small.db --quiet --out kws_best 2>err.log | grep -q 'replaced: those of a trial that' && ! cmp -s before/model.tflite kws_best/model.tflite"
check "the same clips elsewhere are the same data" bash -c "cp -r clips copied && rm -r kws_best && cp -r before kws_best && '$NAS' run second.json --db copied.db --data copied --quiet --out kws_best 2>err.log >out.log && cmp before/model.tflite kws_best/model.tflite"
check "nor one of other data" bash -c "cp -r clips others && rm \$(ls -d others/go/* | head -n 1) && rm -r kws_best && cp -r before kws_best && '$NAS' run second.json --db others.db --data others --quiet --out kws_best 2>err.log | grep -q 'replaced: those of a trial that .*, of other data' && ! cmp -s before/model.tflite kws_best/model.tflite"
check "the same search in another database replaces it without a word" bash -c "'$NAS' run first.json --db a.db --quiet --out same >/dev/null && '$NAS' run first.json --db b.db --quiet --out same 2>err.log >/dev/null && ! grep -qE 'warning: (study|.*keeps)' err.log"

# --- reading
"$NAS" run second.json --db kws.db --quiet --replace >/dev/null 2>&1
check "sql" equal "$("$NAS" sql kws.db "select number, printf('%.4f', accuracy) from kws_best" --csv --version 1 | tail -n +2)" "$best"
check "of the current one it is the same as without" equal "$("$NAS" sql kws.db 'select * from kws' --csv --version 2)" "$("$NAS" sql kws.db 'select * from kws' --csv)"
check "the front is what it was" equal "$("$NAS" sql kws.db 'select number from kws_pareto order by 1' --csv --version 1)" "$("$NAS" sql a.db 'select number from kws_pareto order by 1' --csv)"
for view in kws kws_feasible kws_rejected; do
    check "the rows of $view, too" equal "$("$NAS" sql kws.db "select number, state, accuracy from $view order by 1" --csv --version 1)" "$("$NAS" sql a.db "select number, state, accuracy from $view order by 1" --csv)"
done
check "top" equal "$("$NAS" top kws.db --version 1 | cut -c1-36)" "$("$NAS" top a.db | cut -c1-36)"
check "top of the front" says 0 "0.4000" "$NAS" top kws.db --version 1 --pareto
check "show of a trial" says 0 "trial 3 of kws: complete" "$NAS" show kws.db 3 --version 1
check "show of the study lists both" bash -c "'$NAS' show kws.db | grep -c '^  *[12]  *1  *[24]  *[24]  20' | grep -qx 2"
check "compare" says 0 "4 complete trials compared" "$NAS" compare kws.db --version 1
check "verify" says 0 "trained again, the same" "$NAS" verify kws.db 3 --version 1
check "a version that is not there" says 2 "kws.db: study kws has no version 3, the last one is 2" "$NAS" top kws.db --version 3
check "nor is that one" says 2 "expected a whole number from 1" "$NAS" show kws.db --version zero
check "nothing can be written through it" says 2 "only a statement that reads" "$NAS" sql kws.db "delete from nas_studies" --version 1
check "the file is as it was" equal "$(sql kws.db "select version from studies")" 2

# --- other data
rm -r kws_best
cp -r clips fewer
rm "$(find fewer -name '*.wav' | sort | head -n 1)"
check "other data" "$NAS" run second.json --db kws.db --data fewer --quiet
data_of() { sql kws.db "select fingerprint from nas_spaces where version = $1"; }
named() { "$NAS" export kws.db --version "$1" --trial 0 -o "of$1" && grep -q "$(data_of "$1")" "of$1/metrics.json"; }
check "the files of a version name its data" named 1
check "whichever is current" named 3

# --- a version of a nas that had no such metric
cp kws.db older.db
rm -r kws_best
cp -r before kws_best
python3 - <<'PY'
import sqlite3
db = sqlite3.connect("older.db")
db.execute("delete from nas_columns where version = 1 and name like 'worst_recall%'")
db.commit()
PY
sed 's/zlib_bytes < 100000/worst_recall >= 0/; s/"epochs": 1/"epochs": 2/' second.json >recall.json
newer() { "$NAS" run recall.json --db older.db --quiet --out kws_best >out.log 2>err.log; }
check "a constraint that an old version never measured" newer
check "its files are replaced" grep -q "replaced: those of trial ${best%,*} of version 1" out.log
check "and come again as said" bash -c "'$NAS' export older.db --version 1 --trial ${best%,*} -o oldest && cmp before/model.tflite oldest/model.tflite"
check "its trials are listed" says 0 "4 miss a constraint" "$NAS" top older.db --version 1
check "and shown" says 0 "trial 0 of kws: complete" "$NAS" show older.db 0 --version 1
close_tests
