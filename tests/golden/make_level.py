#!/usr/bin/env python3
"""Writes tests/golden/level.txt: gains of frontend.level by NumPy, of the clips of tests/golden/frontend.bin times a scale.

    python3 tests/golden/make_level.py

A line: clip, first sample, samples, scale, gain of "peak", gain of "rms". Samples are int16 / 32768 times the scale, in float32.
"""
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "frontend.bin"), "rb") as f:
    data = f.read()
count, at = struct.unpack_from("<i", data, 8)[0], 12
clips = []
for _ in range(count):
    rate, n = struct.unpack_from("<ii", data, at)
    clips.append(np.frombuffer(data, "<i2", n, at + 8).astype(np.float32) / np.float32(32768))
    at += 8 + 2 * n
with open(os.path.join(HERE, "level.txt"), "w") as out:
    for k, clip in enumerate(clips):
        for first, n in ((0, clip.size), (100, 1), (7, 15), (1000, 16), (3, 1001)):
            for scale in (1, 0.03, 0.3, 1.9, 1e-4, 0):
                x = clip[first:first + n] * np.float32(scale)
                peak = np.abs(x).max().astype(np.float64)
                rms = np.sqrt(np.mean(np.square(x, dtype=np.float64)))
                with np.errstate(divide="ignore"):
                    gains = np.minimum(1 / peak, 100), np.minimum(0.1 / rms, 100)
                print(k, first, n, scale, *(f"{g:.17g}" for g in gains), file=out)
