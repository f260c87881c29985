#!/usr/bin/env bash
# Forecasts of a CSV file from the command line: search, files, figures, folds, bad input.
. tests/lib.sh

# Two columns over 20 days: a daily cycle, and a slower one that follows it.
table() { # ROWS
    awk -v n="$1" 'BEGIN { srand(1); print "Date Time,T (degC),rh (%),x"
        for (i = 0; i < n; i++) {
            w = 0.95 * w + rand() - 0.5; t = 10 + 8 * sin(i / 23) + w; h = 70 - 2 * (t - 10) + 3 * cos(i / 11)
            printf "%02d.06.2024 %02d:%02d:00,%.2f,%.2f,7\n", 1 + int(i / 144), int(i / 6) % 24, i % 6 * 10, t, h } }'
}
table 2880 >weather.csv

forecast() { # NAME DATA-KEYS
    cat <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "forecast", "data": "weather.csv", "inputs": ["T (degC)", "rh (%)"],
            "targets": { "temperature": "T (degC)", "humidity": "rh (%)" }, "window": 6, "horizon": 3$2 },
  "model": { "layers": { "choice": [
    [ { "op": "conv1d", "filters": 4, "kernel": { "choice": [2, 3] } }, { "op": "relu" }, { "op": "flatten" },
      { "op": "dense", "units": "outputs" } ],
    [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] ] } },
  "train": { "epochs": 6, "batch_size": 16, "loss": "absolute",
             "learning_rate": { "schedule": "cosine", "from": 0.02 } },
  "quantize": { "choice": ["float32", "float16", "int8"] },
  "constraints": ["skill_temperature > 0", "zlib_bytes < 4000"],
  "search": { "sampler": "grid", "seed": 5 } }
JSON
}
forecast weather "" >weather.json

# --- the search
rows="select number, state, quantize, skill_mean, mae_temperature, rmse_humidity, zlib_bytes from weather order by number"
run() { "$NAS" run "$1.json" --db "$2.db" --workers "$3" --out "$2_best" >"$2.txt"; }
check "a grid runs to its end" run weather two 2
check "it says what simpler forecasts do" grep -q "mae_humidity: naive forecast .* least squares" two.txt
check "all complete" equal "$(sql two.db "select count(*), sum(state = 'complete') from weather")" "9,9"
check "one worker, the same rows" run weather one 1
check "the same figures" equal "$(sql one.db "$rows")" "$(sql two.db "$rows")"
check "skill is what the errors say" equal \
    "$(sql two.db "select count(*) from weather where abs(skill_mean - (skill_temperature + skill_humidity) / 2) > 1e-12 or rmse_temperature < mae_temperature")" 0
check "the winner has the best skill" equal \
    "$(sql two.db "select number from weather_best")" "$(sql two.db "select number from weather where skill_temperature > 0 and zlib_bytes < 4000 order by skill_mean desc limit 1")"
check "finalists are tested" equal "$(sql two.db "select count(test_skill_mean), count(test_mae_humidity) from weather")" "3,3"
check "top lists the errors" bash -c "'$NAS' top two.db | head -1 | grep -q 'mae_temperature  mae_humidity'"
check "show has every step" bash -c "'$NAS' show two.db 0 | grep -A4 'by step' | grep -q '^ *3 '"
damaged() { # a stored text that is no JSON
    "$NAS" copy two.db bad.db && python3 -c "
import sqlite3
c = sqlite3.connect('bad.db')
c.execute('update nas_artefacts set content = cast(? as blob) where name = ?', ('{', 'forecast.json'))
c.commit()" || return 1
    says_of 2 "the stored forecast.json is damaged" "$NAS" show bad.db 0
}
command -v python3 >/dev/null && check "show says where its text is damaged" damaged

# --- the files
check "files" equal "$(cd two_best && echo *)" "DEVICE.md candidate.json forecast.h forecast.json metrics.json model.c model.h model.tflite model.tflite.zlib model_test.c"
figure() { sed -n "s/.*\"$2\": \([0-9.e-]*\).*/\1/p" "$1" | head -n 1; }
evaluate() { "$NAS" eval two_best --data weather.csv --split "$1" --json | tr ',{' '\n\n' | sed -n 's/.*"mae": \(.*\)/\1/p' | head -n 1; }
stored() { tr -d '\t ' <two_best/metrics.json | sed -n "s/\"$1\":\([0-9.e-]*\),*/\1/p"; }
check "eval finds the error of the validation set" equal "$(evaluate validation)" "$(stored mae_temperature)"
check "and of the test set" test -n "$(evaluate test)"
check "all windows" bash -c "'$NAS' eval two_best --data weather.csv | grep -q '2,872 windows of 6 + 3 rows'"
check "training rows among them, which is said" says_of 0 "All rows were taken. The model may have been trained on some of them" "$NAS" eval two_best --data weather.csv
check "a part is named" says_of 0 "The test set was taken" "$NAS" eval two_best --data weather.csv --split test
check "a dump has one forecast a window" bash -c "'$NAS' eval two_best --data weather.csv --split test --dump d && [ \$(wc -l <d/rows.txt) = 280 ] && [ \$(wc -c <d/forecasts.f32) = 6720 ]"
as_c() { # TRIAL: every window, by the C that was exported
    rm -rf d && "$NAS" export two.db --trial "$1" -o c && "$NAS" eval c --data weather.csv --dump d >/dev/null &&
        "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -O1 -I c -o ask "$ROOT/examples/device/forecast.c" c/model.c -lm &&
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print $at["T (degC)"], $at["rh (%)"] }' weather.csv |
        ./ask >asked.txt && [ "$(wc -l <asked.txt)" = 2875 ] &&
        od -A n -v -w24 -t f4 d/forecasts.f32 | awk '
            FILENAME == "asked.txt" { for (i = 1; i <= 6; i++) heard[FNR - 1, i] = $i; next }
            FILENAME == "d/rows.txt" { row[FNR] = $1; next }
            { for (i = 1; i <= 6; i++) { e = $i - heard[row[FNR], i]; if (e > worst) worst = e; if (-e > worst) worst = -e } n++ }
            END { print n, worst; exit !(n == 2872 && worst < 2e-3) }' asked.txt d/rows.txt -
}
for trial in 0 4 8; do
    check "the exported C forecasts the same: trial $trial" as_c $trial
done
rm -rf d c ask asked.txt
check "verify trains the same bytes" "$NAS" verify two.db 2
check "verify of a network in int8" "$NAS" verify two.db 5
check "train makes them too" "$NAS" train two_best/candidate.json -o again --quiet
check "to the byte" cmp two_best/model.tflite again/model.tflite
check "export of another trial" bash -c "'$NAS' export two.db --trial 5 -o five && grep -q standardised five/forecast.json"
check "float32 files take the table's units" bash -c "'$NAS' export two.db --trial 0 -o zero && grep -q '\"own\"' zero/forecast.json"
half=$(sql two.db "select min(number) from weather where quantize = 'float16'")
check "float16 files take standardised values" bash -c "'$NAS' export two.db --trial $half -o half && grep -q standardised half/forecast.json"
check "and are judged in the table's units" equal "$("$NAS" eval half --data weather.csv --split validation --json | tr ',{' '\n\n' | sed -n 's/.*"mae": \(.*\)/\1/p' | head -n 1)" "$(sql two.db "select mae_temperature from weather where number = $half")"
mkdir -p elsewhere && cp weather.csv elsewhere/moved.csv
check "a table that was moved is the same table" bash -c "'$NAS' run weather.json --data elsewhere/moved.csv --db two.db --trials 9 | grep -q 'going on: 9 done already'"
check "and its candidates are the same" equal \
    "$("$NAS" run weather.json --set '{"task": {"data": "elsewhere/moved.csv"}}' --db moved.db --out moved_best --quiet --trials 3 >moved.txt 2>&1; sql moved.db "select candidate from weather order by number")" \
    "$(sql two.db "select candidate from weather order by number limit 3")"
check "the search goes on where it is" bash -c "'$NAS' run weather.json --db two.db | grep -q 'going on: 9 done already'"

# --- derived inputs, gaps, missing cells
time_keys=', "time": { "column": "Date Time", "format": "%d.%m.%Y %H:%M:%S" }, "missing": "drop"'
forecast timed "$time_keys" | sed -e 's/"inputs": \["T (degC)"/"inputs": ["hour_sin", "hour_cos", "T (degC)"/' \
    -e 's/"skill_temperature > 0", //' >timed.json
sed -e '1000,1100d' -e '2000s/,[^,]*,/,NA,/' weather.csv >gaps.csv
check "gaps and missing cells are left out" bash -c "'$NAS' run timed.json --data gaps.csv --db timed.db --trials 2 >timed.txt 2>&1; [ \$? = 0 ]"
check "and told" bash -c "grep -q '1 of 2779 rows lack a value' timed.txt && grep -q '1 gaps and 0 repeats' timed.txt"

# --- a table that calls its columns otherwise
sed -e '1s/T (degC)/Temperature/; 1s/rh (%)/Humidity/; 1s/Date Time/When/' weather.csv >renamed.csv
rename='{"task": {"inputs": ["Temperature", "Humidity", "hour_sin"], "targets": {"temperature": "Temperature",
  "humidity": "Humidity"}, "time": {"column": "When", "format": "%d.%m.%Y %H:%M:%S"}}, "constraints": []}'
check "columns of other names" says 2 "--set says it without an edit" "$NAS" run weather.json --data renamed.csv
check "columns by --set" bash -c "'$NAS' run weather.json --data renamed.csv --db renamed.db --trials 1 --replace --set '$rename' >renamed.txt && grep -q '\"hour_sin\"' weather_best/forecast.json"
check "and eval" "$NAS" eval weather_best --data renamed.csv --split test
check "by the model's own name, too" "$NAS" eval weather_best/model.tflite --data renamed.csv --split test
check "it is another study" says 2 "" "$NAS" run weather.json --data renamed.csv --db renamed.db --trials 1
check "nas space with --set" bash -c "'$NAS' space weather.json --set '{\"search\": {\"sampler\": \"grid\", \"trials\": null}}' | grep -q points"
check "--set that is no JSON" says 2 "--set:1:" "$NAS" run weather.json --set '{"task": }'
check "--set that is no object" says 2 "expected an object" "$NAS" run weather.json --set '[1]'
check "--set with a wrong key" says 2 'task.windo: unknown key; did you mean "window"?' "$NAS" run weather.json --set '{"task": {"windo": 3}}'

# --- what is kept of blocks of time, and bounds by it
check "bounds lie beside the figures" equal "$(sql two.db 'select sum(skill_mean_lo < skill_mean), sum(mae_temperature_hi > mae_temperature),
    sum(rmse_humidity_hi > rmse_humidity), sum(skill_humidity_lo < skill_humidity) from weather')" "9,9,9,9"
check "the constraint is tested against the lower end" equal "$(sql two.db "select \"column\" from nas_bounds where position = 0")" skill_temperature_lo
sums() { # DB: figures again from errors by block, target and step
    python3 - "$1" <<'PY'
import sqlite3, struct, sys
db = sqlite3.connect(sys.argv[1])
name = db.execute("select name from nas_studies").fetchone()[0]
cells = db.execute("select class, windows, carried from nas_examples where part = 'validation' order by example").fetchall()
assert len({c[0] for c in cells}) == 2 and db.execute("select max(step) from nas_examples").fetchone()[0] == 3
n = 0
for row in db.execute(f"select a.error, a.square, a.examples, k.mae_temperature, k.rmse_humidity, k.skill_humidity from nas_answers a join {name} k on"
                      " k.id = a.trial where part = 'validation' and replicate = 0"):
    assert row[2] == len(cells)
    error, square = (struct.unpack(f"<{len(cells)}f", b) for b in row[:2])
    def total(values, target): return sum(v for v, c in zip(values, cells) if c[0] == target)
    windows, carried = [c[1] for c in cells], [c[2] for c in cells]
    assert abs(total(error, "temperature") / total(windows, "temperature") - row[3]) < 1e-6 * row[3]
    assert abs((total(square, "humidity") / total(windows, "humidity")) ** 0.5 - row[4]) < 1e-6 * row[4]
    assert abs(1 - total(error, "humidity") / total(carried, "humidity") - row[5]) < 1e-6
    n += 1
assert n == db.execute(f"select count(*) from {name}").fetchone()[0], n
PY
}
check "figures are sums of what is kept" sums two.db

# --- rolling origins
# Some points of it are worse than the naive forecast.
forecast rolling ', "split": { "folds": 3, "test": 0.2 }' | sed 's/skill_temperature > 0"/skill_temperature > -0.5"/' >rolling.json
check "rolling origins" run rolling rolling 2
check "they are told" grep -q "3 rolling origins" rolling.txt
check "so they are of all folds" sums rolling.db
check "each block is judged in one fold" equal "$(sql rolling.db "select count(distinct fold), min(windows) > 0 from nas_examples where part = 'validation'")" "3,1"
check "folds are a stage" equal "$(sql rolling.db "select count(distinct key) from nas_stages where name = 'folds'")" 9
check "the last step has the score of the file that ships" equal \
    "$(sql rolling.db "select count(*), sum(abs(s.accuracy - r.skill_mean) > 1e-12) from nas_steps s join rolling r on s.trial = r.id where s.name = 'quantised'")" "6,0"
check "verify with folds" "$NAS" verify rolling.db 0

# --- bad input: one message each, nothing touched
bad() { # NAME TEXT SED
    sed "$3" weather.json >bad.json
    check "$1" says 2 "$2" "$NAS" run bad.json
}
bad "a column that is not there" 'did you mean "rh (%)"' 's/"inputs": \["T (degC)", "rh (%)"\]/"inputs": ["T (degC)", "rH (%)"]/'
bad "a constant column" 'column "x" is constant (7)' 's/"inputs": \["T (degC)", "rh (%)"\]/"inputs": ["T (degC)", "x"]/'
bad "a window longer than the split" "has 576 rows and not one whole window of 600 + 3 rows" 's/"window": 6/"window": 600/'
bad "a front end" 'the task "forecast" has none' 's/"model"/"frontend": { "kind": "mfcc" }, "model"/'
bad "an accuracy" 'no metric "accuracy"' 's/skill_temperature > 0/accuracy > 0.5/'
bad "a target that is not there" 'did you mean "skill_temperature"' 's/skill_temperature > 0/skill_temprature > 0/'
bad "a name that is no column of a database" 'lower-case letters' 's/"temperature": /"Temp-1": /'
bad "a name that another target's bound has" "names of another target's bounds" 's/"humidity": /"temperature_hi": /'
bad "classes" 'or "outputs", got "classes"' 's/"outputs"/"classes"/g'
bad "too few outputs" "ends in 5 values, but 6 are to be forecast" 's/"outputs"/5/g'
bad "softmax" "softmax is for classes" 's/{ "op": "dense", "units": "outputs" } ]/{ "op": "dense", "units": "outputs" }, { "op": "softmax" } ]/'
bad "a time without a format" "task.time.format: missing" 's/"horizon": 3/"horizon": 3, "time": { "column": "Date Time" }/'
bad "a time input without time" "hour_sin is made of the time" 's/"inputs": \["T (degC)"/"inputs": ["hour_sin"/'
bad "a format that does not fit" 'expected a time like %Y' 's/"horizon": 3/"horizon": 3, "time": { "column": "Date Time", "format": "%Y-%m-%d" }/'
bad "a split without training" "leave less than 0.05" 's/"horizon": 3/"horizon": 3, "split": { "validation": 0.8, "test": 0.2 }/'
bad "a fold without a window" "training set has 13 rows and not one whole window of 12 + 3 rows" \
    's/"window": 6/"window": 12/; s/"horizon": 3/"horizon": 3, "split": { "folds": 20, "test": 0.9 }/'
head -n 8 weather.csv >few.csv
check "too few rows" says 2 "not one whole window of 6 + 3 rows" "$NAS" run weather.json --data few.csv
{ head -n 100 weather.csv; sed -n 50p weather.csv; } >back.csv
check "times out of order" says 2 "back.csv:101: the time goes back" "$NAS" run timed.json --data back.csv
sed '77s/,[0-9.]*,/,-,/' weather.csv >dash.csv
check "a cell that is no number" says 2 'dash.csv:77: column "T (degC)": expected a number' "$NAS" run weather.json --data dash.csv
sed '1s/,x$/,T (degC)/' weather.csv >twice.csv
check "a name twice" says 2 'are both named "T (degC)"' "$NAS" run weather.json --data twice.csv
check "no such file" says 2 "the CSV file nothing.csv does not exist" "$NAS" run weather.json --data nothing.csv
check "a folder" says 2 "is a folder" "$NAS" run weather.json --data two_best
head -n 2800 weather.csv >other.csv
check "verify of another table" says 2 "are not those of study" "$NAS" verify two.db 0 --data other.csv

# --- what days would settle
# The bound stands between the lowest error and the lowest end, so that no trial keeps it.
kept="number, mae_temperature from weather where state = 'complete' order by mae_temperature"
least=$(sql two.db "select $kept limit 1" | cut -d, -f 1)
ends() { sql two.db "select $1 from weather where state = 'complete'"; }
limit=$(awk -v a="$(ends 'min(mae_temperature)')" -v b="$(ends 'min(mae_temperature_hi)')" 'BEGIN { printf "%.9f", (a + b) / 2 }')
groups=$(sql two.db 'select count(distinct "group") from nas_examples where part = '"'validation'")
days=$(sql two.db "select mae_temperature, mae_temperature_hi from weather where number = $least" |
    awk -F, -v limit="$limit" -v n="$groups" '{ t = ($2 - $1) / (limit - $1); d = t * t * n; print int(d) + (d > int(d)) }')
settles() {
    "$NAS" run weather.json --db two.db --out settled \
        --set "{\"objective\": {\"minimize\": \"mae_temperature\"}, \"constraints\": [\"mae_temperature < $limit\"]}" >settled.txt 2>&1
    [ $? = 3 ] && has "#$least keeps all of them" settled.txt &&
        has "about $days days (or groups) like these $groups would settle it" settled.txt
}
check "a bound that no end keeps: the days that would settle it" settles

close_tests
