"""What the peers in Keras share: one thread, no GPU, legacy Keras, and the features that `nas eval --dump` wrote."""
import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # their best: it is off by itself where a processor has no VNNI
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def features(folder, part):
    where = f"{folder}/{part}"
    names = [line.split("/")[0] for line in open(f"{where}/clips.txt").read().split("\n") if line]
    labels = sorted(set(names))
    x = np.fromfile(f"{where}/features.f32", np.float32).reshape(len(names), -1, 10, 1)
    return x, np.array([labels.index(n) for n in names], np.int32)
