"""Features at other pitches and paces, in NumPy (float64).

    python3 tests/golden/make_warp.py > tests/golden/warp.txt

The clip: 2,400 samples at 8 kHz, sample i is ((7 i i + 131 i) mod 20011 - 10005) / 32768. Lines:
kind (0 mfcc, 1 log_mel), frame length and step in ms, points of the transform, mel bins, lower and
upper edge in Hz, coefficients, points of alpha and tau on the grid of 0.05, frames, bins; then the
features, a frame after the other.
"""

import numpy as np

RATE, N = 8000, 2400
CASES = [
    (1, 32, 16, 256, 16, 20, 4000, 0, -3, 0),
    (1, 32, 16, 256, 16, 20, 4000, 0, 3, 0),
    (1, 32, 16, 256, 16, 20, 4000, 0, 0, -3),
    (1, 32, 16, 256, 16, 20, 4000, 0, 2, 6),
    (0, 20, 20, 320, 20, 60, 3800, 8, -2, -1),
    (1, 33, 11.25, 1024, 12, 300, 2600, 0, 6, 3),
]


def warp(f, alpha):
    nyquist = RATE / 2
    b = 0.6 * nyquist * min(alpha, 1.0)
    high = nyquist - (nyquist - f) * (nyquist - b / alpha) / (nyquist - b)
    return np.where(f < b, f / alpha, high)


def mel(f):
    return 1127 * np.log(1 + f / 700)


def filters(bins, points, lower, upper, alpha):
    edges = 700 * (np.exp(np.linspace(mel(lower), mel(upper), bins + 2) / 1127) - 1)
    edges = mel(warp(edges, alpha))
    at = mel(np.arange(points // 2 + 1) * RATE / points)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    w = np.minimum((at - left) / (centre - left), (right - at) / (right - centre))
    w = np.maximum(w, 0)
    w[0] = 0
    return w


def main():
    i = np.arange(N, dtype=np.int64)
    pcm = ((7 * i * i + 131 * i) % 20011 - 10005) / 32768
    for kind, length_ms, step_ms, points, bins, lower, upper, coefficients, a, t in CASES:
        alpha, tau = (20 + a) / 20, (20 + t) / 20
        length, step = int(length_ms * RATE / 1000 + 0.5), int(step_ms * RATE / 1000 + 0.5)
        frames = 1 + (N - length) // step
        j = np.arange(frames)
        middle = (frames - 1) / 2
        start = np.floor(middle * step + (j - middle) * step * tau + 0.5).astype(int)
        start = np.clip(start, 0, N - length)
        even = length - length % 2
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / even)
        x = np.stack([pcm[s : s + length] * window for s in start])
        m = np.abs(np.fft.rfft(x, points)) @ filters(bins, points, lower, upper, alpha)
        y = np.log(m + 1e-6)
        if kind == 0:
            c = np.arange(coefficients)[:, None] * (np.arange(bins) + 0.5) * np.pi / bins
            y = np.sqrt(2 / bins) * y @ np.cos(c).T
        print(kind, length_ms, step_ms, points, bins, lower, upper, coefficients, a, t, *y.shape)
        print(*["%.6g" % v for v in y.reshape(-1)])


if __name__ == "__main__":
    main()
