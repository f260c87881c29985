#!/bin/sh
# tests/contracts_check.sh [--count] [FOLDER...] - functions of headers that return nas_status and
# whose comment names no error. A comment stands above a declaration, or above the first of a group
# without an empty line between them. Prints each with its place and exits with 1 when there is one;
# --count prints only how many there are a folder.
set -eu
cd "$(dirname "$0")/.."
count=0
[ "${1:-}" != --count ] || { count=1 && shift; }
[ $# -gt 0 ] || set -- base core/audio core/compress core/data core/fetch core/kernel
for folder; do
    # shellcheck disable=SC2046 # names hold no blanks
    awk -v count="$count" -v folder="$folder" '
    FNR == 1 { comment = ""; inside = 0 }
    /^[ \t]*$/ { if (!inside) comment = ""; next }
    /^\/\*/ { comment = ""; inside = 1 }
    inside {
        comment = comment " " $0
        if (/\*\//) inside = 0
        next
    }
    /^(NAS_NODISCARD )?nas_status (\*?)[a-z_0-9]+\(/ {
        all++
        if (comment !~ /[Ee]rrors?:|NAS_E[A-Z]+|Never fails|[Rr]eturns (err->)?code|[Ee]rrors? (as|of|are)|[Tt]he same/) {
            bare++
            if (!count) {
                name = $0
                sub(/\(.*/, "", name)
                sub(/.* /, "", name)
                printf "%s:%d: %s names no error\n", FILENAME, FNR, name
            }
        }
    }
    END {
        printf "contracts: %s: %d of %d functions that return a status name no error\n", folder, bare, all
        exit bare > 0
    }' $(find "$folder" -name '*.h' | sort) || failed=1
done
exit ${failed:-0}
