#!/bin/sh
# tests/run.sh BINARY... - runs cmocka test programs (under $EMULATOR, if it is set): a line for each, the whole output of those
# that fail, and at the end "N passed, N failed" alone on the last line (how many were skipped stands
# above it). A program that crashes counts as one failed test. Exit status 1 when any test failed or
# none ran.
set -u

out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0

now() { # milliseconds
    date +%s%3N
}

# The number in the summary line "[  WORD  ] N test(s)"; "none" when there is no such line.
count() {
    awk -v word="$1" '
        index($0, "[  " word) == 1 && match($0, /\] [0-9]+ test\(s\)/) {
            n += substr($0, RSTART + 2, RLENGTH - 10); seen = 1
        }
        END { print seen ? n + 0 : "none" }' "$out"
}

for program in "$@"; do
    begin=$(now)
    CMOCKA_MESSAGE_OUTPUT=STDOUT ${EMULATOR:-} "$program" >"$out" 2>&1 </dev/null
    status=$?
    time=$(awk -v ms=$(($(now) - begin)) 'BEGIN { printf "%.2f s", ms / 1000 }')
    p=$(count PASSED) f=$(count FAILED) s=$(count SKIPPED) note=
    if [ "$p" = none ]; then # no summary: it died on its way
        p=$(grep -c '^\[       OK \]' "$out")
        s=$(grep -c '^\[  SKIPPED \]' "$out")
        f=1 note=" (crashed, exit status $status)"
        [ $status -le 128 ] || note=" (crashed, signal $((status - 128)))"
    fi
    [ "$f" = none ] && f=0
    [ "$s" = none ] && s=0
    if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then # a sanitizer speaks after the summary
        f=1 note=" (exit status $status)"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    word=ok
    [ "$f" -eq 0 ] || word=FAILED
    tail=
    [ "$s" -eq 0 ] || tail=", $s skipped"
    printf '%-6s %-32s %8s  %d passed, %d failed%s%s\n' \
        "$word" "${program##*/}" "$time" "$p" "$f" "$tail" "$note"
    [ "$f" -eq 0 ] || sed 's/^/    /' "$out"
    [ "$s" -eq 0 ] || sed -n 's/^\[  SKIPPED \] \([A-Za-z_].*\)/    skipped: \1/p' "$out" | sort -u
done

[ $skipped -eq 0 ] || echo "$skipped skipped, named above"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
