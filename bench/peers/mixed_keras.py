"""The grid of spaces/mixed.json as its users do it by hand: Keras, tensorflow-model-optimization, the TFLite converter, zlib.

    pip install tensorflow==2.16.* tf-keras==2.16.* tensorflow-model-optimization
    python bench/peers/mixed_keras.py train FEATURES_DIR OUT_DIR [WIDTHS]
    python bench/peers/mixed_keras.py compare TRIALS.csv OUT_DIR

bench/peers/mixed.sh makes the inputs: FEATURES_DIR/<frame ms>/{train,validation}/ as `nas eval --dump` writes them, and our trials as
CSV. Each point is trained by both on the same features of the same clips, on one thread. A point that OUT_DIR has is not trained again.
"""
import csv
import json
import os
import sys
import time
import zlib

from keras_peer import features, tf  # before whatever else imports TensorFlow
import numpy as np
import tensorflow_model_optimization as tfmot

L = tf.keras.layers
EPOCHS, BATCH, CLASSES = 30, 20, 8


def net(height, width):
    filters = int(256 * width + 0.5)
    m = tf.keras.Sequential([tf.keras.Input((height, 10, 1))])
    for i, f in enumerate([256, filters, filters]):
        same = {} if i == 0 else {"padding": "same"}
        m.add(L.Conv2D(f, 3, strides=1 if i else 2, use_bias=False, **same))
        m.add(L.BatchNormalization())
        m.add(L.ReLU())
    m.add(L.GlobalAveragePooling2D())
    m.add(L.Dense(CLASSES))
    return m


def train(x, y, width, sparsity):
    steps = -(-len(x) // BATCH) * EPOCHS
    pruning = tfmot.sparsity.keras
    model = pruning.prune_low_magnitude(
        net(x.shape[1], width),
        pruning_schedule=pruning.PolynomialDecay(0.2, sparsity, int(0.2 * steps), int(0.8 * steps), 3, 100))
    rate = tf.keras.optimizers.schedules.PolynomialDecay(0.01, steps, 1e-5, 1)
    model.compile(tf.keras.optimizers.Adam(rate), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, BATCH, EPOCHS, verbose=0, callbacks=[pruning.UpdatePruningStep()])
    plain = pruning.strip_pruning(model)
    out = L.Softmax()(plain.output)
    return tf.keras.Model(plain.input, out)


def measure(blob, x, y):
    it = tf.lite.Interpreter(model_content=blob, num_threads=1)
    it.allocate_tensors()
    i, o = it.get_input_details()[0]["index"], it.get_output_details()[0]["index"]
    right, took = 0, []
    for k in range(len(x)):
        it.set_tensor(i, x[k : k + 1])
        start = time.perf_counter()
        it.invoke()
        took.append(time.perf_counter() - start)
        right += int(np.argmax(it.get_tensor(o)[0])) == y[k]
    return right / len(x), 1e3 * float(np.median(took))


def dominates(a, b):
    """a is no worse in accuracy, bytes and time, and better in one."""
    no_worse = a[0] >= b[0] and a[1] <= b[1] and a[2] <= b[2]
    return no_worse and a != b


def train_all(folder, out, widths):
    os.makedirs(out, exist_ok=True)
    for ms in (32, 16):
        for width in widths:
            for sparsity in (0.7, 0.8):
                stem = f"{out}/{ms}_{width}_{sparsity}"
                if os.path.exists(stem + ".json"):
                    continue
                tf.keras.utils.set_random_seed(1)
                x, y = features(f"{folder}/{ms}", "train")
                xv, yv = features(f"{folder}/{ms}", "validation")
                wall, cpu = time.perf_counter(), time.process_time()
                model = train(x, y, width, sparsity)
                blob = tf.lite.TFLiteConverter.from_keras_model(model).convert()
                accuracy, infer = measure(blob, xv, yv)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                point = dict(frame_ms=ms, width=width, sparsity=sparsity, accuracy=accuracy, infer_ms=infer,
                             zlib_bytes=len(zlib.compress(blob, 9)), seconds=wall, cpu_seconds=cpu)
                open(stem + ".tflite", "wb").write(blob)
                json.dump(point, open(stem + ".json", "w"))
                print(json.dumps(point), flush=True)


def figures(row):
    return float(row["accuracy"]), int(row["zlib_bytes"]), float(row["total_ms"])


def compare(ours_path, out):
    ours = list(csv.DictReader(open(ours_path)))
    theirs = []
    print(f"{'frame':>5} {'width':>5} {'zeros':>5} | {'nas':>6} {'bytes':>7} {'ms':>6} {'s':>6} {'cpu s':>6} |"
          f" {'keras':>6} {'bytes':>7} {'ms':>6} {'s':>6} {'cpu s':>6} | times")
    for row in ours:
        ms, width, sparsity = int(row["frame_ms"]), float(row["width"]), float(row["sparsity"])
        r = json.load(open(f"{out}/{ms}_{width}_{sparsity}.json"))
        r["total_ms"] = r["infer_ms"] + float(row["frontend_ms"])  # the same front end, ours
        theirs.append(r)
        a, b, cpu = figures(row), figures(r), float(row["cpu_seconds"])
        print(f"{ms:5} {width:5} {sparsity:5} | {a[0]:6.4f} {a[1]:7} {a[2]:6.3f} {float(row['seconds']):6.1f} {cpu:6.1f} |"
              f" {b[0]:6.4f} {b[1]:7} {b[2]:6.3f} {r['seconds']:6.1f} {r['cpu_seconds']:6.1f} | {r['cpu_seconds'] / cpu:5.2f}")
    front = [r for r in ours if not any(dominates(figures(q), figures(r)) for q in ours)]
    beaten = [r for r in front if any(dominates(figures(q), figures(r)) for q in theirs)]
    theirs_front = [r for r in theirs if not any(dominates(figures(q), figures(r)) for q in theirs)]
    lost = [r for r in theirs_front if any(dominates(figures(q), figures(r)) for q in ours)]
    print(f"our front: {len(front)} points, {len(beaten)} of them dominated by theirs; "
          f"their front: {len(theirs_front)} points, {len(lost)} of them dominated by ours")


if sys.argv[1] == "train":
    train_all(sys.argv[2], sys.argv[3], [float(w) for w in (sys.argv[4] if len(sys.argv) > 4 else "0.2,0.3,0.4,0.5,0.6").split(",")])
else:
    compare(*sys.argv[2:])
