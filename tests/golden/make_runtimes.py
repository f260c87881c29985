"""Writes runtimes.txt: small int8 models with inputs, and what tflite-micro and LiteRT's reference kernels
make of them. Each step in an environment that has its package:
    build/gcc/tests/interop/models FOLDER 60
    python make_runtimes.py tflite-micro FOLDER FOLDER/micro.txt    (tflite_micro 0.dev20261023182759)
    python make_runtimes.py litert FOLDER FOLDER/litert.txt         (ai-edge-litert 2.3.0)
    python make_runtimes.py join FOLDER/micro.txt FOLDER/litert.txt > runtimes.txt
Of each kind of model those where the two differ in most values come first."""
import pathlib, sys

import numpy as np

LONGEST = 3200  # bytes of a file, its inputs and outputs
KINDS = {"dense": 3, "shipped": 3, "bychannel": 3, "foreign": 2, "softmax": 1, "mean": 1, "pool": 1,
         "elementwise": 3, "conv": 1, "depthwise": 1, "forecast": 1}


def micro(path):
    from tflite_micro import runtime
    it = runtime.Interpreter.from_file(str(path), arena_size=4 << 20)
    shape = it.get_input_details(0)["shape"]

    def run(x):
        it.set_input(x.reshape(shape), 0)
        it.invoke()
        return it.get_output(0).reshape(-1).copy()

    return run


def litert(path):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    it = Interpreter(model_path=str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    it.allocate_tensors()
    i, o = it.get_input_details()[0], it.get_output_details()[0]

    def run(x):
        it.set_tensor(i["index"], x.reshape(i["shape"]))
        it.invoke()
        return it.get_tensor(o["index"]).reshape(-1).copy()

    return run


def write(opener, folder, out):
    with open(out, "w") as f:
        for path in sorted(pathlib.Path(folder).glob("*_int8.tflite")):
            x = np.fromfile(path.with_suffix(".in"), np.int8)
            y = path.with_suffix(".out").stat().st_size
            if path.stem.split("_")[0] not in KINDS or path.stat().st_size + x.size + y > LONGEST:
                continue
            run, rows = opener(path), x.reshape(20, -1)
            y = np.concatenate([run(r) for r in rows])
            print(path.stem, path.read_bytes().hex(), x.tobytes().hex(), y.tobytes().hex(), file=f)


def join(first, second):
    rows = [(a.split(), b.split()) for a, b in zip(open(first), open(second))]
    assert all(a[:3] == b[:3] for a, b in rows)
    apart = lambda r: -sum(p != q for p, q in zip(r[0][3], r[1][3]))
    for kind, n in KINDS.items():
        for a, b in sorted((r for r in rows if r[0][0].split("_")[0] == kind), key=apart)[:n]:
            print(a[0], *("%s %s" % p for p in (("file", a[1]), ("in", a[2]), ("tflite-micro", a[3]),
                                                ("litert", b[3]))), sep="\n")


if sys.argv[1] == "join":
    join(sys.argv[2], sys.argv[3])
else:
    write({"tflite-micro": micro, "litert": litert}[sys.argv[1]], sys.argv[2], sys.argv[3])
