"""Direction numbers of search/sampler/sobol_numbers.c and values of tests/golden/sobol.txt.

Both are scipy's, whose table is new-joe-kuo-6.21201 (S. Joe and F. Y. Kuo, "Constructing Sobol
sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30, 2008).
pip install scipy==1.17.1; python make_sobol.py
"""
import os
import numpy as np
import scipy.stats._sobol as internal
from scipy.stats import qmc

DIMENSIONS = 256
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "..", "..")


def table():
    data = np.load(os.path.join(os.path.dirname(internal.__file__), "_sobol_direction_numbers.npz"))
    poly, vinit = data["poly"], data["vinit"]
    rows = []
    for d in range(1, DIMENSIONS):
        degree = int(poly[d]).bit_length() - 1
        rows.append([int(poly[d])] + [int(v) for v in vinit[d][:degree]])
    numbers = [str(n) for row in rows for n in row] + ["0"]
    lines, line = [], "   "
    for n in numbers:
        if len(line) + len(n) + 2 > 100:
            lines.append(line)
            line = "   "
        line += " " + n + ","
    lines.append(line)
    with open(os.path.join(root, "search", "sampler", "sobol_numbers.c"), "w") as f:
        f.write(
            "/* search/sampler/sobol_numbers.c - made by tests/golden/make_sobol.py: the primitive polynomial\n"
            " * and the first direction numbers of each dimension but the first, one after the other; 0 at\n"
            " * the end. They are new-joe-kuo-6.21201, Copyright (c) 2008 Frances Y. Kuo and Stephen Joe,\n"
            " * under the terms of the BSD licence (https://web.maths.unsw.edu.au/~fkuo/sobol/license.html). */\n"
            '#include "search/sampler/sobol.h"\n\n'
            "/* clang-format off */\n"
            "const uint16_t nas_sobol_numbers[] = {\n" + "\n".join(lines) + "\n};\n/* clang-format on */\n")


def golden():
    with open(os.path.join(here, "sobol.txt"), "w") as f:
        f.write("# point dimension value: integers of 32 bits, of scipy.stats.qmc.Sobol without scrambling\n")
        points = qmc.Sobol(DIMENSIONS, scramble=False, bits=32).random(4096)
        integers = (points * 2.0**32).astype(np.uint64)
        assert (integers.astype(float) / 2.0**32 == points).all()
        for i in list(range(16)) + [100, 1023, 1024, 2047, 3000, 4095]:
            for d in [0, 1, 2, 3, 4, 7, 16, 31, 64, 100, 128, 200, 254, 255]:
                f.write(f"{i} {d} {integers[i, d]}\n")


table()
golden()
