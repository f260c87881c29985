"""Golden values of TFLite's fixed-point arithmetic, from exact integers and fractions.

    python3 tests/golden/make_fixed.py > tests/golden/fixed.txt

Written from the definitions, sharing nothing with core/deploy: rounding by fractions, no shifts.
Lines: name, arguments, result.
"""

import math
import random
from fractions import Fraction

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


def half_away(v):
    """The nearest integer of a fraction, halves away from zero."""
    n = math.floor(abs(v) + Fraction(1, 2))
    return n if v >= 0 else -n


def truncate(v):
    return math.trunc(v)


def high(a, b):
    """gemmlowp SaturatingRoundingDoublingHighMul: halves are rounded up, by its nudge."""
    if a == b == INT_MIN:
        return INT_MAX
    product = a * b
    nudge = 2**30 if product >= 0 else 1 - 2**30
    return truncate(Fraction(product + nudge, 2**31))


def divide(x, exponent):
    return half_away(Fraction(x, 2**exponent))


def multiplier(real):
    """QuantizeMultiplier."""
    if real == 0:
        return 0, 0
    r, shift = Fraction(real), 0
    while r >= 1:
        r, shift = r / 2, shift + 1
    while r < Fraction(1, 2):
        r, shift = r * 2, shift - 1
    q = half_away(r * 2**31)
    if q == 2**31:
        q, shift = q // 2, shift + 1
    return (0, 0) if shift < -31 else (q, shift)


def scale(x, real):
    q, shift = multiplier(real)
    return divide(high(x * 2 ** max(shift, 0), q), max(-shift, 0))


def saturate(v):
    return max(INT_MIN, min(INT_MAX, v))


def exp_quarter(a):
    """gemmlowp exp_on_interval_between_negative_one_quarter_and_0_excl, Q0.31."""
    x = a + 2**28
    x2 = high(x, x)
    x3, x4 = high(x2, x), high(x2, x2)
    tail = divide(high(divide(x4, 2) + x3, half_away(Fraction(2**31, 3))) + x2, 1)
    c = half_away(Fraction(math.exp(-0.125)) * 2**31)
    return c + high(c, x + tail)


def exp_negative(a):
    """gemmlowp exp_on_negative_values with 5 integer bits."""
    if a == 0:
        return INT_MAX
    part = a % 2**24 - 2**24
    result = exp_quarter(saturate(part * 2**5))
    rest = part - a
    for k in range(7):
        if rest // 2 ** (24 + k) % 2:
            result = high(result, half_away(Fraction(math.exp(-(2.0 ** (k - 2)))) * 2**31))
    return result


def reciprocal(a):
    """gemmlowp one_over_one_plus_x_for_x_in_0_1, Q0.31."""
    half = truncate(Fraction(a + INT_MAX + 1, 2))
    x = half_away(Fraction(48, 17) * 2**29) + high(half, -half_away(Fraction(32, 17) * 2**29))
    for _ in range(3):
        x += saturate(high(x, 2**29 - high(half, x)) * 4)
    return saturate(x * 2)


def softmax(row, in_scale):
    real = min(in_scale * 2.0**26, 2.0**31 - 1)
    _, left = multiplier(real)
    least = -math.floor(31 * 2.0**26 / 2.0**left)
    top = max(row)
    e = [exp_negative(scale(v - top, real)) if v - top >= least else None for v in row]
    total = sum(divide(v, 12) for v in e if v is not None)
    lead = 32 - total.bit_length()
    inverse = reciprocal(total * 2**lead - 2**31)
    out = []
    for v in e:
        q = -128 if v is None else divide(high(inverse, v), 12 - lead + 31 - 8) - 128
        out.append(max(-128, min(127, q)))
    return out


def main():
    rng = random.Random(20)
    ints = [0, 1, -1, 2**30, -(2**30), INT_MAX, INT_MIN, INT_MIN + 1]

    def any_int():
        return rng.choice(ints) if rng.random() < 0.1 else rng.randint(INT_MIN, INT_MAX)

    for _ in range(400):
        a, b = any_int(), any_int()
        print("high", a, b, high(a, b))
    for _ in range(300):
        x, e = any_int() >> rng.randint(0, 24), rng.randint(0, 31)
        print("divide", x, e, divide(x, e))
    reals = [0.0, 1.0, 0.5, 2.0**-32, 2.0**-33, 1 - 2.0**-40, 3.999999999999]
    reals += [math.exp(rng.uniform(-25, 5)) for _ in range(200)]
    for r in reals:
        q, shift = multiplier(r)
        print("multiplier", r.hex(), q, shift)
    for _ in range(600):
        r = math.exp(rng.uniform(-14, 1))
        x = rng.randint(-(2**20), 2**20)
        print("scale", x, r.hex(), scale(x, r))
    for _ in range(200):
        a = -rng.randint(0, INT_MAX) >> rng.randint(0, 20)
        print("exp", a, exp_negative(a))
    for _ in range(100):
        a = rng.randint(0, INT_MAX)
        print("reciprocal", a, reciprocal(a))
    for i in range(60):
        n = rng.choice([1, 2, 8, 12, 40])
        spread = rng.choice([3, 30, 127])
        row = [max(-128, min(127, rng.randint(-spread, spread))) for _ in range(n)]
        # a float32 scale, so that C reads the same number
        s = math.ldexp(rng.randint(2**23, 2**24 - 1), rng.choice([-32, -30, -28, -27]))
        print("softmax", n, s.hex(), *row, *softmax(row, s))


main()
