#!/usr/bin/env bash
# Trials per minute with one worker and with two, on the same 12 trials of equal cost, in turn, three times.
set -euo pipefail
. bench/common.sh
equal_cost equal 0.011 10 >equal.json
# Warms the clips and features alone: another seed shares no training.
"$NAS" run equal.json --db warm.db --trials 1 --workers 1 --seed 1 --quiet --out best >/dev/null

run() { # DB WORKERS: prints seconds from the first trial's start to the last one's end, cpu seconds of a trial, and the
        # share of the workers' time that trials took, whatever else the machine did
    cp -r warm.db.cache "$1.cache"
    rm -rf best
    "$NAS" run equal.json --db "$1" --workers "$2" --quiet --out best >/dev/null
    "$NAS" sql "$1" "select max(finished) - min(started), avg(cpu_seconds),
        100 * sum(seconds) / $2 / (max(finished) - min(started)) from nas_trials_1" --csv | tail -n 1
}
echo "12 trials, DS-CNN 64, 10 epochs, $(nproc) cores"
for i in 1 2 3; do
    one=$(run "one$i.db" 1)
    two=$(run "two$i.db" 2)
    awk -F, -v one="$one" -v two="$two" 'BEGIN {
        split(one, a); split(two, b)
        printf "one worker %.2f s (cpu %.2f s a trial), two %.2f s (%.2f): %.2f times; trials took %.1f %% of the workers'"'"' time\n",
            a[1], a[2], b[1], b[2], a[1] / b[1], b[3] }'
done
