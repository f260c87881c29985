"""Quantiles of beta distributions, from SciPy.

    python3 tests/golden/make_beta.py > tests/golden/beta.txt

Each line: a, b, then the quantiles of 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98.
"""

from scipy.stats import beta

for a, b in [(0.3, 0.3), (0.05, 0.05), (1, 1), (0.2, 3), (2.5, 0.7), (8, 10)]:
    print(a, b, *["%.9g" % beta.ppf(p, a, b) for p in (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)])
