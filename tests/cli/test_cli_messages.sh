#!/usr/bin/env bash
# What people write by mistake, and what they are told: one problem where one thing is wrong, and what to write instead.
. tests/lib.sh

space base 4 "zlib_bytes < 25000" >base.json
wrong() { # TEXT SED: base.json changed; one line that has the text
    sed "$2" base.json >bad.json
    cmp -s base.json bad.json && { echo "the change changed nothing: $2"; return 1; }
    says 2 "$1" "$NAS" space bad.json
}
alone() { # TEXT SED: the same, and nothing else is said
    wrong "$@" || return 1
    sed "$2" base.json >bad.json
    [ "$("$NAS" space bad.json 2>&1 | grep -c .)" = 1 ] || { "$NAS" space bad.json; return 1; }
}
: >bad.json

# --- bounds
bound() { alone "$1" "s|zlib_bytes < 25000|zlib_bytes $2|"; }
check "a unit" bound "a bound has no unit of its own; write 25000" "< 25 kB"
check "without a blank" bound "write 25000" "< 25kB"
check "of 1,024" bound "write 25600" "< 25 KiB"
check "per cent" alone "write 0.9" 's|"zlib_bytes < 25000"|"accuracy > 90 %"|'
check "a comma for thousands" bound "thousands take no separator; write 25000" "< 25,000"
check "a comma with three digits behind nothing whole" bound "write 0.950" "> 0,950"
check "twice" bound "write 1250000" "< 1'250'000"
check "a decimal comma" alone "the decimal sign is a point; write 0.95" 's|"zlib_bytes < 25000"|"accuracy > 0,95"|'
check "another word" bound "its unit is that of the metric" "< 25000 bytes"
check "one equals sign" bound "write ==" "= 25000"
check "the other way round" bound "write <=" "=< 25000"
check "a sign of mathematics" bound "write <=" "≤ 25000"

# --- JSON
check "False" alone 'got "False"; JSON writes false' 's|"base"|False|'
check "None" alone 'got "None"; JSON writes null' 's|"base"|None|'
check "a comma before the end of a list" alone "a comma too much; take it out" 's|25000"|25000",|'
check "two commas" alone "a comma too much; take it out" 's|"schema": 1,|"schema": 1,,|'
check "quotes of a word processor" alone 'JSON takes the straight "' 's|"name"|“name”|'
check "single quotes" alone "JSON takes double quotes" "s|\"name\"|'name'|"
check "an equals sign" alone 'JSON has ":" between a key and its value' 's|"schema": 1|"schema" = 1|'
utf16() {
    { printf '\377\376'; sed 's/./&\x00/g; s/$/\n/' base.json | tr '\n' ' '; } >bad.json
    says 2 "save it as UTF-8" "$NAS" space bad.json
}
check "UTF-16" utf16

# --- one thing wrong, one line
check "a kind that is none" alone 'did you mean "keywords"?' 's|"kind": "keywords"|"kind": "keyword"|'
check "a kind whose keys are others" alone '"forecast" has no "labels", which "keywords" has' 's|"kind": "keywords"|"kind": "forecast"|'
check "its key" alone 'task.kindd: unknown key; did you mean "kind"?' 's|"kind": "keywords"|"kindd": "keywords"|'
check "a block that others name" alone 'unknown key; did you mean "train"?' 's|"train"|"trian"|'
check "a key that must be there" alone 'unknown key; did you mean "epochs"?' 's|"epochs"|"epoch"|'
rm bad.json

# --- queries
"$NAS" run "$ROOT/spaces/rosenbrock.json" --db r.db --out r_best --quiet --trials 5 >/dev/null
check "a column nearly right" says 2 'no such column: valeu; did you mean "value"?' "$NAS" sql r.db "select valeu from rosenbrock"
check "and all of them" says 2 'there are number, state, reason, point_x1' "$NAS" sql r.db "select valeu from rosenbrock"
check "a study of no version" says 2 "--study goes with --version" "$NAS" sql r.db "select 1" --study rosenbrock
check "of a table with a short name" says 2 'did you mean "value"?' "$NAS" sql r.db "select r.valeu from rosenbrock r"
check "a column of another task" says 2 'no such column: accuracy; there are number, state, reason, point_x1' "$NAS" sql r.db "select accuracy from rosenbrock_best"

# --- a point that is impossible
cat >tight.json <<JSON
{ "schema": 1, "name": "tight", "task": { "kind": "keywords", "data": "clips", "labels": ["up", "down"] },
  "frontend": { "kind": "mfcc", "frame_length_ms": 30, "frame_step_ms": { "choice": [20, 40] }, "mel_bins": 40, "lower_hz": 20, "upper_hz": 4000, "coefficients": 10 },
  "model": { "layers": [ { "op": "max_pool", "size": { "choice": [[2, 2], [12, 12]] } }, { "op": "flatten" }, { "op": "dense", "units": "classes" }, { "op": "softmax" } ] },
  "train": { "epochs": 1, "batch_size": 20, "optimizer": "adam", "learning_rate": 0.01 }, "objective": { "maximize": "accuracy" }, "search": { "sampler": "grid" } }
JSON
check "is shown by its paths" says 0 "with frontend.frame_step_ms 20, model.layers[0].size [12,12]" "$NAS" space tight.json

# --- --set beside try_first
cat >first.json <<JSON
{ "schema": 1, "name": "begun", "task": { "kind": "test_function", "function": "sphere", "dimensions": 2 },
  "point": { "x1": { "choice": [1, 2, 3] }, "x2": { "choice": [1, 2, 3] } }, "objective": { "minimize": "value" },
  "try_first": [ { "x1": 3, "x2": 2 }, { "x1": 2 }, { "x2": 1 } ], "search": { "sampler": "random", "trials": 2 } }
JSON
sed -i 's/"x1": 3, "x2": 2/"point.x1": 3, "point.x2": 2/; s/{ "x1": 2 }/{ "point.x1": 2 }/; s/{ "x2": 1 }/{ "point.x2": 1 }/' first.json
sed 's/"x1": { "choice": \[1, 2, 3\] }/"x1": 9/' first.json >fixed.json
kept() {
    "$NAS" run first.json --set '{"point": {"x1": 9}}' --quiet >kept.txt 2>&1 || return 1
    has "try_first: beside --set 2 values of its points have no place and are left out, and 1 point; the first: try_first\[0\].point.x1" kept.txt &&
        equal "$(sql begun.db 'select value from begun order by number')" "$(printf '85\n82')"
}
check "keeps what still fits, and says what does not" kept
check "without it an error" says 2 "try_first[0].point.x1: it has one value only; leave it out" "$NAS" space fixed.json
check "its own are not changed" says 2 "try_first[0].point.x3: no choice has this path" "$NAS" space first.json --set '{"try_first": [{"point.x3": 1}]}'
check "a null that is no null" says 0 "--set: null takes search.confidence away (RFC 7396), so it is 0.95, its default" "$NAS" space base.json --set '{"search": {"confidence": null}}'
check "one that takes away what is none else" bash -c "! '$NAS' space base.json --set '{\"task\": {\"labels\": null}}' 2>&1 | grep 'null takes'"
check "going on from the text that is stored" says_of 0 "kept" bash -c "'$NAS' verify begun.db --all && echo kept"

# --- decoded clips
packs() { find "$1.cache" -type f -size +100k -printf '%i\n' | sort; }
shared() {
    "$NAS" run base.json --db one.db --quiet --trials 1 >/dev/null 2>&1 && "$NAS" run base.json --db two.db --quiet --trials 1 >two.txt 2>&1 || return 1
    [ -n "$(packs one.db)" ] && equal "$(packs two.db)" "$(packs one.db)" && ! has "holds decoded clips" two.txt
}
check "are decoded once for all databases of a folder" shared
half() { "$NAS" run base.json --db two.db --quiet --trials 1 --set '{"name": "half", "task": {"clip_seconds": 0.5}}'; }
check "of other settings are said" says_of 0 "clips: two.db.cache holds decoded clips of other data, or of other settings (1 file, " half
check "and not again" bash -c "! '$NAS' run base.json --db two.db --quiet --trials 2 2>&1 | grep 'holds decoded'"
check "are cleared" says_of 0 "files removed" "$NAS" cache two.db --clear
check "those of another database stay" "$NAS" verify one.db --all

# --- help
wide() { # COLUMNS: no line of any help is longer, but for examples
    local c
    for c in run space top show sql export eval train verify cache data compare; do
        script -qc "stty cols $1; '$NAS' $c --help" /dev/null | tr -d '\r' | grep -v '^  nas ' | awk -v most="$1" 'length($0) > most { print FILENAME ": " $0; bad = 1 } END { exit bad }' || { echo "nas $c --help"; return 1; }
    done
}
if command -v script >/dev/null; then
    check "help in 80 columns" wide 80
    check "help in 60 columns" wide 60
fi
close_tests
