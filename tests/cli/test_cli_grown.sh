#!/usr/bin/env bash
# Data that grew, and kernels: another version of the study, with the best settings first; one variant of kernels a study.
. tests/lib.sh
find clips -mindepth 1 -maxdepth 1 -type d ! -name go ! -name stop ! -name yes -exec rm -r {} + # nothing is left out

space grown 6 "zlib_bytes < 700" | sed 's/"epochs": 3/"epochs": { "choice": [2, 3] }/; s/"quantize"/"export": { "names": false }, &/' >grown.json
grow() { cp "$(find clips/yes -name '*.wav' | sort | head -n 1)" "clips/yes/new_nohash_$1.wav"; }
heard() { sed -n 's/^nas: warning: //p' "$1"; }
check "a study" "$NAS" run grown.json --quiet
old="$("$NAS" sql grown.db "select * from nas_trials_1 order by id" --csv)"
best=$(sql grown.db "select * from (select candidate from grown_feasible order by accuracy desc, zlib_bytes, number limit 3)")
winner=$(sql grown.db "select number, printf('%.6g', accuracy) from grown_best")
cp -r grown_best before
grow 0
goes_on() { "$NAS" run grown.json >out.log 2>err.log; }
check "with one clip more it goes on" goes_on
check "as version 2, which is said" grep -qE "^nas: warning: study grown: the data or their split are others than version 1's, .*: version 2 begins, the 3 best settings of the version before are trained first" err.log
check "with the best of before" grep -qF "The best of version 1 was trial ${winner%,*}, accuracy" err.log
check "these are its first trials" equal "$(sql grown.db "select candidate from grown where number < 3 order by number")" "$best"
check "trained on these data" equal "$(sql grown.db "select count(*), sum(state = 'complete'), sum(reused is null) from grown")" "6,6,6"
check "no candidate comes twice" equal "$(sql grown.db "select count(distinct candidate) from grown")" 6
check "old rows stay" equal "$("$NAS" sql grown.db "select * from nas_trials_1 where version = 1 order by id" --csv)" "$old"
check "all examples of both data are there" equal "$(sql grown.db "select data, count(*) > 20 from nas_examples group by 1")" "1,1
2,1"
check "answers go with theirs" equal "$(sql grown.db "select count(*) from grown k where state = 'complete' and abs(accuracy -
    (select avg(\"right\") from nas_verdicts v where v.trial = k.id and part = 'validation' and replicate = 0)) > 1e-12")" 0
check "also those of before" equal "$("$NAS" sql grown.db "select count(*) from grown k where state = 'complete' and abs(accuracy -
    (select avg(\"right\") from nas_verdicts v where v.trial = k.id and part = 'validation' and replicate = 0)) > 1e-12" --csv --version 1 | tail -1)" 0
check "figures of other data do not keep the old files" grep -qF "replaced: those of trial ${winner%,*} of version 1, accuracy ${winner#*,}, of other data" out.log
check "which come again" bash -c "'$NAS' export grown.db --version 1 -o again && cmp again/model.tflite before/model.tflite"
check "verify trains on the present data" says_of 0 "the same bytes" "$NAS" verify grown.db --all
check "those of before say that theirs are not there" says_of 2 "are not those of study grown" "$NAS" verify grown.db 0 --version 1
rm clips/yes/new_nohash_0.wav
check "with the data of before it is version 1 again" bash -c "'$NAS' run grown.json --quiet 2>err.log >out.log && grep -q 'version 1 goes on, it has trials already' err.log"
check "whole as it was" equal "$("$NAS" sql grown.db "select * from nas_trials_1 where version = 1 order by id" --csv)" "$old"
check "and a verified one" says_of 0 "the same" "$NAS" verify grown.db 0

# --- kills, and two runs, where another version begins
grow 1
columns="number, state, candidate, accuracy, zlib_bytes"
rows="select $columns from grown order by number"
cp grown.db kills.db
cp grown.db two.db
once() { "$NAS" run grown.json --db grown.db --workers 1 --quiet >/dev/null 2>&1; }
check "undisturbed" once
kill_eight_times grown.json 2>/dev/null
check "and after eight kills" "$NAS" run grown.json --db kills.db --quiet --out kills.best
check "the same version" equal "$(sql kills.db "$rows")" "$(sql grown.db "$rows")"
check "of which it was said once" equal "$(sql kills.db "select count(*) from grown_warnings where text like '%version 3 begins%'")" 1
both() {
    "$NAS" run grown.json --db two.db --workers 1 --quiet --out two1 >/dev/null 2>&1 &
    "$NAS" run grown.json --db two.db --workers 1 --quiet --out two2 >/dev/null 2>&1
    local status=$?
    wait $! && return $status
}
check "two runs that find it at once" both
check "the same version" equal "$(sql two.db "$rows")" "$(sql grown.db "$rows")"

# --- a study keeps its kernels
first=$(sql grown.db 'select kernel from nas_studies')
check "the study has the row that machines name" equal "$(sql grown.db "select distinct replace(machine, rtrim(machine, replace(machine, ' ', '')), '') from grown")" "$first"
other=reference
check "another is refused by the names of both" says 2 "study grown is trained with the kernels \"$first\", this run would train with \"$other\"" env NAS_KERNEL=$other "$NAS" run grown.json
check "also where it is an option" says 2 "Set --kernel $first" "$NAS" run grown.json --kernel $other
check "--kernel goes before the environment" env NAS_KERNEL=$other "$NAS" run grown.json --kernel "$first" --quiet
check "a row that is none" says 2 "--kernel fast: no such kernel variant runs here; this processor runs reference" "$NAS" run grown.json --kernel fast
check "a new study is that row's" bash -c "'$NAS' run grown.json --db slow.db --trials 2 --kernel $other --quiet --out slow_best >/dev/null 2>&1 && [ \"\$('$NAS' sql slow.db \"select k.kernel || (select group_concat(distinct substr(machine, -9)) from grown) from nas_studies k\" --csv | tail -1)\" = referencereference ]"
check "verify takes the trial's kernels" says_of 0 "trained again, the same" "$NAS" verify slow.db 0
check "others give other bytes, as expected" says_of 3 "other bytes, as expected between variants" "$NAS" verify slow.db 0 --kernel generic
check "all of them" says_of 3 "2 of 2 trials have other bytes, as expected between kernel variants" env NAS_KERNEL=generic "$NAS" verify slow.db --all
check "no word of OTHER BYTES" bash -c "! '$NAS' verify slow.db 0 --kernel generic | grep OTHER"
close_tests
