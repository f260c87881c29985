#!/usr/bin/env bash
# A database is its file: several names of it are refused, and a run whose database is removed, moved or replaced says so, keeps
# what was finished in a file beside, and leaves alone what took the place. Long paths, limits of file sizes.
. tests/lib.sh

formula() { # NAME SECONDS
    cat <<JSON
{ "schema": 1, "name": "$1", "task": { "kind": "test_function", "function": "rosenbrock", "dimensions": 2, "seconds": $2 },
  "point": { "x1": { "range": [-2, 2], "step": 0.2 }, "x2": { "range": [-1, 3], "step": 1 } },
  "objective": { "minimize": "value" }, "search": { "sampler": "grid" } }
JSON
}
formula slow 0.15 >slow.json
formula quick 0 >quick.json
run() { "$NAS" run quick.json --db "$1" --trials "${2:-10}" --quiet --out o "${@:3}"; }
no_wal() { [ ! -e "$1-wal" ] && [ ! -e "$1-shm" ] || { ls "$1"*; return 1; }; }

# --- several names
run quick.db >/dev/null 2>&1
ln quick.db second.db
check "a hard link is refused" says 2 "second.db is one of 2 names of the same file (hard links)" run second.db 20
check "under its first name as well" says 2 "or set --one-name where nobody uses them" run quick.db 20
check "readers say so and go on" says 0 "warning: second.db is one of 2 names" "$NAS" sql second.db "select count(*) from quick"
check "unless told that it has one name" says_of 0 "value" run quick.db 20 --one-name
check "nor does any other command that writes" says 2 "quick.db is one of 2 names" "$NAS" retry quick.db
check "but where it is told" says_of 0 "no trial of quick failed" "$NAS" retry quick.db --one-name
rm second.db
mkdir sub && ln -s ../quick.db sub/link.db
check "a symbolic link is no other name" says_of 0 "value" run sub/link.db 30
check "both see all" equal "$(sql quick.db 'select count(*) from quick') $(sql sub/link.db 'select count(*) from quick')" "30 30"
ln -s ../other.db sub/nothing.db
check "one that leads nowhere" says 2 "sub/nothing.db is a symbolic link to what is not there" run sub/nothing.db
rm sub/nothing.db
echo something >quick.db-journal
check "a journal is found behind a link" says 2 "-journal lies beside the database" "$NAS" sql sub/link.db "select 1"
rm quick.db-journal
"$NAS" run slow.json --db work.db --workers 1 --out o >/dev/null 2>&1 &
leader=$!
ln -s ../work.db sub/work.db
for _ in $(seq 200); do [ "$(sql work.db 'select count(*) from slow' 2>/dev/null || echo 0)" -gt 1 ] && break; sleep 0.05; done
quiet() { "$NAS" sql "$1" "select count(*) from slow" >quiet.txt 2>&1 && ! grep warning quiet.txt || { cat quiet.txt; return 1; }; }
check "of a database at work nothing is missed behind a link" quiet sub/work.db
kill -KILL $leader
wait $leader 2>/dev/null || true
if unshare -m true 2>/dev/null; then
    mkdir shut links
    cp work.db work.db-wal shut && ln -s ../shut/work.db links/work.db
    read_only() { # DB: when its folder cannot be written
        unshare -m --propagation private bash -c 'mount --bind shut shut && mount -o remount,ro,bind shut && "$0" sql "$1" "select 1"' "$NAS" "$1"
    }
    check "what is in the -wal file is not left out" says 1 "cannot be read in a folder without write permission" read_only shut/work.db
    check "nor behind a link" says 1 "cannot be read in a folder without write permission" read_only links/work.db
    mkdir box
    : >box/run.db
    mounted() { # WHAT WHERE COMMAND...
        unshare -m --propagation private bash -c 'mount --bind "$1" "$2" && shift 2 && "$@"' - "$@"
    }
    check "a file that is mounted by itself is refused" says 2 "box/run.db is mounted as a single file" \
        mounted quick.db box/run.db "$NAS" run quick.json --db box/run.db --trials 40
    check "not where it is told" says_of 0 "value" mounted quick.db box/run.db "$NAS" run quick.json --db box/run.db --trials 40 --one-name --out o
    check "nor where the folder is mounted" says_of 0 "value" mounted . box "$NAS" run quick.json --db box/quick.db --trials 50 --out o
    check "into the one file" equal "$(sql quick.db 'select count(*) from quick')" 50
else
    echo "mounts are not tried: they take root"
fi

# --- removed, moved, replaced, with three workers at work
told() { grep -c '  complete ' "${1:-run.txt}" 2>/dev/null || true; }
lose() { # COMMAND: does it once some trials are told; the run's exit status, what it said in run.txt, its file in saved
    rm -rf run.db* run.txt moved.db
    "$NAS" run slow.json --db run.db --workers 3 --out slow_best >run.txt 2>&1 &
    local leader=$!
    for _ in $(seq 400); do [ "$(told)" -ge 4 ] 2>/dev/null && break; sleep 0.05; done
    eval "$1"
    wait $leader
    status=$?
    saved=$(echo run.db.saved-*.db)
}
check_saved() { # WORDS: that the end says; all that was told is in the file beside
    cat run.txt
    [ $status = 1 ] || { echo "exit status $status"; return 1; }
    grep -qF "$1" run.txt && grep -qF "is in $saved: the same command with --db $saved --cache run.db.cache goes on" run.txt || return 1
    local missing
    missing=$(comm -23 <(awk '$2 == "complete" { print $1 }' run.txt | sort) <(sql "$saved" "select number from slow where state = 'complete'" | sort))
    [ -z "$missing" ] || { echo "told and lost: $missing"; return 1; }
    equal "$(sql "$saved" 'pragma integrity_check') $(sql "$saved" "select count(*) from slow where state = 'running'")" "ok 0" && no_wal "$saved"
}
lose 'rm run.db'
check "a database that is removed" check_saved "run.db was removed or moved by another process"
check "leaves nothing that waits for another" no_wal run.db
check "and the study goes on in the file beside" says_of 0 "value" "$NAS" run slow.json --db "$saved" --trials 12 --quiet --out slow_best
check "with no trial twice" equal "$(sql "$saved" 'select count(*), count(distinct number) from slow where number < 12')" 12,12
lose 'rm run.db*'
check "with all that is beside it" check_saved "run.db was removed or moved"
lose 'mv run.db moved.db'
check "moved" check_saved "run.db was removed or moved"
lose 'rm run.db-wal'
check "its -wal alone removed" check_saved "run.db-wal was removed"
"$NAS" copy quick.db other.db >/dev/null
before=$(sha256sum <other.db)
lose 'mv other.db run.db'
check "replaced by another" check_saved "run.db was replaced by another process"
check "which stays as it is" equal "$(sha256sum <run.db)" "$before"
check "with nothing beside it" no_wal run.db
check "and reads as before" equal "$(sql run.db 'pragma integrity_check') $(sql run.db 'select count(*) from quick')" "ok $(sql quick.db 'select count(*) from quick')"
check "a command that finds another than it knew says no 'bad input'" test "$status" = 1
lose 'ln run.db moved.db'
check "another name given" bash -c "[ $status = 1 ] && grep -q 'run.db got another name (a hard link)' run.txt && [ '$saved' = 'run.db.saved-*.db' ]"
rm moved.db
check "what was told is there, and it goes on" says_of 0 "value" "$NAS" run slow.json --db run.db --trials 12 --quiet --out slow_best

# --- two runs on one file that goes away: each has what it told
formula second 0.15 >second.json
rm -rf run.db* run.txt
"$NAS" run slow.json --db run.db --workers 2 --out slow_best >run.txt 2>&1 &
first=$!
"$NAS" run second.json --db run.db --workers 2 --out second_best >second.txt 2>&1 &
for _ in $(seq 400); do [ "$(told)" -ge 4 ] 2>/dev/null && [ "$(told second.txt)" -ge 4 ] && break; sleep 0.05; done
rm run.db
wait $first; wait $!
has_told() { # STUDY FILE
    local db
    db=$(grep -o 'run.db.saved-[^ ]*\.db:' "$2" | tr -d :)
    [ -z "$(comm -23 <(awk '$2 == "complete" { print $1 }' "$2" | sort) <(sql "$db" "select number from $1 where state = 'complete'" | sort))" ] ||
        { cat "$2"; sql "$db" "select number, state from $1"; return 1; }
}
check "two runs: the first has what it told" has_told slow run.txt
check "and the second" has_told second second.txt

# --- paths and sizes
deep=$(printf "%0100d/%0100d/%0100d/%0100d/%0100d" 1 2 3 4 5)
mkdir -p "$deep"
check "a path of 500 characters" says 2 "bytes from the root on, SQLite takes" run "$deep/x.db"
check "of 5,000" says 2 "--db is too long: a path of 5000 bytes" run "$(printf '%05000d' 0)"
check "of a folder for the winner" says 2 "--out is too long: a path of" "$NAS" run quick.json --db long.db --out "$(printf '%05000d' 0)"
check "a name that no file system takes, before work is done" says 2 "cannot be looked at (File name too long)" "$NAS" run quick.json --db long.db --out "$(printf '%0300d' 0)"
space long 4 "zlib_bytes < 100000" | sed "s#\"clips\"#\"$(printf '%04000d' 0)\"#" >long.json
check "of data" says 2 "task.data is too long" "$NAS" run long.json
check "a query may be long" says 0 "1" "$NAS" sql quick.db "select 1 -- $(printf '%05000d' 0)"
for name in $'a\nb.db' $'\x80it\'s \"q\".db' '?x=1#y%41.db'; do
    check "odd name $(printf %q "$name")" bash -c "'$NAS' run quick.json --db \"\$1\" --trials 3 --quiet --out o && [ \"\$('$NAS' sql \"\$1\" 'select count(*) from quick' --csv | tail -1)\" = 3 ]" - "$name"
done
limited() { (ulimit -f "$1"; shift; run "$@"); }
check "at the limit of a file's size it is said" says_of 1 "raise the limit of a file's size (ulimit -f)" limited 150 limit.db 100
check "and the same command goes on" says_of 0 "value" run limit.db 100
close_tests
