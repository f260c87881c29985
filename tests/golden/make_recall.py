"""Golden values of nas_recall_bounds (search/estimate/estimate.h).

    pip install numpy scipy statsmodels scikit-learn
    python tests/golden/make_recall.py > tests/golden/recall.txt

Recalls and their mean are scikit-learn's, the error of the mean by group statsmodels', percentiles NumPy's; draws, Wilson's
bound and design effects are those of make_estimate.py. Of each case: groups, classes, confidence; examples by group and
class; how many of them are right; balanced, worst, majority, balanced_lo, worst_lo.
"""
import contextlib
import io
import os
import sys

import numpy as np
from sklearn.metrics import balanced_accuracy_score, recall_score

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
with contextlib.redirect_stdout(io.StringIO()):
    import make_estimate as e


def lower(drawn, p, n, deff, equal, conf):
    return min(np.quantile(drawn, e.expand(1 - conf, equal)), e.wilson(p, n / deff, e.quantile(1 - conf, equal))[0])


def case(n, right, conf):
    groups, classes = n.shape
    there = [k for k in range(classes) if n[:, k].sum()]
    rows = [(g, k, i < right[g, k]) for g in range(groups) for k in range(classes) for i in range(n[g, k])]
    true = [k for _, k, _ in rows]
    said = [k if hit else (k + 1) % 1000 + 1000 for _, k, hit in rows]
    recalls = recall_score(true, said, labels=there, average=None, zero_division=0)
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = balanced_accuracy_score(true, said)
    times = np.array([e.draw(e.SEED, b, groups) for b in range(e.DRAWS)])
    by_class, ends = [], []
    for k, r in zip(there, recalls):
        with np.errstate(invalid="ignore"):
            ratio = (times @ right[:, k]) / (times @ n[:, k])
        by_class.append(ratio)
        has = n[:, k] > 0
        ends.append(lower(ratio[~np.isnan(ratio)], r, n[:, k].sum(), e.deff(right[has, k], n[has, k]), e.like(n[has, k]), conf))
    mean = np.nanmean(by_class, axis=0)
    size, total = n.sum(1), n.sum()
    share = {k: total / len(there) / n[:, k].sum() for k in there}
    of = dict(zip(there, recalls))
    off = np.array([(hit - of[k]) * share[k] for _, k, hit in rows])
    alone = sum(r * (1 - r) / n[:, k].sum() for k, r in of.items()) / len(there) ** 2
    found = max(1.0, float(e.by_group(off, size).bse[0]) ** 2 / alone) if alone else 1.0
    errors = min(right.sum(), total - right.sum())
    supposed = 1 + 0.02 * ((size**2).sum() / total - 1)
    deff = (errors * found + 4 * supposed) / (errors + 4)
    worth = len(there) ** 2 / sum(1 / n[:, k].sum() for k in there)
    print(groups, classes, conf)
    print(*n.ravel())
    print(*right.ravel())
    e.show(balanced, float(recalls.min()), float(n.sum(0).max() / total), lower(mean, balanced, worth, deff, e.like(size), conf),
           float(min(ends)))


rng = np.random.default_rng(11)
speaker = rng.normal(0, 0.1, (25, 1))
for share, hit, conf in [((6, 6, 6), (0.9, 0.8, 0.95), 0.95), ((30, 2, 1), (1, 0, 0), 0.95), ((20, 3, 2, 4), (0.98, 0.5, 0.7, 0.9), 0.975),
                         ((5, 5), (1, 1), 0.95), ((7, 0, 3), (0.9, 0, 0.6), 0.95), ((8,), (0.85,), 0.95)]:
    n = rng.poisson(share, (25, len(share)))
    n[n.sum(1) == 0, 0] = 1
    chance = np.where(np.isin(hit, (0, 1)), hit, np.clip(np.array(hit) + speaker, 0, 1))
    case(n, rng.binomial(n, chance), conf)
