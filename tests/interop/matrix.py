#!/usr/bin/env python3
"""Our files in every runtime of ROWS, each in its own virtual environment.

    matrix.py [--venvs FOLDER] [--logs FOLDER] [--all] [--only WORD] FILE...

FILES: what tests/interop/models.c and exports.sh wrote: KIND_NAME_FORMAT.tflite with .in, .out (what
our interpreter makes of it as tflite-micro computes) and .litert (as LiteRT computes), and folders of
a keyword net with classes.txt. --all: the rows of the long form too, and every file in each row.

Prints a table, a row a runtime and a column a format: how many files keep what PROMISES says. Then
what fails, by runtime and format; all of it is in failures.txt of --logs. A runtime without a wheel
for this machine's Python is SKIPPED, and told.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
FORMATS = ("int8", "float32", "float16", "dynamic")
SINGLE = ("conv", "dense", "depthwise", "elementwise", "mean", "pool", "reshape", "softmax")
OWN_SCALES = ("given", "bychannel")  # a scale an output in dense layers
EXPORTS = ("keywords", "forecaster")
DEATHS = 20  # of a runtime, before the rest is given up
TOGETHER = 2

# What may be promised of a file: what is said where it does not hold, and the test of a result.
PROMISES = {
    "equal": ("values differ", lambda r: r["equal"] == r["values"]),
    "close": ("more than 1e-5 of the largest apart", lambda r: r["worst"] <= 1e-5),
    "nearly": ("less than 99.9 % within 1e-4 of the largest", lambda r: r["near"] >= 0.999),
    "within": ("more than 1 % of the largest apart", lambda r: r["worst"] <= 0.01),
    "level": ("more than a level apart", lambda r: r["worst"] <= 1),
    "levels": ("less than 99 % within a level", lambda r: r["near"] >= 0.99),
    "maybe": ("less than 99.9 % within 1e-4 of the largest", lambda r: r["near"] >= 0.999),
    "compiles": ("not compiled", lambda r: True),
    "share": ("", lambda r: True),
}

Row = collections.namedtuple("Row", "name venv adapter ending promise long", defaults=[False])


def exact(kind, form):
    return {"int8": "equal", "dynamic": "nearly"}.get(form, "close")


def micro(kind, form):
    """float16 and dynamic: weighted operators have no such kernels, others run as in float32."""
    rest = "refused" if kind in (*EXPORTS, "classes") else "maybe"
    return {"int8": "equal", "float32": "close"}.get(form, rest)


def old_micro(kind, form):
    """Before 2024-05-29 it reads the first scale of a dense layer only. Its int8 REDUCE_MAX compares
    zero points that it never reads, and stops."""
    return "none" if form == "int8" and kind in (*OWN_SCALES, "others") else micro(kind, form)


def old_litert(kind, form):
    """Dense layers as tflite-micro's, RELU6 as LiteRT's: neither of our outputs is both. And
    FULLY_CONNECTED of version 12 (dynamic, a scale an output) is not opened."""
    both = form == "int8" and kind == "foreign"
    return "none" if both or form == "dynamic" and kind in OWN_SCALES else exact(kind, form)


def tensorflow(kind, form):
    """It rounds activations of dynamic range differently, a level at most."""
    promise = old_litert(kind, form)
    return "within" if promise == "nearly" else promise


def fast(kind, form):
    """Rounds int8 sums in float: a level in one operator, of nets only the share is shown."""
    return "level" if form == "int8" and kind in SINGLE else "share"


def old_fast(kind, form):
    """LiteRT 1.0's is far off in some int8 convolutions: the share is all that is shown."""
    return "none" if old_litert(kind, form) == "none" else "share"


def litert(kind, form):
    """Our classes are as tflite-micro computes; its double rounding may move one."""
    return "share" if kind == "classes" and form == "int8" else exact(kind, form)


def compiled(kind, form):
    return "compiles" if form == "int8" and kind in (*EXPORTS, "file", "shipped") else "none"


def converted(kind, form):
    if kind not in EXPORTS:
        return "none"
    return {"int8": "levels", "float32": "close"}.get(form, "none")


# fmt: off
ROWS = (
    Row("tflite-micro 2023-10", "tflite-micro-2023-10", "micro", ".out", old_micro),
    Row("tflite-micro 2026-10", "tflite-micro-2026-10", "micro", ".out", micro),
    Row("tflite-runtime 2.14 reference", "tflite-runtime-2.14", "tflite-runtime", ".out", tensorflow),
    Row("tflite-runtime 2.14 XNNPACK", "tflite-runtime-2.14", "tflite-runtime-xnnpack", ".out", old_fast),
    Row("TensorFlow 2.16 reference", "tensorflow-2.16", "tensorflow", ".out", tensorflow, True),
    Row("TensorFlow 2.16 XNNPACK", "tensorflow-2.16", "tensorflow-xnnpack", ".out", old_fast, True),
    Row("LiteRT 1.0 reference", "litert-1.0", "litert", ".out", old_litert),
    Row("LiteRT 1.0 XNNPACK", "litert-1.0", "litert-xnnpack", ".out", old_fast),
    Row("LiteRT 2.3 reference", "litert-2.3", "litert", ".litert", litert),
    Row("LiteRT 2.3 XNNPACK", "litert-2.3", "litert-xnnpack", ".litert", fast),
    Row("Vela 5.2", "vela-5.2", "vela", ".out", compiled),
    Row("tf2onnx 1.17, onnxruntime 1.32", "tf2onnx-1.17", "onnx", ".out", converted),
)
# fmt: on


def kind_and_format(path):
    """A file is named KIND_NAME_FORMAT.tflite, a folder whose classes are compared FORMAT."""
    if path.is_dir():
        return "classes", path.name if path.name in FORMATS else "int8"
    words = path.stem.split("_")
    return words[0], words[-1]


class Inside:
    """One process of inside.py; started again behind a file at which it died."""

    def __init__(self, row, venvs, log):
        self.words = [venvs / row.venv / "bin/python", HERE / "inside.py", row.adapter, row.ending]
        self.log = log

    def results(self, files):
        deaths = 0
        while files:
            done = 0
            # A file and no pipe: both sides would wait where both pipes are full.
            with open(self.log, "ab") as log, tempfile.TemporaryFile() as names:
                names.write("".join(f"{f}\n" for f in files).encode())
                names.seek(0)
                child = subprocess.Popen(
                    self.words, stdin=names, stdout=subprocess.PIPE, stderr=log,
                    env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
                )  # fmt: skip
                for line in child.stdout:
                    if line.startswith(b"@ "):
                        yield files[done], json.loads(line[2:])
                        done += 1
                status = child.wait()
            if done < len(files):
                deaths += 1
                why = f"the runtime died with status {status}"
                yield files[done], {"error": why}
                done += 1
                if deaths == DEATHS:
                    for f in files[done:]:
                        yield f, {"error": f"not tried: {why} {DEATHS} times"}
                    return
            files = files[done:]


class Cell:
    """What came out for one runtime and format."""

    def __init__(self):
        self.kept = self.failed = self.refused = self.values = self.equal = 0
        self.worst = 0.0

    def words(self):
        if self.failed:
            return f"FAIL: {self.failed} of {self.kept + self.refused + self.failed}"
        words = [f"refuses {self.refused}"] if self.refused else []
        if self.kept:
            words.append(f"{self.kept} kept")
        if self.equal < self.values and not self.refused:
            words.append(f"{100 * self.equal / self.values:.2f} % equal")
        return ", ".join(words) or "-"


def judge(promise, result):
    """None, or what is wrong."""
    error = result.get("error")
    if promise == "refused":
        return None if error else "runs, and was said to be refused: change that promise"
    if error and promise == "maybe":
        return None
    if error:
        return error
    words, holds = PROMISES[promise]
    if holds(result):
        return None
    apart = result["values"] - result["equal"]
    return f"{words}: {apart} of {result['values']} differ, by up to {result['worst']:.3g}"


def run_row(row, files, venvs, logs):
    """Cells by (kind, format), (kind, format, file, words) of what failed, and seconds."""
    began = time.monotonic()
    promised = {f: row.promise(*kind_and_format(f)) for f in files}
    wanted = [f for f in files if promised[f] != "none"]
    cells, failures = collections.defaultdict(Cell), []
    inside = Inside(row, venvs, logs / f"{row.venv}-{row.adapter}.log")
    for file, result in inside.results(wanted):
        kind, form = kind_and_format(file)
        cell = cells[kind, form]
        wrong = judge(promised[file], result)
        cell.values += result.get("values", 0)
        cell.equal += result.get("equal", 0)
        cell.worst = max(cell.worst, result.get("worst", 0))
        if wrong:
            cell.failed += 1
            failures.append((kind, form, file, wrong))
        elif "error" in result:
            cell.refused += 1
        else:
            cell.kept += 1
    return cells, failures, time.monotonic() - began


def total(cells, form):
    sum_of = Cell()
    for (_, f), cell in cells.items():
        if f == form:
            for name, value in vars(cell).items():
                add = max if name == "worst" else lambda a, b: a + b
                setattr(sum_of, name, add(getattr(sum_of, name), value))
    return sum_of


def show_failures(row, failures, out):
    groups = collections.defaultdict(list)
    for kind, form, file, wrong in failures:
        print(f"{row.name}: {file}: {wrong}", file=out)
        groups[form].append((kind, file, wrong))
    for form, group in groups.items():
        kinds = collections.Counter(kind for kind, _, _ in group)
        print(f"FAIL  {row.name}, {form}: {', '.join(f'{n} {k}' for k, n in kinds.items())}")
        _, file, wrong = group[0]
        print(f"      first {file.name}: {wrong}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venvs", type=pathlib.Path, default="build/venvs")
    parser.add_argument("--logs", type=pathlib.Path, default="build/interop/logs")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="", help="rows with this in their name")
    parser.add_argument("--list", action="store_true", help="names of the environments, no run")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    rows = [r for r in ROWS if (args.all or not r.long) and args.only in r.name]
    if args.list:
        print(*dict.fromkeys(r.venv for r in rows))
        return 0
    args.logs.mkdir(parents=True, exist_ok=True)
    skipped = {r.venv: args.venvs / f"{r.venv}.skipped" for r in rows}
    runs = [r for r in rows if not skipped[r.venv].exists()]
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        started = [(r, pool.submit(run_row, r, args.files, args.venvs, args.logs)) for r in runs]
        done = [(r, *future.result()) for r, future in started]

    print(f"{'':30s}" + "".join(f" {form:>24s}" for form in FORMATS) + "  seconds")
    for row, cells, _, seconds in done:
        words = "".join(f" {total(cells, f).words():>24s}" for f in FORMATS)
        print(f"{row.name:30s}{words} {seconds:8.0f}")
    for row in rows:
        if skipped[row.venv].exists():
            print(f"SKIPPED: {row.name}: {skipped[row.venv].read_text().strip()}")
    with open(args.logs / "failures.txt", "w") as out:
        for row, _, failures, _ in done:
            show_failures(row, failures, out)
    passed = sum(c.kept + c.refused for _, cells, _, _ in done for c in cells.values())
    failed = sum(len(failures) for _, _, failures, _ in done)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
