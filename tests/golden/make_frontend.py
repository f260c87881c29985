#!/usr/bin/env python3
"""Writes tests/golden/frontend.bin: clips, settings, and the features that TensorFlow gives.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu
    venv/bin/python tests/golden/make_frontend.py

The clips are synthetic (chirps, a voice of three formants, clicks), each with a noise floor.
Layout, little endian: "NASFRONT", int32 clips, for each int32 rate, int32 n, int16[n]; int32 cases,
for each int32 clip, kind (0 mfcc, 1 log_mel), fft_length (0: default), mel_bins, coefficients,
frames, bins, float64 frame_length_ms, frame_step_ms, lower_hz, upper_hz, float32[frames][bins].
"""
import math
import os
import struct

import numpy as np
import tensorflow as tf


def noise(n, seed):
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(n)


def chirp(rate, seconds):
    t = np.arange(int(rate * seconds)) / rate
    phase = 2 * np.pi * (80 * t + 0.5 * (0.45 * rate - 80) / seconds * t * t)
    return 0.4 * np.sin(phase) * np.sin(np.pi * t / seconds) + 0.003 * noise(t.size, 1)


def voice(rate, seconds):
    t = np.arange(int(rate * seconds)) / rate
    pitch = np.cumsum(110 + 40 * t / seconds) / rate
    pulses = np.diff(np.floor(pitch), prepend=0.0)
    out = np.zeros(t.size)
    for hz, width, gain in ((600, 90, 1.0), (1400, 130, 0.5), (2600, 180, 0.25)):
        r = math.exp(-math.pi * width / rate)
        a1, a2, y1, y2 = 2 * r * math.cos(2 * math.pi * hz / rate), -r * r, 0.0, 0.0
        for i, x in enumerate(pulses):
            y = x + a1 * y1 + a2 * y2
            out[i] += gain * y
            y1, y2 = y, y1
    envelope = np.exp(-0.5 * ((t - 0.45 * seconds) / (0.18 * seconds)) ** 2)
    return 0.5 * out / np.abs(out).max() * envelope + 0.0015 * noise(t.size, 2)


def clicks(rate, seconds):
    x = 0.002 * noise(int(rate * seconds), 3)
    x[:: rate // 9] += 0.9
    return x


CLIPS = [(16000, chirp), (16000, voice), (8000, voice), (22050, clicks)]

# clip, kind, frame_length_ms, frame_step_ms, fft_length, mel_bins, lower_hz, upper_hz, coefficients
CASES = [
    (0, "mfcc", 40, 20, 0, 40, 20, 4000, 10),
    (1, "mfcc", 40, 20, 0, 40, 20, 4000, 13),
    (1, "mfcc", 16, 16, 0, 40, 20, 8000, 40),
    (0, "mfcc", 32, 32, 0, 20, 0, 8000, 8),
    (1, "mfcc", 30.0625, 10.0625, 0, 40, 20, 7600, 13),  # 481 and 161 samples
    (0, "log_mel", 25.03125, 20, 0, 64, 125, 7500, 0),  # 400.5 samples: 401
    (1, "log_mel", 25, 10, 640, 40, 20, 4000, 0),
    (2, "mfcc", 40, 20, 0, 40, 20, 4000, 13),
    (2, "log_mel", 15.625, 15.625, 500, 23, 300.5, 3400, 0),  # 125 samples
    (3, "mfcc", 40, 20, 0, 32, 60, 11025, 12),  # 882 and 441 samples
    (3, "log_mel", 20, 20, 2048, 80, 20, 4000, 0),
]


def samples(ms, rate):
    return math.floor(ms * rate / 1000 + 0.5)


def features(pcm, rate, kind, length_ms, step_ms, fft, bins, lower, upper, coefficients):
    stft = tf.signal.stft(
        tf.constant(pcm, tf.float32),
        samples(length_ms, rate),
        samples(step_ms, rate),
        fft_length=fft or None,
        pad_end=False,
    )
    mel = tf.signal.linear_to_mel_weight_matrix(bins, stft.shape[-1], rate, lower, upper)
    log_mel = tf.math.log(tf.tensordot(tf.abs(stft), mel, 1) + 1e-6)
    if kind == "log_mel":
        return log_mel.numpy()
    return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :coefficients].numpy()


def main():
    out = bytearray(b"NASFRONT" + struct.pack("<i", len(CLIPS)))
    clips = []
    for rate, make in CLIPS:
        pcm = np.clip(np.round(make(rate, 0.6) * 32767), -32768, 32767).astype("<i2")
        clips.append((rate, pcm))
        out += struct.pack("<ii", rate, pcm.size) + pcm.tobytes()
    out += struct.pack("<i", len(CASES))
    for clip, kind, length, step, fft, bins, lower, upper, coefficients in CASES:
        rate, pcm = clips[clip]
        x = features(
            pcm / 32768, rate, kind, length, step, fft, bins, lower, upper, coefficients
        ).astype("<f4")
        print(clip, kind, length, step, fft, x.shape, float(x.min()), float(x.max()))
        out += struct.pack("<7i", clip, kind == "log_mel", fft, bins, coefficients, *x.shape)
        out += struct.pack("<4d", length, step, lower, upper) + x.tobytes()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frontend.bin")
    with open(path, "wb") as f:
        f.write(out)
    print(path, len(out), "bytes, TensorFlow", tf.__version__)


main()
