"""tests/golden/make_ops.py: one small model for each operator beside those of exports, in float32 and
int8, with inputs and outputs. Two steps, as the packages do not go together:
    make_ops.py models FOLDER       with tensorflow==2.16.2: files, inputs, its reference kernels' outputs
    make_ops.py pack FOLDER OUT     with tflite_micro: its own outputs of int8, which are packed; it prints
                                    how many differ from those of the reference kernels
The file is packed as that of make_foreign.py."""

import glob
import os
import struct
import sys

import numpy as np

EXAMPLES = 3


def models(folder):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from tensorflow.lite.python import interpreter as lite

    c = np.random.default_rng(5).normal(0, 1, [1, 1, 1, 4]).astype(np.float32)
    half = lambda x: tf.nn.relu(x - 0.3)
    cases = {
        "concat": lambda x: tf.concat([x, half(x), x * 0.5], -1),
        "concat_rows": lambda x: tf.concat([x, half(x)], 1),
        "logistic": lambda x: tf.sigmoid(x * 2.5),
        "logistic_narrow": lambda x: tf.sigmoid(x * 0.02),
        "tanh": lambda x: tf.tanh(x * 1.5),
        "tanh_wide": lambda x: tf.tanh(x * 40.0),
        "sub": lambda x: half(x) - x * 0.7,
        "sub_constant": lambda x: tf.nn.relu(x - c),
        "minimum": lambda x: tf.minimum(x, half(x)),
        "maximum": lambda x: tf.maximum(x * 0.5, c),
        "reduce_max": lambda x: tf.reduce_max(x, [1, 2]),
        "reduce_max_keep": lambda x: tf.reduce_max(x, [3], True),
        "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.17),
        "hard_swish": lambda x: x * tf.nn.relu6(x + 3.0) * np.float32(1 / 6),
        "hard_swish_wide": lambda x: (x * 4) * tf.nn.relu6(x * 4 + 3.0) * np.float32(1 / 6),
        "slice": lambda x: tf.strided_slice(x, [0, 1, 4, 0], [1, 5, 0, 4], [1, 1, -2, 3]),
        "slice_shrink": lambda x: x[:, 2, 1:],
        "transpose": lambda x: tf.transpose(x, [0, 3, 1, 2]),
        "average_same": lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"),
        "average_valid": lambda x: tf.nn.avg_pool2d(x, [2, 3], 1, "VALID"),
        "split": lambda x: tf.add(*tf.split(x, 2, 3)),
        "split_v": lambda x: tf.concat(tf.split(x, [1, 2, 1], 3)[::-1], 3),
        "log_softmax": lambda x: tf.nn.log_softmax(x * 2.0),
    }
    for name, f in cases.items():
        for kind in ("float32", "int8"):
            m = tf.Module()
            m.f = tf.function(f, input_signature=[tf.TensorSpec([1, 5, 6, 4], tf.float32)])
            k = tf.lite.TFLiteConverter.from_concrete_functions([m.f.get_concrete_function()], m)
            if kind == "int8":
                rng = np.random.default_rng(1)
                xs = [rng.normal(0, 1, [1, 5, 6, 4]).astype(np.float32) for _ in range(10)]
                k.optimizations = [tf.lite.Optimize.DEFAULT]
                k.representative_dataset = lambda: ([x] for x in xs)
                k.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                k.inference_input_type = k.inference_output_type = tf.int8
            data = k.convert()
            it = lite.Interpreter(
                model_content=data, experimental_op_resolver_type=lite.OpResolverType.BUILTIN_REF
            )
            it.allocate_tensors()
            i, o = it.get_input_details()[0], it.get_output_details()[0]
            rng = np.random.default_rng(3)
            x = rng.normal(0, 1, [EXAMPLES, 1, 5, 6, 4]).astype(np.float32)
            if kind == "int8":
                x = rng.integers(-128, 128, x.shape).astype(np.int8)
            y = []
            for one in x:
                it.set_tensor(i["index"], one)
                it.invoke()
                y.append(it.get_tensor(o["index"]))
            path = "%s/%s_%s" % (folder, name, kind[:5])
            open(path + ".tflite", "wb").write(data)
            np.save(path + ".x.npy", x)
            np.save(path + ".y.npy", np.stack(y))
            print(name, kind, [d["op_name"] for d in it._get_ops_details()])


def padded(b):
    return b + bytes(-len(b) % 16)


def pack(folder, out):
    from tflite_micro.python.tflite_micro import runtime

    paths = sorted(glob.glob(folder + "/*.tflite"))
    with open(out, "wb") as file:
        file.write(struct.pack("<4i", len(paths), 0, 0, 0))
        for path in paths:
            name = os.path.basename(path)[:-7]
            data = open(path, "rb").read()
            x, y = np.load(path[:-7] + ".x.npy"), np.load(path[:-7] + ".y.npy")
            if x.dtype == np.int8:
                it = runtime.Interpreter(data, [], 1 << 16)
                z = []
                for one in x:
                    it.set_input(one, 0)
                    it.invoke()
                    z.append(it.get_output(0))
                z = np.stack(z)
                n = int((z != y).sum())
                print("%-24s %d of %d differ from the reference kernels" % (name, n, z.size))
                y = z
            x, y = x.tobytes(), y.tobytes()
            file.write(padded(struct.pack("<24s3i", name.encode(), len(data), len(x), len(y))))
            for part in (data, x, y):
                file.write(padded(part))


if sys.argv[1] == "models":
    models(sys.argv[2])
else:
    pack(sys.argv[2], sys.argv[3])
