#!/usr/bin/env python3
"""What PyTorch says of nets and recipes before anybody builds them here: folds by speaker, float32, one thread.

    pip install torch numpy soundfile
    python bench/peers/recipe_torch.py SPEECH_COMMANDS FOLDS.csv [options]

FOLDS.csv has columns speaker and fold. Each run trains one net a fold and gives rows of bench/recipe_torch.csv, one a variant and
seed: accuracy of all clips by the net that did not hear their speaker, and that verdict of every clip (hexadecimal, clips sorted by
word and file). Runs whose rows are there are passed over. In the end differences to the first variant are printed, paired over
clips and seeds, with a standard error over speakers (cluster-robust).

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
import os
import time

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

import recipe_blocks
from recipe_clips import WORDS, Clips, Shifted, Warped, random

torch.set_num_threads(1)
CLASSES = len(WORDS)
COLUMNS = ["variant", "seed", "epochs", "parameters", "macs", "accuracy", "cpu_s", "torch", "verdicts"]


def glorot(net):
    """Initial weights and batch norm as in our core and Keras."""
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            area = m.weight[0][0].numel()
            fan_in = m.weight.shape[1] * area * (m.groups if isinstance(m, nn.Conv2d) else 1)
            fan_out = m.weight.shape[0] // (m.groups if isinstance(m, nn.Conv2d) else 1) * area
            bound = math.sqrt(6 / (fan_in + fan_out))
            nn.init.uniform_(m.weight, -bound, bound)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        if isinstance(m, nn.BatchNorm2d):
            m.momentum, m.eps = 0.01, 1e-3
    return net


class OverTime(nn.Module):
    def __init__(self, bands, c=48, kernel=9, blocks=4):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(bands, c, (1, 3), (1, 2), (0, 1), bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.blocks = nn.ModuleList(nn.Sequential(
            nn.Conv2d(c, c, (1, kernel), padding=(0, kernel // 2), groups=c, bias=False), nn.BatchNorm2d(c), nn.ReLU(),
            nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c)) for _ in range(blocks))
        self.last = nn.Linear(c, CLASSES)
        glorot(self).to(memory_format=torch.channels_last)

    def forward(self, x):
        x = self.first(x[:, :, None])
        for b in self.blocks:
            x = F.relu(x + b(x))
        return self.last(x.mean((2, 3)))


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


class Fold:
    """One net in training; x of an epoch is given for all clips."""

    def __init__(self, run, fold, net, recipe, plain, y, normalize):
        self.fold, self.net, self.recipe, self.y, self.seed = fold, net, recipe, y, run.seed
        self.train, self.test = (torch.from_numpy(np.flatnonzero(s)) for s in (run.clips.fold != fold, run.clips.fold == fold))
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

    def epoch(self, x, epoch, rate):
        """rate: of a real number of epochs."""
        r, size, c = random(self.seed, epoch, 2, self.fold), self.recipe.batch, self.recipe
        n = len(self.train)
        order = self.train[torch.from_numpy(r.permutation(n))]
        x = (x[order] - self.mean) / self.scale
        target = F.one_hot(self.y[order], CLASSES) * (1 - c.smoothing) + c.smoothing / CLASSES
        if c.mixup:
            share = r.beta(c.mixup, c.mixup, n).astype(np.float32)
            share = torch.from_numpy(np.maximum(share, 1 - share))
            other = torch.from_numpy(r.permutation(n))
            x = share[:, None, None] * x + (1 - share)[:, None, None] * x[other]
            target = share[:, None] * target + (1 - share)[:, None] * target[other]
        self.net.train()
        for i in range(0, n, size):
            self.step(x[i:i + size], target[i:i + size], rate(epoch + i / n))

    def right(self, net=None):
        net = (net or self.net).eval()
        with torch.no_grad():
            guess = torch.cat([net(self.plain[t]).argmax(1) for t in self.test.split(100)])
        return (guess == self.y[self.test]).numpy()

    def again(self, net):
        """The net with statistics of batch norm over the training clips as they are."""
        net = copy.deepcopy(net).train()
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.reset_running_stats()
                m.momentum = None  # the mean over all batches
        with torch.no_grad():
            for t in self.train[torch.from_numpy(random(self.seed, 3, self.fold).permutation(len(self.train)))].tensor_split(20):
                net(self.plain[t])
        return net

    def take(self):
        """The weights as they are, into the average."""
        self.averaged += 1
        now = [p.detach() for p in self.net.parameters()]
        if self.average is None:
            self.average = [p.clone() for p in now]
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


class Run:
    """Nets of all folds, trained side by side on the same epochs of clips."""

    def __init__(self, o, seed, clips):
        self.o, self.seed, self.clips, self.names = o, seed, clips, []
        self.began, self.rows = time.process_time(), []

    def open(self, source, net_of, recipe, normalize):
        self.source, self.recipe = source, recipe
        plain = source.plain()
        self.folds = []
        for f in sorted(set(self.clips.fold)):
            torch.manual_seed(1000 * self.seed + int(f))
            self.folds.append(Fold(self, int(f), net_of(), recipe, plain, self.clips.y, normalize))
        self.costs = costs(self.folds[0].net, *plain.shape[1:])

    def row(self, name, net_of=lambda f: f.net):
        right = np.zeros(len(self.clips.y), bool)
        for f in self.folds:
            right[f.test.numpy()] = f.right(net_of(f))
        self.rows.append(dict(zip(COLUMNS, [
            name, self.seed, self.o.epochs, *self.costs, f"{right.mean():.4f}", round(time.process_time() - self.began), torch.__version__,
            np.packbits(right).tobytes().hex()])))
        print(f"{name}, seed {self.seed}: {right.mean():.4f}", flush=True)

    def train(self, first, last, rate, averaging=False):
        for e in range(first, last):
            x, began = self.source.epoch(self.seed, e), time.process_time()
            for f in self.folds:
                f.epoch(x, e, rate)
                if averaging:
                    f.take()
            if e % 10 == 0 or e < 3:
                print(f"epoch {e}: {time.process_time() - began:.2f} s, so far {time.process_time() - self.began:.0f} s", flush=True)


def tc(run):
    run.open(Warped(run.clips, 24, 40, 20), lambda: OverTime(24), Ours, True)
    epochs, cosine = run.o.epochs, lambda e: rate_at(Ours, e, run.o.epochs)
    tail = epochs * 3 // 4
    run.train(0, tail, cosine)
    kept = copy.deepcopy(run.folds)
    run.train(tail, epochs, cosine, averaging=True)
    run.row("tc")
    run.row("tc, bn again", lambda f: f.again(f.net))
    run.row("tc, swa", lambda f: f.swa())
    run.folds = kept
    run.train(tail, epochs, lambda _: cosine(tail), averaging=True)
    run.row("tc, swa, constant", lambda f: f.swa())


def bc(run):
    run.open(Shifted(run.clips, run.o.noise), lambda: recipe_blocks.BroadcastResNet(CLASSES), Authors, False)
    run.train(0, run.o.epochs, lambda e: rate_at(Authors, e, run.o.epochs))
    run.row("bc")


def bc_ours(run):
    run.open(Warped(run.clips, 40, 40, 20), lambda: recipe_blocks.BroadcastResNet(CLASSES), Ours, True)
    run.train(0, run.o.epochs, lambda e: rate_at(Ours, e, run.o.epochs))
    run.row("bc ours")


RUNS = {"tc": tc, "bc": bc, "bc ours": bc_ours}


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
    """Of each variant: accuracy by seed, and the difference to the first variant over the seeds that both have, in points."""
    n, names = len(clips.y), list(dict.fromkeys(r["variant"] for r in rows))
    bits = {(r["variant"], r["seed"]): np.unpackbits(np.frombuffer(bytes.fromhex(r["verdicts"]), np.uint8))[:n].astype(float) for r in rows}
    for v in sorted(names, key=lambda v: v != "tc"):
        mine = [r for r in rows if r["variant"] == v]
        both = [r["seed"] for r in mine if ("tc", r["seed"]) in bits]
        text = f"{v:20} {mine[0]['parameters']:>6} {int(mine[0]['macs']) / 1e6:.2f} M  {' '.join(r['accuracy'] for r in mine)}"
        if both and v != "tc":
            d = np.mean([bits[v, s] - bits["tc", s] for s in both], 0)
            people = np.bincount(clips.speaker, d - d.mean())
            g = len(people)
            text += f"  {100 * d.mean():+.2f} +- {100 * math.sqrt((people ** 2).sum() * g / (g - 1)) / n:.2f}"
        print(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data")
    p.add_argument("folds")
    p.add_argument("--noise", help="folder of noise for bc (default: background_noise beside the clips, where it is)")
    p.add_argument("--runs", default="tc,bc,bc ours")
    p.add_argument("--seeds", default="1")
    p.add_argument("--epochs", type=int, default=200)
    p.add_argument("--table", default="bench/recipe_torch.csv")
    o = p.parse_args()
    beside = os.path.join(os.path.dirname(os.path.abspath(o.data)), "background_noise")
    o.noise = o.noise or (beside if os.path.isdir(beside) else None)
    recipe_blocks.compare()
    clips = Clips(o.data, o.folds)
    for seed in map(int, filter(None, o.seeds.split(","))):
        for name in filter(None, o.runs.split(",")):
            if any(r["variant"] == name and int(r["seed"]) == seed and int(r["epochs"]) == o.epochs for r in read(o.table)):
                continue
            run = Run(o, seed, clips)
            RUNS[name](run)
            append(o.table, run.rows)
    compare(read(o.table), clips)


if __name__ == "__main__":
    main()
