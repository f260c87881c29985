"""tests/golden/ranks.txt: ends of the 95 % interval of a median and 95th percentiles, as ranks from 1 (SciPy, numpy).

For n runs: the largest k for which P(fewer than k heads of n fair coins) is at most 2.5 %, and at least 1; n + 1 - k; the rank of
numpy's quantile "inverted_cdf" at 95 %.

usage: make_ranks.py > ranks.txt
"""
import numpy as np
from scipy.stats import binom

for n in [*range(1, 121), 251, 500, 999, 1000, 1001, 1002, 1500, 2000, 5000, 20001, 100000, 1 << 20]:
    k = int(binom.ppf(0.025, n, 0.5))
    while binom.cdf(k - 1, n, 0.5) > 0.025:
        k -= 1
    while binom.cdf(k, n, 0.5) <= 0.025:
        k += 1
    k = max(k, 1)
    p95 = np.quantile(np.arange(1, n + 1), 0.95, method="inverted_cdf")
    print(n, k, n + 1 - k, int(p95))
