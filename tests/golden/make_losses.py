"""Golden losses of plain values and training steps on them, from Keras.

    python3 tests/golden/make_losses.py > tests/golden/losses.txt

A net conv1d(4, kernel 3, causal, relu), flatten, dense(6) on 10 examples of 5 x 2, six values each.
Lines: the examples x [10][5][2], the values y [10][6], the initial weights in Keras' order; then for each
of squared, absolute, huber (delta 0.7): the loss before each of 5 steps of Adam at 0.01 on all ten, and
the weights after the last. All float32, shortest digits that read back.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

STEPS, RATE, DELTA = 5, 0.01, 0.7


def show(name, values):
    flat = np.asarray(values, np.float32).reshape(-1)
    print(name, *[np.format_float_scientific(v, unique=True) for v in flat])


def make():
    return tf.keras.Sequential([
        tf.keras.layers.Input((5, 2)),
        tf.keras.layers.Conv1D(4, 3, padding="causal", activation="relu"),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(6),
    ])


def main():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(10, 5, 2)).astype(np.float32)
    y = (2 * rng.normal(size=(10, 6))).astype(np.float32)
    start = [rng.normal(scale=0.5, size=w.shape).astype(np.float32) for w in make().get_weights()]
    show("x", x)
    show("y", y)
    show("start", np.concatenate([w.reshape(-1) for w in start]))
    losses = {
        "squared": tf.keras.losses.MeanSquaredError(),
        "absolute": tf.keras.losses.MeanAbsoluteError(),
        "huber": tf.keras.losses.Huber(delta=DELTA),
    }
    for name, loss in losses.items():
        model = make()
        model.set_weights(start)
        seen = []
        optimizer = tf.keras.optimizers.Adam(RATE, epsilon=1e-7)
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            grads = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables))
            seen.append(float(value))
        show(name, seen)
        show(name + "_end", np.concatenate([w.reshape(-1) for w in model.get_weights()]))


if __name__ == "__main__":
    main()
