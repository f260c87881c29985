"""The trial of bench/peers/trial.sh as users do it by hand: Keras, pruning and clustering of tensorflow-model-optimization, the TFLite
converter's full integer format, accuracy and latency of the file, zlib. One thread. The features are ours, for both: what they cost is not in Keras' time.

    python bench/peers/trial_keras.py FEATURES_DIR OURS.csv EPOCHS
"""
import csv
import sys
import time
import zlib

from keras_peer import features, tf  # before whatever else imports TensorFlow
import numpy as np
import tensorflow_model_optimization as tfmot

L = tf.keras.layers
BATCH, CLASSES, FILTERS = 20, 8, 77


def net(height):
    m = tf.keras.Sequential([tf.keras.Input((height, 10, 1))])
    for i in range(3):
        m.add(L.Conv2D(FILTERS, 3, strides=1 if i else 2, padding="same" if i else "valid", use_bias=False))
        m.add(L.BatchNormalization())
        m.add(L.ReLU())
    m.add(L.GlobalAveragePooling2D())
    m.add(L.Dense(CLASSES))
    m.add(L.Softmax())
    return m


def train(x, y, epochs):
    steps = -(-len(x) // BATCH) * epochs
    pruning, clustering = tfmot.sparsity.keras, tfmot.clustering.keras
    model = pruning.prune_low_magnitude(
        net(x.shape[1]), pruning_schedule=pruning.PolynomialDecay(0.2, 0.8, int(0.2 * steps), int(0.8 * steps), 3, 100))
    rate = tf.keras.optimizers.schedules.PolynomialDecay(0.01, steps, 1e-5, 1)
    model.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x, y, BATCH, epochs, verbose=0, callbacks=[pruning.UpdatePruningStep()])
    model = pruning.strip_pruning(model)
    kinds = (L.Conv2D, L.Dense)
    init = clustering.CentroidInitialization.KMEANS_PLUS_PLUS

    def wrap(layer):
        if not isinstance(layer, kinds):
            return layer
        return clustering.cluster_weights(layer, number_of_clusters=8, cluster_centroids_init=init)

    model = tf.keras.models.clone_model(model, clone_function=wrap)
    model.compile(tf.keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    model.fit(x, y, BATCH, 2, verbose=0)
    return clustering.strip_clustering(model)


def to_int8(model, x):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[i : i + 1]] for i in range(200))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def measure(blob, x, y):
    it = tf.lite.Interpreter(model_content=blob, num_threads=1)
    it.allocate_tensors()
    i, o = it.get_input_details()[0], it.get_output_details()[0]
    scale, zero = i["quantization"]
    codes = np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)
    right, took = 0, []
    for k in range(len(x)):
        it.set_tensor(i["index"], codes[k : k + 1])
        start = time.perf_counter()
        it.invoke()
        took.append(time.perf_counter() - start)
        right += int(np.argmax(it.get_tensor(o["index"])[0])) == y[k]
    return right / len(x), 1e3 * float(np.median(took))


def main():
    folder, ours_path, epochs = sys.argv[1:]
    ours = next(csv.DictReader(open(ours_path)))
    tf.keras.utils.set_random_seed(1)
    x, y = features(folder, "train")
    xv, yv = features(folder, "validation")
    wall, cpu = time.perf_counter(), time.process_time()
    model = train(x, y, int(epochs))
    blob = to_int8(model, x)
    accuracy, infer = measure(blob, xv, yv)
    size = len(zlib.compress(blob, 9))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"nas:   accuracy {float(ours['accuracy']):.4f}, {ours['zlib_bytes']} bytes, {float(ours['infer_ms']):.3f} ms; "
          f"{float(ours['seconds']):.1f} s, cpu {float(ours['cpu_seconds']):.1f} s")
    print(f"keras: accuracy {accuracy:.4f}, {size} bytes, {infer:.3f} ms; {wall:.1f} s, cpu {cpu:.1f} s")
    print(f"by the wall {wall / float(ours['seconds']):.2f} times, by the processor {cpu / float(ours['cpu_seconds']):.2f}")


main()
