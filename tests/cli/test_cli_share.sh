#!/usr/bin/env bash
# Shared beginnings: whole studies are the same bits with and without them, and nothing is trained twice.
. tests/lib.sh

# Five trainings (dense; two sparsities from the end of an epoch, two from within one) of 4 files each.
space shared 100 "zlib_bytes < 100000" |
    sed -e 's/"frame_length_ms": { "choice": \[32, 64\] }/"frame_length_ms": 64/' \
        -e 's/"filters": { "choice": \[4, 8\] }/"filters": 8/' \
        -e 's/"trials": 100, //' -e 's/"epochs": 3/"epochs": 5/' \
        -e 's/"quantize": .*/"prune": { "choice": [null, { "schedule": "polynomial", "from": 0.1,\
            "begin": { "choice": [0.2, 0.35] }, "end": 0.8, "interval": 2, "to": { "choice": [0.5, 0.8] } }] },\
            "cluster": { "clusters": { "choice": [4, 8] }, "init": "kmeans++", "fine_tune_epochs": 1 },\
            "quantize": { "choice": ["float32", "int8"] },/' >shared.json

dump() { # DB: all that is determined
    local study=${2:-shared}
    sql "$1" "select number, state, reason, accuracy, test_accuracy, tflite_bytes, zlib_bytes, params, nonzero_params,
        macs, ram_bytes, candidate from $study order by number"
    sql "$1" "select k.number, e.epoch, e.step, e.loss, e.val_loss, e.val_accuracy from nas_epochs e join $study k on k.id = e.trial order by 1, 2"
    sql "$1" "select k.number, s.position, s.name, s.key from nas_stages s join $study k on k.id = s.trial order by 1, 2"
    sql "$1" "select k.number, p.position, p.name, p.accuracy, p.tflite_bytes, p.zlib_bytes from nas_steps p join $study k on k.id = p.trial order by 1, 2"
    sql "$1" "select k.number, a.name, hex(a.content) from nas_artefacts a join $study k on k.id = a.trial order by 1, 2" | md5sum
}
run() { # NAME OPTIONS
    local name=$1
    shift
    "$NAS" run "${space:-shared.json}" --db "$name.db" --out "$name.best" "$@" >"$name.txt" 2>&1 || { cat "$name.txt"; return 1; }
    dump "$name.db" "${study:-shared}" >"$name.dump"
}
same() { diff "$1.dump" "$2.dump" | head -n 20; cmp "$1.dump" "$2.dump"; }
# The sum of two is exact: parts of an epoch are 3/5.
epochs() { sql "$1.db" "select round(total(epochs_trained), 6), round(total(epochs_saved), 6), max(attempt) from ${2:-shared}"; }

check "each trial from its first step" run alone --no-share --workers 2
check "trains all" equal "$(epochs alone)" "120,0,1"
check "and says so" grep -q "120 trained, 0 saved" alone.txt
check "leaves no training behind" equal "$("$NAS" cache alone.db | awk 'NR > 2 && $1 != "all" { print $1 }' | sort | tr '\n' ' ')" "clips features traits "
for n in 1 2 5; do
    check "shared, $n workers" run "shared$n" --workers $n
    check "the same bits" same "shared$n" alone
    # 5 dense, 2 * 4 from step 5 of 25, 2 * 3.4 from step 8, 20 of clusters (4 for each training)
    check "nothing is trained twice" equal "$(epochs "shared$n")" "39.8,80.2,1"
    check "no claim stays" equal "$(find "shared$n.db.cache" -name '*.lock' ! -name measuring.lock | wc -l)" 0
done
check "a run says what was saved" grep -q "40 trained, 80 saved" shared2.txt
check "and show" says 0 "epochs trained 1, saved 5" "$NAS" show shared1.db 19
check "two threads in each library" env OMP_NUM_THREADS=2 bash -c "'$NAS' run shared.json --db threads.db --out threads.best --workers 2 --quiet"
dump threads.db >threads.dump
check "the same bits, again" same threads alone
twice() { # two runs share one study
    "$NAS" run shared.json --db twice.db --out twice.best --workers 2 --quiet &
    "$NAS" run shared.json --db twice.db --out twice.best --workers 1 --quiet
    local first=$?
    wait $!
    [ $? = 0 ] && [ $first = 0 ] && dump twice.db >twice.dump
}
check "two runs on one database" twice
check "the same bits as one" same twice alone
check "each trial once" equal "$(epochs twice)" "39.8,80.2,1"
kills() { kill_eight_times shared.json && run kills --workers 3; }
check "eight times kill -9, then to the end" kills
check "the same bits, too" same kills alone
check "that is no fault of the trials" equal "$(epochs kills | cut -d, -f3)" 1

# --- what was left on disk is checked before it is believed
damaged() { # HOW: each file of the cache is damaged; a new study finds nothing to believe
    rm -rf hurt.cache
    cp -r shared2.db.cache hurt.cache
    find hurt.cache -type f ! -name '*.lock' | sort >files.txt
    local f size
    while read -r f; do
        size=$(stat -c %s "$f")
        case $1 in
        cut) truncate -s $((size * 2 / 3)) "$f" ;;
        empty) : >"$f" ;;
        longer) echo more >>"$f" ;;
        flip) # one bit of the middle byte
            local at=$((size / 2)) byte
            byte=$(od -An -tu1 -j "$at" -N 1 "$f")
            printf "\\x$(printf %02x $((byte ^ 16)))" | dd of="$f" bs=1 seek="$at" conv=notrunc status=none
            ;;
        esac
    done <files.txt
    rm -f hurt.db
    run hurt --cache hurt.cache --workers 2 && same hurt alone
}
for how in cut empty longer flip; do check "a cache of damaged files: $how" damaged $how; done

# --- a cache within a bound
bytes_in() { find "$1" -type f ! -name '*.lock' -printf '%s\n' | awk '{ n += $1 } END { print n }'; }
full=$(bytes_in shared2.db.cache) clips=$(find shared2.db.cache -type f -size +100k -printf '%s\n' | sort -n | tail -n 1)
bounded() { # BYTES
    run "bound$1" --workers 2 --cache-bytes "$1" && same "bound$1" alone
}
check "a bound that holds little" bounded $((clips + (full - clips) / 4))
check "is kept" test "$(bytes_in "bound$((clips + (full - clips) / 4)).db.cache")" -le $((clips + (full - clips) / 4))
check "a bound that holds nothing" bounded 1
check "what is shared by trials at work is kept for them" test "$(epochs bound1 | cut -d, -f1 | cut -d. -f1)" -lt 120
check "nas cache shows" says 0 "features" "$NAS" cache shared2.db
check "and all of it" says 0 "$(echo "$full" | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta')" "$NAS" cache shared2.db.cache
touch -d 2001-01-01 "$(find shared5.db.cache -type f -size -2k ! -name '*.lock' | head -n 1)"
check "brings it down to a bound" says 0 "clips" "$NAS" cache shared5.db --cache-bytes $((full - 1))
check "what was not used longest is gone" equal "$(find shared5.db.cache -type f ! -newermt 2002-01-01 | wc -l)" 0
check "and little else" test "$(bytes_in shared5.db.cache)" -gt $((full - 4096))
touch shared1.db.cache/notes.txt
clear_it() {
    local file
    file=$(find shared1.db.cache -type f -size -9k ! -name '*.lock' ! -name notes.txt | head -n 1)
    flock -s "$file" "$NAS" cache shared1.db --clear >cleared.txt 2>&1
    [ $? = 1 ] && grep -q "1 files stay" cleared.txt && [ -e "$file" ] && [ -e shared1.db.cache/notes.txt ]
}
check "clears what no trial needs, and nothing of others" clear_it
check "the rest later" says 0 "1 files removed" "$NAS" cache shared1.db --clear
check "no cache" says 2 "there is no cache" "$NAS" cache nowhere.db

# --- what remembers epochs, and what diverges
sed -e 's/"batch_size": 10/"batch_size": 10, "keep": "best", "patience": 2/' -e 's/"name": "shared"/"name": "best"/' shared.json >best.json
space=best.json study=best check "the best epoch, patience: alone" run best_alone --no-share --workers 2
space=best.json study=best check "the best epoch, patience: shared" run best_shared --workers 2
check "the same bits of both" same best_alone best_shared
sed -e 's/"from": 0.01, "to": 0.0001/"from": 10, "to": 10/' -e 's/"name": "shared"/"name": "wild"/' \
    -e 's/"optimizer": "adam"/"optimizer": "sgd", "momentum": 0.99/' -e '/"batch_norm"/s/.*/{ "op": "conv2d", "filters": 8, "kernel": [1, 1] }, { "op": "global_average_pool" },/' shared.json >wild.json
wild() { # NAME OPTIONS: nothing satisfies
    local name=$1
    shift
    "$NAS" run wild.json --db "$name.db" --out "$name.best" --workers 2 "$@" >"$name.txt"
    [ $? = 3 ] && dump "$name.db" wild >"$name.dump"
}
check "what diverges, alone" wild wild_alone --no-share
check "what diverges, shared" wild wild_shared
check "the same reasons" same wild_alone wild_shared
check "all diverged" equal "$(sql wild_shared.db "select count(*) from wild where state = 'diverged'")" 20
check "once" test "$(epochs wild_shared wild | cut -d, -f1 | cut -d. -f1)" -lt 6

close_tests
