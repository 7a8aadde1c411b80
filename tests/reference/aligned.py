#!/usr/bin/python3
"""Golden rows, wholes, texts and pair logits of UT-CMVMR aligned: tests/golden/ut_aligned.safetensors.

Run from the root of the tree with Debian's python3-torch (two seconds). The model is that of
tests/embed/test_ut_aligned.c at setting se+r; parameter NAME holds (uniform(NAME) - 0.5) / 2, plus 1
where it is a gain or a running variance. Item i of a medium has LENGTHS[i] clips of
uniform("music/i") - 0.5 and pulses of 2 uniform("music.pulse/i"). Written from the description in
docs/models.md, in double precision."""
import math

import numpy as np
import torch
from torch.nn import functional as F

from golden import uniform, write_safetensors

D = {"music": 12, "video": 10}
E, WIDTH, HEADS, MAX_CLIPS, BASIS = 6, 16, 2, 12, 96
LENGTHS = {"music": [7, 2, 5], "video": [4, 3, 1]}
OFFSETS = [1, 1, 4]


def values(name, *shape):
    x = uniform(name, math.prod(shape)).astype(np.float32)
    return torch.from_numpy(x.reshape(shape)).double()


def parameter(name, *shape):
    return (values(name, *shape) - 0.5) / 2


def linear(x, name, out):
    return F.linear(x, parameter(name + ".weight", out, x.shape[-1]), parameter(name + ".bias", out))


def norm(x, name):
    n = x.shape[-1]
    return F.layer_norm(x, (n,), 1 + parameter(name + ".weight", n), parameter(name + ".bias", n))


def ffn(x, name):
    h = F.silu(linear(norm(x, name + ".norm"), name + ".up", WIDTH))
    return x + linear(h, name + ".down", WIDTH)


def attention(x, y, name):
    """x [T, d], y [T, d]: relative positions, with a bias of their own in place of the content's."""
    n = len(x)

    def heads(z):
        return z.reshape(-1, HEADS, WIDTH // HEADS).transpose(0, 1)

    x_, y_ = norm(x, name + ".norm"), norm(y, name + ".norm")
    q = heads(linear(x_, name + ".query", WIDTH))
    k, v = (heads(linear(y_, f"{name}.{part}", WIDTH)) for part in ("key", "value"))
    table = heads(parameter(name + ".place", 2 * MAX_CLIPS - 1, WIDTH))
    at_place = q + parameter(name + ".place_bias", HEADS, WIDTH // HEADS)[:, None]
    i, j = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    places = torch.einsum("hie,hije->hij", at_place, table[:, MAX_CLIPS - 1 + j - i])
    weights = ((q @ k.transpose(1, 2) + places) / math.sqrt(WIDTH // HEADS)).softmax(-1)
    mixed = (weights @ v).transpose(0, 1).reshape(n, WIDTH)
    return x + linear(mixed, name + ".out", WIDTH)


def tents(x, n, low, step, is_circle=False):
    place = (x - low) / step
    place = place if is_circle else min(max(place, 0), n - 1)
    out, below = [0.0] * n, math.floor(place)
    out[below % n] += 1 - (place - below)
    out[(below + 1) % n] += place - below
    return out


def log2(x):
    return math.log2(min(max(x, 1e-3), 1e3))


def basis(medium, pulse):
    a, b, c = pulse
    if medium == "music":
        octaves = log2(c)
        row = [0, 0, 0.1 * a, 0.2 * log2(b), octaves] + tents(a, 16, 0, 1)
        row += tents(log2(b), 20, -4, 0.5) + tents(octaves, 28, -2.375, 0.125)
        row += tents(octaves - math.floor(octaves), 12, 0, 1 / 12, True)
    else:
        row = [0, 0, 0.3 * log2(a), 0.2 * b, 0] + tents(log2(a), 64, -7, 0.125)
        row += tents(b, 9, 0, 1)
    return row + [0] * (BASIS - len(row))


def tokens(medium, i):
    n = LENGTHS[medium][i]
    clips = values(f"{medium}/{i}", n, D[medium]) - 0.5
    pulses = 2 * values(f"{medium}.pulse/{i}", n, 3)
    x = torch.tensor([basis(medium, row.tolist()) for row in pulses], dtype=torch.double)
    x = F.silu(norm(linear(x, medium + ".pulse", WIDTH), medium + ".pulse_norm"))
    x = linear(x, medium + ".pulse_out", WIDTH)
    clips = F.batch_norm(clips, parameter(medium + ".clip_values.running_mean", D[medium]),
                         1 + parameter(medium + ".clip_values.running_var", D[medium]))
    x = x + linear(norm(clips, medium + ".clip_norm"), medium + ".clip", WIDTH)
    x = ffn(x, medium + ".stem")
    return ffn(attention(x, x, medium + ".0.attention"), medium + ".0.ffn")


def rows(medium, x):
    return F.normalize(linear(norm(x, medium + ".row_norm"), medium + ".row", 8))


def whole(medium, x):
    pooled = norm(x, medium + ".whole_norm").mean(0)
    return F.normalize(linear(pooled, medium + ".whole", 8), dim=0)


def pair(i):
    video, track = tokens("video", i), tokens("music", i)
    n, s = len(video), len(track)
    v, m = rows("video", video), rows("music", track)

    def cosines(o):
        return (v * m[(o + torch.arange(n)) % s]).sum(1)

    own = cosines(OFFSETS[i])
    others = [cosines(o).mean() for o in range(s if s < n else s - n + 1) if o != OFFSETS[i] % s]
    gap = own.mean() - max(others) if others else torch.tensor(0.0)
    facts = torch.stack([own.mean(), own.min(), own.std(unbiased=False), gap,
                         whole("video", video) @ whole("music", track)])
    track = track[(OFFSETS[i] + torch.arange(n)) % s]
    video, track = (ffn(attention(x, y, f"pair.{medium}.attention"), f"pair.{medium}.ffn")
                    for medium, x, y in (("video", video, track), ("music", track, video)))
    met = F.silu(linear(torch.cat([video, track], 1), "pair.meet", WIDTH)).mean(0)
    h = F.silu(linear(torch.cat([met, facts]), "pair.judge", WIDTH))
    return own.mean() / 0.07 + linear(h, "pair.verdict", 1)


def main():
    golden = {"pair": torch.cat([pair(i) for i in range(3)])}
    for medium in D:
        for i in range(3):
            x = tokens(medium, i)
            golden[f"{medium}.rows/{i}"] = rows(medium, x)
            golden[f"{medium}.whole/{i}"] = whole(medium, x)
    text = F.silu(linear(values("texts", 3, E) - 0.5, "text.up", WIDTH))
    golden["texts"] = F.normalize(linear(text, "text.down", 8))
    write_safetensors("tests/golden/ut_aligned.safetensors",
                      {name: x.detach().numpy() for name, x in golden.items()})


main()
