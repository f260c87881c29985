#!/usr/bin/env bash
# Memory private to each worker while 104 trials run: kB of Private_Clean + Private_Dirty, largest of the workers.
set -euo pipefail
. bench/common.sh
equal_cost memory 0.103 1 >memory.json
"$NAS" run memory.json --workers 2 --quiet --out best >/dev/null &
leader=$!
last=-1
while kill -0 "$leader" 2>/dev/null; do
    done=$("$NAS" sql memory.db "select count(*) from memory where state = 'complete'" --csv 2>/dev/null | tail -n 1 || echo 0)
    if [ -n "$done" ] && [ "$done" -ge $((last + 10)) ] 2>/dev/null; then
        most=0
        for p in $(cat "/proc/$leader/task/$leader/children"); do
            kb=$(awk '/^Private/ { s += $2 } END { print s + 0 }' "/proc/$p/smaps_rollup" 2>/dev/null || echo 0)
            [ "$kb" -gt "$most" ] && most=$kb
        done
        [ "$most" -gt 0 ] && echo "after $done trials: $most kB"
        last=$done
    fi
    sleep 0.05
done
wait "$leader"
