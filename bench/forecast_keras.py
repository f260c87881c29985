"""Windows a second that Keras trains the nets of bench/forecast_speed.c on, from tf.data.

    python3 bench/forecast_keras.py TABLE.csv [seconds a net]

Windows are made as its tutorials do, by timeseries_dataset_from_array, shuffled, batches of 32, with
prefetch; train steps are compiled (tf.function). Needs tensorflow.
"""

import csv
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

WINDOW = HORIZON = 6


def load(path):
    with open(path, encoding="latin1") as f:
        rows = csv.reader(f)
        head = next(rows)
        at = [head.index(c) for c in ("T (degC)", "rh (%)")]
        v = np.array([[float(r[i]) for i in at] for r in rows], np.float32)
    return (v - v.mean(0)) / v.std(0)


def dataset(v):
    d = tf.keras.utils.timeseries_dataset_from_array(
        v, None, WINDOW + HORIZON, shuffle=True, batch_size=32, seed=1)
    return d.map(lambda w: (w[:, :WINDOW], w[:, WINDOW:])).prefetch(tf.data.AUTOTUNE)


def conv(filters, kernel):
    return tf.keras.Sequential([
        tf.keras.layers.Input((WINDOW, 2)),
        tf.keras.layers.Conv1D(filters, kernel, activation="relu"),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(2 * HORIZON),
        tf.keras.layers.Reshape((HORIZON, 2)),
    ])


def mlp(units):
    return tf.keras.Sequential([
        tf.keras.layers.Input((WINDOW, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(units, activation="relu"),
        tf.keras.layers.Dense(2 * HORIZON),
        tf.keras.layers.Reshape((HORIZON, 2)),
    ])


class Clock(tf.keras.callbacks.Callback):
    """Stops after some seconds; the first batches are warm-up."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.seen, self.start = seconds, 0, None

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.seen == 50:
            self.start, self.cpu = time.perf_counter(), time.process_time()
        if self.start and time.perf_counter() - self.start > self.seconds:
            self.model.stop_training = True
            wall = time.perf_counter() - self.start
            cpu = time.process_time() - self.cpu
            windows = 32 * (self.seen - 50)
            self.words = f"{windows / wall:10.0f} windows/s, {windows / cpu:10.0f} a second of processor time"
            raise StopIteration


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    v = load(sys.argv[1])
    for name, model in (("conv1d 16", conv(16, 3)), ("mlp 32", mlp(32)), ("conv1d 64", conv(64, 2))):
        model.compile(optimizer="adam", loss="mae")
        clock = Clock(seconds)
        try:
            model.fit(dataset(v), epochs=1000, verbose=0, callbacks=[clock])
        except StopIteration:
            pass
        print(f"{name:12s} {clock.words}", flush=True)


if __name__ == "__main__":
    main()
