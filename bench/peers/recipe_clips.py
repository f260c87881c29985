"""Clips of bench/peers/recipe_torch.py: sound, features, and what is drawn anew for each epoch.

A feature array is [clips, bands, frames], float32. What an epoch looks like is keyed by (seed, epoch) alone, so that all folds share it.
"""
import csv
import glob
import os

import numpy as np
import soundfile
import torch

WORDS = ["down", "go", "left", "no", "right", "stop", "up", "yes"]
RATE = 16000


def sound(path):
    x, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE and x.ndim == 1, f"{path}: {rate} Hz, {x.ndim} axes; expected {RATE} Hz mono"
    return x


class Clips:
    """pcm [clips, 16000], y, speaker (an index each), fold; sorted by word and file."""

    def __init__(self, data, folds):
        fold_of = {row["speaker"]: int(row["fold"]) for row in csv.DictReader(open(folds))}
        paths = [p for w in WORDS for p in sorted(glob.glob(f"{data}/{w}/*.flac"))]
        assert paths, f"{data}: no .flac in folders named {', '.join(WORDS)}"
        names = [os.path.basename(p).split("_nohash_")[0] for p in paths]
        people = sorted(set(names))
        missing = [p for p in people if p not in fold_of]
        assert not missing, f"{folds}: {len(missing)} speakers without a fold, the first {missing[0]}"
        self.pcm = np.zeros((len(paths), RATE), np.float32)
        for i, p in enumerate(paths):
            x = sound(p)[:RATE]
            self.pcm[i, :len(x)] = x
        self.y = torch.tensor([WORDS.index(p.split("/")[-2]) for p in paths])
        self.speaker = np.array([people.index(n) for n in names])
        self.fold = np.array([fold_of[n] for n in names])


def random(*key):
    return np.random.default_rng(key)


def mel_filters(bands, fft, low, high, alpha):
    """[fft / 2 + 1, bands]: triangles over mels as in tf.signal; edges warped as in core/audio/mel.h."""
    mel = lambda hz: 1127 * np.log1p(hz / 700)
    edges = 700 * np.expm1(np.linspace(mel(low), mel(high), bands + 2) / 1127)
    top = RATE / 2
    bend = 0.6 * top * min(alpha, 1)
    edges = mel(np.where(edges < bend, edges / alpha, top - (top - edges) * (top - bend / alpha) / (top - bend)))
    at = mel(np.linspace(0, top, fft // 2 + 1))[:, None]
    w = np.minimum((at - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - at) / (edges[2:] - edges[1:-1]))
    w[0] = 0  # zero frequency belongs to no band
    return np.maximum(w, 0).astype(np.float32)


class Warped:
    """Log-mel features of our front end at 7 paces and 7 pitches, 0.85 to 1.15, computed once; 20 to 7,600 Hz."""

    def __init__(self, clips, bands, length_ms, step_ms, shift_frames=4):
        length, step, self.shift = RATE * length_ms // 1000, RATE * step_ms // 1000, shift_frames
        fft = 1 << (length - 1).bit_length()
        self.frames = (RATE - length) // step + 1
        factors = [0.85 + 0.05 * i for i in range(7)]
        filters = np.concatenate([mel_filters(bands, fft, 20, 7600, a) for a in factors], 1)
        window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
        middle = (self.frames - 1) / 2
        n = len(clips.pcm)
        self.grid = np.empty((7, 7, n, bands, self.frames), np.float32)
        for t, tau in enumerate(factors):
            starts = np.floor(middle * step + (np.arange(self.frames) - middle) * step * tau + 0.5).astype(int)
            starts = np.clip(starts, 0, RATE - length)[:, None] + np.arange(length)
            for i in range(0, n, 64):
                spectra = np.abs(np.fft.rfft(clips.pcm[i:i + 64][:, starts] * window, fft))
                mels = np.log(spectra @ filters + np.float32(1e-6)).reshape(*spectra.shape[:2], 7, bands)
                self.grid[t, :, i:i + 64] = mels.transpose(2, 0, 3, 1)

    def plain(self):
        return torch.from_numpy(self.grid[3, 3])

    def epoch(self, seed, epoch, of):
        """of: which clips."""
        r, n = random(seed, epoch, 1), self.grid.shape[2]
        pace, pitch = (np.floor(r.uniform(0.85, 1.15, n) * 20 + 0.5).astype(int) - 17 for _ in range(2))
        by = r.integers(-self.shift, self.shift + 1, n)
        x = self.grid[pace[of], pitch[of], of]
        at = np.clip(np.arange(self.frames) + by[of][:, None], 0, self.frames - 1)
        return torch.from_numpy(np.take_along_axis(x, at[:, None], 2))


class Shifted:
    """As the authors of BC-ResNet have it: 40 mel bands of power, 30/10 ms, 101 frames; four clips of five of an epoch are moved by
    up to 100 ms and get noise of amplitude 0 to 0.1."""

    def __init__(self, clips, noise):
        self.pcm = clips.pcm
        self.noise = [sound(p) for p in sorted(glob.glob(f"{noise}/*.flac"))] if noise else []
        mel = lambda hz: 2595 * np.log10(1 + hz / 700)
        edges = 700 * (10 ** (np.linspace(mel(0), mel(RATE / 2), 42) / 2595) - 1)
        at = np.linspace(0, RATE / 2, 257)[:, None]
        w = np.minimum((at - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - at) / np.diff(edges)[1:])
        self.filters = torch.from_numpy(np.maximum(w, 0).astype(np.float32).T.copy())
        self.window = torch.hann_window(480)

    def features(self, pcm):
        def some(x):
            s = torch.stft(torch.from_numpy(x), 512, 160, 480, self.window, center=True, pad_mode="reflect", return_complex=True)
            return torch.log(self.filters @ (s.real ** 2 + s.imag ** 2) + 1e-6)
        return torch.cat([some(pcm[i:i + 100]) for i in range(0, len(pcm), 100)])

    def plain(self):
        return self.features(self.pcm)

    def epoch(self, seed, epoch, of):
        r, n, out = random(seed, epoch, 1), len(self.pcm), self.pcm[of]
        change, shift, loud, which, place = r.random(n) < 0.8, r.uniform(-0.1, 0.1, n) * RATE, r.uniform(0, 0.1, n), r.random(n), r.random(n)
        for k, i in enumerate(of):
            if not change[i]:
                continue
            by, moved = int(shift[i]), np.zeros(RATE, np.float32)
            moved[max(0, -by):RATE - max(0, by)] = self.pcm[i, max(0, by):RATE + min(0, by)]
            if self.noise:
                noise = self.noise[int(which[i] * len(self.noise))]
                first = int(place[i] * (len(noise) - RATE + 1))
                moved += np.float32(loud[i]) * noise[first:first + RATE]
            out[k] = np.clip(moved, -1, 1)
        return self.features(out)
