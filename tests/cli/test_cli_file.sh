#!/usr/bin/env bash
# Models as files: nas show and nas eval of .tflite files that stand alone, as those of others do.
. tests/lib.sh
space tiny 4 "zlib_bytes < 100000" |
    sed 's/{ "choice": \[32, 64\] }/64/; s/{ "choice": \[4, 8\] }/8/; s/{ "choice": \["float32", "int8"\] }/"int8"/; s/"epochs": 3/"epochs": 20/; s/0.01,/0.010000000000000002,/' >tiny.json
check "a model is trained" "$NAS" train tiny.json -o made
check "with what is written to the last digit" grep -q '0\.010000000000000002,' made/candidate.json
cp made/model.tflite alone.tflite
printf 'yes\nstop\ngo\n' >turned.txt
printf 'go\nstop\n' >short.txt
accuracy() { "$NAS" eval "$@" --data clips --json | sed 's/.*"accuracy": \([0-9.]*\).*/\1/'; }
evaluate() { "$NAS" eval alone.tflite --data clips "$@"; }

# --- eval
check "a front end that is missing is named" says 2 "--frontend FILE says it" evaluate
check "and labels" says 2 "what are the 3 outputs of alone.tflite called?" evaluate --frontend made/frontend.json
check "too few labels" says 2 "alone.tflite has 3 outputs, short.txt has 2 lines" evaluate --frontend made/frontend.json --labels short.txt
check "a file alone does as well as its folder" equal "$(accuracy alone.tflite --frontend made/frontend.json --labels made/labels.txt)" "$(accuracy made)"
check "a file in its folder needs no more" equal "$(accuracy made/model.tflite)" "$(accuracy made)"
check "the order of labels matters" test "$(accuracy made --labels turned.txt)" != "$(accuracy made)"
for i in $(seq 40); do printf 'word%d\r' "$i"; done >mac.txt
check "lines may end as they like" says 2 "alone.tflite has 3 outputs, mac.txt has 40 lines" evaluate --frontend made/frontend.json --labels mac.txt
check "a split needs a candidate" says 2 "leave --split out" evaluate --frontend made/frontend.json --labels made/labels.txt --split test
sed 's/"frame_step_ms":.*/"frame_step_ms": 10,/' made/frontend.json >other.json
check "a front end of another size" says 2 "other.json gives" evaluate --frontend other.json --labels made/labels.txt
sed '/"mean"/d' made/frontend.json >plain.json
check "what does not normalise needs no mean" equal "$(accuracy alone.tflite --frontend plain.json --labels made/labels.txt)" "$(accuracy made)"
check "a clip is taken as loud as it is" test -z "$(grep level made/frontend.json)"
sed 's/"frame_step_ms"/"level": "rms", &/' tiny.json >loud.json
check "a model of clips at one level is trained" "$NAS" train loud.json -o loud
check "its front end says so" grep -q '"level":[[:space:]]*"rms"' loud/frontend.json
check "and so does its C" grep -q frontend_gain loud/frontend.h
part() { "$NAS" eval loud --data clips --split validation --json | sed 's/.*"accuracy": \([0-9.]*\).*/\1/'; }
check "read back, it does as well as it was measured" equal "$(part)" "$(sed -n 's/.*"accuracy":[^0-9]*\([0-9.]*\).*/\1/p' loud/metrics.json)"
mkdir given
cp loud/* given
sed 's/"rms"/"loudest"/' loud/frontend.json >given/frontend.json
check "a level that is none" says 2 'expected "none", "peak" or "rms", got "loudest"' "$NAS" eval given --data clips
dumped() { "$NAS" eval given --data clips --dump dumped >/dev/null && cat dumped/features.f32; }
sed '/"level"/d' loud/frontend.json >given/frontend.json
dumped >without.f32
sed 's/"rms"/"none"/' loud/frontend.json >given/frontend.json
dumped >none.f32
cp loud/frontend.json given
dumped >rms.f32
check "a file without a level means none" cmp without.f32 none.f32
differ() { ! cmp -s "$1" "$2"; }
check "other features come of it" differ none.f32 rms.f32
check "no such file" says 2 "none.tflite is not there" "$NAS" eval none.tflite --data clips

# --- show
shown() { "$NAS" show "${2:-alone.tflite}" >shown.txt && grep -qF -- "$1" shown.txt || { cat shown.txt; return 1; }; }
plain() { "$NAS" show alone.tflite | sed -n "s/^  $1 *\([0-9,]*\).*/\1/p" | tr -d ,; }
metric() { sed -n "s/.*\"$1\":[^0-9]*\([0-9]*\).*/\1/p" made/metrics.json; }
check "operators" shown "CONV_2D"
check "a folder's model" shown "FULLY_CONNECTED" made
check "the same MACs as the metrics" equal "$(plain MACs)" "$(metric macs)"
check "the same RAM" equal "$(plain RAM)" "$(metric ram_bytes)"
# Of a space with one point: what is known before training.
before() { "$NAS" space tiny.json | sed -n "s/^$1 *\([0-9,]*\) to \1\( bytes\)*$/\1/p" | tr -d ,; }
check "MACs of the space" equal "$(before MACs)" "$(metric macs)"
check "RAM of the space" equal "$(before RAM)" "$(metric ram_bytes)"
check "weights of the space" equal "$(before weights)" "$(metric params)"
check "the file's length" equal "$(plain file)" "$(stat -c %s alone.tflite)"
bytes_sum() { "$NAS" show alone.tflite | sed '1,/^where the bytes go/d' | awk 'NR > 1 { gsub(",", ""); for (i = 1; i <= NF; i++) if ($i == "%") { n += $(i - 2); break } } END { print n }'; }
check "all bytes are somewhere" equal "$(bytes_sum)" "$(stat -c %s alone.tflite)"
check "80 columns" test "$("$NAS" show alone.tflite | awk '{ if (length > n) n = length } END { print n <= 80 }')" = 1
check "no model" says 2 "the letters TFL3 are missing" "$NAS" show tiny.json
head -c 300 alone.tflite >cut.tflite
check "a file that is cut off" says 2 "cut.tflite: tflite: " "$NAS" show cut.tflite
"$NAS" run tiny.json --quiet >/dev/null 2>&1
check "a database is shown as a study" says 0 "study tiny: task keywords, version 1" "$NAS" show tiny.db
close_tests
