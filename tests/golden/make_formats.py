"""Golden values of float16 and of the quantisation of activations in hybrid operators.

    python3 tests/golden/make_formats.py > tests/golden/formats.txt

float16 by Python's own struct, clamped as TFLite's converter clamps; the rest from the definitions
in TFLite's optimized/neon_tensor_utils.cc as built for x86, every float32 step rounded by struct.
Lines: "half FLOAT HALF", "value HALF FLOAT", and "symmetric" or "asymmetric" with N FLOAT... SCALE
ZERO_POINT CODE...; floats as the hexadecimal digits of their 32 bits.
"""

import math
import random
import struct


def f32(v):
    try:
        return struct.unpack("<f", struct.pack("<f", v))[0]
    except OverflowError:
        return math.copysign(math.inf, v)


def bits(v):
    return struct.pack(">f", v).hex()


def from_bits(b):
    return struct.unpack("<f", struct.pack("<I", b))[0]


def half(v):
    return struct.unpack("<H", struct.pack("<e", max(-65504.0, min(65504.0, v))))[0]


def halves(r):
    values = [0.0, -0.0, 1.0, -2.5, 65504.0, 65519.99, 65520.0, 70000.0, -1e30, math.inf, -math.inf]
    values += [2.0**-14, 2.0**-24, 2.0**-25, 1.5 * 2.0**-25, 2.0**-26, 1e-40, -3e-8, 0.1, 1 / 3]
    values += [2.0**-14 - 2.0**-25, 2.0**-14 - 2.0**-26, 1023.5 * 2.0**-24, 5.5 * 2.0**-24]
    for k in range(20):  # halves between two neighbours, and their neighbours
        h = r.randrange(0, 0x7BFF)
        a, b = (struct.unpack("<e", struct.pack("<H", n))[0] for n in (h, h + 1))
        middle = (a + b) / 2
        n = struct.unpack("<I", struct.pack("<f", middle))[0]
        values += [middle, from_bits(n + 1), from_bits(n - 1), -middle]
    for k in range(100):
        values.append(from_bits(r.randrange(2**32)))
    for v in values:
        if not math.isnan(v):
            print("half", bits(f32(v)), half(f32(v)))
    for h in [0, 1, 2, 1023, 1024, 0x7BFF, 0x8000, 0x8001, 0xFBFF, 0x7C00, 0xFC00] + [
        r.randrange(0x7C00) for _ in range(60)
    ]:
        print("value", h, bits(struct.unpack("<e", struct.pack("<H", h))[0]))


def half_away(v):
    return int(math.copysign(math.floor(abs(v) + 0.5), v))


def rounded(v, i, n):
    """v is float32. All but the last n % 8 go through a vector that adds 0.5 and truncates."""
    if i < n // 8 * 8:
        return math.trunc(f32(v + (-0.5 if v < 0 else 0.5)))
    return half_away(v)


def symmetric(x):
    extent = max(abs(v) for v in x)
    if extent == 0:
        return 1.0, 0, [0] * len(x)
    inverse = f32(127 / extent)
    codes = [rounded(f32(v * inverse), i, len(x)) for i, v in enumerate(x)]
    return f32(extent / 127), 0, [max(-127, min(127, q)) for q in codes]


def asymmetric(x):
    lo, hi = min(0.0, *x, 0.0), max(0.0, *x, 0.0)
    if lo == hi:
        return 1.0, 0, [0] * len(x)
    exact = f32(hi - lo) / 255
    from_lo, from_hi = -128 - lo / exact, 127 - hi / exact
    z = from_lo if 128 + abs(lo / exact) < 127 + abs(hi / exact) else from_hi
    zero = max(-128, min(127, half_away(z)))
    scale = f32(exact)
    inverse = f32(1 / scale)
    codes = [rounded(f32(v * inverse), i, len(x)) + zero for i, v in enumerate(x)]
    return scale, zero, [max(-128, min(127, q)) for q in codes]


def show(name, x):
    scale, zero, codes = (symmetric if name == "symmetric" else asymmetric)(x)
    print(name, len(x), *map(bits, x), bits(scale), zero, *codes)


def rows(r):
    below_half = from_bits(0x3EFFFFFF)  # 0.49999997; plus 0.5 is 1 in float32
    special = [127.0, 0.5, -0.5, 1.5, -1.5, below_half, -below_half, 2.5]
    for name in ("symmetric", "asymmetric"):
        show(name, [0.0])
        show(name, [0.0] * 11)
        show(name, [3.25])
        show(name, [-3.25])
        show(name, special)
        show(name, special + [-127.0, *special])  # the second half in the tail, in part
        show(name, [127.0, -128.0, 0.5, below_half, -below_half])
        show(name, [127.0, -128.0, 0.5, 1.5, -0.5, -2.5, below_half, -below_half, 0.5, below_half])
        for n in [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 40, 63]:
            for lo, hi in [(-1, 1), (0, 6), (-3, -1), (-0.01, 700), (-1e-20, 3e-20)]:
                show(name, [f32(r.uniform(lo, hi)) for _ in range(n)])


if __name__ == "__main__":
    generator = random.Random(5)
    halves(generator)
    rows(generator)
