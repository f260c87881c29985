#!/usr/bin/env python3
"""What frontend.level is worth: threefold cross-validation by speaker on the eight words of the preset kws_a.

    bench/level.py [--data FOLDER] [--nas ./nas] [--epochs 18] [--seeds 1,2] [--jobs 2] [--out build/bench/level.json]

Two nets, each with its front end, by levels none, peak and rms; the same folds and seeds for all, and every clip judged by
a net that never heard its speaker. The test part of the preset's split stays out. Accuracies are means over the seeds;
differences to "none" are paired clip by clip, their standard error is that of a ratio over speakers (Cochran, Sampling
Techniques, 1977, section 2.11). What is known already stands in the file of --out and is not trained again.
"""
import argparse
import concurrent.futures
import hashlib
import json
import math
import os
import re
import subprocess
import tempfile

WORDS = ["down", "go", "left", "no", "right", "stop", "up", "yes"]
LEVELS = ["none", "peak", "rms"]
FOLDS = 3
NORM = [{"op": "batch_norm"}, {"op": "relu"}]
END = [{"op": "global_average_pool"}, {"op": "dense", "units": "classes"}, {"op": "softmax"}]


def conv(filters, kernel, **more):
    return {"op": "conv2d", "filters": filters, "kernel": [kernel, kernel], "bias": False, **more}


DEPTHWISE = {"op": "depthwise_conv2d", "kernel": [3, 3], "padding": "same", "bias": False}
NETS = {
    "log-mel, residual DS-CNN 48 x 3": (
        {"kind": "log_mel", "frame_length_ms": 40, "frame_step_ms": 20, "mel_bins": 24, "lower_hz": 20, "upper_hz": 7600,
         "normalize": "coefficient"},
        [conv(48, 5, stride=[2, 2], padding="same"), *NORM,
         {"repeat": 3, "layers": [
             {"op": "residual", "layers": [DEPTHWISE, *NORM, conv(48, 1), {"op": "batch_norm"}]}, {"op": "relu"}]}, *END],
    ),
    "MFCC, DS-CNN 64 x 2": (
        {"kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": 20, "mel_bins": 40, "lower_hz": 20, "upper_hz": 4000,
         "coefficients": 10},
        [conv(64, 3, stride=[2, 2], padding="same"), *NORM,
         {"repeat": 2, "layers": [DEPTHWISE, conv(64, 1), *NORM]}, *END],
    ),
}


def candidate(net, level, seed, split, epochs):
    frontend, layers = NETS[net]
    return {
        "schema": 1, "name": "level", "seed": seed,
        "task": {"kind": "keywords", "data": "data", "labels": WORDS, "split": split},
        "frontend": {**frontend, "level": level},
        "augment": {"shift_frames": 4},
        "model": {"layers": layers},
        "train": {"epochs": epochs, "batch_size": 20, "label_smoothing": 0.1,
                  "learning_rate": {"schedule": "polynomial", "from": 0.01, "to": 1e-5}},
        "quantize": "float32",
    }


class Bench:
    def __init__(self, o, work):
        self.nas, self.epochs, self.work = os.path.realpath(o.nas), o.epochs, work
        self.data = os.path.join(work, "data")
        os.mkdir(self.data)
        for word in WORDS:
            os.symlink(os.path.join(os.path.realpath(o.data), word), os.path.join(self.data, word))

    def judge(self, name, document, part):
        """Trains; {clip: right} of a part."""
        at = os.path.join(self.work, name)
        with open(at + ".json", "w") as f:
            json.dump(document, f)
        common = ["--data", self.data, "--cache", os.path.join(self.work, "cache")]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        for command in (["train", at + ".json", *common, "--quiet", "-o", at],
                        ["eval", at, *common, "--split", part, "--dump", at + ".dump"]):
            subprocess.run([self.nas, *command], check=True, env=env, stdout=subprocess.DEVNULL)
        with open(at + ".dump/clips.txt") as clips, open(at + ".dump/classes.txt") as classes:
            found = {c.strip(): WORDS[int(k)] for c, k in zip(clips, classes, strict=True)}
        return {c: c.split("/")[-2] == word for c, word in found.items()}

    def test_part(self):
        """Names of its clips, from a net that need not be any good."""
        tiny = candidate("MFCC, DS-CNN 64 x 2", "none", 1, {"by": "speaker", "test": 0.1}, 1)
        tiny["model"]["layers"] = END
        return set(self.judge("tiny", tiny, "test"))

    def write_folds(self):
        clips = [f"{w}/{f}" for w in WORDS for f in sorted(os.listdir(os.path.join(self.data, w))) if "_nohash_" in f]
        test = self.test_part()
        test = {c for c in clips if c in test}
        kept = [c for c in clips if c not in test]
        count = {}
        for c in kept:
            count[speaker(c)] = count.get(speaker(c), 0) + 1
        size, fold = [0] * FOLDS, {}
        for s in sorted(count, key=lambda s: hashlib.sha256(s.encode()).digest()):
            fold[s] = size.index(min(size))
            size[fold[s]] += count[s]
        for k in range(FOLDS):
            self.write_list(f"fold{k}.txt", [c for c in kept if fold[speaker(c)] == k])
            self.write_list(f"rest{k}.txt", [c for c in kept if fold[speaker(c)] != k])
        self.write_list("test.txt", test)
        print(f"{len(kept):,} clips of {len(count)} speakers in {FOLDS} folds, {size}; {len(test)} left out", flush=True)

    def write_list(self, name, clips):
        with open(os.path.join(self.data, name), "w") as f:
            f.writelines(c + "\n" for c in sorted(clips))

    def train(self, net, level, seed, k):
        split = {"by": "lists", "train": f"rest{k}.txt", "validation": f"fold{k}.txt", "test": "test.txt"}
        name = re.sub(r"\W+", "_", f"{net} {level} {seed} {k}")
        return self.judge(name, candidate(net, level, seed, split, self.epochs), "validation")


def speaker(clip):
    return clip.split("/")[-1].split("_nohash_")[0]


def difference(a, b):
    """Mean of a - b over clips, and its standard error over speakers; both {clip: share of seeds that were right}."""
    rows = {}
    for c in b:
        n, d = rows.get(speaker(c), (0, 0))
        rows[speaker(c)] = (n + 1, d + a[c] - b[c])
    n = sum(r[0] for r in rows.values())
    mean = sum(r[1] for r in rows.values()) / n
    squares = sum((d - mean * m) ** 2 for m, d in rows.values())
    return mean, math.sqrt(squares * len(rows) / (len(rows) - 1)) / n


def over_seeds(known, net, level, seeds):
    """{clip: share of seeds that were right}"""
    out = {}
    for seed in seeds:
        for k in range(FOLDS):
            for c, right in known[f"{net}|{level}|{seed}|{k}"].items():
                out[c] = out.get(c, 0) + right / len(seeds)
    return out


def table(known, seeds):
    print("| net | level | accuracy | of each seed | to none | standard error |\n|---|---|---|---|---|---|")
    for net in NETS:
        none = over_seeds(known, net, "none", seeds)
        for level in LEVELS:
            all_ = over_seeds(known, net, level, seeds)
            each = [over_seeds(known, net, level, [s]) for s in seeds]
            each = " ".join(f"{sum(e.values()) / len(e):.3f}" for e in each)
            off = "| |" if level == "none" else "| {:+.4f} | {:.4f} |".format(*difference(all_, none))
            print(f"| {net} | {level} | {sum(all_.values()) / len(all_):.4f} | {each} {off}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--nas", default="./nas")
    p.add_argument("--data", default=os.path.join(os.environ.get("NAS_TEST_DATA", "../shared/data"), "speech_commands"))
    p.add_argument("--epochs", type=int, default=18)
    p.add_argument("--seeds", default="1,2")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--out", default="build/bench/level.json")
    o = p.parse_args()
    seeds = [int(s) for s in o.seeds.split(",")]
    known = {}
    if os.path.exists(o.out):
        with open(o.out) as f:
            known = json.load(f)
    os.makedirs(os.path.dirname(o.out) or ".", exist_ok=True)
    wanted = [(n, l, s, k) for s in seeds for n in NETS for k in range(FOLDS) for l in LEVELS]
    wanted = [w for w in wanted if "|".join(map(str, w)) not in known]
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        if wanted:
            bench = Bench(o, work)
            bench.write_folds()
        runs = {pool.submit(bench.train, *w): w for w in wanted}
        for done in concurrent.futures.as_completed(runs):
            if done.exception():
                pool.shutdown(cancel_futures=True)
            right, w = done.result(), runs[done]
            known["|".join(map(str, w))] = right
            print(*w, f"{sum(right.values()) / len(right):.4f}", flush=True)
            with open(o.out, "w") as f:
                json.dump(known, f)
    table(known, seeds)


main()
