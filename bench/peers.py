#!/usr/bin/env python3
"""The nets of bench/speed in PyTorch, in turn with it: samples/s of both, one thread each, and their ratio.

  bench/peers.py [--speed build/gcc/bench/speed] [--rounds 7] [--seconds 0.3] [--all] [NET:FILTERS:INPUT:BATCH ...]

Forward, backward and Adam on one batch that stays; float32. PyTorch runs in both layouts of memory, eager and (where it
works) under torch.compile; the best of them counts. Medians over rounds of wall time, with processor time beside it.
Writes build/bench/peers.json. FLOPs are nominal: 6 a multiply-accumulate of one inference.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
try:
    import torch
except ImportError:
    sys.exit("peers.py: no PyTorch here; install it (pip install torch, or Debian's python3-torch)")
from torch import nn

torch.set_num_threads(1)
CLASSES = 8
FEW = ["cnn:32:49x10:32", "cnn:77:49x10:32", "ds_cnn:32:49x10:32", "ds_cnn:64:49x10:32"]
ALL = [f"{net}:{f}:{shape}:{batch}" for net, filters in (("cnn", (32, 77, 128, 256)), ("ds_cnn", (32, 64, 128, 256)))
       for f in filters for shape in ("49x10", "62x10", "49x40") for batch in (20, 32, 256)]


def bn(f):
    return nn.BatchNorm2d(f, eps=1e-3, momentum=0.01)


def model_of(net, f):
    layers = [nn.Conv2d(1, f, 3, stride=2, bias=False), bn(f), nn.ReLU()]
    for _ in range(2):
        if net == "cnn":
            layers += [nn.Conv2d(f, f, 3, padding=1, bias=False), bn(f), nn.ReLU()]
        else:
            layers += [nn.Conv2d(f, f, 3, padding=1, groups=f, bias=False), nn.Conv2d(f, f, 1, bias=False), bn(f),
                       nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(f, CLASSES))


def stepper(net, f, h, w, batch, channels_last, compiled):
    torch.manual_seed(1)
    model = model_of(net, f)
    x = torch.randn(batch, 1, h, w)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    y = torch.arange(batch) % CLASSES
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    run = torch.compile(model) if compiled else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(run(x), y).backward()
        optimizer.step()

    for _ in range(3):
        step()
    return step


def steppers(case, compile_too):
    net, f, (h, w), batch = case
    for channels_last in (False, True):
        for compiled in ((False, True) if compile_too else (False,)):
            name = f"torch {torch.__version__} {'nhwc' if channels_last else 'nchw'}{' compiled' if compiled else ''}"
            try:
                yield name, stepper(net, f, h, w, batch, channels_last, compiled)
            except Exception as e:  # a layout or a compiler that is not there is no reason to stop
                print(f"    {name}: {type(e).__name__}", file=sys.stderr)


def timed(step, batch, seconds):
    """Median samples/s, by the wall and by the processor."""
    wall, cpu, start = [], [], time.perf_counter()
    while len(wall) < 3 or time.perf_counter() - start < seconds:
        a, b = time.perf_counter(), time.process_time()
        step()
        cpu.append(time.process_time() - b)
        wall.append(time.perf_counter() - a)
    return batch / statistics.median(wall), batch / statistics.median(cpu)


def ours(speed, case, seconds):
    net, f, (h, w), batch = case
    args = ["--net", net, "--filters", f, "--input", f"{h}x{w}", "--batch", batch, "--seconds", seconds, "--json"]
    out = subprocess.run([speed, *map(str, args)], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def measure(case, o):
    peers = list(steppers(case, o.compile))
    mine, theirs = [], {name: [] for name, _ in peers}
    for _ in range(o.rounds):
        mine.append(ours(o.speed, case, o.seconds))
        for name, step in peers:
            theirs[name].append(timed(step, case[3], o.seconds))
    median = {n: [statistics.median(t[i] for t in v) for i in (0, 1)] for n, v in theirs.items()}
    best = max(median, key=lambda n: median[n][1])
    row = {k: mine[0][k] for k in ("net", "filters", "input", "batch", "threads", "kernel")}
    for key in ("samples_per_s", "cpu_samples_per_s", "gflops"):
        row[key] = statistics.median(m[key] for m in mine)
    row |= {"peak_share": None, "peer": best, "peer_samples_per_s": median[best][0],
            "peer_cpu_samples_per_s": median[best][1], "ratio": row["samples_per_s"] / median[best][0],
            "cpu_ratio": row["cpu_samples_per_s"] / median[best][1]}
    print(f"{row['net']:7}{row['filters']:4}  {row['input']} b={row['batch']:<4}{row['samples_per_s']:9.0f}/s, "
          f"{row['peer_samples_per_s']:8.0f}/s {best}: {row['ratio']:.2f} times (processor time: "
          f"{row['cpu_samples_per_s']:.0f}/s, {row['peer_cpu_samples_per_s']:.0f}/s: {row['cpu_ratio']:.2f})",
          flush=True)
    return row


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--speed", default="build/gcc/bench/speed")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=0.3)
    p.add_argument("--all", action="store_true", help="all nets, inputs and batches")
    p.add_argument("--compile", action="store_true", help="torch.compile as well")
    p.add_argument("cases", nargs="*", metavar="NET:FILTERS:INPUT:BATCH")
    o = p.parse_args()
    rows = []
    for text in o.cases or (ALL if o.all else FEW):
        net, f, shape, batch = text.split(":")
        rows.append(measure((net, int(f), tuple(map(int, shape.split("x"))), int(batch)), o))
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/peers.json", "w") as out:
        json.dump(rows, out, indent=1)


if __name__ == "__main__":
    main()
