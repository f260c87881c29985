#!/usr/bin/env bash
# Many constraints on metrics with long names: the table of a run has room for all, and a trial shows the end of each
# interval beside its metric.
. tests/lib.sh
awk 'BEGIN { srand(3); print "T,RH"
    for (i = 0; i < 600; i++) { w = 0.9 * w + rand() - 0.5; printf "%.2f,%.1f\n", 12 + 6 * sin(i / 3.82) + w, 65 - 2 * w } }' >t.csv
targets() { for n in a b c d e f g h; do printf '%s"temperature_in_room_%s": "T"' "${1:-}" $n; set -- ', '; done; }
bounds() {
    local n kind
    for n in a b c d e f g h; do
        for kind in mae rmse; do printf '%s"%s_temperature_in_room_%s < 1000"' "${1:-}" $kind $n; set -- ', '; done
        for kind in skill skill_seasonal; do printf ', "%s_temperature_in_room_%s > -1000"' $kind $n; done
    done
}
cat >wide.json <<JSON
{ "schema": 1, "name": "wide", "task": { "kind": "forecast", "data": "t.csv", "inputs": ["RH", "T"],
    "targets": { $(targets) }, "window": 24, "horizon": 3, "season": 24 },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 2, "batch_size": 32, "learning_rate": 0.01 },
  "constraints": [ $(bounds) ],
  "search": { "sampler": "grid", "workers": 1 } }
JSON
run() { "$NAS" run wide.json >run.txt 2>&1 || { cat run.txt; return 1; }; }
check "a run" run
head_of() { grep -m 1 "trial   *state" run.txt; }
check "its table has the last constraint" grep -q "mae_temperature_in_room_a .*skill_seasonal_temperature_in_room_h .*skill_seasonal_temperature_in_room_h_lo .*time .*settings" <(head_of)
"$NAS" show wide.db 0 >show.txt 2>&1
check "the end of a long name stands beside its metric" grep -q "skill_seasonal_temperature_in_room_h  *[-0-9.]*  *(lo [-0-9.]*)" show.txt
check "and in no row of its own" bash -c '! grep -q "^ *skill_seasonal_temperature_in_room_h_lo" show.txt'
check "with its constraint" grep -q "skill_seasonal_temperature_in_room_h .*> -1000  kept" show.txt
sed 's/"constraints": \[/"constraints": ["nothing_like_it < 1", /' wide.json >wrong.json
check "what may stand in a constraint is told by whole names" says_of 2 "skill_temperature_in_room_f, and others" "$NAS" space wrong.json
nine=$(printf 'mae_temperature_in_room_%s,' a b c d e f g h)skill_mean
check "more metrics than are compared at a time" says_of 2 "--metrics: at most 8 at a time" "$NAS" compare wide.db --metrics "$nine"
close_tests
