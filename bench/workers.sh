#!/usr/bin/env bash
# Trials per minute with one worker and with two, on the same 12 trials of equal cost, in turn, three times.
set -euo pipefail
. bench/common.sh
equal_cost equal 0.011 10 >equal.json
# Warms the clips and features alone: another seed shares no training.
"$NAS" run equal.json --db warm.db --trials 1 --workers 1 --seed 1 --quiet --out best >/dev/null

span() { # DB WORKERS: seconds from the first trial's start to the last one's end
    cp -r warm.db.cache "$1.cache"
    rm -rf best
    "$NAS" run equal.json --db "$1" --workers "$2" --quiet --out best >/dev/null
    "$NAS" sql "$1" "select max(finished) - min(started) from nas_trials_1" --csv | tail -n 1
}
echo "12 trials, DS-CNN 64, 10 epochs, $(nproc) cores"
for i in 1 2 3; do
    one=$(span "one$i.db" 1)
    two=$(span "two$i.db" 2)
    awk -v a="$one" -v b="$two" 'BEGIN {
        printf "one worker %.2f s (%.1f trials a minute), two %.2f s (%.1f): %.2f times\n", a, 720 / a, b, 720 / b, a / b }'
done
