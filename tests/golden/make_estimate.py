"""Golden values of search/estimate/estimate.h: bounds, the claim for a winner, paired differences, bounds of errors.

    pip install numpy scipy statsmodels
    python tests/golden/make_estimate.py > tests/golden/estimate.txt

Wilson's interval, the errors by group and Student's interval are statsmodels', percentiles NumPy's, the rest SciPy's. Draws of
groups are those of base/rng.h, written once more here. The claim is Tsamardinos' bootstrap bias correction, over groups.
"""
import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

SEED, DRAWS, GROUPS = 7, 1000, 30


def philox(key, counter):
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def draw(seed, number, n):
    """How often each of n groups is drawn."""
    key = philox((seed & 0xFFFFFFFF, seed >> 32), (0, 8, 0x6E6173, 0))[:2]
    words = [w for i in range((n + 1) // 2 + 1) for w in philox(key, (i, number, 0, 0))[::-1]]
    picks = [((words[2 * i] << 32 | words[2 * i + 1]) * n) >> 64 for i in range(n)]
    return np.bincount(picks, minlength=n)


def wilson(p, n, z):
    lo, hi = proportion_confint(p * n, n, 2 * stats.norm.sf(z), "wilson")
    return max(0.0, float(lo)), min(1.0, float(hi))


def like(n):
    return int(n.sum() ** 2 / (n**2).sum() + 1e-9)


def quantile(tail, equal):
    return stats.t.isf(tail, equal - 1)


def expand(tail, equal):
    return stats.norm.cdf(-quantile(tail, equal) * np.sqrt(equal / (equal - 1)))


def by_group(x, n):
    """The mean of x[examples] with errors by group."""
    return sm.OLS(x, np.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(len(n)), n)}, use_t=True)


def examples(right, n):
    return np.concatenate([np.repeat([1.0, 0.0], [r, m - r]) for r, m in zip(right, n)])


def deff(right, n):
    p, total = right.sum() / n.sum(), n.sum()
    errors = min(right.sum(), total - right.sum())
    found = 1.0
    if 0 < p < 1:
        found = max(1.0, float(by_group(examples(right, n), n).bse[0]) ** 2 / (p * (1 - p) / total))
    supposed = 1 + 0.02 * ((n**2).sum() / total - 1)
    return (errors * found + 4 * supposed) / (errors + 4)


def show(*words):
    print(*[repr(float(w)) if isinstance(w, (float, np.floating)) else w for w in words])


for p, n, conf in [(0.93, 292, 0.95), (0.915, 2300, 0.95), (1.0, 150, 0.95), (0.0, 40, 0.95), (0.9, 40, 0.975), (0.5, 3.5, 0.9)]:
    show("wilson", p, float(n), conf, *wilson(p, n, stats.norm.ppf(conf)))
for p, bound, d, conf in [(0.9315, 0.90, 1.0, 0.95), (0.91, 0.90, 2.0, 0.95), (0.905, 0.90, 1.37, 0.975), (1.0, 0.99, 1.0, 0.95)]:
    least = 1
    while wilson(p, least / d, stats.norm.ppf(conf))[0] <= bound:
        least += 1
    show("needed", p, bound, d, conf, least)
for a, b in [(0, 0), (3, 3), (10, 2), (0, 6), (140, 100), (1, 900)]:
    show("mcnemar", a, b, mcnemar([[0, a], [b, 0]], exact=True).pvalue)

rng = np.random.default_rng(3)
size = np.array([1, 1, 2, 40] + list(rng.integers(2, 25, GROUPS - 4)))
speaker = rng.normal(0, 0.5, GROUPS)
hard = rng.normal(0, 0.6, size.sum())
owner = np.repeat(np.arange(GROUPS), size)
bits = [(a + speaker[owner] + hard + rng.normal(0, 0.6, size.sum()) > 0).astype(int) for a in (1.4, 1.5, 1.5, 1.6, 1.45, 1.55, 0.9)]
bits += [bits[3], np.ones(size.sum(), int)]
# Speakers that differ much: here the bootstrap's bound is the lower one.
bits += [(a + 2 * speaker[owner] + rng.normal(0, 0.8, size.sum()) > 0).astype(int) for a in (0.1, 0.13, 0.16, 0.1, 0.2)]
right = [np.bincount(owner, weights=b, minlength=GROUPS).astype(int) for b in bits]
times = np.array([draw(SEED, b, GROUPS) for b in range(DRAWS)])
equal = like(size)
print("size", GROUPS, *size)
for b in bits:
    print("bits", "".join(map(str, b)))
show("drawn", *times[0])
for t, r in enumerate(right):
    for conf in (0.95, 0.975):
        ratio, tail = times @ r / (times @ size), expand(1 - conf, equal)
        p, d = r.sum() / size.sum(), deff(r, size)
        w = wilson(p, size.sum() / d, quantile(1 - conf, equal))
        b = [np.quantile(ratio, tail), np.quantile(ratio, 1 - tail)]
        show("accuracy", t, conf, min(w[0], b[0]), max(w[1], b[1]), d, *w, *b)


def claim(trials, rank, need, bound):
    r = np.array([right[t] for t in trials])
    seen = r.sum(1) / size.sum()

    def pick(accuracy):
        if need is None:
            order = [(-a, k) for a, k in zip(accuracy, rank)]
        else:
            order = [(0, k) if a >= m else (m - a, k) for a, m, k in zip(accuracy, need, rank)]
        return min(range(len(trials)), key=lambda i: (*order[i], i))

    won, picks, losses = pick(seen), [], []
    for drawn in times:
        out = drawn == 0
        best = pick((r @ drawn) / (size @ drawn))
        score = r[:, out].sum(1) / size[out].sum()
        losses.append((score[won] if need is None else seen[best]) - score[best])
        picks.append(best)
    wins = np.bincount(picks, minlength=len(trials)) / DRAWS
    optimism = max(0.0, np.mean(losses))
    claimed, ratio = seen[won] - optimism, times @ r[won] / (times @ size)
    d = sum(w * deff(x, size) for w, x in zip(wins, r) if w)

    def low(tail):
        return min(np.quantile(ratio, expand(tail, equal)) - optimism, wilson(claimed, size.sum() / d, quantile(tail, equal))[0])

    high = max(np.quantile(ratio, 1 - expand(0.025, equal)), wilson(seen[won], size.sum() / d, quantile(0.025, equal))[1])
    return won, seen[won], claimed, low(0.05), low(0.025), high, d, bound, wins


def show_claim(kind, trials, rank, need, bound):
    won, seen, claimed, lo, low, high, d, bound, wins = claim(trials, rank, need, bound)
    show("claim", kind, len(trials), won, seen, claimed, lo, low, high, d, *wins)


show_claim("best", range(7), [0] * 7, None, 0.9)
show_claim("ranked", range(8), [7, 6, 5, 4, 3, 2, 1, 0], None, 0.9)
show_claim("needed", range(7), [3, 4, 5, 6, 2, 1, 0], [0.86, 0.87, 0.86, 0.87, 0.86, 0.87, 0.86], 0.9)
show_claim("weak", range(9, 14), [0] * 5, None, 0.5)
for a, b in [(0, 3), (3, 6), (6, 3), (3, 7), (1, 2)]:
    apart = (bits[a] - bits[b]).astype(float)
    if not apart.any():
        show("pair", a, b, 0.0, 0.0, 0.0, 1.0)
        continue
    fit = by_group(apart, size)
    alone = np.sqrt(((apart**2).mean() - apart.mean() ** 2) / len(apart))
    if fit.bse[0] >= alone:
        show("pair", a, b, fit.params[0], *fit.conf_int(0.05)[0], fit.pvalues[0])
    else:
        t = stats.t(GROUPS - 1, apart.mean(), alone)
        show("pair", a, b, apart.mean(), *t.interval(0.95), 2 * stats.t.sf(abs(apart.mean()) / alone, GROUPS - 1))

count = rng.integers(20, 25, 40)
naive = rng.gamma(5, 1, (40, 2)) * count[:, None]
error = naive * [0.6, 0.9] * rng.lognormal(0, 0.2, (40, 2))
drawn = np.array([draw(SEED, b, 40) for b in range(DRAWS)])
for c, e, m in zip(count, error, naive):
    show("block", c, *e, *m)
tail = expand(0.05, like(count))


def figures(w):
    mae, skill = (w @ error) / (w @ count)[:, None], 1 - (w @ error) / (w @ naive)
    return np.column_stack([mae, mae.mean(1)]), np.column_stack([skill, skill.mean(1)])


(mae,), (skill,) = figures(np.ones((1, 40)))
mae_b, skill_b = figures(drawn)
for t in range(3):
    show("errors", t, mae[t], np.quantile(mae_b[:, t], 1 - tail), skill[t], np.quantile(skill_b[:, t], tail))
