"""MFCC of 64 one-second clips a call, by us and by NumPy with scipy.fft in float32, in turn, one thread each.

    bench/frontend.py [--frontend build/gcc/bench/frontend] [--rounds 31]

Frames of 40 ms every 20 ms, transforms of 640 and of 1024 points, 40 mel bands of 20 to 4000 Hz, 10 coefficients. SciPy's way: frames as a
view, window, scipy.fft.rfft of all frames, magnitudes, one matrix product for the bands, log, one for the coefficients, all in float32.
Features are compared. Medians of clips a second by the processor (and by the wall). Writes build/bench/frontend.json.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[key] = "1"
import numpy as np

try:
    import scipy
    import scipy.fft
except ImportError:
    sys.exit("frontend.py: no SciPy here; pip install scipy")

CLIPS, RATE, LENGTH, STEP, BANDS, KEPT = 64, 16000, 640, 320, 40, 10


def mel(hz):
    return 1127.0 * np.log1p(hz / 700.0)


def band_matrix(bins):
    edges = np.linspace(mel(20.0), mel(4000.0), BANDS + 2)
    at = mel(np.arange(bins) * (RATE / 2) / (bins - 1))[:, None]
    rise = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    m = np.maximum(0, np.minimum(rise, fall))
    m[0] = 0
    return m.astype(np.float32)


class Theirs:
    def __init__(self, points):
        self.points = points
        n = np.arange(LENGTH)
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * n / LENGTH)).astype(np.float32)
        self.bands = band_matrix(points // 2 + 1)
        j, k = np.arange(KEPT)[:, None], np.arange(BANDS)
        self.cosines = (np.sqrt(2 / BANDS) * np.cos(np.pi * j * (k + 0.5) / BANDS)).T.astype(np.float32)

    def __call__(self, pcm):
        frames = np.lib.stride_tricks.sliding_window_view(pcm, LENGTH, axis=1)[:, ::STEP]
        spectrum = scipy.fft.rfft(frames * self.window, self.points, axis=-1, workers=1)
        return np.log(np.abs(spectrum) @ self.bands + np.float32(1e-6)) @ self.cosines


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--frontend", default="build/gcc/bench/frontend")
    p.add_argument("--rounds", type=int, default=31)
    o = p.parse_args()
    os.makedirs("build/bench", exist_ok=True)
    rng = np.random.default_rng(1)
    pcm = (rng.standard_normal((CLIPS, RATE)) * 0.1).astype(np.float32)
    path = "build/bench/frontend.f32"
    pcm.tofile(path)
    rows = []
    for points in (640, 1024):
        theirs = Theirs(points)
        ours = subprocess.Popen([o.frontend, path, str(points), "3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        took = [[], []]
        for _ in range(o.rounds):
            ours.stdin.write("go\n")
            ours.stdin.flush()
            took[0].append(tuple(map(float, ours.stdout.readline().split())))
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(3):
                want = theirs(pcm)
            took[1].append(((time.perf_counter() - wall) / 3, (time.process_time() - cpu) / 3))
        ours.stdin.close()
        assert want.dtype == np.float32
        got = np.fromfile(path + ".features", np.float32).reshape(want.shape)
        rate = [[CLIPS / statistics.median(t[i] for t in each) for i in (0, 1)] for each in took]
        row = dict(points=points, clips_per_s=rate[0][0], cpu_clips_per_s=rate[0][1], peer=f"scipy {scipy.__version__}",
                   peer_clips_per_s=rate[1][0], peer_cpu_clips_per_s=rate[1][1], ratio=rate[0][0] / rate[1][0],
                   cpu_ratio=rate[0][1] / rate[1][1], largest_difference=float(np.abs(got - want).max()))
        rows.append(row)
        print(f"{points:5} points: {row['cpu_clips_per_s']:9.0f} clips/s, scipy {row['peer_cpu_clips_per_s']:8.0f}: "
              f"{row['cpu_ratio']:.2f} times (by the wall {row['ratio']:.2f}); features differ by at most "
              f"{row['largest_difference']:.1e}", flush=True)
    with open("build/bench/frontend.json", "w") as f:
        json.dump(rows, f, indent=1)


main()
