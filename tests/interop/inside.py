"""Runs .tflite files in one runtime, inside its virtual environment, and compares what comes out.

    inside.py ADAPTER ENDING <FILES

ADAPTER: a key of ADAPTERS. ENDING: our outputs are in FILE with this ending (.out where it is absent).
FILES: one path a line, FILE.tflite; raw inputs are in FILE.in. A folder with classes.txt and
features.f32 (float32 examples of the model's input) is compared by classes, of MOST examples.

Prints a line of JSON behind "@ " for each file, in order: {"error": words}, or
{"values", "equal", "worst", "near"}: how many, how many the same, the largest distance (levels of
int8, else a share of the largest output), the share of values within 1e-4 of the largest.
"""

import json
import os
import pathlib
import sys
import tempfile
import types

import numpy as np

MOST = 200
ARENA = 16 << 20


class Micro:
    """tflite-micro."""

    def __init__(self, path):
        it = micro_module().Interpreter(path.read_bytes(), [], ARENA)
        self.it, self.source = it, it.get_input_details(0)
        self.scale = self.source["quantization_parameters"]["scales"]
        self.zero = self.source["quantization_parameters"]["zero_points"]

    def __call__(self, x):
        self.it.set_input(x, 0)
        self.it.invoke()
        return self.it.get_output(0)


def micro_module():
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ModuleNotFoundError:  # old wheels import tensorflow, for a count of variables
        for name in [n for n in sys.modules if n.startswith("tflite_micro")]:
            del sys.modules[name]
        count = types.ModuleType("flatbuffer_utils")
        count.count_resource_variables = lambda data: 0
        sys.modules["tflite_micro.tensorflow.lite.tools.flatbuffer_utils"] = count
        from tflite_micro.python.tflite_micro import runtime
    return runtime


class Lite:
    """LiteRT, tflite-runtime and TensorFlow: one interface under three names."""

    def __init__(self, path, module, reference):
        kind = module.OpResolverType.BUILTIN_REF if reference else module.OpResolverType.AUTO
        self.it = module.Interpreter(
            model_path=str(path), experimental_op_resolver_type=kind, num_threads=1
        )
        self.it.allocate_tensors()
        self.source = self.it.get_input_details()[0]
        self.target = self.it.get_output_details()[0]["index"]
        self.scale = self.source["quantization_parameters"]["scales"]
        self.zero = self.source["quantization_parameters"]["zero_points"]

    def __call__(self, x):
        self.it.set_tensor(self.source["index"], x)
        self.it.invoke()
        return self.it.get_tensor(self.target)


def lite(name, reference):
    def opened(path):
        return Lite(path, __import__(name, fromlist=["Interpreter"]), reference)

    return opened


class Onnx:
    """tf2onnx, its result in onnxruntime."""

    kinds = {"tensor(float)": np.float32, "tensor(int8)": np.int8}

    def __init__(self, path):
        import onnxruntime
        from tf2onnx import convert

        with tempfile.TemporaryDirectory() as folder:
            file = folder + "/model.onnx"
            convert.from_tflite(str(path), opset=17, output_path=file)
            self.session = onnxruntime.InferenceSession(file)
        port = self.session.get_inputs()[0]
        self.name = port.name
        shape = [d if isinstance(d, int) else 1 for d in port.shape]
        self.source = {"dtype": self.kinds[port.type], "shape": shape}

    def __call__(self, x):
        return self.session.run(None, {self.name: x})[0]


def vela(path):
    """Compiles for an Ethos-U55; what comes out is no file that runs here."""
    from ethosu.vela import vela as program

    with tempfile.TemporaryDirectory() as folder:
        words = [str(path), "--output-dir", folder, "--accelerator-config", "ethos-u55-128"]
        program.main(words)
        if not list(pathlib.Path(folder).glob("*_vela.tflite")):
            raise RuntimeError("nothing was written")


ADAPTERS = {
    "micro": Micro,
    "litert": lite("ai_edge_litert.interpreter", True),
    "litert-xnnpack": lite("ai_edge_litert.interpreter", False),
    "tflite-runtime": lite("tflite_runtime.interpreter", True),
    "tflite-runtime-xnnpack": lite("tflite_runtime.interpreter", False),
    "tensorflow": lite("tensorflow.lite.python.interpreter", True),
    "tensorflow-xnnpack": lite("tensorflow.lite.python.interpreter", False),
    "onnx": Onnx,
    "vela": vela,
}


def run(model, x):
    return np.stack([np.array(model(v)).reshape(-1) for v in x])


def distance(ours, theirs):
    equal = int(np.sum(ours == theirs))
    if theirs.dtype.kind != "f":
        errors = np.abs(ours.astype(int) - theirs)
        near = float(np.mean(errors <= 1))
    else:
        errors = np.abs(ours - theirs) / max(np.max(np.abs(theirs)), 1e-30)
        errors = np.where(np.isfinite(errors), errors, np.inf)
        near = float(np.mean(errors <= 1e-4))
    return {"values": ours.size, "equal": equal, "worst": float(np.max(errors)), "near": near}


def compare_outputs(path, model, ending):
    x = np.fromfile(path.with_suffix(".in"), model.source["dtype"])
    x = x.reshape(-1, *model.source["shape"])
    theirs = run(model, x)
    file = path.with_suffix(ending)
    ours = np.fromfile(file if file.exists() else path.with_suffix(".out"), theirs.dtype)
    return distance(ours.reshape(len(x), -1), theirs)


def quantize(x, scale, zero):
    """As the project's interpreter does: division in float32, halves away from zero."""
    v = x.astype(np.float32) / np.float32(scale)
    r = np.trunc(v.astype(np.float64) + np.copysign(0.5, v))
    return np.clip(r + zero, -128, 127).astype(np.int8)


def compare_classes(folder, model):
    ours = np.array([int(v) for v in (folder / "classes.txt").read_text().split()])
    x = np.fromfile(folder / "features.f32", np.float32).reshape(len(ours), -1)
    some = np.unique(np.linspace(0, len(ours) - 1, MOST).astype(int))
    x = x[some].reshape(-1, *model.source["shape"])
    if model.source["dtype"] == np.int8:
        x = quantize(x, model.scale[0], model.zero[0])
    return distance(ours[some], run(model, x).argmax(axis=1))


def compare(path, adapter, ending):
    model = ADAPTERS[adapter](path / "model.tflite" if path.is_dir() else path)
    if model is None:  # a compiler: that it came to its end is all
        return {"values": 0, "equal": 0, "worst": 0, "near": 1}
    return compare_classes(path, model) if path.is_dir() else compare_outputs(path, model, ending)


def main():
    adapter, ending = sys.argv[1:3]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for line in sys.stdin:
        try:
            result = compare(pathlib.Path(line.strip()), adapter, ending)
        except (Exception, SystemExit) as e:  # a refusal is a result like any other
            result = {"error": " ".join(str(e).split())[:300] or repr(e)}
        print("\n@ " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
