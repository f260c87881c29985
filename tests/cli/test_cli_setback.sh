#!/usr/bin/env bash
# What ends workers from outside is not charged to their trials, at default settings; a trial that crashes its worker by
# itself still fails; a run that cannot go on says so. tests/strike.c picks candidates by the size of their nets.
. tests/lib.sh
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_sigbus=0 # a signal is to end a worker as it would without

space tiny 8 "zlib_bytes < 100000" | sed 's/"choice": \[4, 8\]/"choice": [4, 400]/' >tiny.json
space long 8 "zlib_bytes < 100000" | sed 's/"epochs": 3/"epochs": { "choice": [6000, 6001, 6002, 6003] }/; s/{ "choice": \[4, 8\] }/8/' >long.json
determined="select number, state, accuracy, zlib_bytes, candidate from tiny order by number"
running() { sql "$1" "select count(*) from $2 where state = 'running'" 2>/dev/null; }
wait_running() { # DB STUDY N
    for _ in $(seq 400); do [ "$(running "$1" "$2")" != "$3" ] || return 0; sleep 0.02; done
    return 1
}
run_long() { # DB TRIALS WORKERS: in the place of this shell
    exec env --default-signal=INT "$NAS" run long.json --db "$1" --trials "$2" --workers "$3" --quiet --out "$1.best" >"$1.txt" 2>&1
}
check "a run that nothing disturbs" "$NAS" run tiny.json --quiet

# On a busy machine the signals may come when all is done: again, then.
in_time() { # COMMAND...: its status; 9: it came too late
    local status i
    for i in 1 2 3 4 5 6; do
        "$@"
        status=$?
        [ $status = 9 ] || return $status
    done
    echo "came too late six times"
    return 1
}
killed() { # SIGNAL: three times in a row, in one trial
    rm -rf k.db*
    run_long k.db 1 1 &
    local leader=$! i
    for i in 1 2 3; do
        wait_running k.db long 1 || break
        sleep 0.2
        kill "-$1" $(children "$leader")
        sleep 0.3
    done
    wait "$leader"
    cat k.db.txt
    grep -qE "was (ended by signal|asked to end)" k.db.txt || return 9
    equal "$(sql k.db "select state, attempt, reason from long")" "complete,1,"
}
check "kill -9 three times is no fault of the trial" in_time killed KILL
check "nor is SIGBUS" in_time killed BUS
check "nor is SIGTERM, after which the worker leaves in order" in_time killed TERM

random_kills() { # twenty, of any worker
    run_long r.db 4 2 &
    local leader=$! i
    for i in $(seq 20); do
        sleep "0.$((RANDOM % 20 + 5))"
        kill -9 $(children "$leader" 2>/dev/null | tr ' ' '\n' | shuf -n 1) 2>/dev/null
    done
    wait "$leader"
    cat r.db.txt
    equal "$(sql r.db "select count(*) from long where state = 'failed' or attempt > 1")" 0 && (run_long r.db 4 2)
    equal "$(sql r.db "select count(*), min(state), max(attempt) from long")" "4,complete,1"
}
check "nor are twenty kills by chance" random_kills

charged() { # a run is killed whole; another one takes its trials
    run_long b.db 2 1 &
    local one=$!
    wait_running b.db long 1
    setsid "$NAS" run long.json --db b.db --trials 2 --workers 1 --retries 0 --quiet --out b2 >b2.txt 2>&1 &
    local two=$!
    wait_running b.db long 2
    kill -9 -- -$two
    wait $two 2>/dev/null
    wait $one
    equal "$(sql b.db "select state, attempt from long")" "complete,1
complete,1"
}
check "a run that is killed whole is not blamed on its trial" charged

stopped() {
    run_long s.db 2 2 &
    local leader=$! worker
    wait_running s.db long 2
    worker=$(children "$leader" | cut -d' ' -f1)
    kill -STOP "$worker"
    kill -INT "$leader" || return 1
    for _ in $(seq 200); do kill -0 "$leader" 2>/dev/null || break; sleep 0.05; done
    kill -CONT "$worker" 2>/dev/null && echo "the stopped worker is still there"
    wait "$leader"
    equal "$? $(running s.db long)" "130 0"
}
check "Ctrl-C ends a run with a stopped worker" stopped

asked() { # processes that train finalists again
    rm -rf again.*
    sed 's/"seed": 3/"seed": 3, "replicates": 2/' long.json >again.json
    "$NAS" run again.json --db again.db --trials 1 --workers 2 --quiet --out again.best >again.txt 2>&1 &
    local leader=$! first
    at_work "$leader" 2
    first=$(children "$leader")
    while kill -0 "$leader" 2>/dev/null; do # until there are two that are not the workers
        [ "$(children "$leader" 2>/dev/null | wc -w)" != 2 ] || [ "$(children "$leader")" = "$first" ] || break
    done
    kill $(children "$leader") 2>/dev/null
    wait "$leader" || return 1
    grep -q "asked to end by another process: the same command trains what is missing" again.txt || return 9
    "$NAS" run again.json --db again.db --trials 1 --workers 2 --quiet --out again.best &&
        equal "$(sql again.db "select count(*) from nas_answers where replicate > 0")" 2
}
check "finalists whose processes are asked to end are trained by the same command" in_time asked

loses_cache() { # again and again, while trials are at work
    "$NAS" run tiny.json --db c.db --workers 2 --quiet --out c.best >c.txt 2>&1 &
    local leader=$!
    while kill -0 "$leader" 2>/dev/null; do rm -rf c.db.cache; sleep 0.01; done 2>/dev/null
    wait "$leader"
    local status=$?
    cat c.txt
    [ $status = 0 ] || "$NAS" run tiny.json --db c.db --workers 2 --quiet --out c.best || return 1
    equal "$(sql c.db "$determined")" "$(sql tiny.db "$determined")" && equal "$(sql c.db "select max(attempt) from tiny")" 1
}
check "a cache folder that goes away" loses_cache
cut_cache() { # features that workers have mapped: SIGBUS
    run_long f.db 2 2 &
    local leader=$! key
    wait_running f.db long 2
    sleep 0.3
    find f.db.cache -type f -size +20k -size -2000k -exec truncate -s 100 {} + 2>/dev/null
    wait "$leader"
    local status=$?
    cat f.db.txt
    [ $status = 0 ] || (run_long f.db 2 2) || return 1
    equal "$(sql f.db "select state, attempt from long")" "complete,1
complete,1"
}
check "files of the cache that are cut while they are mapped" cut_cache

if "${CC:-gcc}" -O2 -shared -fPIC -D_GNU_SOURCE -o strike.so "$ROOT/tests/strike.c" 2>said.txt && ! has_asan; then
    strike() { # WHAT DB ARGUMENTS...: whoever makes a net of 400 filters
        rm -rf "$2" "$2.cache"
        STRIKE=$1 STRIKE_FROM=1000000 LD_PRELOAD=$work/strike.so "$NAS" run tiny.json --db "$2" --quiet --out "$2.best" "${@:3}" >strike.txt 2>&1
    }
    states="select model_layers_0_filters, state, count(*), max(attempt) from tiny group by 1, 2 order by 1"
    crashes() { # SIGNAL
        strike "$1" crash.db --workers 2 || { cat strike.txt; return 1; }
        cat strike.txt
        grep -q "trial 2 failed: it crashed its worker, 3 times with no other trial of the run at work, the last time by signal $1" strike.txt &&
            equal "$(sql crash.db "$states")" "4,complete,4,1
400,failed,4,1" && equal "$(sql crash.db "select distinct reason from tiny where state = 'failed'" | tr -d '"' | cut -c1-70)" \
            "crashed its worker, 3 times with no other trial of the run at work, th"
    }
    check "candidates that crash their worker are failed, the others are not" crashes 11
    set_back() { # those that failed are tried again, and succeed now that nothing strikes
        "$NAS" retry crash.db 2-3 >retry.txt || return 1
        cat retry.txt
        grep -q "^2 trials of tiny wait again" retry.txt && "$NAS" retry crash.db >retry.txt && grep -q "^2 trials of tiny wait again" retry.txt &&
            "$NAS" run tiny.json --db crash.db --quiet --out crash.best && equal "$(sql crash.db "$determined")" "$(sql tiny.db "$determined")" &&
            equal "$(sql crash.db "select count(*) from tiny_warnings where text like '%nas retry%it had failed: crashed its worker%'")" 4
    }
    check "nas retry sets them back" set_back
    hungry() {
        strike memory hungry.db --workers 2 || { cat strike.txt; return 1; }
        equal "$(sql hungry.db "$states")" "4,complete,4,1
400,failed,4,1" && equal "$(sql hungry.db "select count(*) from tiny where reason like 'needs more memory than there was, 3 times with no other trial%'")" 4
    }
    check "memory that one kind of candidate alone never gets" hungry
    comes_back() { # to the study, while another one is tried alone
        STRIKE=11 STRIKE_FROM=1000000 LD_PRELOAD=$work/strike.so "$NAS" run tiny.json --db back.db --quiet --out back.best --workers 2 >back.txt 2>&1 &
        local leader=$! left=0
        for _ in $(seq 1000); do
            [ "$(sql back.db "select count(*) from tiny where state = 'failed'" 2>/dev/null)" != 1 ] || break
        done
        "$NAS" retry back.db 2 && left=$(sql back.db "select count(*) from tiny where number > 2 and state in ('waiting', 'running')")
        wait "$leader"
        local status=$?
        cat back.txt
        [ "$left" -gt 0 ] || { echo "came too late"; return 0; }
        equal "$status" 0 && equal "$(sql back.db "$states")" "4,complete,4,1
400,failed,4,1"
    }
    check "a trial that comes back while others are tried alone" comes_back
    one_crash() {
        head -c 1 /dev/zero >times
        STRIKE_TIMES=$work/times strike "$1" once.db --workers 2 || { cat strike.txt; return 1; }
        [ ! -s times ] && equal "$(sql once.db "$determined")" "$(sql tiny.db "$determined")" &&
            equal "$(sql once.db "select max(attempt) from tiny")" 1
    }
    check "one crash fails nothing" one_crash 6
    check "nor does one refusal of memory" one_crash memory
    nothing_left() { # WHAT TEXT: it strikes every net; a stream in memory begins with 8192 bytes
        STRIKE=$1 STRIKE_FROM=9000 LD_PRELOAD=$work/strike.so says_of 1 "$2" "$NAS" run tiny.json --db none.db --cache tiny.db.cache --no-share --workers 2 --quiet --out none.best &&
            equal "$(sql none.db "select count(*) from tiny where state <> 'waiting' or attempt > 0")" 0 && rm -rf none.db*
    }
    check "no memory for anybody ends the run" nothing_left memory "trained no trial between"
    check "so do workers that are always killed" nothing_left 9 "signal 9 (Killed)"
fi
close_tests
