#!/usr/bin/python3
"""Golden tag vectors: tests/golden/tag_*.npy, what NumPy makes of which tags come together.

Run from the root of the tree with Debian's python3-numpy (a second). The cases of
tests/learn/test_tag_svd.c:

  tag_pairs    [400, 5] int32  tags of made pairs, -1 for none; two groups that seldom mix
  tag_ppmi     [60, 60] f32    positive pointwise mutual information
  tag_values   [10] f32        its largest singular values
  tag_gram     [60, 60] f32    E E', E = U sqrt(S) of these 10: the signs of U do not matter"""
import numpy as np

N, K = 60, 10
rng = np.random.default_rng(5)
theme = rng.integers(0, 10, 400)
pairs = (theme[:, None] * 6 + rng.integers(0, 6, (400, 5))) % N
noise = rng.random((400, 5)) < 0.15
pairs = np.where(noise, rng.integers(0, N - 2, (400, 5)), pairs)
pairs[pairs >= N - 1] = -1  # the last tag is in no pair
for row in pairs:  # each tag once a pair
    for i in range(1, 5):
        if row[i] in row[:i]:
            row[i] = -1

counts = np.zeros((N, N))
for row in pairs:
    tags = row[row >= 0]
    for a in tags:
        for b in tags:
            counts[a, b] += a != b
with np.errstate(divide="ignore", invalid="ignore"):
    pmi = np.log(counts * counts.sum() / np.outer(counts.sum(1), counts.sum(0)))
ppmi = np.where(counts > 0, np.maximum(pmi, 0), 0)
u, s, _ = np.linalg.svd(ppmi)
print("singular values", np.round(s[:K + 3], 3))
e = u[:, :K] * np.sqrt(s[:K])
for name, array in (("pairs", pairs.astype(np.int32)), ("ppmi", ppmi.astype(np.float32)),
                    ("values", s[:K].astype(np.float32)), ("gram", (e @ e.T).astype(np.float32))):
    np.save(f"tests/golden/tag_{name}.npy", array)
