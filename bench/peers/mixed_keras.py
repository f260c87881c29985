"""The grid of spaces/mixed.json as its users do it by hand: Keras, tensorflow-model-optimization, the TFLite converter, zlib.

    pip install tensorflow==2.16.* tf-keras==2.16.* tensorflow-model-optimization
    python bench/peers/mixed_keras.py train FEATURES_DIR OUT_DIR [WIDTHS]
    python bench/peers/mixed_keras.py compare TRIALS.csv OUT_DIR FILES_DIR INFER

bench/peers/mixed.sh makes the inputs: FEATURES_DIR/<frame ms>/{train,validation}/ as `nas eval --dump` writes them, our trials as
CSV, and their files as FILES_DIR/<number>/model.tflite. Each point is trained by both on the same features of the same clips, on one
thread. A point that OUT_DIR has is not trained again. In the end all files are timed again, in turn, ours by INFER (bench/infer).
"""
import csv
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
import zlib

from keras_peer import features, tf  # before whatever else imports TensorFlow
import numpy as np
import tensorflow_model_optimization as tfmot

L = tf.keras.layers
EPOCHS, BATCH, CLASSES = 30, 20, 8


def net(height, width, scaled):
    """scaled: width takes the first layer too, not the later ones alone."""
    filters = int(256 * width + 0.5)
    m = tf.keras.Sequential([tf.keras.Input((height, 10, 1))])
    m.add(L.Conv2D(filters if scaled else 256, 3, strides=2, use_bias=False))
    for i in range(3):
        if i:
            m.add(L.SeparableConv2D(filters, 3, padding="same", use_bias=False))
        m.add(L.BatchNormalization())
        m.add(L.ReLU())
    m.add(L.GlobalAveragePooling2D())
    m.add(L.Dense(CLASSES))
    return m


def train(x, y, width, scaled, sparsity):
    steps = -(-len(x) // BATCH) * EPOCHS
    pruning = tfmot.sparsity.keras
    model = pruning.prune_low_magnitude(
        net(x.shape[1], width, scaled),
        pruning_schedule=pruning.PolynomialDecay(0.2, sparsity, int(0.2 * steps), int(0.8 * steps), 3, 100))
    rate = tf.keras.optimizers.schedules.PolynomialDecay(0.01, steps, 1e-5, 1)
    model.compile(tf.keras.optimizers.Adam(rate), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, BATCH, EPOCHS, verbose=0, callbacks=[pruning.UpdatePruningStep()])
    plain = pruning.strip_pruning(model)
    out = L.Softmax()(plain.output)
    return tf.keras.Model(plain.input, out)


def interpreter(blob):
    it = tf.lite.Interpreter(model_content=blob, num_threads=1)
    it.allocate_tensors()
    return it


def accuracy_of(blob, x, y):
    it = interpreter(blob)
    i, o = it.get_input_details()[0]["index"], it.get_output_details()[0]["index"]
    right = 0
    for k in range(len(x)):
        it.set_tensor(i, x[k : k + 1])
        it.invoke()
        right += int(np.argmax(it.get_tensor(o)[0])) == y[k]
    return right / len(x)


def time_files(program, ours, theirs, rounds=7, runs=20):
    """Milliseconds of processor time of one inference of each file, (ours, theirs), medians of rounds in turn."""
    serve = subprocess.Popen([program, "serve", *ours], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    its = [interpreter(open(path, "rb").read()) for path in theirs]
    took = [([], []) for _ in ours]
    for _ in range(rounds):
        for i, it in enumerate(its):
            print(i, runs, 0.02, file=serve.stdin, flush=True)
            took[i][0].append(float(serve.stdout.readline().split()[1]))
            it.invoke()
            start = time.process_time()
            for _ in range(runs):
                it.invoke()
            took[i][1].append((time.process_time() - start) / runs)
    return [(1e3 * statistics.median(a), 1e3 * statistics.median(b)) for a, b in took]


def dominates(a, b):
    """a is no worse in accuracy, bytes and time, and better in one."""
    no_worse = a[0] >= b[0] and a[1] <= b[1] and a[2] <= b[2]
    return no_worse and a != b


def train_all(folder, out, widths):
    os.makedirs(out, exist_ok=True)
    for ms, width, scaled, sparsity in itertools.product((32, 16), widths, (0, 1), (0.7, 0.8)):
        stem = f"{out}/{ms}_{width}_{scaled}_{sparsity}"
        if os.path.exists(stem + ".json"):
            continue
        tf.keras.utils.set_random_seed(1)
        x, y = features(f"{folder}/{ms}", "train")
        xv, yv = features(f"{folder}/{ms}", "validation")
        wall, cpu = time.perf_counter(), time.process_time()
        model = train(x, y, width, scaled, sparsity)
        blob = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        accuracy = accuracy_of(blob, xv, yv)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        point = dict(frame_ms=ms, width=width, scaled=scaled, sparsity=sparsity, accuracy=accuracy,
                     zlib_bytes=len(zlib.compress(blob, 9)), seconds=wall, cpu_seconds=cpu)
        open(stem + ".tflite", "wb").write(blob)
        json.dump(point, open(stem + ".json", "w"))
        print(json.dumps(point), flush=True)


def figures(row):
    return float(row["accuracy"]), int(row["zlib_bytes"]), row["total_ms"]


def front_of(rows):
    return [r for r in rows if not any(dominates(figures(q), figures(r)) for q in rows)]


def compare(ours_path, out, files, infer):
    ours = list(csv.DictReader(open(ours_path)))
    stems = [f"{out}/{r['frame_ms']}_{float(r['width'])}_{r['scaled']}_{float(r['sparsity'])}" for r in ours]
    theirs = [json.load(open(stem + ".json")) for stem in stems]
    times = time_files(infer, [f"{files}/{r['number']}/model.tflite" for r in ours], [stem + ".tflite" for stem in stems])
    print(f"{'frame':>5} {'width':>5} {'first':>5} {'zeros':>5} | {'nas':>6} {'bytes':>7} {'ms':>6} {'s':>6} {'cpu s':>6} |"
          f" {'keras':>6} {'bytes':>7} {'ms':>6} {'s':>6} {'cpu s':>6} | times")
    for a, b, (a_ms, b_ms) in zip(ours, theirs, times):
        # The same front end for both, ours.
        frontend = min(float(r["frontend_ms"]) for r in ours if r["frame_ms"] == a["frame_ms"])
        a["total_ms"], b["total_ms"] = a_ms + frontend, b_ms + frontend
        x, y, cpu = figures(a), figures(b), float(a["cpu_seconds"])
        print(f"{a['frame_ms']:>5} {a['width']:>5} {'width' if a['scaled'] == '1' else '256':>5} {a['sparsity']:>5} | {x[0]:6.4f} {x[1]:7} {x[2]:6.3f} {float(a['seconds']):6.1f}"
              f" {cpu:6.1f} | {y[0]:6.4f} {y[1]:7} {y[2]:6.3f} {b['seconds']:6.1f} {b['cpu_seconds']:6.1f} | {b['cpu_seconds'] / cpu:5.2f}")
    front, their_front = front_of(ours), front_of(theirs)
    beaten = [r for r in front if any(dominates(figures(q), figures(r)) for q in theirs)]
    lost = [r for r in their_front if any(dominates(figures(q), figures(r)) for q in ours)]
    print(f"our front: {len(front)} points, {len(beaten)} of them dominated by theirs; "
          f"their front: {len(their_front)} points, {len(lost)} of them dominated by ours")


if sys.argv[1] == "train":
    train_all(sys.argv[2], sys.argv[3], [float(w) for w in (sys.argv[4] if len(sys.argv) > 4 else "0.2,0.3,0.4,0.5,0.6").split(",")])
else:
    compare(*sys.argv[2:])
