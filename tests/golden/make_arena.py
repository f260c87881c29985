"""Writes arena.txt: what TensorFlow Lite for Microcontrollers sets aside for the nets of rnet(1 .. 60)
(tests/random_net.h) in each number format: the head of its arena in bytes, or - where it refuses.
    build/gcc/tests/interop/models FOLDER 60
    python make_arena.py FOLDER > arena.txt      (tflite_micro 0.dev20261023182759)"""
import glob, os, re, sys, tempfile

from tflite_micro import runtime


def head(path):
    """Its allocator prints to the process's own output."""
    with tempfile.TemporaryFile() as t:
        keep = [os.dup(1), os.dup(2)]
        os.dup2(t.fileno(), 1)
        os.dup2(t.fileno(), 2)
        try:
            runtime.Interpreter.from_file(path, arena_size=4000000).print_allocations()
        except Exception:
            pass
        finally:
            os.dup2(keep[0], 1)
            os.dup2(keep[1], 2)
            for k in keep:
                os.close(k)
        t.seek(0)
        found = re.search(rb"allocation head (\d+)", t.read())
    return found.group(1).decode() if found else "-"


for p in sorted(glob.glob(os.path.join(sys.argv[1], "random_*.tflite"))):
    n, f = re.fullmatch(r"random_(\d+)_(\w+)\.tflite", os.path.basename(p)).groups()
    print(int(n), f, head(p))
