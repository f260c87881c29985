"""What OpenMP would give in place of base/team.c, and kissfft in place of the front end's own transform.

    bench/libraries.py [--build build/gcc] [--rounds 9] [--seconds 0.3] [--busy 9] [--only PART]

The same programs are linked with either (bench/openmp, bench/kissfft) and run in turn. PART is one of
  safety      a fork after a region, threads kept or ended before it; a system that gives no thread
  regions     microseconds of a region of four tasks, work between regions as in a step: median, mean
  steps       samples/s of training on two threads over one, by the median step; at real-time priority where that may be had
  busy        the same by the mean step and the share of a processor that was had, --busy processes beside that only run
  transforms  clips/s of MFCC and of the transform (with one band), differences of features, bits of all rows of kernels
"""
import argparse
import array
import hashlib
import json
import os
import random
import statistics
import subprocess
import time

NETS = (("cnn", 32), ("cnn", 128), ("ds_cnn", 32), ("ds_cnn", 128))
WAYS = {
    "ours": ("", {}),
    "OpenMP": ("openmp/", {}),
    "passive": ("openmp/", {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}),
}


def priority():
    try:
        ok = subprocess.run(["chrt", "-f", "50", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        ok = False
    return ["chrt", "-f", "50"] if ok else []


def run(o, way, program, *args, before=()):
    folder, env = WAYS[way]
    command = [*before, f"{o.build}/bench/{folder}{program}", *map(str, args)]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)


def in_turn(rounds, keys, measure):
    got = {k: [] for k in keys}
    for i in range(rounds):
        for k in keys[i % len(keys):] + keys[: i % len(keys)]:
            got[k].append(measure(k))
    return {k: statistics.median(v) for k, v in got.items()}


def safety(o):
    for way in ("ours", "OpenMP"):
        fork = [run(o, way, "threads", "fork", end).stdout.strip() for end in ("keep", "end")]
        limit = run(o, way, "threads", "limit")
        said = limit.stdout.strip() or f"status {limit.returncode}, {' '.join(limit.stderr.split())}"
        print(f"{way:8} after a fork {fork[0]}, ended before it {fork[1]}; no thread to be had: {said}")


def regions(o):
    for name, before in (("real-time", priority()), ("usual", [])):
        for way in WAYS:
            got = [tuple(map(float, run(o, way, "threads", "regions", 2, 4, 1000, 20000, before=before).stdout.split()[:2]))
                   for _ in range(o.rounds)]
            print(f"{name:9} {way:8} median {statistics.median(g[0] for g in got):8.2f} us, "
                  f"with the gap {statistics.median(g[1] for g in got):8.2f} us", flush=True)


def speed(o, key, figure, before):
    """Samples a second, and the share of one processor that the program got."""
    way, threads, net, filters = key
    used, at = os.times(), time.perf_counter()
    out = run(o, way, "speed", "--json", "--net", net, "--filters", filters, "--input", "49x10", "--batch", 32,
              "--threads", threads, "--seconds", o.seconds, before=before)
    now = os.times()
    share = (now.children_user + now.children_system - used.children_user - used.children_system) / (time.perf_counter() - at)
    return json.loads(out.stdout)[figure], share


def keys_of(net, filters):
    return [("ours", 1, net, filters)] + [(way, 2, net, filters) for way in WAYS]


def steps(o):
    for net, filters in NETS:
        one, *two = keys_of(net, filters)
        got = in_turn(o.rounds, [one, *two], lambda k: speed(o, k, "samples_per_s", priority())[0])
        print(f"{net:6} {filters:3}: one thread {got[one]:7.0f} samples/s; two " +
              ", ".join(f"{k[0]} {got[k] / got[one]:.2f}" for k in two), flush=True)


def busy(o):
    others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(o.busy)]
    try:
        for net, filters in NETS:
            one, *two = keys_of(net, filters)
            shares = {k: [] for k in [one, *two]}

            def measure(k):
                rate, share = speed(o, k, "mean_samples_per_s", [])
                shares[k].append(share)
                return rate

            got = in_turn(o.rounds, [one, *two], measure)
            share = {k: statistics.median(v) for k, v in shares.items()}
            print(f"{net:6} {filters:3}: one thread {got[one]:6.0f} samples/s ({share[one]:.2f} of a processor); two " +
                  ", ".join(f"{k[0]} {got[k] / got[one]:.2f} times ({share[k]:.2f})" for k in two), flush=True)
    finally:
        for p in others:
            p.kill()


def features(path):
    values = array.array("f")
    with open(path + ".features", "rb") as f:
        values.frombytes(f.read())
    return values


def transforms(o):
    os.makedirs("build/bench", exist_ok=True)
    path = "build/bench/libraries.f32"
    random.seed(1)
    with open(path, "wb") as f:
        array.array("f", [random.gauss(0, 0.1) for _ in range(64 * 16000)]).tofile(f)
    programs = {"ours": "frontend", "kissfft": "kissfft/frontend"}
    for points in (640, 1000, 1024, 2048):
        rate, values = {}, {}
        for bare in (["bare"], []):
            p = {k: subprocess.Popen([*priority(), f"{o.build}/bench/{v}", path, str(points), "2", *bare], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE) for k, v in programs.items()}

            def measure(k):
                p[k].stdin.write("go\n")
                p[k].stdin.flush()
                return float(p[k].stdout.readline().split()[1])

            for k, v in in_turn(o.rounds, list(p), measure).items():
                rate[k, not bare] = 64 / v
                p[k].stdin.close()
                p[k].wait()
        for k, v in programs.items():
            subprocess.run([f"{o.build}/bench/{v}", path, str(points), "1"], stdin=subprocess.DEVNULL, check=True)
            values[k] = features(path)
        apart = [abs(a - b) for a, b in zip(*values.values())]
        text = [f"{what} ours {rate['ours', whole]:.0f}, kissfft {rate['kissfft', whole]:.0f} clips/s, "
                f"{rate['ours', whole] / rate['kissfft', whole]:.2f} times" for what, whole in (("MFCC", True), ("transform", False))]
        print(f"{points:5} points: {'; '.join(text)}; features differ by at most {max(apart):.1e}, "
              f"{100 * apart.count(0) / len(apart):.0f} % are equal", flush=True)
    for k, v in programs.items():
        bits = {}
        for row in ("generic", "avx2", "avx512"):
            out = subprocess.run([f"{o.build}/bench/{v}", path, "640", "1"], stdin=subprocess.DEVNULL, capture_output=True,
                                 env={**os.environ, "NAS_KERNEL": row})
            if out.returncode == 0:
                bits[row] = hashlib.sha256(features(path).tobytes()).hexdigest()
        print(f"{k}: rows {', '.join(bits)}: {'the same bits' if len(set(bits.values())) == 1 else 'other bits'}")


def main():
    parts = {f.__name__: f for f in (safety, regions, steps, busy, transforms)}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build/gcc")
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--seconds", type=float, default=0.3)
    p.add_argument("--busy", type=int, default=9)
    p.add_argument("--only", choices=list(parts))
    o = p.parse_args()
    for name, part in parts.items():
        if o.only in (None, name):
            print(f"-- {name}" + (f", {o.busy} busy processes" if name == "busy" else ""))
            part(o)


main()
