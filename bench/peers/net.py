#!/usr/bin/env python3
"""The nets of bench/speed in the frameworks that this python has; bench/peers.py starts it and asks, a line each way.

  open NET FILTERS HxW BATCH COMPILE   -> a JSON list of variants
  time VARIANT SECONDS                 -> JSON [samples/s, samples a second of processor time], medians
  compile VARIANT                      -> JSON: the name of the compiled variant, or null

Forward, backward and Adam, float32, one thread. PyTorch's Adam is the fused one where that runs on the processor; the variant's
name says so. Of the forecaster every step takes other windows of a series. over_time has bands as channels: in PyTorch as Conv1d
(ncw), and as Conv2d with height 1 (nchw, nhwc).
"""
import json
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
CLASSES, WINDOW, COLUMNS, OUTPUTS, ROWS = 8, 6, 2, 12, 20000


class Torch:
    def __init__(self):
        import torch
        self.torch, self.nn = torch, torch.nn
        torch.set_num_threads(1)
        self.name = f"torch {torch.__version__}"
        try:
            torch.optim.Adam([self.nn.Parameter(torch.zeros(1))], fused=True)
            self.adam = {"fused": True}
            self.name += " fused Adam"
        except (RuntimeError, TypeError):  # before 2.4, or in a build without it
            self.adam = {}

    def over_time(self, f, bands, flat):
        """flat: Conv1d on [n, bands, frames], else Conv2d on [n, bands, 1, frames]."""
        nn = self.nn

        def conv(before, kernel, stride=1, groups=1):
            if flat:
                return nn.Conv1d(before, f, kernel, stride, kernel // 2, groups=groups, bias=False)
            return nn.Conv2d(before, f, (1, kernel), (1, stride), (0, kernel // 2), groups=groups, bias=False)

        def bn():
            return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(f, eps=1e-3, momentum=0.01)

        class Residual(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(conv(f, 9, groups=f), bn(), nn.ReLU(), conv(f, 1), bn())

            def forward(self, x):
                return nn.functional.relu(x + self.body(x))

        pool = nn.AdaptiveAvgPool1d(1) if flat else nn.AdaptiveAvgPool2d(1)
        return nn.Sequential(conv(bands, 3, 2), bn(), nn.ReLU(), *(Residual() for _ in range(4)), pool, nn.Flatten(),
                             nn.Linear(f, CLASSES))

    def model(self, net, f):
        nn = self.nn
        if net == "forecaster":
            return nn.Sequential(nn.Conv1d(COLUMNS, f, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * f, OUTPUTS))

        def bn():
            return nn.BatchNorm2d(f, eps=1e-3, momentum=0.01)

        layers = [nn.Conv2d(1, f, 3, stride=2, bias=False), bn(), nn.ReLU()]
        for _ in range(2):
            if net == "ds_cnn":
                layers += [nn.Conv2d(f, f, 3, padding=1, groups=f, bias=False), nn.Conv2d(f, f, 1, bias=False)]
            else:
                layers += [nn.Conv2d(f, f, 3, padding=1, bias=False)]
            layers += [bn(), nn.ReLU()]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(f, CLASSES))

    def step(self, case, layout, compiled):
        torch, nn = self.torch, self.nn
        net, f, h, w, batch = case
        torch.manual_seed(1)
        model = self.over_time(f, w, layout == "ncw") if net == "over_time" else self.model(net, f)
        if net == "forecaster":
            series = torch.randn(ROWS, COLUMNS)
            at = torch.arange(WINDOW + OUTPUTS // COLUMNS)
            loss = nn.functional.mse_loss

            def take():
                rows = series[torch.randint(ROWS - len(at), (batch, 1)) + at]
                return rows[:, :WINDOW].transpose(1, 2), rows[:, WINDOW:].reshape(batch, OUTPUTS)
        else:
            shape = (1, h, w) if net != "over_time" else (w, h) if layout == "ncw" else (w, 1, h)
            x, y = torch.randn(batch, *shape), torch.arange(batch) % CLASSES
            if layout == "nhwc":
                model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
            loss = nn.functional.cross_entropy

            def take():
                return x, y

        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, **self.adam)
        run = torch.compile(model) if compiled else model

        def step():
            a, b = take()
            optimizer.zero_grad(set_to_none=True)
            loss(run(a), b).backward()
            optimizer.step()
        return step

    def variants(self, case):
        layouts = {"forecaster": ["nchw"], "over_time": ["ncw", "nchw", "nhwc"]}.get(case[0], ["nchw", "nhwc"])
        return {f"{self.name} {layout}": self.step(case, layout, False) for layout in layouts}

    def compiled(self, case, name):
        if not hasattr(self.torch, "compile"):
            return None
        return self.step(case, name.split()[-1], True)


class Keras:
    def __init__(self):
        import tensorflow as tf
        self.tf = tf
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.name = f"keras {tf.keras.__version__} tensorflow {tf.__version__}"

    def over_time(self, f, frames, bands):
        k = self.tf.keras.layers
        x = begin = k.Input((frames, bands))
        x = k.ReLU()(k.BatchNormalization()(k.Conv1D(f, 3, strides=2, padding="same", use_bias=False)(x)))
        for _ in range(4):
            y = k.DepthwiseConv1D(9, padding="same", use_bias=False)(x)
            y = k.Conv1D(f, 1, use_bias=False)(k.ReLU()(k.BatchNormalization()(y)))
            x = k.ReLU()(k.Add()([x, k.BatchNormalization()(y)]))
        return self.tf.keras.Model(begin, k.Dense(CLASSES)(k.GlobalAveragePooling1D()(x)))

    def model(self, net, f, h, w):
        k = self.tf.keras.layers
        if net == "over_time":
            return self.over_time(f, h, w)
        if net == "forecaster":
            return self.tf.keras.Sequential([k.Input((WINDOW, COLUMNS)), k.Conv1D(f, 3, activation="relu"), k.Flatten(),
                                             k.Dense(OUTPUTS)])
        layers = [k.Input((h, w, 1)), k.Conv2D(f, 3, strides=2, use_bias=False), k.BatchNormalization(), k.ReLU()]
        for _ in range(2):
            if net == "ds_cnn":
                layers += [k.DepthwiseConv2D(3, padding="same", use_bias=False), k.Conv2D(f, 1, use_bias=False)]
            else:
                layers += [k.Conv2D(f, 3, padding="same", use_bias=False)]
            layers += [k.BatchNormalization(), k.ReLU()]
        return self.tf.keras.Sequential(layers + [k.GlobalAveragePooling2D(), k.Dense(CLASSES)])

    def step(self, case):
        tf = self.tf
        net, f, h, w, batch = case
        model, optimizer = self.model(net, f, h, w), tf.keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
        if net == "forecaster":
            series = tf.random.normal((ROWS, COLUMNS))
            at = tf.range(WINDOW + OUTPUTS // COLUMNS)
            loss = tf.keras.losses.MeanSquaredError()

            def take():
                first = tf.random.uniform((batch, 1), maxval=ROWS - WINDOW - OUTPUTS // COLUMNS, dtype=tf.int32)
                rows = tf.gather(series, first + at)
                return rows[:, :WINDOW], tf.reshape(rows[:, WINDOW:], (batch, OUTPUTS))
        else:
            shape = (batch, h, w) if net == "over_time" else (batch, h, w, 1)
            x, y = tf.random.normal(shape), tf.range(batch) % CLASSES
            loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

            def take():
                return x, y

        @tf.function
        def run():
            a, b = take()
            with tf.GradientTape() as tape:
                value = loss(b, model(a, training=True))
            optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
            return value
        return lambda: run().numpy()

    def variants(self, case):
        return {self.name: self.step(case)}

    def compiled(self, case, name):
        return None


def timed(step, batch, seconds):
    wall, cpu, start = [], [], time.perf_counter()
    while len(wall) < 3 or time.perf_counter() - start < seconds:
        a, b = time.perf_counter(), time.process_time()
        step()
        cpu.append(time.process_time() - b)
        wall.append(time.perf_counter() - a)
    return batch / statistics.median(wall), batch / statistics.median(cpu)


def main():
    frameworks, steps, case = [], {}, None
    answers, sys.stdout = sys.stdout, sys.stderr  # frameworks print where they like
    for one in (Torch, Keras):
        try:
            frameworks.append(one())
        except ImportError:
            pass
    for line in sys.stdin:
        word, rest = line.rstrip("\n").split(" ", 1)
        if word == "open":
            net, f, shape, batch = rest.split()
            case = (net, int(f), *map(int, shape.split("x")), int(batch))
            steps = {}
            for framework in frameworks:
                steps |= framework.variants(case)
            for step in steps.values():
                for _ in range(3):
                    step()
            answer = list(steps)
        elif word == "compile":
            answer = None
            for framework in frameworks:
                if not rest.startswith(framework.name):
                    continue
                try:
                    step = framework.compiled(case, rest)
                    for _ in range(3 if step else 0):
                        step()
                    if step:
                        answer = f"{rest} compiled"
                        steps[answer] = step
                except Exception as e:  # no compiler is no reason to stop
                    print(f"{rest}: not compiled: {type(e).__name__}", file=sys.stderr)
        else:
            name, seconds = rest.rsplit(" ", 1)
            answer = timed(steps[name], case[4], float(seconds))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
