#!/usr/bin/env bash
# What runs say is kept: in the database once a version of the study, and in the exported folder.
. tests/lib.sh

# A table with holes: what is said of them is said while it is read, before there is a study.
awk 'BEGIN { srand(1); print "Date Time,T,rh"
    for (i = 0; i < 600; i++) {
        printf "%02d.06.2024 %02d:%02d:00,", 1 + int(i / 144), int(i / 6) % 24, i % 6 * 10
        if (i % 97 == 50) print ",60"; else printf "%.2f,%.2f\n", 10 + 8 * sin(i / 23) + rand(), 60 + rand() } }' >holes.csv
cat >holes.json <<'JSON'
{ "schema": 1, "name": "holes",
  "task": { "kind": "forecast", "data": "holes.csv", "inputs": ["T", "rh"], "targets": { "t": "T" },
            "window": 4, "horizon": 2, "missing": "drop" },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": { "choice": [1, 2] }, "batch_size": 16, "loss": "absolute", "learning_rate": { "choice": [0.01, { "schedule": "constant", "from": 0.01 }] } },
  "search": { "sampler": "grid", "trials": 4, "seed": 5 } }
JSON
texts() { "$NAS" sql "$1" "select text from $2_warnings" --json | sed -n 's/^  {"text": "\(.*\)"}.*/\1/p' | sed 's/\\"/"/g'; }
heard() { sed -n 's/^nas: warning: //p' "$1"; }
begin() { "$NAS" run holes.json --workers 1 >out.log 2>err.log; }
check "a run that has to say something" begin
check "says it" bash -c "grep -c '^nas: warning: ' err.log | grep -qx 2 && grep -q 'holes.csv.* lack a value' err.log && grep -q 'the space gives 2 trials, not 4' err.log"
check "all of it is in the database" equal "$(texts holes.db holes)" "$(heard err.log)"
check "and in the folder of the winner" equal "$(cat holes_best/warnings.txt)" "$(heard err.log)"
check "and of a trial that is exported" bash -c "'$NAS' export holes.db --trial 0 -o zero && cmp zero/warnings.txt holes_best/warnings.txt"
check "the same command says it again" bash -c "'$NAS' run holes.json --quiet 2>again.log && grep -q 'lack a value' again.log"
check "and it is kept once" equal "$(texts holes.db holes)" "$(heard err.log)"
check "show of a study has it" says_of 0 "lack a value" "$NAS" show holes.db
check "show of a trial, too" says_of 0 "lack a value" "$NAS" show holes.db 1
check "when it was first said" equal "$(sql holes.db "select count(*) from holes_warnings where first_seen between datetime('now', '-1 hour') and datetime('now')")" 2
check "two runs at once keep it once" bash -c "'$NAS' run holes.json --db both.db --quiet --out b1 2>b1.log & '$NAS' run holes.json --db both.db --quiet --out b2 2>b2.log; wait"
check "each text" equal "$(texts both.db holes | sort)" "$(heard err.log | sort)"
# With nothing to say there is no such file, and one that an earlier run left goes.
silent() {
    sed 's/,,60/,10,60/' holes.csv >full.csv
    "$NAS" run holes.json --data full.csv --trials 2 --db full.db --out zero >full.log 2>&1 && ! grep -q warning full.log && [ ! -e zero/warnings.txt ]
}
check "a run with nothing to say" silent

# What a trial of a worker is told comes to the study, too: a worker that is killed is one.
space slow 2 "zlib_bytes < 100000" | sed 's/"epochs": 3/"epochs": 4000/' >slow.json
ended() { texts slow.db slow | grep '^worker'; } # among what is said of the clips
killed() {
    "$NAS" run slow.json --workers 1 --quiet --out slow_best --trial-seconds 20 2>slow.log &
    local leader=$! worker
    at_work $leader 1 || return 1
    for _ in $(seq 200); do [ "$(sql slow.db "select count(*) from slow where state = 'running'" 2>/dev/null)" = 1 ] && break; sleep 0.05; done
    worker=$(children $leader)
    kill -9 $worker
    for _ in $(seq 200); do [ -n "$(ended)" ] && break; sleep 0.05; done
    kill $leader
    wait $leader
    equal "$(ended)" "worker 1 was ended by signal 9 (Killed); trial 0 waits again, the worker is replaced"
}
check "the end of a worker" killed
close_tests
