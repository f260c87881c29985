#!/usr/bin/env bash
# nas eval of two models, and of one by speaker: counts and intervals against single evaluations.
. tests/lib.sh
first() { awk -v key="\"$1\": " '!n && (n = index($0, key)) { s = substr($0, n + length(key)); sub(/[,}].*/, "", s); print s }'; } # of JSON
near() { # GOT WANT
    awk -v x="$1" -v y="$2" 'BEGIN { d = x - y; if (d < 0) d = -d; if (d < 1e-6 && x != "") exit 0; print "got " x ", expected " y; exit 1 }'
}

# --- clips: other front ends, other orders of labels
space tiny 4 "zlib_bytes < 100000" |
    sed 's/{ "choice": \[32, 64\] }/64/; s/{ "choice": \[4, 8\] }/8/; s/{ "choice": \["float32", "int8"\] }/"int8"/
         s/"epochs": 3/"epochs": 12/; s/"by": "file"/"by": "speaker"/' >a.json
sed 's/"frame_step_ms": 32/"frame_step_ms": 20/; s/"filters": 8/"filters": 3/; s/"epochs": 12/"epochs": 4/
     s/"go", "stop", "yes"/"yes", "go", "stop"/; s/"schema": 1,/&/' a.json >b.json
sed 's/"validation": 0.2/"validation": 0.25/' a.json >split.json
sed 's/"go", "stop", "yes"/"go", "stop", "no"/' a.json >words.json
for m in a b split words; do
    check "a model is trained: $m" "$NAS" train $m.json -o $m --quiet
done
two() { "$NAS" eval a b --data clips "$@"; }
two --json >two.json
"$NAS" eval a --data clips --json --dump da >one_a.json
"$NAS" eval b --data clips --json --dump db >one_b.json
# Of each clip: who was right, by the class that the dump has.
named() { # MODEL: label of the class, and the clip
    awk 'FILENAME ~ /labels/ { label[FNR - 1] = $0; next } FILENAME ~ /classes/ { class[FNR] = $1; next }
         { split($0, part, "/"); print $0, part[1] == label[class[FNR]] }' "$1/labels.txt" "d$1/classes.txt" "d$1/clips.txt" | sort
}
join <(named a) <(named b) >right.txt
counted() { awk -v a="$1" -v b="$2" '$2 == a && $3 == b { n++ } END { print n + 0 }' right.txt; }
check "all clips are in both" equal "$(wc -l <right.txt)" 72
check "clips" equal "$(first clips <two.json)" 72
check "both right" equal "$(first both_right <two.json)" "$(counted 1 1)"
check "only A right" equal "$(first only_a_right <two.json)" "$(counted 1 0)"
check "only B right" equal "$(first only_b_right <two.json)" "$(counted 0 1)"
check "both wrong" equal "$(first both_wrong <two.json)" "$(counted 0 0)"
of() { sed "s/.*\"$1\": {\([^}]*\)}.*/{\1}/" two.json; }
for m in a b; do
    for key in accuracy standard_error low high; do
        check "$key of $m is that of it alone" equal "$(of $m | first $key)" "$(first $key <one_$m.json)"
    done
    check "the file's length: $m" equal "$(of $m | first tflite_bytes)" "$(stat -c %s $m/model.tflite)"
    check "and zlib's: $m" equal "$(of $m | first zlib_bytes)" "$(stat -c %s $m/model.tflite.zlib)"
done
check "points" near "$(of difference | first points)" "$(awk '{ d += $3 - $2 } END { print 100 * d / NR }' right.txt)"
worst() { # the largest difference of a speaker, in clips
    awk '{ sub(/.*\//, "", $1); sub(/_.*/, "", $1); d[$1] += $3 - $2 }
        END { for (s in d) { e = d[s] < 0 ? -d[s] : d[s]; if (e > most) most = e } print most }' right.txt
}
apart() { grep -o '"speakers_apart": .*' two.json | grep -o '"a_right": [0-9]*, "b_right": [0-9]*' | tr -dc '0-9,\n' |
    awk -F, '{ d = $1 - $2; print d < 0 ? -d : d }'; }
check "the first speaker differs most" equal "$(apart | head -n 1)" "$(worst)"
check "five speakers at most" test "$(apart | wc -l)" -le 5
check "A is better" grep -q '"verdict": "A is better by' two.json
says_so() { two | has "^A is better by .* points \[.*\]$" && two | has "^95 % interval by speaker, p .* on 72 clips of 24 speakers$"; }
check "in words, too" says_so
swapped() { "$NAS" eval b a --data clips | has "^B is better by"; }
check "B, if they are swapped" swapped
itself() { "$NAS" eval a a --data clips | has "not told apart: B - A is 0.00 points \[0.00, 0.00\]"; }
check "a model is as good as itself" itself
check "a part of the split" test "$(two --split test --json | first clips)" -lt 72
check "the same part as of one" equal "$(two --split test --json | first clips)" "$("$NAS" eval a --data clips --split test --json | first clips)"
check "80 columns" test "$(two | awk '{ if (length > n) n = length } END { print n <= 80 }')" = 1
cp a/model.tflite alone.tflite
cp a/model.tflite other.tflite
alone() { "$NAS" eval "$@" --data clips --frontend a/frontend.json --labels a/labels.txt --json | grep -o '"verdict".*'; }
check "a file alone takes the options" equal "$(alone b alone.tflite | first verdict)" "$("$NAS" eval b a --data clips --json | first verdict)"
check "so do two" equal "$(alone other.tflite alone.tflite | grep -c 'B - A is 0.00')" 1
no() { check "$1" says 2 "$2" "$NAS" eval "${@:3}"; }
no "options for no one" "both models have a labels.txt beside them" a b --data clips --labels a/labels.txt
no "a file without its front end" "--frontend FILE says it" a alone.tflite --data clips
no "other labels" '"yes" is a label of a alone' a words --data clips
no "another split" "task.split.validation is 0.2 and 0.25" a split --data clips --split test
check "which does not matter for all clips" "$NAS" eval a split --data clips
rm split/candidate.json
no "a split that is not known" "no candidate.json beside split" a split --data clips --split test
no "no such model" "none is not there" a none --data clips
no "three models" "one argument too many: 'b'" a b b --data clips
no "no data" "--data CLIPS is missing" a b
no "a dump of two" "--dump is of one model" a b --data clips --dump d
no "speakers of two" "--by-speaker is of one model" a b --data clips --by-speaker

# --- one model by speaker
"$NAS" eval a --data clips --by-speaker >by.txt
"$NAS" eval a --data clips --by-speaker --json >by.json
errors() { sed '1,/^speaker /d' by.txt | awk '{ print $2 - $3 }'; }
check "a line for each speaker" equal "$(errors | wc -l)" 24
check "most errors first" equal "$(errors)" "$(errors | sort -nr)"
check "all errors" equal "$(errors | awk '{ n += $1 } END { print n }')" "$(awk '!$2 { n++ } END { print n }' right.txt)"
mistaken() { awk '{ for (i = 4; i <= NF; i++) if ($i == "as") { sub(",", "", $(i + 2)); n += $(i + 2) } } END { print n }' <(sed '1,/^speaker /d' by.txt); }
check "each is told" equal "$(mistaken)" "$(errors | awk '{ n += $1 } END { print n }')"
check "all speakers in JSON" equal "$(grep -o '"speaker": ' by.json | wc -l)" 24
check "and all errors" equal "$(grep -o '"heard": "[a-z]*", "clips": [0-9]*' by.json | awk '{ n += $NF } END { print n }')" "$(errors | awk '{ n += $1 } END { print n }')"
plain() { sed 's/, "by_speaker".*/}/' by.json; }
check "the rest is as before" equal "$(plain)" "$(cat one_a.json)"
if command -v script >/dev/null; then
    screen() {
        script -qec "stty cols 70; $NAS eval a --data clips --by-speaker" /dev/null </dev/null | tr -d '\r' >screen.txt
        grep -q '^and 4 more' screen.txt && sed '1,/^speakers/d' screen.txt | awk 'length($0) > 70 { bad = 1 } END { exit bad }'
    }
    check "twenty of them on a terminal" screen
fi

# --- forecasts: other windows, targets in another order, the time known to one
awk 'BEGIN { srand(1); print "Date Time,T (degC),rh (%)"
    for (i = 0; i < 2880; i++) {
        w = 0.95 * w + rand() - 0.5; t = 10 + 8 * sin(i / 23) + w; h = 70 - 2 * (t - 10) + 3 * cos(i / 11)
        printf "%02d.06.2024 %02d:%02d:00,%.2f,%.2f\n", 1 + int(i / 144), int(i / 6) % 24, i % 6 * 10, t, h } }' >weather.csv
forecast() { # NAME WINDOW HORIZON EPOCHS TARGETS MORE
    cat >"$1.json" <<JSON
{ "schema": 1, "name": "$1",
  "task": { "kind": "forecast", "data": "weather.csv", "inputs": ["T (degC)", "rh (%)"],
            "targets": { $5 }, "window": $2, "horizon": $3$6 },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": $4, "batch_size": 16, "loss": "absolute",
             "learning_rate": { "schedule": "cosine", "from": 0.02 } } }
JSON
    check "a forecast is trained: $1" "$NAS" train "$1.json" -o "$1" --quiet
}
t='"temperature": "T (degC)"' h='"humidity": "rh (%)"'
forecast f 6 3 6 "$t, $h" ""
forecast g 12 3 2 "$h, $t" ', "time": { "column": "Date Time", "format": "%d.%m.%Y %H:%M:%S" }'
forecast far 6 4 2 "$t, $h" ""
forecast one 6 3 2 "$t" ""
forecast late 6 3 2 "$t, $h" ', "split": { "test": 0.2 }'
"$NAS" eval f g --data weather.csv --json >fg.json
check "windows of both" equal "$(first windows <fg.json)" 2866
check "twenty days" equal "$(first blocks <fg.json)" 20
"$NAS" eval f --data weather.csv --dump df >/dev/null
"$NAS" eval g --data weather.csv --dump dg >/dev/null
# Errors of the temperature by window: the row of its forecast, and the sum of three errors.
misses() { # DUMP WINDOW COLUMN-OF-TEMPERATURE
    od -A n -v -w24 -t f4 "$1/forecasts.f32" | awk -v w="$2" -v c="$3" '
        FILENAME == "weather.csv" { split($0, part, ","); truth[FNR - 2] = part[2]; next }
        FILENAME ~ /rows/ { row[FNR] = $1; next }
        { e = 0; for (s = 0; s < 3; s++) { d = $(2 * s + c) - truth[row[FNR] + w + s]; e += d < 0 ? -d : d } print row[FNR] + w, e }' weather.csv "$1/rows.txt" - | sort
}
join <(misses df 6 1) <(misses dg 12 2) >missed.txt
# Student's t of 19 degrees on a ratio over days of 144 rows.
by_hand() {
    awk '{ n++; d[int($1 / 144)] += $2 - $3; k[int($1 / 144)] += 3; sum += $2 - $3 }
        END { all = 3 * n; r = sum / all; for (b in d) { g++; e = d[b] - r * k[b]; s += e * e }
            half = 2.0930240544 * sqrt(s * g / (g - 1)) / all; printf "%.9g %.9g %.9g\n", r, r - half, r + half }' missed.txt
}
read -r ratio low high <<<"$(by_hand)"
temperature() { grep -o '"temperature": {[^}]*}' fg.json | first "$1"; }
check "as many by hand" equal "$(wc -l <missed.txt)" 2866
check "the difference" near "$(temperature difference)" "$ratio"
check "its lower end" near "$(temperature low)" "$low"
check "and its higher" near "$(temperature high)" "$high"
check "mean absolute error of A" near "$(temperature a_mae)" "$(awk '{ e += $2 } END { printf "%.9g", e / NR / 3 }' missed.txt)"
check "of B" near "$(temperature b_mae)" "$(awk '{ e += $3 } END { printf "%.9g", e / NR / 3 }' missed.txt)"
told() { "$NAS" eval f "$1" --data "$2" "${@:4}" | has -e "$3"; }
check "in words" told g weather.csv '^temperature: A is better by .* (p'
check "a verdict for each target" told g weather.csv '^humidity: '
check "without time, equal blocks" told f weather.csv 'by 30 equal blocks: no task.time'
check "as good as itself" told f weather.csv 'temperature: not told apart: A - B is 0 \[0, 0\] (p = 1)'
check "a part, less what one window lacks" equal "$("$NAS" eval f g --data weather.csv --split test --json | first windows)" 274
check "all the same on a model's file" equal "$("$NAS" eval f/model.tflite g --data weather.csv --json | first windows)" 2866
no "another horizon" "f forecasts 3 rows and far 4" f far --data weather.csv
no "other targets" "f and one forecast other targets" f one --data weather.csv
no "another split of time" "f and late are split differently" f late --data weather.csv --split test
no "other tasks" "a is of the task \"keywords\" and f of \"forecast\"" a f --data weather.csv
no "no such other" "none is not there" f none --data weather.csv
no "speakers of a forecast" "a forecast has no speakers" f --data weather.csv --by-speaker
no "three forecasts" "one argument too many" f g f --data weather.csv
head -n 16 weather.csv >few.csv
check "one block has no interval" told g few.csv '"low": null, "high": null, "p": null' --json
head -n 15 weather.csv >fewer.csv
no "not one window" "fewer.csv: not one whole window of 12 + 3 rows" f g --data fewer.csv
close_tests
