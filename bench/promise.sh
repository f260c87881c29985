#!/usr/bin/env bash
# Does a winner keep its promise? Speakers are dealt into five groups; each study searches without one of them, with one of two
# seeds, and the clips of that group are asked of its winner afterwards. Each study ends in a row of a table; one that was stopped goes
# on with the same command, and rows that are there for these bits are passed over.
#
#   bench/promise.sh                 kws_a, five groups, seeds 1 and 2, into bench/promise.csv
#   bench/promise.sh kws_b 0:1 3:2   another preset, group 0 with seed 1, group 3 with seed 2
#   WORK=DIR                         where databases and links to clips are kept (default: build/promise)
#   SET=JSON                         merged into the space
#   WORKERS=N
set -euo pipefail
here=$(pwd) table=$(realpath bench/promise.csv)
keep=$(realpath -m "${WORK:-build/promise}")
. bench/common.sh
mkdir -p "$keep"
cd "$keep"
preset=${1:-kws_a}
shift || true
groups=5
pairs=("$@")
[ $# -gt 0 ] || for seed in 1 2; do for group in 0 1 2 3 4; do pairs+=("$group:$seed"); done; done
bits=$("$NAS" --version | sed -n '2s/, database.*//p' | tr -d ',')

# The group of a speaker: the first 28 bits of the SHA-256 of "promise" and its name, modulo five.
deal() {
    [ -s speakers ] && return
    find "$DATA" -name '*.flac' -printf '%f\n' | sed 's/_nohash_.*//' | sort -u | while read -r speaker; do
        echo "$speaker $((16#$(printf 'promise %s' "$speaker" | sha256sum | head -c 7) % groups))"
    done >speakers.part
    mv speakers.part speakers
}

# Links to the clips of all other groups, and of this one.
split() {
    [ -d "clips_$1" ] && return
    rm -rf "part_$1"
    find "$DATA" -name '*.flac' | awk -v group="$1" -v root="$DATA" -v to="part_$1" '
        NR == FNR { of[$1] = $2; next }
        { n = split($0, p, "/"); speaker = p[n]; sub(/_nohash_.*/, "", speaker)
          side = of[speaker] == group ? "out" : "in"
          print to "/" side "/" p[n - 1] "\t" $0 }' speakers - | sort | while IFS=$'\t' read -r folder file; do
        mkdir -p "$folder"
        ln -s "$file" "$folder/"
    done
    mv "part_$1" "clips_$1"
}

ask() { "$NAS" sql "$1" --csv "$2" | tail -n +2 | tr -d '"\r'; }
field() { grep -o "\"$2\": *[-0-9.e]*" "$1" | head -n 1 | sed 's/.*: *//'; }

row() { # GROUP SEED DB
    local out=eval_$1_$2.json
    "$NAS" eval "best_$1_$2" --data "clips_$1/out" --json >"$out"
    printf '%s,%s,%s,%s,"%s",' "$preset" "$1" "$2" "$(git -C "$here" log -1 --format=%h -- "$SPACES/$preset.json")" "$bits"
    ask "$3" "SELECT count(*), round(total(cpu_seconds)) FROM $preset WHERE state = 'complete'" | tr '\n' ,
    ask "$3" "SELECT t.number, t.zlib_bytes, c.observed, c.claimed, c.claimed_lo, t.accuracy_lo FROM nas_claims c
        JOIN $preset t ON t.id = c.trial WHERE c.place = 0" | tr '\n' ,
    printf '%s,%s,%s,%s\n' "$(field "$out" clips)" "$(field "$out" accuracy)" "$(field "$out" low)" "$(field "$out" high)"
}

deal
[ -s "$table" ] || echo 'preset,group,seed,commit,bits,trials,cpu_s,winner,zlib_bytes,observed,claimed,claimed_lo,accuracy_lo,clips,kept_out,kept_out_low,kept_out_high' >"$table"
for pair in "${pairs[@]}"; do
    group=${pair%:*} seed=${pair#*:} db=${preset}_$group.$seed.db status=0
    grep -q "^$preset,$group,$seed,[^,]*,\"$bits\"" "$table" && continue
    echo "== $preset without group $group, seed $seed"
    split "$group"
    "$NAS" run "$SPACES/$preset.json" --data "clips_$group/in" --seed "$seed" --db "$db" --cache "cache_$group" --out "best_${group}_$seed" \
        --quiet ${SET:+--set "$SET"} ${WORKERS:+--workers "$WORKERS"} || status=$?
    case $status in 0) ;; 3) echo "$preset,$group,$seed,nothing satisfies the constraints"; continue ;; *) exit "$status" ;; esac
    row "$group" "$seed" "$db" | tee -a "$table"
done

# What the table says of its rows of these bits: claimed beside kept out, and how many bounds hold there.
awk -F, -v preset="$preset" -v bits="\"$bits\"" '
    $1 == preset && $5 == bits { n++; d = $11 - $15; s += d; q += d * d; k += $15; c += $11; o += $10; held += $17 >= $12
        if ($9 < 25000) { small++; ks += $15 } }
    END { if (!n) exit
        printf "%d studies: observed %.4f, claimed %.4f, kept out %.4f\n", n, o / n, c / n, k / n
        printf "claimed - kept out: mean %+.4f, deviation %.4f\n", s / n, n > 1 ? sqrt((q - s * s / n) / (n - 1)) : 0
        printf "the upper end of the kept-out figure is at least the printed bound: %d of %d\n", held, n
        if (small) printf "winners below 25,000 bytes: %d, kept out %.4f\n", small, ks / small }' "$table"
