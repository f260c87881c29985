"""Training steps with decoupled weight decay, and on soft labels, from Keras (float64).

    python3 tests/golden/make_steps.py > tests/golden/steps.txt

A net conv2d(5, 3x3, same, no bias), batch norm, relu, depthwise(3x3, same), relu, flatten, dense(3) on 12
examples of 6 x 5 x 1, smoothed by 0.1. Lines: the examples x, labels y, second labels z and shares
of the first label; the initial weights in the order of nas_net_tensors; then for each run the loss
before each of 8 steps on all of them, and the weights after the last.
adam_decay: AdamW at 0.001, decay 1. sgd_decay: SGD at 0.002, momentum 0.9, decay 1. Neither
decays biases and batch norm. soft: Adam at 0.01, labels mixed by the shares.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import layers as L

keras.config.set_floatx("float64")
N, H, W, CLASSES, STEPS = 12, 6, 5, 3, 8


def show(name, values):
    flat = np.asarray(values, np.float32).reshape(-1)
    print(name, *[np.format_float_scientific(v, unique=True) for v in flat])


def make():
    return keras.Sequential([
        keras.Input((H, W, 1)),
        L.Conv2D(5, 3, padding="same", use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.DepthwiseConv2D(3, padding="same"),
        L.ReLU(),
        L.Flatten(),
        L.Dense(CLASSES),
    ])


def run(name, start, x, targets, optimizer):
    model = make()
    model.set_weights(start)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(optimizer=optimizer, loss=loss)
    seen = []
    for _ in range(STEPS):
        model.reset_metrics()
        seen.append(float(model.train_on_batch(x, targets)))
    show(name, seen)
    show(name + "_end", np.concatenate([np.asarray(w).reshape(-1) for w in model.get_weights()]))


def without(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def main():
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(11)
    x = rng.normal(size=(N, H, W, 1)).astype(np.float32)
    y = rng.integers(0, CLASSES, N)
    z = rng.integers(0, CLASSES, N)
    share = (0.5 + 0.5 * rng.random(N)).astype(np.float32)
    start = [
        (w + rng.uniform(0.1, 0.4, np.shape(w))).astype(np.float32) for w in make().get_weights()
    ]
    show("x", x)
    show("y", y)
    show("z", z)
    show("share", share)
    show("start", np.concatenate([w.reshape(-1) for w in start]))
    hard = np.eye(CLASSES)[y]
    soft = share[:, None] * hard + (1 - share[:, None]) * np.eye(CLASSES)[z]
    x = x.astype(np.float64)
    o = keras.optimizers
    run("adam_decay", start, x, hard, without(o.AdamW(0.001, weight_decay=1.0)))
    run("sgd_decay", start, x, hard, without(o.SGD(0.002, momentum=0.9, weight_decay=1.0)))
    run("soft", start, x, soft, o.Adam(0.01))


if __name__ == "__main__":
    main()
