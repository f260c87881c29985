#!/usr/bin/env bash
# Tables from the command line: packed ones, numbers that stand for none, gaps, counters, and what
# is refused before any work.
. tests/lib.sh

# An hour a row: a temperature with a daily cycle, a humidity, a meter of 48,123,456 kWh.
table() { # SIGN-FOR-NONE: in 8 of 600 temperatures
    awk -v none="$1" 'BEGIN { srand(3); print "T,RH,meter"; m = 48123456
        for (i = 0; i < 600; i++) {
            w = 0.9 * w + rand() - 0.5; t = 12 + 6 * sin(i / 3.82) + w; m += 0.8 + 0.5 * sin(i / 3.82) + 0.2 * rand()
            printf "%s,%.1f,%.1f\n", none != "" && i % 75 == 40 ? none : sprintf("%.2f", t), 65 - 2 * w, m } }'
}
table "" >plain.csv
table -999 >none.csv
table NA >words.csv

candidate() { # DATA TARGET TASK-KEYS
    cat <<JSON
{ "name": "$2", "task": { "kind": "forecast", "data": "$1", "inputs": ["RH", "$2"], "targets": { "y": "$2" },
    "window": 6, "horizon": 3$3 },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 6, "batch_size": 32, "learning_rate": 0.01 },
  "search": { "sampler": "grid", "workers": 1 } }
JSON
}
train() { # NAME DATA TARGET TASK-KEYS
    candidate "$2" "$3" "$4" >"$1.json" && "$NAS" train "$1.json" -o "$1" --quiet >"$1.txt" 2>&1
}
mean() { tr -d '\t \n' <"$1/forecast.json" | sed 's/.*"mean":\[\([^]]*\)\].*/\1/'; }

# --- packed
gzip -c plain.csv >plain.csv.gz
check "a plain table" train plain plain.csv T ""
check "nothing is said of it" test ! -s plain.txt
check "a packed one" train packed plain.csv.gz T ""
check "is the same model" cmp plain/model.tflite packed/model.tflite
sed 's/,/;/g; s/\./,/g' plain.csv >comma.csv
check "decimal commas" train comma comma.csv T ""
check "are the same model" cmp plain/model.tflite comma/model.tflite

# --- numbers that stand for none
check "-999 is taken as a temperature" train odd none.csv T ""
check "and said" grep -qF 'none.csv: column "T": 8 of 600 cells hold -999, far from all others' odd.txt
check "with what to set" grep -qF 'set task.missing_values to [-999] and task.missing to "drop"' odd.txt
check "words that are no numbers" train words words.csv T ', "missing": "drop"'
check "say what they leave" grep -qF '8 of 600 rows lack a value, most often of "T" (first in line 42); windows over them are left out: 520 of 592 stay (88 %)' words.txt
check "-999 named" train named none.csv T ', "missing": "drop", "missing_values": [-999]'
check "is the same model as words" cmp words/model.tflite named/model.tflite
check "and counted" grep -qF '8 of 600 cells hold a number that task.missing_values names' named.txt
check "by column" train column none.csv T ', "missing": "drop", "missing_values": { "T": [-999] }'
check "the same" cmp words/model.tflite column/model.tflite
check "gaps filled" train filled none.csv T ', "missing": "interpolate", "missing_values": [-999]'
check "and counted" grep -qF '8 of 8 missing cells are filled (interpolated)' filled.txt
check "eval reads the table as the candidate says" says_of 0 "windows of 6 + 3 rows" "$NAS" eval named --data none.csv

# --- counters
check "a meter" train meter plain.csv meter ""
check "takes standardised values" grep -q standardised meter/forecast.json
check "its mean is not float32's" bash -c "case '$(mean meter)' in *,481*.[0-9]*) ;; *) false ;; esac"
carried() { # by doubles, on the validation set: rows 420 .. 539
    awk -F, 'NR > 1 { v[NR - 2] = $3 } END {
        for (i = 420; i + 9 <= 540; i++) for (h = 0; h < 3; h++) { s += v[i + 6 + h] - v[i + 5]; n++ }
        printf "%.5f", s / n }' plain.csv
}
check "what the naive forecast gets is what doubles say" equal "$(printf %.5f "$(tr -d '\t \n' <meter/forecast.json | sed 's/.*"mae_carried_on":{"y":\([0-9.]*\).*/\1/')")" "$(carried)"
figure() { "$NAS" eval "$1" --data "$2" --split validation --json | tr ',{' '\n\n' | sed -n 's/.*"mae": \(.*\)/\1/p'; }
as_c() { # the exported C on the meter, with the mean taken away in double
    "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -O1 -I meter -o ask "$ROOT/examples/device/forecast.c" meter/model.c -lm || return 1
    awk -F, 'NR > 1 { print $2, $3 }' plain.csv | ./ask >asked.txt
    awk -v mae="$(figure meter plain.csv)" -F, 'FILENAME == "plain.csv" { if (FNR > 1) v[FNR - 2] = $3; next }
        { split($0, y, " "); i = FNR - 1; if (i >= 420 && i + 9 <= 540) for (h = 0; h < 3; h++) { e = y[h + 1] - v[i + 6 + h]; s += e < 0 ? -e : e; n++ } }
        END { print n, s / n, mae; exit !(n == 336 && s / n < mae * 1.001 && s / n > mae * 0.999) }' plain.csv asked.txt
}
check "the exported C is as far off as eval says" as_c
check "other rows of the meter" bash -c "{ head -n 1 plain.csv; tail -n 100 plain.csv; } >tail.csv; '$NAS' eval meter --data tail.csv | grep -q '92 windows'"

# --- two models, one of which passes over an empty row that is a missing value to the other
awk -F, -v OFS=, 'NR == 1 { print "when", $0; next } { print NR * 3600, $0 } NR == 300 { print ",,," }' plain.csv >blank.csv
check "with the time" train timed blank.csv T ', "missing": "drop", "time": { "column": "when", "format": "epoch_s" }'
check "without it" train rows blank.csv T ', "missing": "drop"'
check "they are compared on the same rows" says_of 0 "584 windows that both forecast" "$NAS" eval timed rows --data blank.csv

# --- refused before any work
refuse() { # TEXT DATA TARGET TASK-KEYS
    candidate "$2" "$3" "$4" >refuse.json
    says 2 "$1" "$NAS" run refuse.json
}
touch refuse.json
awk -F, 'NR == 1 || NR < 420 || NR > 545 { print; next } { print "9.5," $2 "," $3 }' plain.csv >still.csv
check "a target that stays" refuse 'target y ("T") never changes in the validation set' still.csv T ""
printf 'PK\003\004..xl/workbook.xml' >sheet.xlsx
check "a workbook" refuse "an Excel workbook (.xlsx); save the sheet as CSV" sheet.xlsx T ""
printf '<!DOCTYPE html><html>' >page.csv
check "a web page" refuse "this is a web page" page.csv T ""
sed 's/,\([0-9.]*\)$/,\1 kWh/' plain.csv >units.csv
check "units in cells" refuse 'kWh"; that number is written otherwise' units.csv meter ""
check "none named, and nothing said of what becomes of it" refuse "which task.missing_values names; set task.missing" none.csv T ', "missing_values": [-999]'
check "a word to miss" refuse "task.missing_values[0]: expected a number" none.csv T ', "missing_values": ["NA"]'
check "a column that is not there" refuse "no column of task.inputs or task.targets" none.csv T ', "missing_values": { "x": [-999] }'
check "a longest gap of nothing" refuse 'belongs to "missing": "previous" or "interpolate"' none.csv T ', "missing": "drop", "missing_longest": 2'
check "another decimal sign" refuse '"point" or "comma"' none.csv T ', "decimal": "dot"'

close_tests
