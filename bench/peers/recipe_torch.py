#!/usr/bin/env python3
"""What PyTorch says of nets and recipes before anybody builds them here: folds by speaker, float32, one thread.

    pip install torch numpy soundfile
    export GLIBC_TUNABLES=glibc.malloc.hugetlb=1 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000  # a third faster
    python bench/peers/recipe_torch.py SPEECH_COMMANDS FOLDS.csv [options]

FOLDS.csv has columns speaker and fold. Each run trains a net on the speakers of the other folds and gives rows of
bench/recipe_torch.csv, one a variant, seed and fold: its accuracy, and its verdict on each clip of the fold (bits, hexadecimal,
clips sorted by word and file). Runs whose rows are there are passed over. In the end differences to tc are printed, paired over
clips and seeds that both have, with a standard error over speakers (cluster-robust).

  tc       the net over time of docs/RECIPE.md by its recipe; from the same run, without more training: "tc, bn again" with statistics
           of batch norm taken again on the unmixed, unwarped training clips; "tc, swa" with weights averaged over the ends of the last
           quarter of the epochs, statistics taken again; and "tc, swa, constant", where that quarter is trained once more at the rate
           it began with
  bc       BC-ResNet-1 (Kim et al., Interspeech 2021) as its authors train it: SGD 0.1, momentum 0.9, decay 1e-3 of all parameters, batches
           of 100, 5 epochs of warm-up, cosine; shift and noise; neither masks (they have none at this width) nor mixup
  bc ours  the same net by the recipe of tc, on 40 mel bands, 40/20 ms
"""
import argparse
import copy
import csv
import math
import multiprocessing
import os
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

import recipe_blocks as nets
from recipe_clips import WORDS, Clips, Shifted, Warped, random

torch.set_num_threads(1)
CLASSES = len(WORDS)
COLUMNS = ["variant", "seed", "fold", "epochs", "parameters", "macs", "accuracy", "cpu_s", "verdicts"]


class Ours:
    """The recipe of docs/RECIPE.md."""
    batch, rate, least, warm_up, mixup, smoothing = 20, 0.01, 1e-5, 0, 0.3, 0.1

    @staticmethod
    def optimizer(net):
        kernels = [m.weight for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        rest = [p for p in net.parameters() if all(p is not k for k in kernels)]
        return torch.optim.AdamW([{"params": kernels, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0}], lr=0, eps=1e-7, fused=True)


class Authors:
    """The recipe of BC-ResNet's authors."""
    batch, rate, least, warm_up, mixup, smoothing = 100, 0.1, 0, 5, 0, 0

    @staticmethod
    def optimizer(net):
        return torch.optim.SGD(net.parameters(), lr=0, momentum=0.9, weight_decay=1e-3, fused=True)


def rate_at(recipe, epoch, epochs):
    """epoch: a real number, 0 to epochs."""
    if epoch < recipe.warm_up:
        return recipe.rate * epoch / recipe.warm_up
    p = (epoch - recipe.warm_up) / (epochs - recipe.warm_up)
    return recipe.least + (recipe.rate - recipe.least) * (1 + math.cos(math.pi * p)) / 2


class Training:
    """One net, on all folds but one."""

    def __init__(self, clips, seed, fold, source, net, recipe, normalize):
        self.seed, self.fold, self.source, self.net, self.recipe, self.y = seed, fold, source, net, recipe, clips.y
        self.train, self.test = np.flatnonzero(clips.fold != fold), np.flatnonzero(clips.fold == fold)
        plain = source.plain()
        x = plain[self.train]
        self.mean, self.scale = (x.mean((0, 2))[:, None], x.std((0, 2), correction=0)[:, None]) if normalize else (0, 1)
        self.plain = (plain - self.mean) / self.scale
        self.optimizer = recipe.optimizer(net)
        self.average, self.averaged = None, 0

    def step(self, x, target, rate):
        for g in self.optimizer.param_groups:
            g["lr"] = rate
        loss = -(target * F.log_softmax(self.net(x), 1)).sum(1).mean()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def epoch(self, epoch, rate):
        """rate: of a real number of epochs."""
        r, c, n = random(self.seed, epoch, 2, self.fold), self.recipe, len(self.train)
        order = r.permutation(self.train)
        x = (self.source.epoch(self.seed, epoch, order) - self.mean) / self.scale
        target = F.one_hot(self.y[order], CLASSES) * (1 - c.smoothing) + c.smoothing / CLASSES
        if c.mixup:
            share = r.beta(c.mixup, c.mixup, n).astype(np.float32)
            share = torch.from_numpy(np.maximum(share, 1 - share))[:, None]
            other = torch.from_numpy(r.permutation(n))
            x = share[:, None] * x + (1 - share[:, None]) * x[other]
            target = share * target + (1 - share) * target[other]
        self.net.train()
        for i in range(0, n, c.batch):
            self.step(x[i:i + c.batch], target[i:i + c.batch], rate(epoch + i / n))

    def epochs(self, first, last, rate, averaging=False):
        for e in range(first, last):
            began = time.process_time()
            self.epoch(e, rate)
            if averaging:
                self.take()
            if e % 10 == 0:
                print(f"fold {self.fold}, epoch {e}: {time.process_time() - began:.2f} s", flush=True)

    def right(self, net=None):
        net = (net or self.net).eval()
        with torch.no_grad():
            guess = torch.cat([net(x).argmax(1) for x in self.plain[self.test].split(100)])
        return (guess == self.y[self.test]).numpy()

    def again(self, net):
        """The net with statistics of batch norm over the training clips as they are."""
        net = copy.deepcopy(net).train()
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.reset_running_stats()
                m.momentum = None  # the mean over all batches
        nets.Norm.fast = False
        with torch.no_grad():
            for x in self.plain[random(self.seed, 3, self.fold).permutation(self.train)].tensor_split(20):
                net(x)
        nets.Norm.fast = True
        return net

    def take(self):
        """The weights as they are, into the average."""
        self.averaged += 1
        now = [p.detach() for p in self.net.parameters()]
        self.average = self.average or [p.clone() for p in now]
        for a, p in zip(self.average, now):
            a += (p - a) / self.averaged

    def swa(self):
        net = copy.deepcopy(self.net)
        with torch.no_grad():
            for p, a in zip(net.parameters(), self.average):
                p.copy_(a)
        return self.again(net)


def costs(net, bands, frames):
    """Parameters, and multiply-accumulates of convolutions and dense layers."""
    net, macs = copy.deepcopy(net).eval(), []
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            m.register_forward_hook(lambda m, _, y: macs.append(m.weight[0].numel() * y.numel()))
    net(torch.zeros(1, bands, frames))
    return sum(p.numel() for p in net.parameters()), sum(macs)


def over_time(t, epochs):
    """Yields (variant, verdicts), as do the others."""
    cosine, tail = lambda e: rate_at(Ours, e, epochs), epochs * 3 // 4
    t.epochs(0, tail, cosine)
    kept = copy.deepcopy((t.net, t.optimizer))
    t.epochs(tail, epochs, cosine, averaging=True)
    yield "tc", t.right()
    yield "tc, bn again", t.right(t.again(t.net))
    yield "tc, swa", t.right(t.swa())
    (t.net, t.optimizer), t.average, t.averaged = kept, None, 0
    t.epochs(tail, epochs, lambda _: cosine(tail), averaging=True)
    yield "tc, swa, constant", t.right(t.swa())


def as_authors(t, epochs):
    t.epochs(0, epochs, lambda e: rate_at(Authors, e, epochs))
    yield "bc", t.right()


def as_ours(t, epochs):
    t.epochs(0, epochs, lambda e: rate_at(Ours, e, epochs))
    yield "bc ours", t.right()


# name: training, net, recipe, features, whether they are normalised
RUNS = {
    "tc": (over_time, nets.OverTime, Ours, lambda clips, o: Warped(clips, 24, 40, 20), True),
    "bc": (as_authors, nets.BroadcastResNet, Authors, lambda clips, o: Shifted(clips, o.noise), False),
    "bc ours": (as_ours, nets.BroadcastResNet, Ours, lambda clips, o: Warped(clips, 40, 40, 20), True),
}


def run(name, clips, source, seed, fold, epochs):
    """Rows."""
    began = time.process_time()
    train, make, recipe, _, normalize = RUNS[name]
    torch.manual_seed(1000 * seed + fold)
    t = Training(clips, seed, fold, source, make(CLASSES), recipe, normalize)
    sizes, rows = costs(t.net, *t.plain.shape[1:]), []
    for variant, right in train(t, epochs):
        print(f"{variant}, seed {seed}, fold {fold}: {right.mean():.4f}", flush=True)
        rows.append(dict(zip(COLUMNS, [variant, seed, fold, epochs, *sizes, f"{right.mean():.4f}", round(time.process_time() - began),
                                       np.packbits(right).tobytes().hex()])))
    return rows


def read(table):
    return list(csv.DictReader(open(table))) if os.path.exists(table) else []


def append(table, rows):
    new = not os.path.exists(table)
    with open(table, "a", newline="") as out:
        w = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        if new:
            w.writeheader()
        w.writerows(rows)


def compare(rows, clips):
    """A line a variant and number of epochs: accuracy by seed; in points, the difference to the first."""
    right, about = {}, {}
    for r in rows:
        key, of = (r["variant"], r["epochs"]), np.flatnonzero(clips.fold == int(r["fold"]))
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(r["verdicts"]), np.uint8))[:len(of)]
        right.setdefault(key, {}).setdefault(r["seed"], np.full(len(clips.y), np.nan))[of] = bits
        about[key] = f"{r['variant']:18}{r['epochs']:>4} epochs {r['parameters']:>6} {int(r['macs']) / 1e6:.2f} M "
    first = min(right, key=lambda k: (k[0] != "tc", -int(k[1])))
    for key in right:
        seeds = [s for s in right[key] if s in right[first]]
        text = about[key] + " ".join(f"{np.nanmean(v):.4f}" for v in right[key].values())
        if seeds and key != first:
            d = np.mean([right[key][s] - right[first][s] for s in seeds], 0)
            d, who = d[~np.isnan(d)], clips.speaker[~np.isnan(d)]
            people = np.bincount(who, d - d.mean())
            g = len(set(who))
            text += f"  {100 * d.mean():+.2f} +- {100 * math.sqrt((people ** 2).sum() * g / (g - 1)) / len(d):.2f} over {len(d)} clips"
        print(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data")
    p.add_argument("folds")
    p.add_argument("--noise", help="folder of noise for bc (default: background_noise beside the clips, where it is)")
    p.add_argument("--runs", default="tc,bc,bc ours", help="empty: only compare")
    p.add_argument("--seeds", default="1")
    p.add_argument("--jobs", type=int, default=1, help="nets trained at a time, a process each")
    p.add_argument("--epochs", type=int, default=200)
    p.add_argument("--table", default="bench/recipe_torch.csv")
    o = p.parse_args()
    beside = os.path.join(os.path.dirname(os.path.abspath(o.data)), "background_noise")
    o.noise = o.noise or (beside if os.path.isdir(beside) else None)
    nets.compare()
    clips = Clips(o.data, o.folds)
    for name in filter(None, o.runs.split(",")):
        done = {(r["variant"], int(r["seed"]), int(r["fold"]), int(r["epochs"])) for r in read(o.table)}
        left = [(s, f) for s in map(int, o.seeds.split(",")) for f in sorted(set(clips.fold.tolist())) if (name, s, f, o.epochs) not in done]
        if not left:
            continue
        source = RUNS[name][3](clips, o)
        work = lambda mine: [append(o.table, run(name, clips, source, *m, o.epochs)) for m in mine]
        jobs = [multiprocessing.get_context("fork").Process(target=work, args=(left[i::o.jobs],)) for i in range(o.jobs)]
        for j in jobs:
            j.start()
        for j in jobs:
            j.join()
    compare(read(o.table), clips)


if __name__ == "__main__":
    main()
