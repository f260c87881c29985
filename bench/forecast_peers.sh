#!/usr/bin/env bash
# Windows a second of training, this project and Keras with tf.data, in turn, on the same table.
#   PYTHON=/path/to/python bench/forecast_peers.sh TABLE.csv [rounds] [seconds a net]
# PYTHON has tensorflow; without a table one of 420,551 rows is made. Keras may have all cores, forecast_speed
# trains on one thread.
set -euo pipefail
make -s build/gcc/bench/forecast_speed build/gcc/examples/make_climate
table=${1:-} rounds=${2:-3} seconds=${3:-4}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$table" ] || { table=$work/table.csv; build/gcc/examples/make_climate "$table"; }
for ((i = 1; i <= rounds; i++)); do
    build/gcc/bench/forecast_speed "$table" "$seconds" | grep windows/s | sed 's/^/nas /'
    "${PYTHON:-python3}" bench/forecast_keras.py "$table" "$seconds" | grep windows/s | sed 's/^/keras /'
done | tee "$work/all" | sed 's/^/  /'
awk '{ net = $2 " " $3; who = $1; wall = $4; cpu = $6; sum[net, who] += wall; own[net, who] += cpu; seen[net] = 1 }
     END { for (n in seen) printf "%-10s %.0f times the windows a second, %.0f times those of a second of processor time\n",
           n, sum[n, "nas"] / sum[n, "keras"], own[n, "nas"] / own[n, "keras"] }' "$work/all"
