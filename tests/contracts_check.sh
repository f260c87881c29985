#!/bin/sh
# tests/contracts_check.sh [--count] [FOLDER...] - what headers promise.
# 1. The comment of a function that returns nas_status names its errors. A comment stands above a
#    declaration, or above the first of a group without an empty line between them. One that begins
#    with "The same" has the errors of the comment before. Where no error is named, a sentence of
#    the header's first comment counts: "Errors, where none are named: NAS_ENOMEM."
# 2. The first comment of a header with functions has a sentence that begins with "Thread safety:".
# Prints each breach with its place and exits with 1 when there is one; --count prints only how many
# there are a folder.
set -eu
cd "$(dirname "$0")/.."
count=0
[ "${1:-}" != --count ] || { count=1 && shift; }
[ $# -gt 0 ] || set -- base core store search cli
for folder; do
    # shellcheck disable=SC2046 # names hold no blanks
    awk -v count="$count" -v folder="$folder" '
    function end_of_header() {
        if (functions && head !~ /Thread safety: [a-z]/) {
            silent++
            if (!count) printf "%s:1: no sentence begins with \"Thread safety:\"\n", header
        }
        headers += functions > 0
    }
    function names_error(text) {
        if (text ~ /^ ?The same[ ,.:]/) return named_before
        return text ~ /[Ee]rrors:|NAS_E[A-Z]+|[Nn]ever fails|[Rr]eturns (err->)?code|[Ee]rrors (as|of|are)/
    }
    FNR == 1 {
        if (header != "") end_of_header()
        header = FILENAME
        head = comment = ""
        inside = functions = named = named_before = 0
    }
    /^[ \t]*$/ { if (!inside) comment = ""; next }
    /^\/\*/ { comment = ""; inside = 1; named_before = named }
    inside {
        text = $0
        sub(/^ ?[\/ ]\*+ ?/, "", text)
        comment = comment " " text
        if ($0 !~ /\*\//) next
        inside = 0
        if (head == "") head = comment
        named = names_error(comment)
        next
    }
    /^[a-zA-Z_][a-zA-Z_0-9 *]*[ *][a-z_0-9]+\(/ && !/^(typedef|enum|struct)/ { functions++ }
    /^(NAS_NODISCARD )?nas_status (\*?)[a-z_0-9]+\(/ {
        all++
        if (!(comment != "" && named) && head !~ /Errors, where none are named: NAS_E[A-Z]+/) {
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
        if (header != "") end_of_header()
        printf "contracts: %s: %d of %d functions that return a status name no error\n", folder, bare, all
        printf "contracts: %s: %d of %d headers with functions say nothing of threads\n", folder, silent, headers
        exit bare + silent > 0
    }' $(find "$folder" -name '*.h' | sort) || failed=1
done
exit ${failed:-0}
