#!/usr/bin/python3
"""Golden losses: tests/golden/losses.safetensors, what PyTorch makes of the cases of
tests/compute/test_losses.c.

Run from the root of the tree with Debian's python3-torch (two seconds). Case NAME has inputs 0, 1, ..
of the shapes and ranges below: uniform("NAME/0"), rounded to float32, which the test repeats. The
golden values are those of a float64 run:

  NAME      [1] the loss
  NAME/i    its gradient for input i, where that gets one

PyTorch's own function where it has the loss; else what its other functions make of the formula."""
import math

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from golden import uniform, write_safetensors

TARGETS = torch.tensor([3, 0, -1, 4, 1, -1])
SAME = torch.tensor([0, 1, 0, 2, -1, 3, 1])


def cross_entropy(z):
    return F.cross_entropy(z, torch.tensor([(5 * i + 1) % 4 for i in range(6)]))


def cross_entropy_smooth(z):
    return F.cross_entropy(z, TARGETS, ignore_index=-1, label_smoothing=0.1)


def binary(z):
    labels = torch.arange(z.numel()) * 3 % 5 * 0.25
    return F.binary_cross_entropy_with_logits(z, labels.reshape(z.shape).to(z.dtype))


def triplet_cosine(a, p, n):
    near, far = F.cosine_similarity(a, p), F.cosine_similarity(a, n)
    return (0.3 + far - near).clamp(min=0).mean()


def cosines(x, y):
    return F.normalize(x) @ F.normalize(y).T


def negatives(same):
    """[N, N] of bool, and the items that are not left out."""
    kept = same >= 0
    return (same[:, None] != same[None]) & kept[None], kept


def ranking_rows(s, margin, k, same):
    is_negative, kept = negatives(same)
    rows = []
    for i in torch.nonzero(kept).flatten():
        hard = s[i][is_negative[i]]
        hard = hard.topk(min(k, len(hard))).values
        rows.append((margin - s[i, i] + hard).clamp(min=0).mean())
    return torch.stack(rows).mean()


def ranking(s, margin, k, same, rows=1, columns=1):
    return rows * ranking_rows(s, margin, k, same) + columns * ranking_rows(s.T, margin, k, same)


def infonce_rows(logits, same):
    is_negative, kept = negatives(same)
    candidate = is_negative | torch.eye(len(same), dtype=torch.bool)
    logits = logits.masked_fill(~candidate, -math.inf)
    return F.cross_entropy(logits[kept], torch.nonzero(kept).flatten())


def infonce(logits, same, rows=0.5, columns=0.5):
    return rows * infonce_rows(logits, same) + columns * infonce_rows(logits.T, same)


def structure(x, low, n=5):
    e, f = -cosines(x, x)[:n, :n], -cosines(low, low)[:n, :n]
    gap = e[:, :-1] - e[:, 1:]
    sign = torch.sign(f[:, :-1] - f[:, 1:]) - torch.sign(gap.detach())
    return (sign * -gap).mean()


def neighbours(s, targets):
    others = ~torch.eye(len(s), dtype=torch.bool)
    q, p = (x[others].reshape(len(s), -1).div(0.3).log_softmax(1) for x in (s, targets))
    return F.kl_div(q, p, reduction="batchmean", log_target=True)


def weighted_sum(*losses):
    return sum((i - 4.5) * losses[i % 3] for i in range(10)).sum()


ALL = torch.arange(7)
# name: function, low and high of the inputs, their shapes
CASES = {
    "cross_entropy": (cross_entropy, -3, 3, [(6, 4)]),
    "cross_entropy_smooth": (cross_entropy_smooth, -3, 3, [(6, 5)]),
    "binary_cross_entropy": (binary, -4, 4, [(6, 5)]),
    "mse": (F.mse_loss, -1, 1, [(4, 3, 5)] * 2),
    "triplet_euclidean": (torch.nn.TripletMarginLoss(margin=0.5), -1, 1, [(6, 5)] * 3),
    "triplet_cosine": (triplet_cosine, -1, 1, [(6, 5)] * 3),
    "kl_normal": (lambda m, v: kl_divergence(Normal(m, (v / 2).exp()), Normal(0, 1)).sum(1).mean(),
                  -2, 2, [(6, 5)] * 2),
    "ranking": (lambda x, y: ranking(cosines(x, y), 0.1, 3, ALL, 3, 1), -1, 1, [(7, 5)] * 2),
    "ranking_same": (lambda x, y: ranking(cosines(x, y), 0.2, 99, SAME), -1, 1, [(7, 5)] * 2),
    "ranking_sims": (lambda s: ranking(s, 0, 2, SAME, 0, 1), -1, 1, [(7, 7)]),
    "infonce": (lambda s: infonce(s / 0.07, ALL), -1, 1, [(7, 7)]),
    "infonce_learned": (lambda s, l: infonce(s * l.exp(), SAME, 1, 0.25), 0.5, 2, [(7, 7), (1,)]),
    "infonce_cosines": (lambda x, y: infonce(cosines(x, y) / 0.2, ALL, 1, 0), -1, 1, [(7, 5)] * 2),
    "ranking_wide": (lambda s: ranking(s, 0.1, 4, torch.arange(18) % 7), -9, 9, [(18, 18)]),
    "infonce_wide": (lambda s: infonce(s / 0.5, torch.arange(18)), -1, 1, [(18, 18)]),
    "structure": (structure, -1, 1, [(7, 5), (7, 6)]),
    "neighbours": (neighbours, -1, 1, [(7, 7)] * 2),
    "sum": (weighted_sum, -1, 1, [(1,)] * 3),
}
FIXED = {"structure/1", "neighbours/1"}


def run(name, function, low, high, shapes):
    inputs = []
    for i, shape in enumerate(shapes):
        u = low + (high - low) * uniform(f"{name}/{i}", math.prod(shape))
        x = torch.from_numpy(u.astype(np.float32).reshape(shape)).double()
        inputs.append(x.requires_grad_(f"{name}/{i}" not in FIXED))
    loss = function(*inputs)
    loss.backward()
    out = {name: loss.detach().reshape(1)}
    out.update({f"{name}/{i}": x.grad for i, x in enumerate(inputs) if x.requires_grad})
    print(f"  {name} {loss.item():.6f}")
    return {key: value.numpy() for key, value in out.items()}


def main():
    torch.set_num_threads(1)
    golden = {}
    for name, case in CASES.items():
        golden.update(run(name, *case))
    write_safetensors("tests/golden/losses.safetensors", golden)


main()
