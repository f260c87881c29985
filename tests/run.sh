#!/usr/bin/env bash
# tests/run.sh PROGRAM... - runs test programs (under $EMULATOR, if it is set), as many at once as there are processors ($JOBS):
# a line for each in their order, the whole output of those that fail, and at the end "N passed, N failed" alone on the last line
# (how many were skipped stands above it). A program that crashes counts as one failed test. Exit status 1 when any test failed
# or none ran.
set -u

jobs=${JOBS:-$(nproc)}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
passed=0 failed=0 skipped=0

now() { # milliseconds
    date +%s%3N
}

# N PROGRAM: its output and how it ended, which comes last.
run() {
    local begin status
    exec 2>/dev/null # the shell's own words on a program that was killed
    begin=$(now)
    CMOCKA_MESSAGE_OUTPUT=STDOUT ${EMULATOR:-} "$2" >"$dir/$1.out" 2>&1 </dev/null
    status=$?
    echo "$status $(($(now) - begin))" >"$dir/$1.part"
    mv "$dir/$1.part" "$dir/$1.end"
}

# The number in the summary line "[  WORD  ] N test(s)"; "none" when there is no such line.
count() {
    awk -v word="$1" '
        index($0, "[  " word) == 1 && match($0, /\] [0-9]+ test\(s\)/) {
            n += substr($0, RSTART + 2, RLENGTH - 10); seen = 1
        }
        END { print seen ? n + 0 : "none" }' "$out"
}

report() { # N PROGRAM
    local out=$dir/$1.out status ms p f s note='' word=ok tail=''
    read -r status ms <"$dir/$1.end"
    p=$(count PASSED) f=$(count FAILED) s=$(count SKIPPED)
    if [ "$p" = none ]; then # no summary: it died on its way
        p=$(grep -c '^\[       OK \]' "$out")
        s=$(grep -c '^\[  SKIPPED \]' "$out")
        f=1 note=" (crashed, exit status $status)"
        [ "$status" -le 128 ] || note=" (crashed, signal $((status - 128)))"
    fi
    [ "$f" = none ] && f=0
    [ "$s" = none ] && s=0
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then # a sanitizer speaks after the summary
        f=1 note=" (exit status $status)"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" -eq 0 ] || word=FAILED
    [ "$s" -eq 0 ] || tail=", $s skipped"
    printf '%-6s %-32s %6d.%02d s  %d passed, %d failed%s%s\n' \
        "$word" "${2##*/}" $((ms / 1000)) $((ms % 1000 / 10)) "$p" "$f" "$tail" "$note"
    [ "$f" -eq 0 ] || sed 's/^/    /' "$out"
    [ "$s" -eq 0 ] || sed -n 's/^\[  SKIPPED \] \([A-Za-z_].*\)/    skipped: \1/p' "$out" | sort -u
}

programs=("$@") started=0 done=0
while [ $done -lt $# ]; do
    while [ $started -lt $# ] && [ "$(jobs -rp | wc -l)" -lt "$jobs" ]; do
        run $started "${programs[started]}" &
        started=$((started + 1))
    done
    [ -e "$dir/$done.end" ] || wait -n
    while [ -e "$dir/$done.end" ]; do
        report $done "${programs[done]}"
        done=$((done + 1))
    done
done

[ $skipped -eq 0 ] || echo "$skipped skipped, named above"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
