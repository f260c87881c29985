#!/usr/bin/env bash
# tests/presets.sh [--write] [PRESET...] - has a change moved a bit of what presets train and export?
# Each preset of spaces/ runs six trials of three epochs on real data. Three sums of it are compared
# with its line in tests/golden/presets.txt: of the rows (what does not depend on the machine's
# speed), of the parameters as SQL shows them, and of the bytes that are exported. --write puts new
# lines. $NAS_TEST_DATA has the data; a preset whose data is missing is skipped by name. The lines
# hold for one kernel variant, avx2.
set -euo pipefail
NAS=$(realpath "${NAS:-./nas}") table=$(realpath tests/golden/presets.txt) spaces=$(realpath spaces)
data=$(realpath "${NAS_TEST_DATA:-../shared/data}") || exit 1
clips=$(realpath "${DEMO_CLIPS:-data/demo_clips}")
export NAS_KERNEL=avx2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
write=
if [ "${1:-}" = --write ]; then write=1; shift; fi
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(cd "$spaces" && ls -- *.json | sed 's/\.json//')

data_of() {
    case $1 in
    climate_*) echo "$data/climate/jena_2024_06_10.csv" ;;
    beijing) echo "$data/climate/beijing_2010_2014_hourly.csv" ;;
    demo | recordings) echo "$clips" ;;
    constrained | rosenbrock) ;;
    kws_lists) echo "$data/speech_commands_lists" ;;
    *) echo "$data/speech_commands" ;;
    esac
}

ask() { "$NAS" sql "$1.db" --csv "$2" | tail -n +2; }
sum() { sha256sum | cut -c1-16; }

# Columns of a kind as they stand in a SELECT, without those that are times.
columns() { # PRESET KIND
    ask "$1" "SELECT '\"' || name || '\"' FROM nas_columns WHERE version = 1 AND kind = '$2' AND name NOT LIKE '%\_ms' ESCAPE '\\'
        AND name NOT LIKE '%\_ms\_%' ESCAPE '\\' ORDER BY position" | sed 's/^"""/"/; s/"""$/"/' | paste -sd,
}

line() { # PRESET
    local params
    params=$(columns "$1" param)
    printf '%s %s %s %s\n' "$1" \
        "$(ask "$1" "SELECT number, state, reason, candidate, $(columns "$1" metric) FROM \"$1\" ORDER BY number" | sum)" \
        "$(ask "$1" "SELECT ${params:-1} FROM \"$1\" ORDER BY number" | sum)" \
        "$(ask "$1" "SELECT t.number, a.name, hex(a.content) FROM nas_artefacts a JOIN \"$1\" t ON t.id = a.trial
            WHERE a.name <> 'metrics.json' ORDER BY 1, 2" | sum)"
}

passed=0 failed=0
for name in "${names[@]}"; do
    from=$(data_of "$name")
    if [ -n "$from" ] && [ ! -e "$from" ]; then echo "skipped $name: no $from"; continue; fi
    grep -q "^$name " "$table" || [ "$write" ] || { echo "skipped $name: no line; --write puts one"; continue; }
    # An object says what may vary; of its values the first trials may name one.
    sed -E 's/"epochs": *\{[^}]*\}/"epochs": {"choice": [2, 3]}/g; s/"((train\.)?epochs)": *[0-9]+/"\1": 3/g' "$spaces/$name.json" >"$name.json"
    status=0
    "$NAS" run "$name.json" --trials 6 --workers 1 --db "$name.db" --cache cache --out "$name.best" --quiet ${from:+--data "$from"} >"$name.log" 2>&1 || status=$?
    case $status in 0 | 3) ;; *) tail -n 5 "$name.log"; echo "FAILED $name: status $status"; failed=$((failed + 1)); continue ;; esac
    now=$(line "$name")
    rm -rf cache "$name.best"
    if [ "$write" ]; then
        { grep -v "^$name " "$table" 2>/dev/null || true; echo "$now"; } | sort >table && mv table "$table"
        echo "$now"
    elif grep -qxF "$now" "$table"; then
        passed=$((passed + 1)) && echo "ok     $name"
    else
        failed=$((failed + 1))
        echo "FAILED $name: rows, parameters, bytes"
        echo "    was $(grep "^$name " "$table" || echo none)"
        echo "    is  $now"
    fi
done
[ "$write" ] || echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
