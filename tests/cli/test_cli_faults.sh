#!/usr/bin/env bash
# The n-th write, sync or allocation of a whole run fails; kills; clocks that jump. Each ends in a clear message, and the
# same command goes on to the same rows. A few n by default; FAULTS=all: every write and sync, the first allocation from
# each chain of callers, and 200 kills; FAULTS=every: beside those, all allocations of a run of a formula.
. tests/lib.sh

space two 100 "zlib_bytes < 100000" |
    sed -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 64/' -e 's/"trials": 100, //' \
        -e 's/"filters": { "choice": \[4, 8\] }/"filters": 8/' -e 's/"epochs": 3/"epochs": 2/' \
        -e 's/"quantize": .*/"prune": { "schedule": "polynomial", "from": 0.2, "to": 0.5, "begin": 0.5, "end": 0.8, "interval": 1 },\
            "cluster": { "clusters": 4, "init": "kmeans++", "fine_tune_epochs": 1 },\
            "quantize": { "choice": ["float32", "int8"] },/' >two.json
# Two points of a formula, for what takes thousands of runs.
cat >formula.json <<'JSON'
{ "schema": 1, "name": "formula", "task": { "kind": "test_function", "function": "rosenbrock", "dimensions": 2 },
  "point": { "x1": { "choice": [0.5, 1] }, "x2": { "choice": [1] } },
  "objective": { "minimize": "value" }, "search": { "sampler": "grid" } }
JSON
# 48 trials that share their beginnings.
sed -e 's/"name": "two"/"name": "many"/' -e 's/"to": 0.5/"to": { "choice": [0.4, 0.5, 0.6] }/' \
    -e 's/"clusters": 4/"clusters": { "choice": [2, 4, 8, 16] }/' \
    -e 's/"choice": \["float32", "int8"\]/"choice": ["float32", "float16", "dynamic", "int8"]/' two.json >many.json
dump() { # DB STUDY: what is determined, in one statement: thousands of runs are compared
    local metrics="accuracy, test_accuracy, tflite_bytes, zlib_bytes, params, nonzero_params, macs, ram_bytes"
    [ "${2:-two}" != formula ] || metrics="score, value"
    sql "$1" "select 'trial', number, json_array(state, reason, $metrics, candidate), (select group_concat(name || hex(content)) from
            (select name, content from nas_artefacts where trial = k.id order by name)) from ${2:-two} k
        union all select 'epoch', number, json_array(epoch, step, e.loss, e.val_loss, e.val_accuracy), '' from nas_epochs e join ${2:-two} k on k.id = e.trial
        union all select 'stage', number, json_array(position, name, key), '' from nas_stages s join ${2:-two} k on k.id = s.trial
        union all select 'step', number, json_array(position, name, p.accuracy, p.tflite_bytes, p.zlib_bytes), '' from nas_steps p
            join ${2:-two} k on k.id = p.trial
        order by 1, 2, 3"
}
study=two
run() { "$NAS" run $study.json --db fault.db --workers 1 --quiet --out best; }
faulty() { # KIND N: the run of which the N-th call of a kind fails
    head -c 8 /dev/zero >count
    FAULT_KIND=$1 FAULT_COUNT=count FAULT_AT=$2 LD_PRELOAD=$work/faults.so run >fault.txt 2>&1
}
fresh() { rm -rf fault.db* best; }

undisturbed() { # want: its rows
    fresh
    run >said.txt 2>&1 || { cat said.txt; return 1; }
    want=$(dump fault.db $study)
    [ "$(grep -c complete <<<"$want")" = 2 ] || { echo "no rows to compare"; return 1; }
    fresh
}
survives() { # KIND N
    local status
    fresh
    faulty "$1" "$2"
    status=$?
    [ $status -le 2 ] || { cat fault.txt; echo "$1 $2: exit status $status"; return 1; }
    [ $status = 0 ] || [ -s fault.txt ] || { echo "$1 $2: no message"; return 1; }
    run >again.txt 2>&1 || { cat fault.txt again.txt; echo "$1 $2: does not go on"; return 1; }
    dump fault.db $study | diff - <(echo "$want") >differ.txt || { cut -c1-300 differ.txt; echo "$1 $2: other rows"; return 1; }
}
which_of() { # KIND TOTAL HOW-MANY
    if [ -z "${FAULTS:-}" ]; then
        seq "$3" | awk -v total="$2" -v n="$3" '{ print int((2 * $1 - 1) * total / (2 * n)) + 1 }'
    elif [ "$1" = alloc ] && [ "$FAULTS $study" != "every formula" ]; then
        cat places
    else
        seq "$2"
    fi
}
survive_all() { # KIND HOW-MANY: in a few folders at once, as a run waits more than it works
    local total n i parts=$((4 * $(nproc))) pids=() bad=0
    undisturbed || return 1
    rm -f places
    FAULT_PLACES=places faulty "$1" 0 || { cat fault.txt; return 1; }
    total=$(od -An -tu8 count | tr -d ' ')
    echo "$total calls from $(wc -l <places) places"
    which_of "$1" "$total" "$2" >all.txt
    for i in $(seq "$parts"); do
        (
            mkdir -p "part$i" && cd "part$i" && ln -sfn ../clips clips && cp ../$study.json . || exit 1
            for n in $(awk -v i="$i" -v parts="$parts" 'NR % parts == i - 1' ../all.txt); do survives "$1" "$n" || bad=1; done
            exit $bad
        ) &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || bad=1; done
    return $bad
}
shown() { # or an error is said: the first allocation from each place fails
    local n status
    undisturbed && run >said.txt 2>&1 || return 1
    "$NAS" show fault.db 0 >whole.txt || return 1
    show() {
        head -c 8 /dev/zero >count
        FAULT_KIND=alloc FAULT_COUNT=count FAULT_AT=$1 LD_PRELOAD=$work/faults.so "$NAS" show fault.db 0 >shown.txt 2>fault.txt
    }
    rm -f places
    FAULT_PLACES=places show 0
    echo "allocations from $(wc -l <places) places"
    for n in $(cat places); do
        show "$n"
        status=$?
        [ $status = 0 ] && cmp shown.txt whole.txt && continue
        [ $status -le 2 ] && [ -s fault.txt ] || { cat fault.txt; echo "allocation $n: exit status $status"; return 1; }
    done
}
clock() {
    undisturbed || return 1
    faulty clock 0 && equal "$(dump fault.db)" "$want"
}
kills() { # HOW-MANY: of a worker, or of the whole run, in one study
    local i leader left
    fresh
    "$NAS" run many.json --db undisturbed.db --workers 2 --quiet --out best || return 1
    for i in $(seq "$1"); do
        setsid "$NAS" run many.json --db fault.db --workers 2 --quiet --out best >kill.txt 2>&1 &
        leader=$!
        sleep "0.$((RANDOM % 60 + 10))"
        if [ $((i % 2)) = 0 ]; then
            kill -9 -"$leader" 2>/dev/null
        else
            kill -9 $(children "$leader" 2>/dev/null | cut -d' ' -f1) 2>/dev/null
            sleep 0.1
            kill -9 -"$leader" 2>/dev/null
        fi
        wait "$leader" 2>/dev/null
        # Half of the time what was computed so far is lost, too.
        [ $((i % 4)) -ge 2 ] || rm -rf fault.db.cache
    done
    left=$(sql fault.db "select 48 - count(*) from many where state = 'complete'")
    echo "after the kills $left of 48 trials were left"
    "$NAS" run many.json --db fault.db --workers 2 --quiet --out best || return 1
    dump undisturbed.db many >undisturbed.txt
    dump fault.db many >kills.txt
    has complete kills.txt && cmp kills.txt undisturbed.txt && equal "$(sql fault.db "select count(*) from many")" 48
}

if "${CC:-gcc}" -O2 -shared -fPIC -D_GNU_SOURCE -o faults.so "$ROOT/tests/faults.c" 2>said.txt && ! has_asan; then
    check "writes fail" survive_all write 6
    check "syncs fail" survive_all sync 5
    check "allocations fail" survive_all alloc 6
    study=formula
    check "allocations of a formula fail" survive_all alloc 6
    check "allocations while a trial is shown" shown
    study=two
    check "the clock jumps by days" clock
    if [ -n "${FAULTS:-}" ]; then check "200 kills" kills 200; else check "kills" kills 6; fi
fi

close_tests
