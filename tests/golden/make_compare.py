"""Golden values of search/estimate/compare.h: quantiles of Student's t, and paired means of a small grid.

    pip install numpy scipy
    python tests/golden/make_compare.py > tests/golden/compare.txt

The grid has width {1, 0.5}, prune {none, 0.7, 0.9}, front {a, b}; one trial and one figure are missing. A line
of a contrast: its name, pairs, then mean, lo, hi of the accuracy's differences, and of the bytes' quotients.
"""
import itertools
import math

import numpy as np
from scipy import stats

for n in list(range(1, 31)) + [40, 99, 100, 1000, 99999]:
    print("t", n, repr(float(stats.t.ppf(0.975, n))))

rng = np.random.default_rng(5)
rows = []
for width, prune, front in itertools.product((1.0, 0.5), (None, 0.7, 0.9), "ab"):
    accuracy = round(0.9 + 0.02 * width - (prune or 0) * 0.03 + (front == "b") * 0.01 + rng.normal(0, 0.004), 6)
    size = int(40000 * width**1.7 * (1 - (prune or 0) * 0.8) * (1.02 if front == "b" else 1) * math.exp(rng.normal(0, 0.05)))
    rows.append((width, prune, front, accuracy, size))
del rows[4]
rows[7] = rows[7][:3] + (None, rows[7][4])
for r in rows:
    print("row", r[0], "-" if r[1] is None else r[1], r[2], "-" if r[3] is None else repr(r[3]), r[4])


def mean(values):
    v = np.array(values)
    half = stats.t.ppf(0.975, len(v) - 1) * v.std(ddof=1) / math.sqrt(len(v))
    return [float(x) for x in (v.mean(), v.mean() - half, v.mean() + half)]


def contrast(name, at, a, b):
    pairs = [(x, y) for x in rows for y in rows
             if x[at] == a and y[at] == b and all(x[i] == y[i] for i in range(3) if i != at)]
    differences = mean([y[3] - x[3] for x, y in pairs if x[3] is not None and y[3] is not None])
    quotients = [math.exp(v) for v in mean([math.log(y[4] / x[4]) for x, y in pairs])]
    print("contrast", name, len(pairs), *map(repr, differences + quotients))


contrast("width", 0, 1.0, 0.5)
contrast("prune-0.9", 1, None, 0.9)
contrast("prune-0.7", 1, None, 0.7)
contrast("to", 1, 0.7, 0.9)
contrast("front", 2, "a", "b")
