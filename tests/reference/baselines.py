#!/usr/bin/python3
"""Golden rows, texts and losses of the baselines: tests/golden/baselines.safetensors.

Run from the root of the tree with Debian's python3-torch (two seconds). The models and the batch are
those of tests/embed/baseline.h; parameter NAME holds (uniform(NAME) - 0.5) / 2, plus 1 where it is a
gain or a running variance. Rows are of inference, losses of training without dropout. Written from
docs/models.md, in double precision."""
import math

import torch
from torch.nn import functional as F

from golden import uniform, write_safetensors
from rng import xoshiro256ss

N, CLIPS, KEY, PROGRESS = 8, 7, 77, 0.2
D = {"music": 5, "video": 4}
S, E = 9, 6
LENGTHS = {"music": [7, 2, 5, 1, 8, 3, 12, 4], "video": [1, 2, 3, 4, 9, 1, 2, 7]}
TRACKS = [0, 0, 2, 3, 4, 5, 6, 7]
NO_PULSE, NO_INTERVAL, NO_TEXT = 2, 3, 4


def values(name, *shape):
    return torch.from_numpy(uniform(name, math.prod(shape)).reshape(shape)).double()


def parameter(name, *shape):
    return (values(name, *shape) - 0.5) / 2


def linear(x, name, out):
    return F.linear(x, parameter(name + ".weight", out, x.shape[-1]), parameter(name + ".bias", out))


def norm(x, name, train, has_gain=False):
    """Columns by the batch's mean and deviation, or by the running ones."""
    n = x.shape[-1]
    mean, variance = parameter(name + ".running_mean", n), 1 + parameter(name + ".running_var", n)
    if train:
        mean, variance = x.mean(0), x.var(0, unbiased=False)
    x = (x - mean) / (variance + 1e-5).sqrt()
    return x * (1 + parameter(name + ".weight", n)) + parameter(name + ".bias", n) if has_gain else x


# ---- items ------------------------------------------------------------------------


def clips_of(medium, i):
    return values(f"{medium}/{i}", LENGTHS[medium][i], D[medium]) - 0.5


def log2(x):
    return math.log2(min(max(x, 1e-3), 1e3))


def pulse_of(medium, i, k):
    if medium == "video" and i == NO_PULSE:
        return [1, 0, 0, 0, 0]
    a, b, c = (2 * values(f"{medium}.pulse/{i}", LENGTHS[medium][i], 3))[k].tolist()
    if medium == "video":
        return [0, 0, 0.3 * log2(a), 0.2 * b, 0]
    if i == NO_INTERVAL and k == 0:
        return [0, 1, 0.1 * a, 0.2 * log2(b), 0]
    return [0, 0, 0.1 * a, 0.2 * log2(b), log2(c)]


def mean_of(medium, i):
    return clips_of(medium, i).mean(0)


def spread_of(medium, i):
    x = clips_of(medium, i)
    return torch.cat([x.mean(0), x.var(0, unbiased=False), x.max(0).values])


def one_row_each(medium, view, prefix, train):
    return norm(torch.stack([view(medium, i) for i in range(N)]), prefix + ".clips", train)


def sequence(medium, prefix, train):
    def places(i):
        return [k % LENGTHS[medium][i] for k in range(CLIPS)]

    clips = torch.stack([clips_of(medium, i)[k] for i in range(N) for k in places(i)])
    clips = norm(clips, prefix + ".clips", train).reshape(N, -1)
    pulses = torch.tensor([[x for k in places(i) for x in pulse_of(medium, i, k)] for i in range(N)])
    return torch.cat([clips, pulses.double()], 1)


def statistics(train):
    return norm(torch.stack([values(f"statistics/{i}", S) for i in range(N)]), "music.statistics",
                train)


# ---- losses that both have ----------------------------------------------------------


def ranking(sims, margin, hardest):
    """Mean of the hinges of each row's hardest columns of other tracks."""
    means = []
    for i in range(N):
        negatives = torch.stack([sims[i, j] for j in range(N) if TRACKS[j] != TRACKS[i]])
        hinges = (margin - sims[i, i] + negatives).clamp(min=0)
        means.append(hinges.topk(hardest).values.mean())
    return torch.stack(means).mean()


def cosines(x, y):
    return F.normalize(x) @ F.normalize(y).T


# ---- CBVMR ---------------------------------------------------------------------------


def cbvmr_input(medium, setting, train):
    if medium == "music" and setting == "ae":
        return statistics(train)
    if setting == "ae":
        return one_row_each(medium, spread_of, medium, train)
    x = sequence(medium, medium, train)
    return torch.cat([x, statistics(train)], 1) if medium == "music" else x


def cbvmr_rows(medium, x, train):
    widths = [10, 8, 6] if medium == "music" else [9, 6]
    for i, out in enumerate(widths):
        x = linear(x, f"{medium}.fc{i + 1}", out)
        x = x.relu() if i < len(widths) - 1 else x
    return F.normalize(norm(x, medium + ".norm", train, True))


def structure(x, low):
    e, f = -cosines(x, x), -cosines(low, low)
    parts = []
    for i in range(N):
        for j in range(N - 1):
            below, here = f[i, j] - f[i, j + 1], e[i, j] - e[i, j + 1]
            parts.append((below.sign() - here.sign()) * -here)
    return torch.stack(parts).mean()


def cbvmr(golden, setting):
    for medium in D:
        x = cbvmr_input(medium, setting, False)
        golden[f"cbvmr.{setting}/{medium}"] = cbvmr_rows(medium, x, False)
    low = {medium: cbvmr_input(medium, setting, True) for medium in D}
    row = {medium: cbvmr_rows(medium, low[medium], True) for medium in D}
    sims = cosines(row["music"], row["video"])
    golden[f"cbvmr.{setting}/losses"] = torch.stack(
        [ranking(sims, 0.1, 2), ranking(sims.T, 0.1, 2)]
        + [structure(row[medium], low[medium]) for medium in ("music", "video")])


# ---- CMVAE ---------------------------------------------------------------------------

HIDDEN, LATENT = 10, 6
PART = {"music": "music", "video": "picture"}


def cmvae_input(medium, setting, train):
    if setting == "ae":
        return one_row_each(medium, mean_of, PART[medium], train)
    return sequence(medium, PART[medium], train)


def text_input():
    x = 2 * (values("texts", N, E) - 0.5)
    x[NO_TEXT] = 0
    return F.normalize(x) * math.sqrt(E)


def encode(x, part):
    h = linear(x, part + ".hidden", HIDDEN).relu()
    log_var = linear(h, part + ".log_var", LATENT) - 4
    return linear(h, part + ".mean", LATENT), log_var.clamp(-8, 4)


def product(experts):
    """Of (mean, log variance, [N, 1] whether it is heard), and a standard normal."""
    precision = 1 + sum((-log_var).exp() * heard for _, log_var, heard in experts)
    mean = sum((-log_var).exp() * heard * mean for mean, log_var, heard in experts) / precision
    return mean, -precision.log()


def alone(x, part):
    mean, log_var = encode(x, part)
    return F.normalize(mean if part == "music" else product([(mean, log_var, 1)])[0])


def draw(random):
    experts = [next(random) % 3 for _ in range(N)]
    picture, text = [d != 1 for d in experts], [d != 0 for d in experts]
    picture[NO_TEXT], text[NO_TEXT] = True, False
    return (torch.tensor(x).double()[:, None] for x in (picture, text))


def noise(random):
    def normal():
        u, v = 1 - (next(random) >> 11) * 2.0**-53, (next(random) >> 11) * 2.0**-53
        return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)

    return torch.tensor([[normal() for _ in range(LATENT)] for _ in range(N)]).double()


def divergence(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1).mean()


def generated(z, part, real):
    return (linear(norm(z, part + ".latent", True), part + ".decoder", real.shape[1]) - real) ** 2


def cmvae_losses(setting):
    music, picture = (cmvae_input(medium, setting, True) for medium in D)
    text, random = text_input(), xoshiro256ss(KEY, 0)
    is_picture, is_text = draw(random)
    of_music = encode(music, "music")
    of_video = product([encode(picture, "picture") + (is_picture,), encode(text, "text") + (is_text,)])
    z_music, z_video = (mean + (log_var / 2).exp() * noise(random)
                        for mean, log_var in (of_music, of_video))
    tagged = [i for i in range(N) if i != NO_TEXT]
    share = 2 * PROGRESS / 0.5
    sims = cosines(z_video, z_music)
    return torch.stack([
        generated(z_video, "music", music).mean(),
        generated(z_music, "picture", picture).mean(),
        generated(z_music, "text", text)[tagged].mean(),
        share * (divergence(*of_video) / music.shape[1] + divergence(*of_music) / picture.shape[1]),
        ranking(sims, 0.05, 2) + ranking(sims.T, 0.05, 2)])


def cmvae(golden, setting):
    for medium in D:
        golden[f"cmvae.{setting}/{medium}"] = alone(cmvae_input(medium, setting, False), PART[medium])
    golden[f"cmvae.{setting}/texts"] = alone(text_input(), "text")
    golden[f"cmvae.{setting}/losses"] = cmvae_losses(setting)


def main():
    golden = {}
    for setting in ("ae", "se+r"):
        cbvmr(golden, setting)
        cmvae(golden, setting)
    write_safetensors("tests/golden/baselines.safetensors",
                      {name: x.detach().numpy() for name, x in golden.items()})


main()
