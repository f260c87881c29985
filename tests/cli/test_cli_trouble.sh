#!/usr/bin/env bash
# What goes wrong around the program: wrong places, full devices, closed pipes, narrow terminals, other clips.
. tests/lib.sh
space tiny 8 "zlib_bytes < 100000" >tiny.json
sed 's/"epochs": 3/"epochs": 3000/; s/"name": "tiny"/"name": "long"/' tiny.json >long.json
run() { "$NAS" run tiny.json --workers 2 --quiet "$@"; }

# --- refused before any work, with nothing left behind
check "an option is no value" says 2 "a value is missing after '--db'" run --db --trials
check "nor is an empty word" says 2 "a value is missing after '--out='" run --out=
check "a database in a folder that is not there" says 2 "its folder is not there" run --db nowhere/x.db
: >empty.db
check "an empty file as a database" says 2 "remove it or give another database" run --db empty.db
check "a file as the winner's folder" says 2 "is not a folder" run --out tiny.json
check "a file as the cache" says 2 "Not a directory" run --cache tiny.json
check "a file as the folder of an export" says 2 "is not a folder" "$NAS" export tiny.db -o tiny.json/x
check "a file as the folder of a training" says 2 "is not a folder" "$NAS" train tiny.json -o tiny.json
check "choices in a candidate" says 2 "a choice cannot stand here" "$NAS" train tiny.json -o model
cp -r clips broken && : >"broken/go/$(ls broken/go | head -n 1)" && echo text >"broken/stop/$(ls broken/stop | head -n 1)"
check "clips that cannot be read" says_of 2 "1 of 72 clips in broken cannot be read, all listed in broken_unreadable.txt: stop/" run --data broken
check "all of them are listed" equal "$(grep -c . broken_unreadable.txt)" 2
check "and nothing else is left behind" test ! -e tiny.db -a ! -e tiny.db.cache
mkdir alone && for word in go stop yes; do
    mkdir "alone/$word"
    for clip in "clips/$word"/*; do cp "$clip" "alone/$word/one_nohash_$(basename "$clip")"; done
done
sed 's/"by": "file"/"by": "speaker"/' tiny.json >speaker.json
check "one speaker cannot be split" says 2 "1 speakers cannot be split" "$NAS" run speaker.json --data alone

# --- one study, then others beside it
check "a run" run
pack=$(du -sk tiny.db.cache | cut -f 1)
"$NAS" copy tiny.db clone.db >/dev/null
check "other clips under its name" says_of 0 "the data or their split are others than version 1's" run --db clone.db --data alone --trials 1 --out clone_best
rm -r clone.db clone.db.cache clone_best
check "another seed, and a new cache" says 2 "seed 3, now with 4" run --seed 4 --cache other
sed 's/"name": "tiny"/"name": "two"/' tiny.json >two.json
check "a second study in the same database" "$NAS" run two.json --db tiny.db --data alone --trials 2 --quiet
check "then --study says which" says 2 "(tiny, two): name one with --study" "$NAS" top tiny.db
check "verify of other clips" says 2 "are not those of study tiny" "$NAS" verify tiny.db 3 --study tiny --data alone
check "verify of clips that went" says 2 "--data names another folder" "$NAS" verify tiny.db 3 --study tiny --data gone
check "a space without clips" says 2 "--data names another folder" run --data gone --db new.db

# --- queries say what is true
row="select 'a\"b,c' as x, null as n, '' as e, x'00ff' as b, -1e999 as f, 7 as i, 'two
lines' || char(27) as t"
check "csv" equal "$("$NAS" sql tiny.db "$row" --csv | cat -v)" 'x,n,e,b,f,i,t
"a""b,c",,"",<2 bytes>,-9e999,7,"two
lines^["'
check "json" equal "$("$NAS" sql tiny.db "$row" --json)" '[
  {"x": "a\"b,c", "n": null, "e": "", "b": "<2 bytes>", "f": -9e999, "i": 7, "t": "two\nlines\u001b"}
]'
check "what is no UTF-8 is still JSON" equal "$("$NAS" sql tiny.db "select cast(x'ff41ed' as text) as t" --json)" '[
  {"t": "\ufffdA\ufffd"}
]'
check "no text steers the terminal" equal "$("$NAS" sql tiny.db "$row" | cat -v | tail -n 1)" 'a"b,c        <2 bytes>  -inf  7  two\nlines\x1b'
check "a head without rows" equal "$("$NAS" sql tiny.db 'select number, state from tiny where 0' --csv)" "number,state"
for query in "insert into nas_studies default values returning *" "create temp table q(a)" "vacuum into 'y.db'" "begin" \
    "pragma journal_mode=delete" "select load_extension('x')" "select 1; select 2" "select nothing from tiny"; do
    check "sql refuses: $query" says 2 "" "$NAS" sql tiny.db "$query"
done

# --- where the output goes
full() { "$@" >/dev/full 2>err.txt; local st=$?; cat err.txt; [ $st = 1 ] && grep -q "could not be written" err.txt; }
check "a full device: sql" full "$NAS" sql tiny.db "select 1"
check "a full device: help" full "$NAS" run --help
check "a full device: run, which stops" full "$NAS" run long.json --db full.db --workers 1
head_only() { # the reader goes after one line: nothing to complain of, nothing left behind
    "$NAS" sql tiny.db "with recursive c(x) as (select 1 union all select x + 1 from c limit 300000) select * from c" --csv 2>err.txt | head -n 1
    [ "${PIPESTATUS[0]}" = 1 ] && [ ! -s err.txt ] && [ ! -e tiny.db-wal ]
}
check "a closed pipe" head_only
full_disk() { # LABEL KB: runs out of room, says so, and goes on when there is some
    local at=$work/disk want st
    want=$(sql tiny.db "select number, accuracy, zlib_bytes from tiny order by number")
    mkdir -p "$at" && mount -t tmpfs -o "size=${1}k" tmpfs "$at" || return 1
    cp tiny.json "$at" && ln -s "$work/clips" "$at/clips"
    (cd "$at" && run >said.txt 2>&1)
    st=$?
    cat "$at/said.txt"
    mount -o remount,size=20m "$at" && (cd "$at" && run 2>&1)
    local got
    got=$(sql "$at/tiny.db" "select number, accuracy, zlib_bytes from tiny where state = 'complete' order by number")
    umount "$at"
    [ $st = 1 ] && equal "$got" "$want"
}
mkdir disk
if mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null; then
    umount disk
    check "a disk full of clips" full_disk $((pack / 2))
    check "a disk full of trials" full_disk $((pack + 60))
fi
lines_of() { # COLUMNS ROWS: the lines of finished trials on a terminal
    script -qec "stty cols $1 rows $2; $NAS run tiny.json --db $1.db --workers 8 --out $1_best" /dev/null </dev/null |
        sed 's/\x1b\[[0-9]*[A-Z]/\r/g' | tr '\r' '\n' | grep -E '^ +[0-9]+  complete'
}
narrow() { # COLUMNS
    lines_of "$1" 5 >lines.txt
    cat lines.txt
    [ "$(wc -l <lines.txt)" = 8 ] && awk -v most="$1" '{ gsub("…", "."); if (length($0) > most) exit 1 }' lines.txt
}
if command -v script >/dev/null; then
    check "a terminal of 40 columns" narrow 40
    check "a terminal of 20 columns" narrow 20
fi
check "no control characters in a file" equal "$("$NAS" run tiny.json --db file.db 2>&1 | LC_ALL=C tr -d '\n\200-\377' | LC_ALL=C tr -d ' -~' | wc -c)" 0

# --- signals
hung_up() {
    env --default-signal=HUP "$NAS" run long.json --db hup.db --workers 2 --quiet &
    local leader=$!
    at_work "$leader" 2 || return 1
    kill -HUP "$leader"
    wait "$leader"
    [ $? = 130 ] && equal "$(sql hup.db "select count(*) from long where state = 'running'")" 0
}
# Whoever ignores SIGHUP (nohup) hands that on, and is obeyed.
if [ $((0x$(awk '/^SigIgn/ { print $2 }' /proc/$$/status) & 1)) = 0 ]; then
    check "a terminal that closes stops the run" hung_up
fi
# --- trials that take more than they may
slow() {
    "$NAS" run long.json --db slow.db --workers 2 --trials 2 --trial-seconds 1 >slow.txt
    [ $? = 3 ] && equal "$(sql slow.db "select number, state, attempt, reason from long")" "0,failed,2,took longer than 1 seconds (--trial-seconds)
1,failed,2,took longer than 1 seconds (--trial-seconds)"
}
sed 's/"epochs": 3/"epochs": 30000/; s/"name": "tiny"/"name": "long"/' tiny.json >long.json
check "trials that take too long fail, after another try" slow
hung() { # a worker that does not even look at the clock
    "$NAS" run tiny.json --db hung.db --workers 1 --trial-seconds 3 --out hung_best >hung.txt 2>&1 &
    local leader=$!
    for _ in $(seq 200); do
        [ "$(sql hung.db "select count(*) from tiny where state = 'running'" 2>/dev/null)" != 1 ] || break
        sleep 0.02
    done
    kill -STOP $(children "$leader")
    wait "$leader" && grep -q "did not end its trial in time; it is replaced" hung.txt &&
        equal "$(sql hung.db "$determined")" "$(sql tiny.db "$determined")" &&
        equal "$(sql hung.db "select max(attempt) from tiny")" 2
}
determined="select number, state, accuracy, zlib_bytes, candidate from tiny order by number"
check "a worker that hangs is replaced, and its trial tried again" hung
waits() { # another process computes its features: the trial's time does not run meanwhile
    rm -rf wait.cache && cp -r tiny.db.cache wait.cache || return 1
    local key lock
    key=$(sql tiny.db "select key from nas_stages where name = 'features' limit 1")
    lock=wait.cache/${key:0:2}/$key
    rm "$lock" || return 1
    flock "$lock.lock" sleep 9 &
    "$NAS" run tiny.json --db wait.db --cache wait.cache --workers 2 --trial-seconds 5 --out wait_best >wait.txt 2>&1
    local status=$?
    wait $!
    cat wait.txt
    [ $status = 0 ] && equal "$(sql wait.db "$determined")" "$(sql tiny.db "$determined")" &&
        equal "$(sql wait.db "select max(attempt), max(seconds) > 4 from tiny")" 1,1
}
check "a trial that waits for another's features is not late" waits
# Clips at another rate and features are for all trials: no trial is late because it is the one that makes them.
sed 's/"labels": \[[^]]*\]/"labels": ["down", "go", "left", "no", "right", "stop", "up", "yes"]/; s/"frontend": {/& "sample_rate_hz": 8000,/; s/"upper_hz": 4000/"upper_hz": 3900/; s/"name": "tiny"/"name": "rate"/' tiny.json >rate.json
shared() { # on one processor, so that it takes longer than a trial may
    taskset -c "$(taskset -cp $$ | grep -o '[0-9]*$')" "$NAS" run rate.json --db rate.db --workers 1 --trials 1 --trial-seconds 1 --retries 0 --out rate_best &&
        equal "$(sql rate.db "select state, attempt, seconds > (select sum(wall_seconds) from nas_stages where name = 'features') from rate")" complete,1,1
}
check "a trial is not late because of clips and features that all share" shared
packing() { # another process resamples the clips
    local pack
    pack=$(find rate.db.cache -type f -size +1M -printf '%s %p\n' | sort -n | head -n 1 | cut -d' ' -f2)
    [ -n "$pack" ] && find rate.db.cache -type f -size -10M -delete || return 1
    flock "$pack.lock" sleep 8 &
    "$NAS" run rate.json --db again.db --cache rate.db.cache --workers 1 --trials 1 --trial-seconds 1 --retries 0 --out rate_best
    local status=$?
    wait $!
    [ $status = 0 ] && equal "$(sql again.db "select state, seconds > 3 from rate")" complete,1
}
check "nor because another process packs them" packing
large() {
    sed 's/"choice": \[4, 8\]/"choice": [4, 4000]/' tiny.json >large.json
    "$NAS" run large.json --db large.db --workers 1 --retries 0 --trial-bytes 8000000 --out large_best &&
        equal "$(sql large.db "select model_layers_0_filters, state, count(*), reason like 'needs more than 8000000 bytes (--trial-bytes): %' from tiny where state <> 'rejected' group by 1, 2")" "4,complete,4,
4000,failed,2,1"
}
has_asan || check "a trial that needs too much memory fails, and the others go on" large

# --- names that are hard to print
mkdir -p 'words/a"b' words/é && cp clips/go/* 'words/a"b' && cp clips/stop/* words/é
sed 's/"labels": \[[^]]*\], *$/"labels": ["a\\"b", "é"],/' tiny.json >words.json
check "classes with quotes and accents" "$NAS" run words.json --db words.db --data words --out words_best --trials 2 --quiet
labels() { "$NAS" eval words_best --data words --json | grep -F '"labels": ["a\"b", "é"]'; }
check "are JSON when they are printed" labels

close_tests
