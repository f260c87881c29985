"""Bytes of our files beside those of TensorFlow's converter, for the same weights.

    build/gcc/bench/file_bytes FOLDER FILE.tflite...        (ours: NAME_dense_FORMAT.tflite)
    python bench/tensorflow_bytes.py FOLDER NAME...         (with tensorflow-cpu 2.21 from PyPI)

Reads NAME_dense_float32.tflite, builds the same function of tf.nn operators and converts it to each
number format. The converter leaves kernels below 1,024 weights float in dynamic range and offers no way
to change that; both columns say how many kernels are int8.
"""

import os
import pathlib
import sys
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

TYPES = {0: np.float32, 2: np.int32}
INT8 = 9
PADDING = ["SAME", "VALID"]
ACTIVATION = {0: lambda x: x, 1: tf.nn.relu, 3: tf.nn.relu6}


def parse(data):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))


def is_constant(model, tensor):
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def operator(model, graph, op, operands, constants):
    code = model.operatorCodes[op.opcodeIndex]
    kind = max(code.builtinCode, code.deprecatedBuiltinCode)
    options, x = op.builtinOptions, operands[0]
    if kind in (3, 4):  # CONV_2D, DEPTHWISE_CONV_2D
        strides, padding = [1, options.strideH, options.strideW, 1], PADDING[options.padding]
        if kind == 3:
            y = tf.nn.conv2d(x, tf.transpose(operands[1], [1, 2, 3, 0]), strides, padding)
        else:
            _, h, w, _ = operands[1].shape
            y = tf.nn.depthwise_conv2d(
                x, tf.reshape(operands[1], [h, w, x.shape[3], -1]), strides, padding
            )
        return ACTIVATION[options.fusedActivationFunction](tf.nn.bias_add(y, operands[2]))
    if kind == 9:  # FULLY_CONNECTED
        y = tf.matmul(tf.reshape(x, [-1, operands[1].shape[1]]), operands[1], transpose_b=True)
        y = tf.nn.bias_add(y, operands[2]) if len(operands) > 2 else y
        return ACTIVATION[options.fusedActivationFunction](y) if options else y
    if kind == 40:  # MEAN
        return tf.reduce_mean(x, constants[op.inputs[1]].tolist())
    if kind == 22:  # RESHAPE
        return tf.reshape(x, list(graph.tensors[op.outputs[0]].shape))
    if kind == 25:  # SOFTMAX
        return tf.nn.softmax(x)
    if kind == 0:  # ADD
        return ACTIVATION[options.fusedActivationFunction](x + operands[1])
    raise ValueError(f"operator {kind}")


def function_of(data):
    model = parse(data)
    graph = model.subgraphs[0]
    constants = {
        i: np.frombuffer(bytes(bytearray(model.buffers[t.buffer].data)), TYPES[t.type]).reshape(t.shape)
        for i, t in enumerate(graph.tensors)
        if is_constant(model, t)
    }
    shape = list(graph.tensors[graph.inputs[0]].shape)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])
    def function(x):
        values = {i: tf.constant(c) for i, c in constants.items()}
        values[graph.inputs[0]] = x
        for op in graph.operators:
            operands = [values[i] for i in op.inputs if i >= 0]
            values[op.outputs[0]] = operator(model, graph, op, operands, constants)
        return values[graph.outputs[0]]

    return function, shape


def convert(function, shape, form):
    c = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], function)
    if form != "float32":
        c.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        c.target_spec.supported_types = [tf.float16]
    if form == "int8":
        rng = np.random.default_rng(1)
        c.representative_dataset = lambda: (
            [rng.uniform(-2, 2, shape).astype(np.float32)] for _ in range(64)
        )
        c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        c.inference_input_type = c.inference_output_type = tf.int8
    return c.convert()


def int8_constants(data):
    model = parse(data)
    return sum(is_constant(model, t) and t.type == INT8 for t in model.subgraphs[0].tensors)


def row(name, form, theirs, ours, ours_zlib):
    level_9 = len(zlib.compress(theirs, 9))
    kernels = f"{int8_constants(theirs)} / {int8_constants(ours)}"
    print(
        f"| {name} | {form} | {len(theirs):,} | {len(ours):,} | {len(ours) / len(theirs):.3f} "
        f"| {level_9:,} | {ours_zlib:,} | {ours_zlib / level_9:.3f} | {kernels} |",
        flush=True,
    )


def main(folder, names):
    print("| model | format | TF raw | ours | ratio | TF zlib 9 | ours | ratio | int8 kernels, TF / ours |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        function, shape = function_of((folder / f"{name}_dense_float32.tflite").read_bytes())
        for form in ("float32", "float16", "dynamic", "int8"):
            ours = folder / f"{name}_dense_{form}.tflite"
            stream = ours.with_suffix(".tflite.zlib").read_bytes()
            assert zlib.decompress(stream) == ours.read_bytes()
            row(name, form, convert(function, shape, form), ours.read_bytes(), len(stream))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
