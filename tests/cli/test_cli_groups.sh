#!/usr/bin/env bash
# Several series in one table, times in two columns, and forecasts that need no search.
. tests/lib.sh

# STATIONS one after the other, an hour a row, a date and a clock in columns of their own.
table() { # STATIONS HOURS
    python3 - "$1" "$2" <<'PY'
import datetime, math, random, sys
draw, start = random.Random(3), datetime.datetime(2024, 3, 1)
print("station;date;clock;t;x")
for name in sys.argv[1]:
    noise, level = 0, draw.uniform(5, 15)
    for i in range(int(sys.argv[2])):
        noise = 0.9 * noise + draw.gauss(0, 0.5)
        when = start + datetime.timedelta(hours=i)
        print(f"{name};{when:%d/%m/%Y};{when:%H.%M};{level + 5 * math.sin(i * math.pi / 12) + noise:.2f};{noise:.3f}")
PY
}
table ABCDE 600 >stations.csv

forecast() { # NAME TASK-KEYS RATE
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "forecast", "data": "stations.csv", "inputs": ["t", "x", "hour_sin"], "targets": { "t": "t" },
            "window": 6, "horizon": 3,
            "time": { "columns": ["date", "clock"], "format": "%d/%m/%Y %H.%M" }$2 },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": { "choice": [3, 6] } }, { "op": "relu" },
             { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 4, "batch_size": 16, "loss": "absolute", "learning_rate": $3 },
  "constraints": ["skill_seasonal_t > -5", "mae_linear_t < 9"],
  "search": { "sampler": "grid", "seed": 5 } }
JSON
}

# --- what rows of several series are without the key
forecast mixed "" 0.01 >mixed.json
check "a time that goes back names the column and the key" says 2 \
    'the time goes back, to 2024-03-01 00:00:00 after 2024-03-25 23:00:00; column "station" (5 different words) tells rows apart whose times rise: set "group": "station" in task' \
    "$NAS" run mixed.json
check "split by group needs it" says 2 'needs the column that says whose row it is: "group" in task' \
    "$NAS" space mixed.json --set '{"task": {"split": {"by": "group"}}}'
sort -s -t';' -k2.7,2.10 -k2.4,2.5 -k2.1,2.2 -k3,3 -k4 <(tail -n +2 stations.csv) | cat <(head -n 1 stations.csv) - >interleaved.csv
check "so do rows of one time" says 2 '2400 of 3000 rows have the time of the row before; column "station" (5 different words)' \
    "$NAS" run mixed.json --data interleaved.csv

# --- with it
forecast grouped ', "group": "station"' 0.01 >grouped.json
run() { "$NAS" run "$1.json" --db "$1.db" --workers 2 --out "$1_best" "${@:2}" >"$1.txt" 2>&1; }
check "five groups" run grouped
check "it says so" grep -q "3,000 rows of 5 groups, windows of 6 + 3 rows (train 2,060, validation 560, test 260)" grouped.txt
check "and what a season before does" grep -q "validation set: mae_t: naive forecast .*, seasonal naive .*, least squares" grouped.txt
check "without a warning" bash -c "! grep -q warning grouped.txt"
check "the order of the file is no matter" equal \
    "$("$NAS" run grouped.json --data interleaved.csv --db inter.db --out inter_best --quiet >/dev/null 2>&1; sql inter.db "select number, mae_t, skill_seasonal_t, mae_linear_t from grouped order by number")" \
    "$(sql grouped.db "select number, mae_t, skill_seasonal_t, mae_linear_t from grouped order by number")"
check "blocks are days of all stations" equal \
    "$(sql grouped.db "select count(distinct name), min(name), max(windows) from nas_examples where part = 'validation'")" "6,2024-03-18,120"
check "constraints are tested against the lower end, where there is one" equal \
    "$(sql grouped.db 'select "column" from nas_bounds order by position')" "$(printf 'skill_seasonal_t_lo\nmae_linear_t')"
check "it lies below the figure" equal "$(sql grouped.db "select count(*) from grouped where skill_seasonal_t_lo < skill_seasonal_t")" 2
check "least squares is one figure for all" equal "$(sql grouped.db "select count(distinct mae_linear_t) from grouped")" 1
check "finalists have those of the test set" equal "$(sql grouped.db "select count(test_skill_seasonal_t), count(test_mae_linear_t) from grouped")" "2,2"
check "top does not list it" bash -c "! '$NAS' top grouped.db | head -1 | grep -q 'mae_t .*mae_linear_t.*mae_linear_t'"

by_group() { # of eval and forecast.json: the mean over groups is the whole
    "$NAS" eval grouped_best --data stations.csv --split validation --json >eval.json 2>/dev/null &&
        python3 - <<'PY'
import json
e, f = json.load(open("eval.json")), json.load(open("grouped_best/forecast.json"))["validation"]
g = e["groups"]
assert sorted(g) == list("ABCDE") and sum(v["windows"] for v in g.values()) == e["windows"] == 560
mean = sum(v["windows"] * v["t"]["mae"] for v in g.values()) / 560
assert abs(mean - e["targets"]["t"]["mae"]) < 1e-9
assert all(abs(g[k]["t"]["mae"] - f["groups"][k]["t"]["mae"]) < 1e-9 for k in g)
t = e["targets"]["t"]
assert abs(t["skill_seasonal"] - (1 - t["mae"] / t["mae_seasonal_naive"])) < 1e-9
assert abs(t["mae_seasonal_naive"] - f["mae_seasonal_naive"]["t"]) < 1e-9
PY
}
check "scores by group" by_group
check "eval lists them" bash -c "'$NAS' eval grouped_best --data stations.csv 2>/dev/null | grep -A6 'by station' | grep -q '^E '"
check "show too" bash -c "'$NAS' show grouped.db 0 | grep -A5 'by group' | grep -q ' E '"
check "verify" "$NAS" verify grouped.db 0

# --- what it has to beat
forecast weak ', "group": "station"' 1e-7 >weak.json
check "an untrained net runs" run weak
check "and is told what beats it" bash -c "grep -A2 'simpler forecasts that it does not beat' weak.txt | grep -q 't *least squares on the window: mae .* beside'"
check "the seasonal naive forecast too" grep -q "seasonal naive, what was there a season before: mae .* beside" weak.txt
check "show says it" bash -c "'$NAS' show weak.db 0 | grep -q 'simpler forecasts that it does not beat'"

# --- whole groups
forecast whole ', "group": "station", "split": { "by": "group", "validation": 0.2, "test": 0.2 }' 0.01 >whole.json
check "split by group" run whole
check "one station selects, one tests" grep -q "(train 1,776, validation 592, test 592)" whole.txt
check "a station alone bounds nothing: its days are drawn" equal \
    "$(sql whole.db "select count(distinct name), max(length(name)) from nas_examples where part = 'validation'")" "25,10"
check "that is said" grep -q "1 of 5 groups are judged, fewer than 8: bounds are over days of these groups" whole.txt
forecast turns ', "group": "station", "split": { "by": "group", "test": 0.2, "folds": 4 }' 0.01 >turns.json
check "groups in turn" run turns
check "all but one are judged" equal "$(sql turns.db "select sum(windows) from nas_examples where part = 'validation' and step = 1")" 2368
grep -e '^s' -e '^A' stations.csv >a.csv
check "one station needs no key" run mixed --data a.csv
check "two models of other groups" says 2 "were trained with other groups" "$NAS" eval grouped_best mixed_best --data a.csv
check "two of the same groups" bash -c "'$NAS' eval grouped_best weak_best --data stations.csv 2>&1 | grep -q 'by 25 days'"

# --- so many groups that a file of every trial would be too long
python3 - >crowd.csv <<'PY'
print("station;date;clock;t;x")
for g in range(1001):
    for i in range(60):
        print(f"m{g};{1 + i // 24:02d}/03/2024;{i % 24:02d}.00;{i * 7 % 11 + g % 5};{i * 5 % 13}")
PY
check "a thousand and one groups" "$NAS" run grouped.json --data crowd.csv --db crowd.db --out crowd_best --quiet \
    --set '{"train": {"epochs": 1, "batch_size": 256}, "task": {"window": 3, "horizon": 1, "split": {"test": 0.2}}, "model": {"layers": [{"op": "flatten"}, {"op": "dense", "units": "outputs"}]}, "constraints": []}'
check "their number is kept" grep -q '"groups_left_out":[[:space:]]*1001\>' crowd_best/forecast.json
check "and eval has them all" bash -c "'$NAS' eval crowd_best --data crowd.csv | grep -q '^m1000 '"

check "a target that has the name of another's figure" says 2 "its figures would have the names of another target's" \
    "$NAS" space mixed.json --set '{"task": {"targets": {"t": "t", "seasonal_t": "x"}}}'
# --- rows at another pace
table A 600 | sed 's/^A;//; s/^station;//' >hourly.csv
awk -F';' 'NR == 1 || NR % 2 == 0' hourly.csv >slower.csv
forecast paced "" 0.01 | sed 's/stations.csv/hourly.csv/; s/, "hour_sin"//' >paced.json
"$NAS" run paced.json --quiet >/dev/null 2>&1
check "forecast.json says the step" has '"step_seconds":[[:space:]]*3600' paced_best/forecast.json
check "a table with it" bash -c "! '$NAS' eval paced_best --data hourly.csv 2>&1 | grep 'apart'"
check "one of another" says_of 0 "slower.csv: rows are 7200 s apart, and the model was trained on rows 3600 s apart" "$NAS" eval paced_best --data slower.csv

close_tests
