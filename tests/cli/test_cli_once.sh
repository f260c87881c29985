#!/usr/bin/env bash
# What is hashed is what is trained on: clips that change or cannot be opened while a run reads them, features that are written
# over while a run trains on them, and a cache of two users at work at once.
. tests/lib.sh

space two 100 "zlib_bytes < 100000" | sed -e 's/"labels": \[.*\],/"labels": ["go", "stop", "yes"], "unreadable": 9,/' \
    -e 's/"trials": 100, //' -e 's/"filters": { "choice": \[4, 8\] }/"filters": 8/' >two.json
sed -e 's/"name": "two"/"name": "long"/' -e 's/"epochs": 3/"epochs": 60/' -e 's/"choice": \["float32", "int8"\]/"choice": ["int8"]/' two.json >long.json
dump() { # DB STUDY: what is determined
    sql "$1" "select 'trial', number, json_array(state, accuracy, test_accuracy, tflite_bytes, zlib_bytes), (select group_concat(hex(content)) from
            (select content from nas_artefacts where trial = k.id and name like 'model.tflite%' order by name)) from $2 k
        union all select 'stage', number, json_array(position, name, key), '' from nas_stages s join $2 k on k.id = s.trial order by 1, 2, 3"
}
run() { # NAME SPACE OPTION...
    "$NAS" run "$2.json" --db "$1.db" --cache "$1.cached" --workers 1 --quiet --out "$1.best" "${@:3}" >"$1.txt" 2>&1
}

# The n-th open() of a path that holds OPEN_OF fails with the errno OPEN_FAILS, or first gets the bytes of OPEN_SWAP.
cat >opens.c <<'C'
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static int seen;
static void swap(const char *path, const char *with) {
    char block[1 << 16];
    const int from = syscall(SYS_openat, AT_FDCWD, with, O_RDONLY), to = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_TRUNC);
    for (ssize_t n; (n = read(from, block, sizeof block)) > 0;) (void)!write(to, block, n);
    close(from);
    close(to);
}
int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const int mode = va_arg(list, int);
    va_end(list);
    const char *of = getenv("OPEN_OF"), *with = getenv("OPEN_SWAP"), *error = getenv("OPEN_FAILS");
    if (of && strstr(path, of) && __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) == atoi(getenv("OPEN_AT"))) {
        if (!with) return errno = atoi(error), -1;
        swap(path, with);
    }
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const int mode = va_arg(list, int);
    va_end(list);
    return open(path, flags, mode);
}
C
one=go/$(ls clips/go | head -n 1)
other=clips/stop/$(ls clips/stop | head -n 1)
cp "clips/$one" keep.wav

fails() { # WORD: the run of which an open fails ends with that word, leaves nothing out, and the next one has the right rows
    rm -rf got.db* got.cached got.best
    LD_PRELOAD=$work/opens.so run got two
    local status=$?
    cp keep.wav "clips/$one"
    [ $status != 0 ] && [ "$(grep '^nas: ' got.txt | grep -vc 'nas: warning')" = 1 ] && has -F "$1" got.txt || { cat got.txt; echo "exit status $status"; return 1; }
    ! has "read and are left out" got.txt || { cat got.txt; return 1; }
    run got two || { cat got.txt; return 1; }
    ! has "read and are left out" got.txt && equal "$(dump got.db two)" "$want"
}
errors() { # an errno that a file is not to blame for: at the first look, and when it is decoded
    local case
    for case in "1 24 Too many" "1 13 Permission denied" "2 23 Too many" "2 5 Input/output" "2 2 changed while"; do
        read -r at error word <<<"$case"
        OPEN_OF=$one OPEN_AT=$at OPEN_FAILS=$error fails "$word" || { echo "open, errno, word: $case"; return 1; }
    done
}
swapped() { OPEN_OF=$one OPEN_AT=2 OPEN_SWAP=$other fails "$one changed while"; }

written_over() { # HOW: what a run trains on is written over
    local file= i
    rm -rf got.db* got.cached got.best
    run got long &
    for i in $(seq 400); do
        for file in got.cached/??/*; do
            [ ${#file} != 78 ] || [ "$(tail -c +49 "$file" 2>/dev/null | head -c 8 | tr -d '\0')" != features ] || break 2
        done
        file=
        sleep 0.02
    done
    [ -n "$file" ] || { echo "no features"; wait; return 1; }
    for i in 1 2 3; do
        if [ "$1" = cut ]; then truncate -s 100 "$file"; else
            head -c 60000 /dev/urandom | dd of="$file" bs=1 seek=2000 conv=notrunc status=none; fi 2>/dev/null
        sleep 0.1
    done
    wait $! || { cat got.txt; return 1; }
    equal "$(dump got.db long)" "$long"
}

two_users() { # two runs at once, of users that share a cache folder and nothing else
    local user pids=()
    rm -rf shared one two
    chmod 755 "$work" && chmod -R a+rX clips && mkdir -m 1777 shared && cp "$NAS" nas.all && chmod 755 nas.all || return 1
    chmod 1777 shared
    for user in 61001 61002; do
        mkdir $user && chown $user $user
        (cd $user && umask 077 && HOME=$PWD exec setpriv --reuid $user --regid $user --clear-groups "$work/nas.all" run ../two.json --data ../clips \
            --db two.db --cache ../shared --workers 2 --quiet --out best >said.txt 2>&1) &
        pids+=($!)
    done
    for user in "${pids[@]}"; do wait "$user" || { cat 6100?/said.txt; return 1; }; done
    equal "$(dump 61001/two.db two)" "$want" && equal "$(dump 61002/two.db two)" "$want"
}

run want two && run wantlong long || cat want.txt wantlong.txt
want=$(dump want.db two) long=$(dump wantlong.db long)
check "there are rows to compare" test "$(grep -c complete <<<"$want")" = 4 -a "$(grep -c complete <<<"$long")" = 2
if "${CC:-gcc}" -O1 -shared -fPIC -D_GNU_SOURCE -o opens.so opens.c 2>said.txt && ! has_asan; then
    check "an open that fails leaves no clip out" errors
    check "a clip that changes between its hash and its decoding" swapped
fi
check "features are written over in training" written_over bytes
check "features are cut in training" written_over cut
if [ "$(id -u)" = 0 ] && setpriv --reuid 61001 --regid 61001 --clear-groups true 2>/dev/null; then
    check "a cache of two users at once" two_users
else
    echo "skipped: a cache of two users wants root and setpriv"
fi

close_tests
