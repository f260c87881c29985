#!/usr/bin/env bash
# What disturbances do to results: studies disturbed as seeds say, and power cuts, against the same studies undisturbed
# (tests/sim). Rows that are there for this commit are passed over, so a run that was stopped goes on with the same command.
#
#   bench/withstand.sh               500 disturbances, 200 power cuts, into bench/withstand.csv (below 20 minutes on two cores)
#   bench/withstand.sh 5000 2000     more of them
#   CASES=FOLDER                     scripts that end with 0 where the program withstands, run as well: a row each
#   FUZZ=1200                        each fuzzer for so many seconds as well: a row each
set -euo pipefail
cd "$(dirname "$0")/.."
disturbances=${1:-500} cuts=${2:-200}
table=bench/withstand.csv
commit=$(git log -1 --format=%h -- base core search store cli tests/sim)
git diff --quiet HEAD -- base core search store cli tests/sim || commit+=+
make -s sim
sim=(build/gcc/tests/sim/sim --nas build/gcc/nas --seam build/gcc/tests/sim/seam.so --clips build/gcc/tests/sim/clips --csv)
[ -s "$table" ] || echo 'commit,what,first seed,seeds or cuts,runs,faults that came to pass,rows other,failed,told and lost,seeds with trouble' >"$table"

there() { grep -qF "$commit,$1,$2," "$table"; }
rows() { # WHAT EACH HOW-MANY OPTIONS...: in pieces of EACH
    local what=$1 each=$2 total=$3 first line
    shift 3
    for ((first = 1; first <= total; first += each)); do
        there "$what" "$first" && continue
        line=$("${sim[@]}" --seed "$first" "$@") || true # trouble is a figure
        [ -n "$line" ] || { echo "no figures of $what from $first" >&2; exit 1; }
        echo "$commit,$what,$line" | tee -a "$table"
    done
}
ends() { # WHAT COMMAND...: a row of one that should end with 0
    there "$1" 1 && return
    local what=$1 status=0
    shift
    "$@" >/dev/null 2>&1 || status=$?
    [ $status = 77 ] || echo "$commit,$what,1,1,,,,,,$((status != 0))" | tee -a "$table"
}

rows disturbances 100 "$disturbances" --count 100
rows 'power cuts' 10 $((cuts / 5)) --count 10 --cuts 5
for case in ${CASES:+"$CASES"/*.sh}; do
    [ "$(basename "$case")" = lib.sh ] || NAS=./nas ends "$(basename "$case" .sh)" bash "$case"
done
if [ -n "${FUZZ:-}" ]; then
    fuzzers=build/clang-fuzzer-no-link-address-undefined/tests/fuzz
    make -s -j2 CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzz-programs
    for target in "$fuzzers"/fuzz_*; do
        case $target in *.o | *.d) continue ;; esac
        name=${target##*fuzz_}
        ends "fuzzer $name, $FUZZ s" tests/fuzz/run.sh "$fuzzers" "$FUZZ" "$name"
    done
fi
awk -F, -v commit="$commit" '$1 == commit { n[$2] += $4; f[$2] += $6; o[$2] += $7; x[$2] += $8; l[$2] += $9; b[$2] += $10 }
    END { for (w in n) printf "%s: %d, %d faults: %d rows other, %d failed, %d told and lost, %d with trouble\n", w, n[w], f[w], o[w], x[w], l[w], b[w] }' "$table"
