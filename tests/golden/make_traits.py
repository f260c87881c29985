#!/usr/bin/env python3
"""Writes tests/golden/traits.txt: what core/audio/traits.h says of clips, by NumPy, of those of tests/golden/frontend.bin.

    python3 tests/golden/make_traits.py

A line: clip, first sample, samples, zeros put behind, cutoff, bits; mean, rms, edge in Hz, edges that it is cut at (bits of a
number), bits, still samples. Where cutoff is not 0 the samples went through a windowed sinc of 201 taps that ends at that share
of the rate; they were then rounded to `bits`, half up.
"""
import os
import struct

import numpy as np

EDGES = [2000, 2500, 3400, 4000, 5000, 5512.5, 6000, 7000, 8000, 11025, 12000, 16000]
HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "frontend.bin"), "rb") as f:
    data = f.read()
count, at = struct.unpack_from("<i", data, 8)[0], 12
clips, rates = [], []
for _ in range(count):
    rate, n = struct.unpack_from("<ii", data, at)
    clips.append(np.frombuffer(data, "<i2", n, at + 8).astype(np.float64) / 32768)
    rates.append(rate)
    at += 8 + 2 * n


def low_pass(x, cutoff):
    k = np.arange(-100, 101)
    h = 2 * cutoff * np.sinc(2 * cutoff * k) * (0.5 + 0.5 * np.cos(np.pi * k / 101))
    return np.convolve(x, h, "full")[100:100 + x.size]


def band(x, rate, bits):
    if x.size < 512:
        x = np.pad(x, (0, 512 - x.size))
    frames = x.size // 512
    step = 512
    if frames > 64:
        step, frames = (x.size - 512) // 63, 64
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    power = sum(np.abs(np.fft.rfft(x[i * step:i * step + 512] * window)) ** 2 for i in range(frames))
    tail = np.cumsum(power[::-1])[::-1]
    lsb = 2.0 ** (1 - (bits if 1 < bits < 16 else 16))
    noise = lsb ** 2 / 3 * 512 * 0.375 * frames
    if tail[3] < 100 * noise * 254:
        return 0, 0
    hz = rate / 512
    something = [k for k in range(3, 257) if tail[k] > max(1e-6 * tail[3], noise * (257 - k))]
    edge = hz * max(something, default=3)
    cut = 0
    for i, e in enumerate(EDGES):
        k = int(np.ceil(1.15 * e / hz))
        if k > 256 or tail[k] > max(1e-6 * tail[3], noise * (257 - k)):
            continue
        means = []
        for lo, hi in ((0.75, 0.95), (1.15, 1.35)):
            a, b = int(np.ceil(lo * e / hz)), int(min(hi * e / hz, 256))
            means.append(power[a:b].mean() if b - a >= 4 else None)
        if None not in means and means[0] >= 16 * means[1]:
            cut |= 1 << i
    return edge, cut


def still(x, rate):
    if np.all(x == x[0]):
        return x.size
    front, back = int(np.argmax(x != x[0])), int(np.argmax(x[::-1] != x[-1]))
    return sum(v for v in (front, back) if v >= rate // 100)


with open(os.path.join(HERE, "traits.txt"), "w") as out:
    for c, clip in enumerate(clips):
        for first, n, zeros, cutoff, bits in (
                (0, clip.size, 0, 0, 16), (100, 300, 0, 0, 16), (0, clip.size, 4000, 0, 12), (0, 4096, 100, 0, 8),
                (0, clip.size, 0, 0.25, 16), (0, clip.size, 0, 0.25, 10), (0, clip.size, 0, 0.31, 16),
                (200, clip.size - 200, 30000, 0.17, 16)):
            x = np.append(clip[first:first + n], np.zeros(zeros))
            if cutoff:
                x = low_pass(x, cutoff)
            x = np.floor(x * 2.0 ** (bits - 1) + 0.5) / 2.0 ** (bits - 1)
            whole = np.round(x * 2 ** 23).astype(np.int64)
            fine = 0 if np.all(x == x[0]) else max(2, 24 - min(int(v & -v).bit_length() - 1 for v in whole if v))
            edge, cut = (0, 0) if np.all(x == x[0]) else band(x, rates[c], fine)
            print(c, first, n, zeros, cutoff, bits, f"{x.mean():.9g} {x.std():.9g} {edge:.9g}", cut, fine, still(x, rates[c]), file=out)
