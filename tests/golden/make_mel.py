"""tests/golden/make_mel.py OUT: mel filters where bands are narrower than a bin of the transform.
tensorflow==2.16.2. In float64: in float32 tf.signal rounds its mel scale, and edges that lie next
to a bin move by 7e-5 of a band, which is up to 0.109 of a log band here.

A line for each: bands, bins, rate, lower, upper in Hz, non-zero weights; then bin, band, weight."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

CASES = [(512, 65, 16000, 0, 4000), (512, 65, 8000, 60, 4000), (400, 65, 44100, 60, 20947.5)]

with open(sys.argv[1], "w") as out:
    for case in CASES:
        m = tf.signal.linear_to_mel_weight_matrix(*case, dtype=tf.float64).numpy()
        single = tf.signal.linear_to_mel_weight_matrix(*case).numpy().astype(np.float64)
        print(case, np.abs(np.log(m + 1e-6) - np.log(single + 1e-6)).max())
        k, b = np.nonzero(m)
        print(*case, len(k), file=out)
        for i, j in zip(k, b):
            print(i, j, "%.10g" % m[i, j], file=out)
