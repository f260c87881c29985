#!/usr/bin/env bash
# What nas top, nas space and nas show FILE say at 80 columns and of what they leave out: trials that miss a bound, data
# that is not there, runtimes that refuse a file.
. tests/lib.sh

# --- top
space tiny 6 "zlib_bytes < 100000" >tiny.json
"$NAS" run tiny.json --quiet --out best >/dev/null 2>&1
middle=$(sql tiny.db 'select zlib_bytes from tiny order by zlib_bytes limit 1 offset 3')
space tiny 6 "zlib_bytes <= $middle" >tiny.json
"$NAS" run tiny.json --quiet --out best >/dev/null 2>&1
feasible=$(sql tiny.db 'select count(*) from tiny_feasible') missed=$(sql tiny.db "select count(*) from tiny where state = 'complete'")
missed=$((missed - feasible))
none=$(sql tiny.db "select count(*) from tiny where state <> 'complete'")
check "there are trials of both kinds" test "$feasible" -ge 2 -a $((missed + none)) -ge 1
heads() { "$NAS" top tiny.db "$@" | head -1 | tr -s ' ' ' ' | sed 's/^ //'; }
varying() { sql tiny.db "select (count(distinct frontend_frame_length_ms) > 1) || (count(distinct model_layers_0_filters) > 1) || (count(distinct quantize) > 1) from tiny_feasible"; }
names() { # what varies in the order of the space, by short names
    local v
    v=$(varying)
    [ "${v:0:1}" = 0 ] || printf 'frame_length_ms '
    [ "${v:1:1}" = 0 ] || printf 'filters '
    [ "${v:2:1}" = 0 ] || printf 'quantize '
}
check "what varies stands behind the objective, by short names" bash -c "case '$(heads)' in 'number accuracy $(names)zlib_bytes '*) ;; *) echo '$(heads)'; exit 1 ;; esac"
check "with --all the state as well" bash -c "case '$(heads --all)' in 'number state accuracy frame_length_ms filters quantize zlib_bytes '*) ;; *) echo '$(heads --all)'; exit 1 ;; esac"
told() { # what is left out, in words
    local m='' n=''
    [ $missed = 0 ] || m="$missed miss$([ $missed != 1 ] || echo es) a constraint"
    [ "$none" = 0 ] || n="$none ha$([ "$none" = 1 ] && echo s || echo ve) no result"
    echo "$m${m:+${n:+, }}$n: --all lists them"
}
check "what it leaves out is told" equal "$("$NAS" top tiny.db | tail -1)" "$(told)"
check "but not when all are there" bash -c "! '$NAS' top tiny.db --all | grep -q 'lists them'"
check "a short list says of how many" says 0 "1 of $feasible that satisfy the constraints; -n shows more" "$NAS" top tiny.db -n 1
if command -v script >/dev/null; then
    script -qec "stty cols 80; $NAS top tiny.db --all" /dev/null </dev/null | tr -d '\r' >screen.txt
    check "80 columns have all settings" has -E "^number +state +accuracy +frame_length_ms +filters +quantize" screen.txt
fi
two_layers() { # two layers have filters: their numbers tell them apart
    sed 's/"zlib_bytes <= [0-9]*"/"zlib_bytes < 100000"/; s/"trials": 6/"trials": 2/
         s/{ "op": "batch_norm" }, /&{ "op": "relu" }, { "op": "conv2d", "filters": { "choice": [2, 3] }, "kernel": [3, 3] }, /' tiny.json >twice.json
    "$NAS" run twice.json --db twice.db --quiet --out twice >/dev/null 2>&1
    "$NAS" top twice.db | head -1 | tee twice.txt
    has 0_filters twice.txt && has 3_filters twice.txt
}
check "names that end alike keep their place" two_layers
space narrow 6 "zlib_bytes < 10" >narrow.json
"$NAS" run narrow.json --quiet >/dev/null 2>&1
check "nothing feasible" says 0 "no trial satisfies the constraints" "$NAS" top narrow.db
check "and why nothing is shown" has ": --all lists them" <("$NAS" top narrow.db)

# --- space
check "data that is not there is no error" says 0 "the data folder is absent: only the space file is checked; --data names other data" "$NAS" space tiny.json --data nowhere
check "the rest is checked" has "^weights " <("$NAS" space tiny.json --data nowhere)
check "the file's own folder too" says 0 "the data folder is absent" "$NAS" space tiny.json --set '{"task": {"data": "nowhere"}}'
check "a file in its place" says 0 "the data are not a folder" "$NAS" space tiny.json --data tiny.json
check "a label without a folder" says 0 'there is no class "sotp" in clips; there are: down, go, left, no, right, stop, up, yes. Did you mean "stop"?' "$NAS" space tiny.json --set '{"task": {"labels": ["go", "sotp"]}}'
check "nothing is said of data that is there" equal "$("$NAS" space tiny.json | sed -n '2,3p' | grep -c '^  *[a-z]* [a-z]* not')" 0
made() { ! "$NAS" space tiny.json --set '{"task": {"labels": ["go", "stop", "others"], "unknown": {"label": "others"}}}' | grep 'there is no class'; }
check "a label that is made of other folders needs none" made
check "a list without a file" says 0 "the list clips/no.txt is not there" "$NAS" space tiny.json --set '{"task": {"split": {"by": "lists", "validation": "no.txt", "test": "no.txt"}}}'
cat >table.json <<'JSON'
{ "schema": 1, "name": "two",
  "task": { "kind": "forecast", "data": "table.csv", "inputs": ["a"], "targets": {"b": "b"}, "window": 4, "horizon": 1,
            "split": { "validation": 0.2, "test": 0.2 } },
  "model": { "layers": [ { "op": "flatten" }, { "op": "dense", "units": "outputs" } ] },
  "train": { "epochs": 1, "batch_size": 8, "learning_rate": 0.01 }, "objective": { "maximize": "skill_mean" }, "search": { "sampler": "grid" } }
JSON
if "$NAS" space table.json >table.txt 2>&1; then
    check "no table" has "the data file is absent" table.txt
    awk 'BEGIN { print "a,b"; for (i = 0; i < 200; i++) print i % 7 "," i % 5 }' >table.csv
    check "a table is read" says 0 "train" "$NAS" space table.json
    check "its columns are checked" says 0 'no column' "$NAS" space table.json --set '{"task": {"inputs": ["aa"]}}'
else
    check "the space of a table is sound" cat table.txt /nowhere
fi

# --- show FILE
"$NAS" train tiny.json -o whole --quiet >/dev/null 2>&1
for f in int8 float16 dynamic; do
    sed "s/{ \"choice\": \[32, 64\] }/64/; s/{ \"choice\": \[4, 8\] }/8/; s/{ \"choice\": \[\"float32\", \"int8\"\] }/\"$f\"/
         s/\"global_average_pool\"/\"flatten\"/; s/\"epochs\": 3/\"epochs\": 1/" tiny.json >$f.json
    "$NAS" train $f.json -o $f --quiet >/dev/null 2>&1
done
metric() { sed -n "s/.*\"$1\":[^0-9]*\([0-9]*\).*/\1/p" "$2/metrics.json"; }
check "the arena is the metric" equal "$("$NAS" show int8 | sed -n 's/^  arena *\([0-9,]*\) bytes.*/\1/p' | tr -d ,)" "$(metric arena_bytes int8)"
check "flatten makes it more than RAM" test "$(metric arena_bytes int8)" -gt "$(metric ram_bytes int8)"
runs_in() { "$NAS" show "$1" | grep -E "^  $2 +($3)\$"; } # FOLDER RUNTIME VERDICT
check "int8 is taken" runs_in int8 "TensorFlow Lite for Microcontrollers" "yes"
check "and by an NPU" runs_in int8 "Vela 5.2 \(Arm Ethos-U\)" yes
check "float16 is refused" says 0 "is DEQUANTIZE version 3, float16 constants" "$NAS" show float16
check "and has no arena" equal "$(metric arena_bytes float16)" ""
check "dynamic is refused" says 0 ", int8 kernels with float inputs" "$NAS" show dynamic
check "but not by LiteRT" runs_in dynamic "LiteRT 1.0 and later" yes
check "nor by an NPU" runs_in dynamic "Vela 5.2 \(Arm Ethos-U\)" "to no use|in part"
device() { # FOLDER: DEVICE.md says the same
    local said
    said=$("$NAS" show "$1" | sed -n 's/^  TensorFlow Lite for Microcontrollers *//p')
    grep -F "| TensorFlow Lite for Microcontrollers | $said |" "$1/DEVICE.md"
}
for f in int8 float16 dynamic; do check "DEVICE.md of $f says the same" device $f; done
named() { # FOLDER: what tools look for
    grep -aq serving_default "$1/model.tflite" && grep -aq "nas, training [0-9]*, inference [0-9]*; quantize \"int8\"" "$1/model.tflite"
}
check "files have a signature and a description" named int8
bare() {
    sed 's/"quantize"/"export": { "names": false }, &/' int8.json >bare.json
    "$NAS" train bare.json -o bare --quiet >/dev/null 2>&1 && ! grep -aq "serving_default\|nas, training" bare/model.tflite &&
        [ "$(stat -c %s bare/model.tflite)" -lt "$(stat -c %s int8/model.tflite)" ]
}
check "unless it wants no names: then it is shorter" bare
check "80 columns" test "$("$NAS" show dynamic | awk '{ if (length > n) n = length } END { print n <= 80 }')" = 1
refused() {
    sed 's/"zlib_bytes <= [0-9]*"/"arena_bytes < 100000"/; s/\["float32", "int8"\]/["dynamic", "float16", "int8"]/' tiny.json >arena.json
    "$NAS" run arena.json --db arena.db --quiet --out arena >/dev/null 2>&1
    equal "$(sql arena.db "select count(*) from tiny where state = 'rejected' and reason like '%Microcontrollers refuses float16 files'")" \
        "$(sql arena.db "select count(*) from tiny where quantize = 'float16'")"
}
check "a bound on the arena turns such files away before training" refused
known() { # what is known before training is what the file has
    local least
    least=$(sql arena.db "select min(arena_bytes) from tiny where state = 'complete'")
    sed "s/arena_bytes < 100000/arena_bytes < $least/" arena.json >least.json
    "$NAS" run least.json --db least.db --quiet --out least >/dev/null 2>&1
    equal "$(sql least.db "select group_concat(number || ' ' || cast(substr(reason, instr(reason, ' is ') + 4) as integer), ', ') from (select * from tiny where quantize = 'int8' order by number)")" \
        "$(sql arena.db "select group_concat(number || ' ' || arena_bytes, ', ') from (select * from tiny where quantize = 'int8' order by number)")"
}
check "it is exact before training" known
close_tests
