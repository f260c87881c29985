"""Compares our interpreter with the real LiteRT runtime (its reference kernels).

    check.py [--models FOLDER]... [--classes FOLDER]...

--models: a folder written by tests/interop/models.c: NAME.tflite, NAME.in, NAME.out (raw examples).
int8 outputs must be equal bit for bit, float outputs within 1e-5 of the largest.
--classes: a folder with model.tflite, features.f32 (examples of the model's input, float32) and
classes.txt (our class of each, one per line): the classes must be equal.
"""

import argparse
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def load(path):
    interpreter = Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    return interpreter, interpreter.get_input_details()[0], interpreter.get_output_details()[0]


def run(interpreter, source, target, examples):
    out = []
    for x in examples:
        interpreter.set_tensor(source["index"], x.reshape(source["shape"]))
        interpreter.invoke()
        out.append(interpreter.get_tensor(target["index"]).reshape(-1).copy())
    return np.stack(out)


def compare_model(path):
    """(passed, words about it)"""
    interpreter, source, target = load(path)
    x = np.fromfile(path.with_suffix(".in"), source["dtype"]).reshape(-1, *source["shape"])
    ours = np.fromfile(path.with_suffix(".out"), target["dtype"]).reshape(len(x), -1)
    theirs = run(interpreter, source, target, x)
    if theirs.dtype == np.int8:
        different = int(np.sum(ours != theirs))
        spread = len(np.unique(theirs))
        return different == 0, f"{different:5d} of {ours.size} differ; {spread} values occur"
    error = float(np.max(np.abs(ours - theirs)) / max(np.max(np.abs(theirs)), 1e-30))
    return error <= 1e-5, f"largest error {error:.2g} of the largest output"


def quantize(x, details):
    """As the project's interpreter does: division in float32, halves away from zero."""
    scale, zero_point = details["quantization"]
    v = x.astype(np.float32) / np.float32(scale)
    r = np.trunc(v.astype(np.float64) + np.copysign(0.5, v))
    return np.clip(r + zero_point, -128, 127).astype(np.int8)


def compare_classes(folder):
    interpreter, source, target = load(folder / "model.tflite")
    ours = np.array([int(v) for v in (folder / "classes.txt").read_text().split()])
    x = np.fromfile(folder / "features.f32", np.float32).reshape(len(ours), *source["shape"])
    if source["dtype"] == np.int8:
        x = quantize(x, source)
    theirs = run(interpreter, source, target, x).argmax(axis=1)
    different = int(np.sum(ours != theirs))
    kinds = len(set(theirs.tolist()))
    return different == 0, f"{different} of {len(ours)} classes differ; {kinds} classes occur"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--classes", action="append", type=pathlib.Path, default=[])
    args = parser.parse_args()
    work = [(p, compare_model) for m in args.models for p in sorted(m.glob("*.tflite"))]
    work += [(folder, compare_classes) for folder in args.classes]
    passed = 0
    for path, compare in work:
        try:
            good, words = compare(path)
        except Exception as e:  # the runtime refuses a file: a failure like any other
            good, words = False, str(e).strip().replace("\n", " ")
        passed += good
        print(f"{'pass' if good else 'FAIL'}  {path.name:32s} {words}", flush=True)
    print(f"{passed} passed, {len(work) - passed} failed")
    return 0 if passed == len(work) and work else 1


if __name__ == "__main__":
    sys.exit(main())
