#!/usr/bin/env bash
# The grid of spaces/mixed.json by us and by Keras + tensorflow-model-optimization + TFLite converter, point by point.
# PYTHON is one with tensorflow 2.16, tf-keras 2.16 and tensorflow-model-optimization.
# WIDTHS="0.2,0.4" takes part of the grid; all of it takes hours. THEIRS=DIR keeps what Keras made: the same command again goes
# on where it was stopped.
set -euo pipefail
make -s build/gcc/bench/infer
infer=$(realpath build/gcc/bench/infer)
peers=$(realpath bench/peers)
theirs=$(realpath -m "${THEIRS:-build/mixed_keras}")
[ -n "${THEIRS:-}" ] || rm -rf "$theirs"
. bench/common.sh
python=${PYTHON:-python3}
widths=${WIDTHS:-0.2,0.3,0.4,0.5,0.6}
# One split in place of folds: both sides train once a point, on the same clips.
"$NAS" run "$SPACES/mixed.json" --data "$DATA" --db mixed.db --workers 1 --quiet --out best >/dev/null \
    --set '{"task": {"split": {"folds": null, "validation": 0.1}}, "model": {"width": {"choice": ['"$widths"']}}}'
"$NAS" sql mixed.db --csv "select number, frontend_frame_length_ms frame_ms, model_width width, model_layers_0_scale scaled,
    prune_to sparsity, accuracy, zlib_bytes, infer_ms, frontend_ms, total_ms, seconds, cpu_seconds from mixed where state = 'complete'" >ours.csv
for ms in 16 32; do
    number=$("$NAS" sql mixed.db --csv "select min(number) from mixed where frontend_frame_length_ms = $ms" | tail -n 1)
    "$NAS" export mixed.db --trial "$number" -o "of_$ms" >/dev/null
    for part in train validation; do
        "$NAS" eval "of_$ms" --data "$DATA" --split $part --dump "features/$ms/$part" >/dev/null
    done
done
"$python" "$peers/mixed_keras.py" train features "$theirs" "$widths"
for number in $(tail -n +2 ours.csv | cut -d, -f1); do
    "$NAS" export mixed.db --trial "$number" -o "files/$number" >/dev/null
done
"$python" "$peers/mixed_keras.py" compare ours.csv "$theirs" files "$infer"
