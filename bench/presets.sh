#!/usr/bin/env bash
# Whole runs of the presets on real data; each ends in a row of a table. A run that was stopped goes on with the same command,
# and a preset whose row is there, of this preset and these bits, is passed over, so that a long list can be worked off in several evenings.
#
#   bench/presets.sh                  all presets but those that take hours, into bench/presets.csv
#   bench/presets.sh kws_a climate_a  these
#   WORK=DIR                          where databases are kept (default: build/presets)
#   AGAIN=1                           a row that is there is made again
set -euo pipefail
here=$(pwd) table=$(realpath bench/presets.csv)
keep=$(realpath -m "${WORK:-build/presets}")
. bench/common.sh
mkdir -p "$keep"
cd "$keep"
tables=$(dirname "$DATA")/climate
bits=$("$NAS" --version | sed -n '2s/, database.*//p' | tr -d ',')

names=("$@")
[ $# -gt 0 ] || names=(climate_a climate_b climate_3 climate_9 climate_small beijing kws_pair mixed filters prune_begin kws_a front_ends
    strategies kws_b kws_c kws_mcu kws_12)

# The commit that the preset is of; with a + where it was changed since.
version_of() {
    local file=$SPACES/$1.json
    git -C "$here" log -1 --format=%h -- "$file" | tr -d '\n'
    git -C "$here" diff --quiet HEAD -- "$file" || echo -n +
}

data_of() {
    case $1 in
    climate_*) echo "$tables/jena_2024_06_10.csv" ;;
    beijing) echo "$tables/beijing_2010_2014_hourly.csv" ;;
    *) echo "$DATA" ;;
    esac
}

# One value, or nothing where there is no row.
ask() { "$NAS" sql "$1.db" --csv "$2" | tail -n +2 | tr -d '"\r' | paste -sd';'; }

row() {
    local name=$1 status=$2 seconds=$3 front
    printf '%s,%s,"%s",' "$name" "$(version_of "$name")" "$bits"
    ask "$name" "SELECT count(*) FROM $name WHERE state = 'complete'" | tr '\n' ,
    ask "$name" "SELECT count(*) FROM $name" | tr '\n' ,
    ask "$name" "SELECT round(total(cpu_seconds)) FROM $name" | tr '\n' ,
    printf '%s,%s,' "$seconds" "$status"
    case $name in
    climate_* | beijing) front="skill_mean, $("$NAS" sql "$name.db" --csv "SELECT group_concat(name, ', ') FROM nas_columns
        WHERE version = (SELECT max(version) FROM nas_columns) AND kind = 'metric' AND name LIKE 'mae%'" | tail -n 1 | tr -d '"')" ;;
    *) front=accuracy ;;
    esac
    printf '"%s"\n' "$(ask "$name" "SELECT number, $front, zlib_bytes FROM ${name}_$([ -n "$(front_only "$name")" ] &&
        echo pareto || echo best) ORDER BY zlib_bytes")"
}

front_only() { grep -o '"objectives"' "$SPACES/$1.json" || true; }

[ -s "$table" ] || echo 'preset,commit,bits,complete,trials,cpu_s,last_wall_s,exit,"winner or front: number, score, zlib_bytes"' >"$table"
for name in "${names[@]}"; do
    if grep -qF "$name,$(version_of "$name"),\"$bits\"" "$table" && [ -z "${AGAIN:-}" ]; then continue; fi
    echo "== $name"
    begun=$SECONDS status=0
    "$NAS" run "$SPACES/$name.json" --data "$(data_of "$name")" --out "${name}_best" ${QUIET:+--quiet} || status=$?
    case $status in 0 | 3) ;; *) exit "$status" ;; esac
    sed -i "/^$name,/d" "$table"
    row "$name" "$status" $((SECONDS - begun)) | tee -a "$table"
done
