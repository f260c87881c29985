"""tests/golden/make_foreign.py OUT: small models as TensorFlow 2.16's converter leaves them (batch
open, shapes computed, dilation by blocks, uint8 ports, ...), with inputs and the outputs of its
reference kernels. Needs tensorflow==2.16.2, tf_keras==2.16.0 (TF_USE_LEGACY_KERAS=1).

Little endian: int32 count; for each: char name[24], int32 bytes of the file, of all inputs, of all
outputs; then these three, each padded with zeros to a multiple of 16."""

import os
import struct
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import flatbuffers
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.lite.python import interpreter as lite
from tensorflow.lite.python import schema_py_generated as schema

L = tf_keras.layers
EXAMPLES = 3


def randomize(model, seed):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.4, w.shape).astype(np.float32) for w in model.get_weights()])


def convert(converter, shape, kind, seed):
    rng = np.random.default_rng(seed)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        xs = [rng.normal(0, 1, [1] + shape).astype(np.float32) for _ in range(10)]
        converter.representative_dataset = lambda: ([x] for x in xs)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, kind)
    return converter.convert()


def keras(shape, layers, kind="float32", seed=1):
    x = i = L.Input(shape)
    for layer in layers:
        x = layer(x)
    model = tf_keras.Model(i, x)
    randomize(model, seed)
    return convert(tf.lite.TFLiteConverter.from_keras_model(model), shape, kind, seed)


def function(shape, f, kind="float32", batch=None):
    m = tf.Module()
    m.f = tf.function(f, input_signature=[tf.TensorSpec([batch] + shape, tf.float32)])
    c = tf.lite.TFLiteConverter.from_concrete_functions([m.f.get_concrete_function()], m)
    return convert(c, shape, kind, 1)


def change(data, edit):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    edit(model)
    b = flatbuffers.Builder(1024)
    b.Finish(model.Pack(b), b"TFL3")
    return bytes(b.Output())


def operators(data):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return [names[codes[o.opcodeIndex]] for o in model.subgraphs[0].operators]


def bias_axis_3(model):
    """As in tflite-micro's person_detect: the axis of the kernel, on the bias too."""
    for t in model.subgraphs[0].tensors:
        q = t.quantization
        if t.type == schema.TensorType.INT32 and q.scale is not None and len(q.scale) > 1:
            q.quantizedDimension = 3


def shape_of_rank_2(model):
    g = model.subgraphs[0]
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    for o in g.operators:
        if codes[o.opcodeIndex] == schema.BuiltinOperator.RESHAPE:
            t = g.tensors[o.inputs[1]]
            t.shape = np.array([1, t.shape[0]], np.int32)


def sizes(x):
    """A shape by way of GATHER, REDUCE_PROD, CONCATENATION."""
    s = tf.shape(x)
    rest = tf.reduce_prod(s[1:])
    y = tf.reshape(x, tf.concat([tf.gather(s, [0]), [rest]], 0))
    y = tf.reshape(y * 2.0, tf.stack([s[0], s[2], s[1]]))
    return tf.nn.relu(y)


def rows(x):
    """With a batch of 1, FULLY_CONNECTED keeps the dimensions."""
    w = np.random.default_rng(5).normal(0, 1, [3, 4]).astype(np.float32)
    return tf.nn.relu(tf.tensordot(x, w, [[2], [0]]))


def squeezed(x):
    return tf.nn.relu(tf.squeeze(tf.expand_dims(x, 2) * 0.5 + 1.0, [2]))


D1 = [L.Conv1D(5, 3, dilation_rate=2, padding="causal"), L.ReLU(), L.Conv1D(3, 2, dilation_rate=4)]
CASES = [
    ("conv1d", keras([12, 3], [L.Conv1D(4, 3), L.ReLU(), L.GlobalAveragePooling1D()])),
    ("dilated_1d", keras([21, 3], D1)),
    ("dilated_1d_int8", keras([21, 3], D1, "int8")),
    ("dilated_1d_same", keras([16, 2], [L.Conv1D(4, 5, dilation_rate=2, padding="same")], "int8")),
    ("dilated_2d", keras([7, 9, 2], [L.Conv2D(3, (3, 2), dilation_rate=(1, 3), padding="same")])),
    ("dilated_2d_int8", keras([9, 8, 2], [L.Conv2D(3, 3, dilation_rate=(2, 1))], "int8")),
    ("depthwise_1d", keras([15, 3], [L.DepthwiseConv1D(3, dilation_rate=2, padding="same")], "int8")),
    ("reshape", keras([6, 4], [L.ReLU(), L.Reshape((3, 2, 4)), L.Conv2D(2, 2), L.Reshape((4,))])),
    ("reshape_int8", keras([6, 4], [L.Reshape((3, 2, 4)), L.Conv2D(2, 2), L.Flatten()], "int8")),
    ("keep_dims", keras([5, 3], [L.Dense(4, activation="relu"), L.Dense(2)])),
    ("keep_dims_int8", keras([5, 3], [L.Dense(4, activation="relu"), L.Dense(2)], "int8")),
    ("keep_num_dims", function([5, 3], rows, "int8", 1)),
    ("sizes", function([4, 3], sizes)),
    ("squeeze", function([4, 3], squeezed)),
    ("uint8", keras([6, 5, 2], [L.Conv2D(3, 3, activation="relu"), L.MaxPooling2D(2)], "uint8")),
    ("uint8_softmax", keras([6, 5, 2], [L.Conv2D(3, (6, 5)), L.Flatten(), L.Softmax()], "uint8")),
]
PLAIN = keras([6, 5, 2], [L.DepthwiseConv2D(3), L.Conv2D(3, 2), L.Flatten()], "int8")
CASES.append(("bias_axis", change(PLAIN, bias_axis_3)))
CASES.append(("shape_rank_2", change(PLAIN, shape_of_rank_2)))
# What is refused: no outputs.
REFUSED = [
    ("no_sigmoid", keras([4], [L.Dense(3), L.Activation("sigmoid"), L.Activation("tanh")])),
    ("no_open_time", convert(tf.lite.TFLiteConverter.from_keras_model(
        tf_keras.Sequential([L.Input([None, 3]), L.Conv1D(2, 3)])), [4, 3], "float32", 1)),
    ("no_int16", function([4], lambda x: tf.cast(tf.cast(x, tf.int16), tf.float32))),
]


def outputs(name, data, x_of):
    it = lite.Interpreter(
        model_content=data, experimental_op_resolver_type=lite.OpResolverType.BUILTIN_REF
    )
    it.allocate_tensors()
    i, o = it.get_input_details()[0], it.get_output_details()[0]
    xs = x_of(i)
    ys = []
    for x in xs:
        it.set_tensor(i["index"], x)
        it.invoke()
        ys.append(it.get_tensor(o["index"]))
    print(name, len(data), i["shape"], o["shape"], operators(data))
    return xs.tobytes(), np.stack(ys).tobytes()


def inputs(detail):
    rng = np.random.default_rng(3)
    shape = [EXAMPLES] + list(detail["shape"])
    if detail["dtype"] == np.float32:
        return rng.normal(0, 1, shape).astype(np.float32)
    return rng.integers(0, 256, shape).astype(np.uint8).view(detail["dtype"])


def padded(b):
    return b + bytes(-len(b) % 16)


with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<4i", len(CASES) + len(REFUSED), 0, 0, 0))
    for name, data in CASES + REFUSED:
        # The runtime refuses these two edits of one file.
        x, y = b"", b""
        if not name.startswith("no_"):
            x, y = outputs(name, PLAIN if name in ("bias_axis", "shape_rank_2") else data, inputs)
        out.write(padded(struct.pack("<24s3i", name.encode(), len(data), len(x), len(y))))
        for part in (data, x, y):
            out.write(padded(part))
