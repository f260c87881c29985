#!/usr/bin/env bash
# What makes a small keyword net right on people it has never heard: variants of one recipe, three folds by speaker, two seeds, float32.
# bench/recipe.txt names the variants, each by what it changes of the first; bench/recipe.json is the space they are points of. A variant
# that is there is passed over, and a run that was stopped goes on. bench/recipe.csv gets a row a variant: pooled accuracy of each
# seed, and the difference to the first in points with its standard error over speakers (cluster-robust, both seeds together).
#
#   bench/recipe.sh          seeds 1 and 2
#   bench/recipe.sh 3        another seed besides
#   WORK=DIR                 where databases are kept (default: build/recipe)
#   FOLDS=FILE               other folds than nas deals: a line a speaker, speaker,fold from 0 to 2
#   LIST=FILE TABLE=FILE     other variants, another table
set -euo pipefail
here=$(pwd) table=$(realpath -m "${TABLE:-bench/recipe.csv}") list=$(realpath "${LIST:-bench/recipe.txt}") space=$(realpath bench/recipe.json)
[ -z "${FOLDS:-}" ] || FOLDS=$(realpath "$FOLDS")
keep=$(realpath -m "${WORK:-build/recipe}")
. bench/common.sh
mkdir -p "$keep"
cd "$keep"
seeds=(1 2 "$@")
given=''
if [ -n "${FOLDS:-}" ]; then
    rm -rf given
    mkdir given
    ln -s "$DATA"/* given/
    cp "$FOLDS" given/folds.csv
    DATA=$keep/given given=', "task": {"split": {"by": "groups", "list": "folds.csv", "test": null}}'
fi

base='"frontend.frame_length_ms": 40, "frontend.frame_step_ms": 20, "frontend.mel_bins": 24, "augment.shift_frames": 4, "augment.mixup": 0.3,
"augment.warp": 0.15, "model.layers": 0, "model.layers[0].filters": 48, "model.layers[0].kernel": 3, "model.layers[3].repeat": 4,
"model.layers[3].layers[0].layers[0].kernel": [9, 1], "model.layers[5].rate": 0, "train.epochs": 200, "train.batch_size": 20,
"train.label_smoothing": 0.1, "train.weight_decay": 0.05, "train.warm_up_epochs": 0, "train.learning_rate.schedule": "cosine",
"train.learning_rate.from": 0.01'

# The points as try_first: what a variant changes stands in place of the base's; layers of another net have none of its keys.
points() {
    awk -F'\t' -v base="$base" '
        function put(text,   n, i, part, key) {
            n = split(text, part, /, *\n?"/)
            for (i = 1; i <= n; i++) {
                sub(/^[ \n]*"?/, "", part[i]); key = part[i]; sub(/".*/, "", key)
                if (!(key in value)) order[++keys] = key
                value[key] = part[i]; sub(/^[^"]*": */, "", value[key])
            }
        }
        { delete value; keys = 0; put(base); if ($2 != "") put($2)
          out = ""
          for (i = 1; i <= keys; i++) {
              if (order[i] ~ /^model\.layers\[/ && value["model.layers"] != 0) continue
              out = out (out == "" ? "" : ", ") "\"" order[i] "\": " value[order[i]]
          }
          print (NR > 1 ? ", " : "") "{" out "}" }' "$list"
}

set_points() { echo "{\"try_first\": [$(points)], \"search\": {\"trials\": $(grep -c . "$list")}$given}"; }
for seed in "${seeds[@]}"; do
    "$NAS" run "$space" --data "$DATA" --seed "$seed" --db "seed_$seed.db" --cache cache --out "best_$seed" --quiet --set "$(set_points)" >/dev/null
done

# speaker, clips, right of each trial
by_speaker() {
    "$NAS" sql "seed_$1.db" --csv "SELECT k.number, v.\"group\", count(*), sum(v.\"right\") FROM nas_verdicts v JOIN recipe k
        ON coalesce(k.reused, k.id) = v.trial WHERE v.replicate = 0 GROUP BY 1, 2" | tail -n +2 | tr -d '"\r'
}
costs() { "$NAS" sql "seed_${seeds[0]}.db" --csv "SELECT number, params, macs, round(cpu_seconds) FROM recipe" | tail -n +2 | tr -d '\r'; }
bits=$("$NAS" --version | sed -n '2s/, database.*//p' | tr -d ',')
for seed in "${seeds[@]}"; do by_speaker "$seed" | sed "s/^/$seed,/"; done >speakers.csv
costs >costs.csv
awk -F, -v bits="$bits" -v commit="$(git -C "$here" log -1 --format=%h)" '
    FILENAME == ARGV[1] { cost[$1] = $2 "," $3 "," $4; next }
    FILENAME == ARGV[3] { split($0, part, "\t"); name[n++] = part[1]; next }
    { clips[$1, $2] += $4; right[$1, $2] += $5; seeds[$1]; people[$3]; of[$2, $3] += $5; size[$3] = (size[$3] > $4 ? size[$3] : $4) }
    END {
        print "variant,seeds,pooled by seed,difference in points,standard error,params,macs,cpu_s (folds and whole; seed 1),commit,bits"
        for (t = 0; t < n; t++) {
            list = ""; count = 0
            for (s in seeds) { if (!((s, t) in clips)) continue
                list = list (list == "" ? "" : " ") sprintf("%.4f", right[s, t] / clips[s, t]); count++ }
            if (!count) continue
            total = 0; sum = 0; g = 0
            for (p in people) { total += size[p]; sum += of[t, p] - of[0, p]; g++ }
            d = sum / (total * count); q = 0
            for (p in people) { e = (of[t, p] - of[0, p]) / count - d * size[p]; q += e * e }
            printf "\"%s\",%d,%s,%+.2f,%.2f,%s,%s,%s\n", name[t], count, list, 100 * d, 100 * sqrt(q * g / (g - 1)) / total, cost[t], commit, bits
        }
    }' costs.csv speakers.csv "$list" | tee "$table"
