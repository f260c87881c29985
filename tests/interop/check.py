"""Compares our interpreter with the real LiteRT runtime (its reference kernels).

    check.py [--models FOLDER]... [--classes FOLDER]...

--models: a folder written by tests/interop/models.c: KIND_NAME_FORMAT.tflite, and .in and .litert (raw
examples). int8 outputs must be equal bit for bit, those of float32 and float16 within 1e-5 of the
largest, 99.9 % of those of dynamic range within 1e-4 of the largest.
--classes: a folder with model.tflite, features.f32 (examples of the model's input, float32) and
classes.txt (our class of each, one per line): the classes must be equal, of 1,000 examples spread over all.

The default interpreter (XNNPACK) rounds int8 sums in float: on single operators its outputs may be one level
apart. How many of its classes of int8 models are the same is a figure that is printed, no check: where
two classes are a level or two apart, layers of such differences decide.

Prints a line for each kind and format, and one for each failure.
"""

import argparse
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


SINGLE = ("conv", "dense", "depthwise", "elementwise", "mean", "pool", "reshape", "softmax")
MOST_EXAMPLES = 1000


def load(path, resolver=OpResolverType.BUILTIN_REF):
    interpreter = Interpreter(
        model_path=str(path), experimental_op_resolver_type=resolver, num_threads=1
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


class Tally:
    """What came out for one kind and format."""

    def __init__(self):
        self.models = self.failed = self.values = self.equal = 0
        self.worst = 0.0

    def words(self):
        return (
            f"{self.models:4d} models, {self.failed} failed; {self.values - self.equal} of "
            f"{self.values} values differ, at most by {self.worst:.2g}"
        )


def compare_model(path, form, tally):
    """None, or what is wrong."""
    interpreter, source, target = load(path)
    x = np.fromfile(path.with_suffix(".in"), source["dtype"]).reshape(-1, *source["shape"])
    ours = np.fromfile(path.with_suffix(".litert"), target["dtype"]).reshape(len(x), -1)
    theirs = run(interpreter, source, target, x)
    equal = int(np.sum(ours == theirs))
    tally.values += ours.size
    tally.equal += equal
    if theirs.dtype == np.int8:
        tally.worst = max(tally.worst, np.max(np.abs(ours.astype(int) - theirs)))
        return None if equal == ours.size else f"{ours.size - equal} of {ours.size} differ"
    errors = np.abs(ours - theirs) / max(np.max(np.abs(theirs)), 1e-30)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    tally.worst = max(tally.worst, np.max(errors))
    if form == "dynamic":
        share = np.mean(errors <= 1e-4)
        return None if share >= 0.999 else f"only {share:.2%} are within 1e-4 of the largest"
    return None if np.max(errors) <= 1e-5 else f"off by {np.max(errors):.2g} of the largest"


def compare_default(path, tally):
    """The same for one operator in the default interpreter."""
    interpreter, source, target = load(path, OpResolverType.AUTO)
    x = np.fromfile(path.with_suffix(".in"), source["dtype"]).reshape(-1, *source["shape"])
    ours = np.fromfile(path.with_suffix(".out"), target["dtype"]).reshape(len(x), -1)
    apart = np.abs(ours.astype(int) - run(interpreter, source, target, x))
    tally.values += apart.size
    tally.equal += int(np.sum(apart == 0))
    tally.worst = max(tally.worst, np.max(apart))
    return None if np.max(apart) <= 1 else f"{np.max(apart)} levels apart in the default interpreter"


def compare_models(folder, tallies):
    """Counts of passed and failed."""
    passed = failed = 0
    for path in sorted(folder.glob("*.tflite")):
        kind, _, form = path.stem.split("_")
        tally = tallies.setdefault((kind, form), Tally())
        single = form == "int8" and kind in SINGLE
        other = tallies.setdefault((kind, "XNNPACK"), Tally()) if single else None
        try:
            wrong = compare_model(path, form, tally)
            if single:
                other.models += 1
                wrong = wrong or compare_default(path, other)
        except Exception as e:  # the runtime refuses a file: a failure like any other
            wrong = str(e).strip().replace("\n", " ")
        tally.models += 1
        if wrong:
            tally.failed += 1
            failed += 1
            print(f"FAIL  {path.name:32s} {wrong}", flush=True)
        else:
            passed += 1
    return passed, failed


def quantize(x, details):
    """As the project's interpreter does: division in float32, halves away from zero."""
    scale, zero_point = details["quantization"]
    v = x.astype(np.float32) / np.float32(scale)
    r = np.trunc(v.astype(np.float64) + np.copysign(0.5, v))
    return np.clip(r + zero_point, -128, 127).astype(np.int8)


def classes_of(path, x, resolver):
    interpreter, source, target = load(path, resolver)
    x = x.reshape(len(x), *source["shape"])
    if source["dtype"] == np.int8:
        x = quantize(x, source)
    return run(interpreter, source, target, x).argmax(axis=1)


def compare_classes(folder):
    """Yields (passed, format, words about it); passed is None for a figure that is only shown."""
    path = folder / "model.tflite"
    ours = np.array([int(v) for v in (folder / "classes.txt").read_text().split()])
    x = np.fromfile(folder / "features.f32", np.float32).reshape(len(ours), -1)
    some = np.unique(np.linspace(0, len(ours) - 1, MOST_EXAMPLES).astype(int))
    theirs = classes_of(path, x[some], OpResolverType.BUILTIN_REF)
    different = int(np.sum(ours[some] != theirs))
    kinds = len(set(theirs.tolist()))
    yield different == 0, folder.name, f"{different} of {len(some)} classes differ; {kinds} classes occur"
    if load(path)[1]["dtype"] == np.int8:
        same = np.mean(ours == classes_of(path, x, OpResolverType.AUTO))
        yield None, "XNNPACK", f"{folder.name}: {same:.2%} of {len(ours)} classes are the same"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--classes", action="append", type=pathlib.Path, default=[])
    args = parser.parse_args()
    passed = failed = 0
    tallies = {}
    for folder in args.models:
        p, f = compare_models(folder, tallies)
        passed += p
        failed += f
    for (kind, form), tally in sorted(tallies.items()):
        print(f"{'FAIL' if tally.failed else 'pass'}  {kind:12s} {form:8s} {tally.words()}")
    for folder in args.classes:
        try:
            results = list(compare_classes(folder))
        except Exception as e:
            results = [(False, folder.name, str(e).strip().replace("\n", " "))]
        for good, form, words in results:
            passed += good is True
            failed += good is False
            print(f"{ {True: 'pass', False: 'FAIL', None: 'seen'}[good] }  {'clips':12s} {form:8s} {words}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
