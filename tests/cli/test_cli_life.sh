#!/usr/bin/env bash
# Who lives and who is dead where pids, /proc, clocks and users are not what one is used to: live trials stay with their
# workers, those of killed runs come back at once. What only two minutes of silence tell is in test_process.c.
. tests/lib.sh

formula() { # NAME SECONDS POINTS
    cat <<JSON
{ "schema": 1, "name": "$1", "task": { "kind": "test_function", "function": "rosenbrock", "dimensions": 2, "seconds": $2 },
  "point": { "x1": { "choice": [$(seq -s, "$3")] }, "x2": { "choice": [1] } },
  "objective": { "minimize": "value" }, "search": { "sampler": "grid" } }
JSON
}
formula quick 0 6 >quick.json
formula one 2 1 >one.json
formula seven 7 2 >seven.json
formula one 2 2 >other.json
formula nine 9 1 >nine.json
chmod 711 . && cp "$NAS" nas && chmod 755 nas
export PROGRAM=$work/nas SPACES=$work

# --- several runs at once; each of these waits more than it works, so they go on side by side
# A run looks at the workers of others every five seconds, and these trials take seven.
side_by_side() { # FIRST SECOND: words before each run
    $1 timeout 50 "$PROGRAM" run "$SPACES/seven.json" --db d.db --workers 1 --quiet --out a_best >a.txt 2>&1 &
    local first=$!
    at_work_on seven 1
    $2 timeout 50 "$PROGRAM" run "$SPACES/seven.json" --db d.db --workers 1 --quiet --out b_best >b.txt 2>&1 &
    local second=$!
    at_work_on seven 2
    held >before.txt
    wait "$first" && wait "$second"
}
at_work_on() { # STUDY N: waits until N of its trials run
    for _ in $(seq 200); do
        [ "$("$PROGRAM" sql d.db "select count(*) from $1 where state = 'running'" --csv 2>/dev/null | tail -1)" != "$2" ] || break
        sleep 0.02
    done
}
held() { "$PROGRAM" sql d.db "select number, worker, started, attempt from seven order by 1" --csv; }
# A killed run's trial, by the same command.
killed() { # FIRST SECOND [SPACE]: words before each run; what the second runs
    $1 "$PROGRAM" run "$SPACES/one.json" --db d.db --workers 1 --quiet --out a_best >a.txt 2>&1 &
    local leader=$!
    at_work_on one 1
    kill -9 "$leader"
    wait "$leader"
    $2 timeout 60 "$PROGRAM" run "$SPACES/${3:-one.json}" --db d.db --workers 1 --quiet --out b_best >b.txt 2>&1
}
# Its heartbeat tells the worker, after five seconds; what follows is no time of the trial.
stolen() {
    "$PROGRAM" run "$SPACES/nine.json" --db d.db --workers 1 --trial-seconds 6 --quiet --out a_best >a.txt 2>&1 &
    local leader=$! set="update nas_trials_1 set state = "
    at_work_on nine 1
    sqlite3 -cmd ".timeout 10000" d.db "$set 'running', worker = 'somebody else'"
    sleep 10
    sqlite3 -cmd ".timeout 10000" d.db "$set 'failed'"
    wait "$leader"
    [ $? = 3 ]
}
export -f side_by_side at_work_on held killed stolen
begin() { # NAME COMMAND...: in a folder of its own
    mkdir "$1" && chmod 777 "$1"
    (
        cd "$1" || exit
        "${@:2}" >said.txt 2>&1
        echo $? >status.txt
    ) &
    begun+=("$!")
}
ended() { # NAME
    cat "$1"/{said,a,b}.txt
    equal "$(cat "$1/status.txt")" 0
}
kept() { # NAME: both trials were done by those who began them
    ended "$1" || return 1
    sql "$1/d.db" "select number, worker, started, attempt from seven order by 1" >after.txt
    tail -n +2 "$1/before.txt" | diff - after.txt && equal "$(sql "$1/d.db" "select count(distinct worker) from seven")" 2 && no_more "$1"
}
taken_back() { # NAME
    ended "$1" && equal "$(sql "$1/d.db" "select state, attempt, reason is null from one")" "complete,1,1" && no_more "$1"
}
no_more() { # NAME: nothing is left beside the database
    equal "$(cd "$1" && ls -d d.db*)" d.db
}

begun=()
inside="unshare -p -f --kill-child --mount-proc"
without='umount -l /proc 2>/dev/null || mount -t tmpfs none /proc'
hiding='mount -t proc -o hidepid=2 proc /proc'
apart="unshare -m -p -f --kill-child --propagation private bash -c"
can_root=$([ "$(id -u)" = 0 ] && ! has_asan && $apart "$hiding && ($without)" 2>/dev/null && echo yes)
can_clock=$(! has_asan && "${CC:-gcc}" -O1 -shared -fPIC -D_GNU_SOURCE -o apart.so "$ROOT/tests/apart.c" 2>said.txt && echo yes)
first() { umask 077 && exec setpriv --reuid=1001 --regid=1001 --clear-groups "$@"; }
second() { umask 022 && exec setpriv --reuid=1002 --regid=1002 --clear-groups "$@"; }
export -f first second

begin plain side_by_side "" ""
begin killed killed "" ""
begin stolen stolen
if [ "$can_clock" = yes ]; then
    begin no_locks side_by_side "env LD_PRELOAD=$work/apart.so NO_LOCKS=1 CLOCK_BY=3600" "env LD_PRELOAD=$work/apart.so NO_LOCKS=1 CLOCK_BY=-3600"
    begin killed_ahead killed "env LD_PRELOAD=$work/apart.so CLOCK_BY=3600" ""
    begin killed_behind killed "env LD_PRELOAD=$work/apart.so CLOCK_BY=-3600" ""
fi
if [ "$can_root" = yes ]; then
    begin no_proc $apart "$without; side_by_side '' ''"
    begin killed_no_proc $apart "$without; killed '' ''"
    begin killed_inside killed "$inside" ""
    begin killed_outside killed "" "$inside"
    begin namespaces side_by_side "$inside" "$inside"
    # Two minutes of silence are a few seconds of a faster clock; what it knows is the heartbeat alone.
    if [ "$can_clock" = yes ]; then
        far="env LD_PRELOAD=$work/apart.so NO_LOCKS=1 CLOCK_BY=3600 $inside"
        begin silent killed "$far" "env LD_PRELOAD=$work/apart.so CLOCK_TIMES=25"
        begin silent_before killed "$far" "env LD_PRELOAD=$work/apart.so CLOCK_TIMES=25" other.json
    fi
    for name in users killed_users; do # the database is made for both
        mkdir "made_$name" && (cd "made_$name" && "$NAS" run ../quick.json --db d.db --quiet >/dev/null 2>&1 && chmod 666 d.db)
    done
    begin users $apart "cp -p ../made_users/d.db .; $hiding; side_by_side first second"
    begin killed_users $apart "cp -p ../made_killed_users/d.db .; $hiding; killed first second"
fi
wait "${begun[@]}"

check "two runs leave each other's trials alone" kept plain
check "a killed run's trial comes back at once" taken_back killed
lost() { ended stolen && grep -q "trial 0 was taken from its worker" stolen/a.txt && ! grep -q "did not end its trial in time" stolen/a.txt; }
check "a worker whose trial was taken waits for it" lost
if [ "$can_clock" = yes ]; then
    check "without locks, two hours between the clocks" kept no_locks
    says_no_lock() { has "d.db cannot be locked" no_locks/a.txt; }
    check "that there is no lock is said" says_no_lock
    check "a killed run whose clock was an hour ahead" taken_back killed_ahead
    check "a killed run whose clock was an hour behind" taken_back killed_behind
else
    echo "[  SKIPPED ] clocks: an object cannot be loaded before others here"
fi
if [ "$can_root" = yes ]; then
    check "without /proc" kept no_proc
    check "without /proc, a killed run's trial comes back" taken_back killed_no_proc
    check "a run in another pid namespace was killed" taken_back killed_inside
    check "seen from another pid namespace" taken_back killed_outside
    check "two containers" kept namespaces
    check "two users, whose processes are hidden" kept users
    check "a killed run of another user" taken_back killed_users
    if [ "$can_clock" = yes ]; then
        check "where nothing tells but two minutes of silence" taken_back silent
        before() {
            ended silent_before && equal "$(sql silent_before/d.db "select version, state from nas_trials_1 order by 1, 2")" "1,waiting
2,complete
2,complete"
        }
        check "another space waits for that silence" before
    fi
    pid_one() { # both are pid 1 and make the database
        local i a b
        for i in $(seq 12); do
            rm -rf one.db* one_a one_b
            unshare -p -f "$PROGRAM" run quick.json --db one.db --workers 1 --quiet --out one_a >a.txt 2>&1 &
            a=$!
            unshare -p -f "$PROGRAM" run quick.json --db one.db --workers 1 --quiet --out one_b >b.txt 2>&1 &
            b=$!
            wait $a || { cat a.txt; echo "round $i: the first failed"; return 1; }
            wait $b || { cat b.txt; echo "round $i: the second failed"; return 1; }
            equal "$(sql one.db "select count(*), min(state), max(state) from quick")" "6,complete,complete" || return 1
            equal "$(ls -d one.db*)" one.db || return 1
        done
    }
    check "two that are pid 1 make one database, twelve times" pid_one
else
    echo "[  SKIPPED ] containers: this needs root, unshare and mounts"
fi
close_tests
