#!/usr/bin/env python3
"""Writes tests/golden/gaps.txt: mel bands without a bin, by TensorFlow's linear_to_mel_weight_matrix.

    python3 tests/golden/make_gaps.py

A line: mel bands, rate, lower and upper edge in Hz, frame in ms, points of the transform (0: the next power of two); empty bands,
the most bands without an empty one, the least power of two of points without one.
"""
import os

import numpy as np
import tensorflow as tf


def empty(bands, points, rate, lo, hi):
    w = tf.signal.linear_to_mel_weight_matrix(bands, points // 2 + 1, rate, lo, hi, dtype=tf.float64).numpy()
    return int(np.sum(~w.any(axis=0)))


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gaps.txt"), "w") as out:
    for bands, rate, lo, hi, frame, fft in ((40, 8000, 20, 500, 16, 0), (80, 8000, 20, 4000, 16, 0), (40, 16000, 20, 4000, 32, 0),
                                            (40, 16000, 20, 7600, 30, 0), (16, 8000, 20, 4000, 32, 0), (80, 16000, 0, 8000, 25, 0),
                                            (200, 16000, 60, 7600, 20, 640), (64, 44100, 50, 14000, 23, 0)):
        length = int(frame * rate / 1000 + 0.5)
        points = fft or 1 << (length - 1).bit_length()
        n = empty(bands, points, rate, lo, hi)
        most, least = 0, 0
        if n:
            most = next(b for b in range(bands, 0, -1) if not empty(b, points, rate, lo, hi))
            least = 1 << points.bit_length()
            while empty(bands, least, rate, lo, hi):
                least *= 2
        print(bands, rate, lo, hi, frame, fft, n, most, least, file=out)
