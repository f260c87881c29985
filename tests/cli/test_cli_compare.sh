#!/usr/bin/env bash
# nas compare: what each setting does, from a grid whose answer is known.
. tests/lib.sh

# value = sum of 100 (x2 - x1^2)^2 + (1 - x1)^2: from x1 = 1 to 0 it grows by 1 + 100 (x2^2 - (x2 - 1)^2).
cat >grid.json <<'JSON'
{ "schema": 1, "name": "grid",
  "task": { "kind": "test_function", "function": "rosenbrock", "dimensions": 2 },
  "point": { "x1": { "choice": [1, 0] }, "x2": { "choice": [0, 0.5, 1] } },
  "objective": { "minimize": "value" }, "search": { "sampler": "grid" } }
JSON
check "a grid" "$NAS" run grid.json --quiet
compare() { "$NAS" compare "$@" | tee got.txt; }
check "is compared" compare grid.db
# x2 = 0: 1 - 100, x2 = 0.5: 1 + 25 - 25, x2 = 1: 1 + 100 - 0: mean 1, deviation 100, t(2) = 4.302653
check "the mean of three pairs and its interval" grep -q 'point.x1: 1 -> 0 (3 pairs): .*value +1 \[-247.4, +249.4\]' got.txt
check "values in between are hidden and counted" grep -q '1 more changes, between other values: --all' got.txt
all() { [ "$("$NAS" compare grid.db --all | grep -c 'pairs): ')" = 4 ]; }
check "--all shows them" all
check "one metric" compare grid.db --metrics value
check "and no other" grep -qv score got.txt
check "a metric that is none" says 2 "has no metric 'valu'" "$NAS" compare grid.db --metrics valu
json() { "$NAS" compare grid.db --json >got.json && "$NAS" sql grid.db "select json_array_length('$(tr -d "\n'" <got.json)')" --csv | has 4; }
check "JSON" json
narrow() { # no line is wider than the terminal
    script -qec "stty cols 60; $NAS compare grid.db" /dev/null </dev/null | tr -d '\r' | awk '{ if (length($0) > 60) bad = 1 } END { exit bad }'
}
if command -v script >/dev/null; then check "sixty columns" narrow; fi

# a switch with settings of its own
space switch 8 "accuracy > 0" | sed 's/"choice": \["float32", "int8"\]/"choice": ["float32", { "kind": "int8", "fine_tune_epochs": { "choice": [0, 1] } }]/' |
    sed -e 's/{ "choice": \[32, 64\] }/32/' -e 's/"trials": 8/"trials": 6/' >switch.json
check "a grid with a switch" "$NAS" run switch.json --quiet --workers 2
check "is compared" compare switch.db --all
check "from one side of the switch to each of the other" grep -q 'quantize: float32 -> int8 (fine_tune_epochs 0) (2 pairs): ' got.txt
check "and to the other setting" grep -qE 'quantize: (float32 -> int8 .fine_tune_epochs 1.|int8 .fine_tune_epochs 1. -> float32) .2 pairs.: ' got.txt
check "what is below the switch" grep -q 'quantize.fine_tune_epochs: [01] -> [01] (2 pairs): ' got.txt
check "bytes by quotients" grep -q 'zlib_bytes x 0\.' got.txt
check "the answers" grep -q 'What saves most zlib_bytes, one change a parameter:' got.txt

# nothing to compare
sed -e 's/"grid"/"lonely"/; s/"sampler": "lonely"/"sampler": "grid", "trials": 1/' grid.json >lonely.json
check "one trial" "$NAS" run lonely.json --quiet
check "has no neighbour" compare lonely.db
check "which is said" grep -q 'no two of them differ in one parameter alone' got.txt
check "a study that is none" says 2 "nope" "$NAS" compare grid.db --study nope
close_tests
