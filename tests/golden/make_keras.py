"""Ten steps of four small nets in Keras (float64), two with Adam and two with SGD:
tests/golden/keras.bin.

    pip install tensorflow-cpu numpy && python tests/golden/make_keras.py

Little endian. Header: int32 examples a step, steps, h, w, classes, nets; float32 x; int32 y.
Each net: int32 optimizer (0 Adam, 1 SGD); float32 rate, momentum; int32 tensors; for each int32 count, float32 values at the start, float32 values after the
steps; float64 losses. Tensors stand in the order of nas_net_tensors.
Made with Keras 3.15.1 on TensorFlow 2.21.0.
"""
import os

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras import layers as L

keras.config.set_floatx("float64")
N, STEPS, H, W, CLASSES = 8, 10, 13, 8, 3
rng = np.random.default_rng(5)
x = rng.standard_normal((N * STEPS, H, W, 1)).astype(np.float32)
y = rng.integers(0, CLASSES, N * STEPS).astype(np.int32)
x[np.arange(N * STEPS), y * 4] += 1.0  # something to learn


def cnn(add, v):
    v = add(L.Conv2D(9, 3, strides=2, use_bias=False), v)
    v = L.ReLU()(add(L.BatchNormalization(), v))
    v = add(L.Conv2D(7, (3, 2), padding="same"), v)
    v = L.ReLU()(add(L.BatchNormalization(momentum=0.9, epsilon=1e-2), v))
    return add(L.Dense(CLASSES), L.GlobalAveragePooling2D()(v))


def ds_cnn(add, v):
    v = add(L.Conv2D(6, 3, strides=2, padding="same"), v)
    v = L.ReLU()(add(L.BatchNormalization(), v))
    r = add(L.DepthwiseConv2D(3, padding="same", use_bias=False), v)
    r = add(L.Conv2D(6, 1, use_bias=False), r)
    r = L.ReLU()(add(L.BatchNormalization(), r))
    v = L.Add()([r, v])
    r = add(L.DepthwiseConv2D(3, strides=2, padding="same"), v)
    r = add(L.Conv2D(10, 1), r)
    r = add(L.BatchNormalization(), r)
    s = add(L.Conv2D(10, 1, strides=2, use_bias=False), v)
    s = add(L.BatchNormalization(), s)
    v = L.ReLU()(L.Add()([r, s]))
    return add(L.Dense(CLASSES), L.Flatten()(v))


def pools(add, v):
    v = L.ReLU(6)(add(L.Conv2D(6, 3, padding="same"), v))
    v = L.MaxPooling2D((2, 2), padding="same")(v)
    v = add(L.Conv2D(5, (3, 2), dilation_rate=(2, 3), padding="same"), v)
    v = L.AveragePooling2D((3, 2), strides=(2, 1), padding="same")(v)
    v = add(L.DepthwiseConv2D(2, dilation_rate=(2, 2)), v)
    v = L.MaxPooling2D((2, 1), strides=(1, 1))(v)
    return add(L.Dense(CLASSES), L.Flatten()(v))


def frames(add, v):
    v = L.Reshape((H, W))(v)
    v = add(L.Conv1D(9, 3, padding="causal", dilation_rate=2), v)
    v = L.ReLU()(add(L.BatchNormalization(), v))
    v = add(L.Conv1D(5, 4, strides=2, padding="same"), v)
    v = L.AveragePooling1D(2, strides=1, padding="same")(v)
    v = add(L.Conv1D(6, 3, strides=2, padding="causal", use_bias=False), v)
    return add(L.Dense(CLASSES), L.GlobalAveragePooling1D()(v))


def flat(tensors):
    return [np.asarray(t).astype(np.float32).ravel() for t in tensors]


def run(build, out, rate=1e-3, momentum=None):
    kept = []

    def add(layer, v):
        kept.append(layer)
        return layer(v)

    keras.utils.set_random_seed(3)
    inputs = keras.Input((H, W, 1))
    model = keras.Model(inputs, build(add, inputs))
    for layer in kept:  # away from 0 and 1, and exact in float32
        layer.set_weights(
            [(w + rng.uniform(0.0, 0.2, w.shape)).astype(np.float32) for w in layer.get_weights()]
        )
    before = flat(w for layer in kept for w in layer.get_weights())
    model.compile(
        optimizer=keras.optimizers.Adam(rate)
        if momentum is None
        else keras.optimizers.SGD(rate, momentum=momentum),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    one_hot = np.eye(CLASSES)[y]
    losses = []
    for s in range(STEPS):
        part = slice(s * N, (s + 1) * N)
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x[part].astype(np.float64), one_hot[part])))
    after = flat(w for layer in kept for w in layer.get_weights())
    out.write(np.int32(momentum is not None).tobytes())
    out.write(np.float32([rate, momentum or 0]).tobytes())
    out.write(np.int32(len(before)).tobytes())
    for a, b in zip(before, after):
        out.write(np.int32(a.size).tobytes() + a.tobytes() + b.tobytes())
    out.write(np.float64(losses).tobytes())
    print(build.__name__, losses)


with open("tests/golden/keras.bin", "wb") as f:
    f.write(np.int32([N, STEPS, H, W, CLASSES, 4]).tobytes() + x.tobytes() + y.tobytes())
    run(cnn, f)
    run(ds_cnn, f)
    run(pools, f, 0.05, 0.9)
    run(frames, f, 0.125, 0.0)
