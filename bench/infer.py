"""One inference of exported files by us, LiteRT (its default interpreter, XNNPACK) and onnxruntime, in turn, one thread each.

    bench/infer.py [--infer build/gcc/bench/infer] [--rounds 15] [--seconds 0.05] [--work DIR] [NET...]

NET is part of a name (cnn_32, _int8). The nets, their files and the weights for onnxruntime come from `infer models`. onnxruntime gets the
same float graph (NCHW, as it likes it), and for int8 what its own quantiser makes of that (QDQ, per channel). A round takes each runtime for
`seconds` in turn, in samples of about 0.2 ms; a figure is the median over rounds of medians of samples, by the processor (and by the wall).
The runtimes' calls from Python are in their time: a few tenths of a microsecond. Writes build/bench/infer.json.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import time

for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[key] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

try:
    import onnx
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime import quantization
except ImportError as e:
    sys.exit(f"infer.py: {e}; pip install ai-edge-litert onnxruntime onnx")
import logging

logging.disable(logging.WARNING)


def same_pads(shape, kernel, stride):
    begin, end = [], []
    for n, k, s in zip(shape, kernel, stride):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        begin.append(total // 2)
        end.append(total - total // 2)
    return begin + end


def shapes_of(words):
    out = []
    while words:
        out.append(words[1 : 1 + words[0]])
        words = words[1 + words[0] :]
    return out


def onnx_graph(base):
    """The operators that `infer models` wrote, as ONNX nodes on NCHW maps."""
    lines = open(base + ".txt").read().split("\n")
    weights, at = np.fromfile(base + ".f32", np.float32), 0
    nodes, constants = [], []
    name_of = {}

    def constant(values, name):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    first = lines[0].split()
    source, target = int(first[1]), int(first[3])
    input_shape = None
    for line in filter(None, lines[1:]):
        op, *words = line.split()
        *words, = map(int, words)
        ins, out, stride, same, act = words[:3], words[3], words[4:6], words[6] == 0, words[7]
        shapes = shapes_of(words[8:])
        held = []
        for i, shape in zip(range(3), shapes):
            if ins[i] < 0:
                n = int(np.prod(shape))
                held.append(weights[at : at + n].reshape(shape))
                at += n
        if input_shape is None:
            _, h, w, c = shapes[0]
            input_shape = [1, c, h, w]
        x = name_of.get(ins[0], f"t{ins[0]}")
        y = f"t{out}" if not act else f"t{out}_before"
        if op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            kernel, bias = held
            group = 1 if op == "CONV_2D" else kernel.shape[3]
            oihw = kernel.transpose(0, 3, 1, 2) if op == "CONV_2D" else kernel.transpose(3, 0, 1, 2)
            size = kernel.shape[1:3]
            pads = same_pads(shapes[0][1:3], size, stride) if same else [0, 0, 0, 0]
            nodes.append(helper.make_node("Conv", [x, constant(oihw, f"w{out}"), constant(bias, f"b{out}")], [y],
                                          kernel_shape=size, strides=stride, pads=pads, group=group))
        elif op == "FULLY_CONNECTED":
            nodes.append(helper.make_node("Gemm", [x, constant(held[0], f"w{out}"), constant(held[1], f"b{out}")], [y],
                                          transB=1))
        elif op == "MEAN":
            nodes.append(helper.make_node("GlobalAveragePool", [x], [y + "_map"]))
            nodes.append(helper.make_node("Flatten", [y + "_map"], [y]))
        elif op == "ADD":
            nodes.append(helper.make_node("Add", [x, f"t{ins[1]}"], [y]))
        elif op == "SOFTMAX":
            nodes.append(helper.make_node("Softmax", [x], [y], axis=-1))
        else:
            raise ValueError(op)
        if act:
            nodes.append(helper.make_node("Relu", [y], [f"t{out}"]))
    graph = helper.make_graph(nodes, "net",
                              [helper.make_tensor_value_info(f"t{source}", TensorProto.FLOAT, input_shape)],
                              [helper.make_tensor_value_info(f"t{target}", TensorProto.FLOAT, [1, 8])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model, f"t{source}", input_shape


class Examples(quantization.CalibrationDataReader):
    def __init__(self, name, shape):
        rng = np.random.default_rng(1)
        self.rows = iter([{name: rng.uniform(-2, 2, shape).astype(np.float32)} for _ in range(16)])

    def get_next(self):
        return next(self.rows, None)


def onnx_session(base, int8):
    model, name, shape = onnx_graph(base)
    path = base + ".onnx"
    onnx.save(model, path)
    if int8:
        quantised = base + "_int8.onnx"
        quantization.quantize_static(path, quantised, Examples(name, shape), per_channel=True,
                                     quant_format=quantization.QuantFormat.QDQ,
                                     activation_type=quantization.QuantType.QUInt8,
                                     weight_type=quantization.QuantType.QInt8)
        path = quantised
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session, name, shape


def onnx_runner(base, int8, x):
    session, name, shape = onnx_session(base, int8)
    binding = session.io_binding()
    x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    binding.bind_cpu_input(name, x)
    binding.bind_output(session.get_outputs()[0].name)
    return lambda: session.run_with_iobinding(binding), lambda: session.run(None, {name: x})[0].reshape(-1)


def litert_runner(path, x):
    it = Interpreter(model_path=path, num_threads=1)
    it.allocate_tensors()
    i, o = it.get_input_details()[0], it.get_output_details()[0]
    if i["dtype"] == np.int8:
        scale, zero = i["quantization"]
        x = np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)
    it.set_tensor(i["index"], x.reshape(i["shape"]))

    def output():
        it.invoke()
        y = it.get_tensor(o["index"]).reshape(-1)
        if o["dtype"] == np.int8:
            scale, zero = o["quantization"]
            y = (y.astype(np.float32) - zero) * scale
        return y

    return it.invoke, output


def timed(run, runs, seconds):
    """Median seconds of a run by the wall and by the processor, over samples of so many runs."""
    wall, cpu = [], []
    for _ in range(3):
        run()
    begin = time.perf_counter()
    while len(wall) < 9 or time.perf_counter() - begin < seconds:
        start, used = time.perf_counter(), time.process_time()
        for _ in range(runs):
            run()
        cpu.append((time.process_time() - used) / runs)
        wall.append((time.perf_counter() - start) / runs)
    return statistics.median(wall), statistics.median(cpu)


class Ours:
    def __init__(self, program, files):
        self.p = subprocess.Popen([program, "serve", *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, index, runs, seconds):
        self.p.stdin.write(f"{index} {runs} {seconds}\n")
        self.p.stdin.flush()
        return tuple(map(float, self.p.stdout.readline().split()))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--infer", default="build/gcc/bench/infer")
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--seconds", type=float, default=0.05)
    p.add_argument("--work", default="build/bench/infer")
    p.add_argument("nets", nargs="*")
    o = p.parse_args()
    os.makedirs(o.work, exist_ok=True)
    subprocess.run([o.infer, "models", o.work], check=True)
    names = [os.path.basename(f)[:-7] for f in sorted(glob.glob(o.work + "/*.tflite"))]
    names = [n for n in names if not o.nets or any(w in n for w in o.nets)]
    ours = Ours(o.infer, [f"{o.work}/{n}.tflite" for n in names])
    rows = []
    for index, name in enumerate(names):
        int8 = name.endswith("_int8")
        base = f"{o.work}/{name.removesuffix('_int8')}"
        shape = onnx_graph(base)[2]
        x = np.random.default_rng(2).uniform(-2, 2, (1, shape[2], shape[3], shape[1])).astype(np.float32)
        lite, lite_out = litert_runner(f"{o.work}/{name}.tflite", x)
        ort, ort_out = onnx_runner(base, int8, x)
        apart = float(np.abs(lite_out() - ort_out()).max())
        if not int8 and apart > 1e-3:
            print(f"{name}: LiteRT and onnxruntime are {apart} apart: not the same net", file=sys.stderr)
        runs = max(1, int(2e-4 / ours.time(index, 1, 0)[1]))
        took = [[], [], []]
        for _ in range(o.rounds):
            took[0].append(ours.time(index, runs, o.seconds))
            took[1].append(timed(lite, runs, o.seconds))
            took[2].append(timed(ort, runs, o.seconds))
        wall, us = ([1e6 * statistics.median(t[i] for t in each) for each in took] for i in (0, 1))
        row = dict(net=name.removesuffix("_int8"), format="int8" if int8 else "float32", threads=1, cpu_us=us[0],
                   litert_cpu_us=us[1], onnxruntime_cpu_us=us[2], us=wall[0], litert_us=wall[1],
                   onnxruntime_us=wall[2], of_litert=us[0] / us[1], of_onnxruntime=us[0] / us[2])
        rows.append(row)
        print(f"{row['net']:18} {row['format']:8}{us[0]:9.1f} us   LiteRT {us[1]:8.1f} us: {row['of_litert']:5.2f}"
              f"   onnxruntime {us[2]:8.1f} us: {row['of_onnxruntime']:5.2f}", flush=True)
    for kind in ("float32", "int8"):
        some = [r for r in rows if r["format"] == kind]
        for key in ("of_litert", "of_onnxruntime"):
            if some:
                shares = [r[key] for r in some]
                print(f"{kind} {key}: geometric mean {statistics.geometric_mean(shares):.2f}, worst {max(shares):.2f}")
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/infer.json", "w") as f:
        json.dump(rows, f, indent=1)


main()
