"""tests/golden/functions.txt: test functions as SciPy has them (numpy, scipy), on a grid of points.

usage: make_functions.py > functions.txt
"""
import itertools

import numpy as np
from scipy.optimize import rosen

steps = [-1.5, 0.25, 1.0]
for x in itertools.product(steps, repeat=3):
    x = np.array(x)
    print(*x, repr(float(rosen(x))), repr(float(np.dot(x, x))), repr(float(1 - np.dot(x, x))))
