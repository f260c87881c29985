"""rivals.csv, a table of three stations with a gap and missing cells, and rivals.txt: what NumPy
says of the forecasts that need no search on its validation set. A line of it: case, target, mae
of the naive forecast, of the seasonal naive forecast, of least squares.
python3 make_rivals.py, in tests/golden (numpy)."""
import datetime

import numpy as np

WINDOW, HORIZON = 5, 4
draw = np.random.default_rng(7)
start = datetime.datetime(2024, 3, 1)
rows = []  # station, hour, t, h
for name, hours in (("B", 400), ("A", 380), ("C", 300)):
    noise, level = 0.0, draw.normal(10, 3)
    for i in range(hours):
        if name == "A" and 230 <= i < 233:
            continue
        noise = 0.8 * noise + draw.normal(0, 0.6)
        t = level + 5 * np.sin(2 * np.pi * (i + 3) / 24) + noise
        h = 60 - 1.5 * t + draw.normal(0, 1.0)
        rows.append((name, i, round(t, 2), None if name == "B" and i in (250, 310) else round(h, 2)))
rows.sort(key=lambda r: r[1])  # mixed, as one file of many stations has them

with open("rivals.csv", "w") as f:
    f.write("when,station,t,h\n")
    for name, i, t, h in rows:
        when = start + datetime.timedelta(hours=i)
        f.write(f"{when:%Y-%m-%d %H:%M},{name},{t},{'' if h is None else h}\n")


def series(group):
    """Arrays of hours, values [n][2], of each series."""
    names = list(dict.fromkeys(r[0] for r in rows)) if group else [None]
    for name in names:
        own = [r for r in rows if name is None or r[0] == name]
        yield (np.array([r[1] for r in own]),
               np.array([[r[2], np.nan if r[3] is None else r[3]] for r in own]))


def windows(hours, values, begin, end, timed):
    for i in range(begin, end - WINDOW - HORIZON + 1):
        part = slice(i, i + WINDOW + HORIZON)
        if np.isnan(values[part]).any() or (timed and (np.diff(hours[part]) != 1).any()):
            continue
        yield i


def seasonal(hours, values, first, row, season, timed):
    """What was there a season before, or as many as it takes to be known in row `first`."""
    while row >= first:
        at = np.flatnonzero(hours == hours[row] - season) if timed else np.array([row - season])
        if not len(at) or at[0] < 0 or np.isnan(values[at[0]]).any():
            return values[first - 1]
        row = at[0]
    return values[row]


def case(name, out, group, timed, season, parts):
    """parts: of the number of rows, (train begin, end, judged begin, end) of each fold."""
    sums, n = np.zeros((3, 2)), 0
    data = list(series(group))
    for fold in range(len(parts(100))):
        x, y, judged = [], [], []
        for hours, values in data:
            b, e, c, d = parts(len(hours))[fold]
            for i in windows(hours, values, b, e, timed):
                x.append(values[i:i + WINDOW].ravel())
                y.append(values[i + WINDOW:i + WINDOW + HORIZON].ravel())
            judged += [(hours, values, i) for i in windows(hours, values, c, d, timed)]
        fit = np.linalg.lstsq(np.c_[np.array(x), np.ones(len(x))], np.array(y), rcond=None)[0]
        for hours, values, i in judged:
            first = i + WINDOW
            truth = values[first:first + HORIZON]
            naive = [seasonal(hours, values, first, first + s, season, timed) for s in range(HORIZON)]
            linear = np.r_[values[i:first].ravel(), 1] @ fit
            for k, guess in enumerate((values[first - 1], np.array(naive), linear.reshape(truth.shape))):
                sums[k] += np.abs(guess - truth).sum(axis=0)
            n += HORIZON
    for k, target in enumerate(("t", "h")):
        out.write(f"{name} {target} " + " ".join(f"{v:.9g}" for v in sums[:, k] / n) + "\n")


def plain(n):
    test = int(n * 0.8 + 1e-9 * n)
    train = int(n * 0.5 + 1e-9 * n)
    return [(0, train, train, test)]


def folds(n):
    kept = int(n * 0.8 + 1e-9 * n)
    return [(0, kept * (k + 1) // 4, kept * (k + 1) // 4, kept * (k + 2) // 4) for k in range(3)]


with open("rivals.txt", "w") as f:
    case("groups", f, True, True, 24, plain)
    case("short", f, True, True, 3, plain)  # a season shorter than the horizon
    case("folds", f, True, True, 24, folds)
    case("rows", f, True, False, 24, plain)
