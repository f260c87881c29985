"""The nets of bench/peers/recipe_torch.py, in plain PyTorch; while training, maps go through recipe_blocks.c, since on one thread
PyTorch's own operators are several times slower. `compare` checks them against PyTorch's."""
import ctypes
import math
import os
import subprocess
import tempfile

import torch
from torch import nn
import torch.nn.functional as F

I, FLOAT = ctypes.c_int, ctypes.c_float


def built():
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["cc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-o", f"{work}/blocks.so", f"{here}/recipe_blocks.c"],
                       check=True)
        return ctypes.CDLL(f"{work}/blocks.so")


C = built()


def call(name, *arguments):
    """Tensors go as pointers; None is NULL, a float a float, the rest are int."""
    send = lambda a: (ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor) else
                      None if a is None else FLOAT(a) if isinstance(a, float) else I(a))
    assert all(a.is_contiguous() for a in arguments if isinstance(a, torch.Tensor)), name
    getattr(C, name)(*map(send, arguments))


class Depthwise(torch.autograd.Function):
    """x [n, c, f, t]: over time t where f is 1, else over f."""

    @staticmethod
    def forward(ctx, x, w, dilation):
        n, c, f, t = x.shape
        long, inner = (t, 1) if f == 1 else (f, t)
        ctx.sizes, y = (n * c, c, w[0].numel(), long, long, inner, 1, dilation), torch.empty_like(x)
        call("depthwise_forward", *ctx.sizes, x, w, y)
        ctx.save_for_backward(x, w)
        return y

    @staticmethod
    def backward(ctx, gy):
        x, w = ctx.saved_tensors
        gx, gw = torch.empty_like(x), torch.zeros_like(w)
        call("depthwise_backward", *ctx.sizes, x, w, gy.contiguous(), gx, gw)
        return gx, gw, None


class NormRelu(torch.autograd.Function):
    """Gives y and the statistics."""

    @staticmethod
    def forward(ctx, x, gamma, beta, relu, eps):
        n, c, f, t = x.shape
        mean, var, y = torch.empty_like(gamma), torch.empty_like(gamma), torch.empty_like(x)
        ctx.sizes, ctx.eps = (n, c, f * t, int(relu)), eps
        call("norm_forward", *ctx.sizes, x, gamma, beta, eps, mean, var, y)
        ctx.save_for_backward(x, y, gamma, mean, var)
        ctx.mark_non_differentiable(mean, var)
        return y, mean, var

    @staticmethod
    def backward(ctx, gy, *_):
        x, y, gamma, mean, var = ctx.saved_tensors
        gx, ggamma, gbeta = torch.empty_like(x), torch.empty_like(gamma), torch.empty_like(gamma)
        call("norm_backward", *ctx.sizes, x, y, gamma, ctx.eps, mean, var, gy.contiguous(), gx, ggamma, gbeta)
        return gx, ggamma, gbeta, None, None


class Mix(torch.autograd.Function):
    """1x1."""

    @staticmethod
    def forward(ctx, x, w):
        n, c, f, t = x.shape
        ctx.sizes, y = (n, c, len(w), f * t), x.new_empty(n, len(w), f, t)
        call("mix_forward", *ctx.sizes, x, w, y)
        ctx.save_for_backward(x, w)
        return y

    @staticmethod
    def backward(ctx, gy):
        x, w = ctx.saved_tensors
        gx, gw = torch.empty_like(x), torch.zeros_like(w)
        call("mix_backward", *ctx.sizes, x, w, gy.contiguous(), gx, gw)
        return gx, gw


class StemBy5(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        n, _, bands, frames = x.shape
        x = F.pad(x, (2, 2 + -frames % 32, 2, 2))
        y = x.new_empty(n, len(w), bands // 2, frames)
        ctx.sizes = *y.shape, x.shape[3]
        call("stem_forward", *ctx.sizes, x, w, y)
        ctx.save_for_backward(x, w)
        return y

    @staticmethod
    def backward(ctx, gy):
        x, w = ctx.saved_tensors
        gw = torch.zeros_like(w)
        call("stem_backward", *ctx.sizes, x, gy.contiguous(), gw)
        return None, gw


class Shared:
    """What the two halves of a block keep for each other."""


class BlockMean(torch.autograd.Function):
    """First half: the mean over bands of the normed convolution. Its backward is the block's."""

    @staticmethod
    def forward(ctx, x, w, gamma, beta, k):
        n, c, f, t = x.shape
        k.sizes = n, c, f, (f - 1) // k.stride + 1, t, k.stride
        k.x, k.w, ctx.k, k.gamma = x, w, k, gamma
        k.rows, sums = x.new_empty(n, c, 5, t), torch.zeros(c, 5, 2, dtype=torch.float64)
        call("block_sums", *k.sizes, x, w, k.rows, sums)
        k.of = n * t * k.sizes[3] // 5
        k.mean, square = (sums / k.of).unbind(2)
        k.var = (square - k.mean ** 2).clamp_min(0)
        k.rstd = (k.var + k.eps).rsqrt()
        scale = gamma.view(c, 5) * k.rstd
        k.scale, k.shift = scale.float(), (beta.view(c, 5) - k.mean * scale).float()
        m = x.new_empty(n, c, 1, t)
        call("block_mean", n, c, k.sizes[3], t, k.rows, k.scale, k.shift, m)
        return m

    @staticmethod
    def backward(ctx, gm):
        k, gm = ctx.k, gm.contiguous()
        n, c, _, out, t, _ = k.sizes
        call("block_mean_sums", n, c, out, t, k.rows, gm, k.sums)
        gbeta, dots = k.sums.unbind(2)
        ggamma = (dots - k.mean * gbeta) * k.rstd
        slope = -k.scale * k.rstd * ggamma / k.of
        offset = -k.scale * gbeta / k.of - slope * k.mean
        gx, gw = torch.empty_like(k.x), torch.zeros_like(k.w)
        call("block_backward", *k.sizes, k.plus_x, k.x, k.w, k.y, k.gy, gm, k.scale, slope.float(), offset.float(), gx, gw)
        del k.x, k.y, k.gy, k.rows
        return gx, gw, ggamma.float().view(-1), gbeta.float().view(-1), None


class BlockSum(torch.autograd.Function):
    """Second half: what the block gives."""

    @staticmethod
    def forward(ctx, a, k):
        ctx.k, n, c, out, t = k, *k.sizes[:2], *k.sizes[3:5]
        k.y = a.new_empty(n, c, out, t)
        call("block_forward", *k.sizes, k.plus_x, k.x, k.w, k.scale, k.shift, a.contiguous(), k.y)
        return k.y.view_as(k.y)

    @staticmethod
    def backward(ctx, gy):
        k = ctx.k
        n, c, _, _, t, _ = k.sizes
        k.gy, ga, k.sums = gy.contiguous(), gy.new_empty(n, c, 1, t), torch.zeros(c, 5, 2, dtype=torch.float64)
        call("block_back_sums", *k.sizes, k.x, k.w, k.y, k.gy, ga, k.sums)
        return ga, None


def follow(norm, mean, var, n):
    """Running statistics as PyTorch keeps them."""
    with torch.no_grad():
        norm.running_mean.lerp_(mean.float().view(-1), norm.momentum)
        norm.running_var.lerp_((var * (n / (n - 1))).float().view(-1), norm.momentum)


class Norm(nn.BatchNorm2d):
    fast = True

    def __init__(self, c, relu=False):
        super().__init__(c)
        self.relu = relu

    def forward(self, x):
        if self.training and self.fast:
            y, mean, var = NormRelu.apply(x.contiguous(), self.weight, self.bias, self.relu, self.eps)
            follow(self, mean, var, x.numel() // len(mean))
            return y
        y = super().forward(x)
        return F.relu(y) if self.relu else y


class SubSpectralNorm(nn.BatchNorm2d):
    """Of each channel in each of 5 parts of the bands (Chang et al. 2021)."""

    def __init__(self, c):
        super().__init__(c * 5)

    def forward(self, x):
        n, c, h, w = x.shape
        return super().forward(x.reshape(n, c * 5, h // 5, w)).reshape(n, c, h, w)


class Conv(nn.Conv2d):
    """Without bias; 1x1, depthwise, or the stem."""

    def __init__(self, c_in, c, kernel, **options):
        super().__init__(c_in, c, kernel, bias=False, **options)

    def forward(self, x):
        if not (self.training and Norm.fast):
            return super().forward(x)
        if self.kernel_size == (1, 1):
            return Mix.apply(x.contiguous(), self.weight)
        return StemBy5.apply(x, self.weight) if self.groups == 1 else Depthwise.apply(x.contiguous(), self.weight, self.dilation[1])


class Block(nn.Module):
    def __init__(self, c_in, c, stride, dilation):
        super().__init__()
        self.change = nn.Sequential(Conv(c_in, c, 1), Norm(c, relu=True)) if c_in != c else None
        self.bands = nn.Conv2d(c, c, (3, 1), (stride, 1), (1, 0), groups=c, bias=False)
        self.norm = SubSpectralNorm(c)
        self.time = nn.Sequential(
            Conv(c, c, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=c), Norm(c), nn.SiLU(), Conv(c, c, 1), nn.Dropout2d(0.1))

    def forward(self, x):
        x = self.change(x) if self.change else x
        if self.training and Norm.fast:
            return self.fused(x.contiguous())
        y = self.norm(self.bands(x))
        y = y + self.time(y.mean(2, keepdim=True))
        return F.relu(y if self.change else y + x)

    def fused(self, x):
        k = Shared()
        k.stride, k.plus_x, k.eps = self.bands.stride[0], int(not self.change), self.norm.eps
        m = BlockMean.apply(x, self.bands.weight, self.norm.weight, self.norm.bias, k)
        follow(self.norm, k.mean, k.var, k.of)
        return BlockSum.apply(self.time(m), k)


class BroadcastResNet(nn.Module):
    """x [n, 40 bands, frames]."""

    def __init__(self, classes, c=8):
        super().__init__()
        widths, layers = [2 * c, c, c * 3 // 2, 2 * c, c * 5 // 2], []
        for stage, blocks in enumerate([2, 2, 4, 4]):
            for i in range(blocks):
                stride = 2 if stage in (1, 2) and i == 0 else 1
                layers.append(Block(widths[stage + (i > 0)], widths[stage + 1], stride, 2 ** stage))
        w = widths[4]
        self.net = nn.Sequential(
            Conv(1, 2 * c, 5, stride=(2, 1), padding=2), Norm(2 * c, relu=True), *layers,
            nn.Conv2d(w, w, 5, padding=(0, 2), groups=w, bias=False), Conv(w, 4 * c, 1), Norm(4 * c, relu=True),
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(4 * c, classes, 1))

    def forward(self, x):
        return self.net(x[:, None]).flatten(1)


def glorot(net):
    """Initial weights, and batch norm, as in our core and Keras."""
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            area, groups = m.weight[0][0].numel(), getattr(m, "groups", 1)
            bound = math.sqrt(6 / (m.weight.shape[1] * groups * area + m.weight.shape[0] // groups * area))
            nn.init.uniform_(m.weight, -bound, bound)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        if isinstance(m, nn.BatchNorm2d):
            m.momentum, m.eps = 0.01, 1e-3
    return net


class OverTime(nn.Module):
    """The net of docs/RECIPE.md; x [n, bands, frames], inside [1, c, frames, n]."""

    def __init__(self, classes, bands=24, c=48, kernel=9, blocks=4):
        super().__init__()
        self.first = Conv(3 * bands, c, 1)  # of 3 frames, every second one
        self.norm = Norm(c, relu=True)
        self.blocks = nn.ModuleList(nn.Sequential(
            Conv(c, c, (kernel, 1), padding=(kernel // 2, 0), groups=c), Norm(c, relu=True), Conv(c, c, 1), Norm(c)) for _ in range(blocks))
        self.last = nn.Linear(c, classes)
        glorot(self)
        bound = math.sqrt(6 / (3 * bands + 3 * c))  # a kernel of 3
        nn.init.uniform_(self.first.weight, -bound, bound)

    def forward(self, x):
        frames = x.shape[2]
        x = F.pad(x.permute(1, 2, 0)[None], (0, 0, 1, 1))
        x = self.norm(self.first(torch.cat([x[:, :, k:k + frames:2] for k in range(3)], 1)))
        for b in self.blocks:
            x = F.relu(x + b(x))
        return self.last(x.mean(2)[0].T)


def compare(classes=8):
    """Loss, gradients and statistics of the nets with and without recipe_blocks.c; a sum of other order may turn a relu that is near 0."""
    torch.manual_seed(0)
    for net, bands in ((OverTime(classes), 24), (BroadcastResNet(classes), 40)):
        x, found = torch.randn(6, bands, 49), []
        state = {k: v.clone() for k, v in net.state_dict().items()}
        for Norm.fast in (False, True):
            net.load_state_dict(state)
            net.zero_grad(set_to_none=True)
            torch.manual_seed(1)  # the same channels are dropped
            loss = F.cross_entropy(net(x), torch.arange(6) % classes)
            loss.backward()
            found.append([loss.detach(), *(p.grad for p in net.parameters()), *(b.clone() for b in net.buffers() if b.dtype == torch.float32)])
        for plain, fast in zip(*found):
            error, size = (plain - fast).norm().item(), plain.norm().item()
            assert error <= 0.01 * size + 1e-5, f"recipe_blocks.c: {error:g} beside {size:g}, shape {tuple(plain.shape)}"
