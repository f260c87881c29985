#!/usr/bin/env python3
"""The nets of bench/speed in other frameworks, in turn with it: samples/s of both, one thread each, and their ratio.

  bench/peers.py [--speed build/gcc/bench/speed] [--python PYTHON]... [--rounds 7] [--seconds 0.3] [--no-compile] [--all]
                 [NET:FILTERS:INPUT:BATCH ...]

Each PYTHON may have PyTorch, TensorFlow or both; what it has is measured (bench/peers/net.py). PyTorch runs in both layouts of
memory (over_time as Conv1d too), with fused Adam where it has that, and the fastest under torch.compile as well, where that works.
Rounds of all in turn, medians of wall time, with processor time beside it. Writes build/bench/peers.json, an object for each case
and variant; the best variant of a case has "best": true. FLOPs are nominal: 6 a multiply-accumulate of one inference.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

NETS = [("cnn", f) for f in (32, 77, 128, 256)] + [("ds_cnn", f) for f in (32, 64, 128, 256)]
FEW = [f"{net}:{f}:49x10:32" for net, f in NETS] + [
    "cnn:32:62x10:20", "cnn:77:49x40:32", "cnn:32:49x10:256", "ds_cnn:64:62x10:20", "ds_cnn:32:49x40:32",
    "ds_cnn:64:49x10:256", "over_time:36:49x24:20", "over_time:48:49x24:20", "over_time:64:49x24:32",
    "forecaster:64:6x2:32", "forecaster:15:6x2:32"]
ALL = [f"{net}:{f}:{shape}:{batch}" for net, f in NETS for shape in ("49x10", "62x10", "49x40")
       for batch in (20, 32, 256)] + [f"over_time:{f}:{shape}:{batch}" for f in (36, 48, 64) for shape in ("49x24", "98x40")
       for batch in (20, 32)] + [f"forecaster:{f}:6x2:{batch}" for f in (64, 15) for batch in (20, 32, 256)]


class Peer:
    """A python with frameworks, asked over pipes."""

    def __init__(self, python):
        here = os.path.dirname(os.path.abspath(__file__))
        # OpenBLAS does not know recent processors.
        wide = "avx512f" in open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else False
        env = os.environ | {"OPENBLAS_CORETYPE": "SkylakeX" if wide else "Haswell"}
        self.process = subprocess.Popen([python, os.path.join(here, "peers", "net.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=env)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("peers.py: a peer ended; its message is above")
        return json.loads(line)


def ours(speed, case, seconds):
    net, f, shape, batch = case
    args = ["--net", net, "--filters", f, "--input", shape, "--batch", batch, "--seconds", seconds, "--json"]
    return json.loads(subprocess.run([speed, *map(str, args)], check=True, capture_output=True, text=True).stdout)


def middle(rows):
    return [statistics.median(r[i] for r in rows) for i in (0, 1)]


def measure(case, peers, peak, o):
    who = {name: p for p in peers for name in p.ask("open", *case)}
    if not o.no_compile:
        for p in peers:
            mine = [n for n, q in who.items() if q is p and n.startswith("torch")]
            if not mine:
                continue
            fast = max(mine, key=lambda n: p.ask("time", n, o.seconds)[1])
            name = p.ask("compile", fast)
            if name:
                who[name] = p
    mine, theirs = [], {name: [] for name in who}
    for _ in range(o.rounds):
        mine.append(ours(o.speed, case, o.seconds))
        for name, p in who.items():
            theirs[name].append(p.ask("time", name, o.seconds))
    us = {k: mine[0][k] for k in ("net", "filters", "input", "batch", "threads", "kernel")}
    for key in ("samples_per_s", "cpu_samples_per_s", "gflops"):
        us[key] = statistics.median(m[key] for m in mine)
    us["peak_share"] = us["gflops"] / peak
    median = {name: middle(rows) for name, rows in theirs.items()}
    best = max(median, key=lambda n: median[n][0])
    rows = []
    for name, (wall, cpu) in median.items():
        rows.append(us | {"peer": name, "peer_samples_per_s": wall, "peer_cpu_samples_per_s": cpu,
                          "ratio": us["samples_per_s"] / wall, "cpu_ratio": us["cpu_samples_per_s"] / cpu,
                          "best": name == best})
        r = rows[-1]
        print(f"{r['net']:10}{r['filters']:4}  {r['input']} b={r['batch']:<4}{r['samples_per_s']:9.0f}/s, "
              f"{wall:8.0f}/s {name}: {r['ratio']:.2f} times (processor time: {r['cpu_samples_per_s']:.0f}/s, {cpu:.0f}/s: "
              f"{r['cpu_ratio']:.2f}){' <' if r['best'] else ''}", flush=True)
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--speed", default="build/gcc/bench/speed")
    p.add_argument("--python", action="append", help="one that has frameworks; again for another")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=0.3)
    p.add_argument("--all", action="store_true", help="all nets, inputs and batches")
    p.add_argument("--no-compile", action="store_true", help="without torch.compile")
    p.add_argument("cases", nargs="*", metavar="NET:FILTERS:INPUT:BATCH")
    o = p.parse_args()
    peers = [Peer(python) for python in o.python or [sys.executable]]
    peak = json.loads(subprocess.run([o.speed, "--peak"], check=True, capture_output=True, text=True).stdout)["peak"]
    rows = []
    for text in o.cases or (ALL if o.all else FEW):
        found = measure(tuple(text.split(":")), peers, peak, o)
        if not found:
            sys.exit("peers.py: no PyTorch and no TensorFlow here; name a python that has one with --python")
        rows += found
        os.makedirs("build/bench", exist_ok=True)
        with open("build/bench/peers.json", "w") as out:
            json.dump(rows, out, indent=1)


if __name__ == "__main__":
    main()
