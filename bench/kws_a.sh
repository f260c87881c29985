#!/usr/bin/env bash
# The preset kws_a on real clips, 40 trials judged by one validation part: the run's screen, and the winner on speakers that
# nothing selected on. bench/presets.sh kws_a runs the preset as it is, judged by folds.
set -euo pipefail
. bench/common.sh
time "$NAS" run "$SPACES/kws_a.json" --data "$DATA" --trials "${TRIALS:-40}" \
    --set '{"task": {"split": {"folds": null, "validation": 0.1}}}'
"$NAS" eval kws_a_best --data "$DATA" --split test
"$NAS" sql kws_a.db "select state, count(*) as trials, round(sum(cpu_seconds)) as cpu_seconds from kws_a group by state"
