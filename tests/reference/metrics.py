#!/usr/bin/python3
"""Golden measures of retrieval: tests/golden/metrics.npy, by NumPy and by other ways than src/learn/metrics.c.

Run from the root of the tree with Debian's python3-numpy (seconds). Scores and grades come from a
formula that tests/learn/test_metrics.c repeats. A row a query, [40, 4] f32:
    expected rank by the sum over places of the chance that nothing right came before,
    nDCG@10 by averaging each tie's gains, nDCG@3 likewise, 1 - chance of missing by counting subsets.
Then a row a bootstrap, [3, 4]: value, lo, hi, 0."""
import contextlib
import io
import math
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
from golden import uniform
with contextlib.redirect_stdout(io.StringIO()):
    from rng import xoshiro256ss

N, G, TRACKS = 40, 30, 12
scores = np.floor(uniform("scores", N * G).reshape(N, G) * 8) / 8
draw = uniform("grades", N * G).reshape(N, G)
grades = np.where(draw < 0.1, 1, np.where(draw < 0.3, 0.2, 0))
grades[:, 3] = 1
scores[7, 3] = np.nan
scores[7] = np.where(grades[7] == 1, np.nan, scores[7])


def rank(s, g):
    s = np.nan_to_num(s, nan=-9)
    best = s[g == 1].max()
    tied, right = (s == best).sum(), ((s == best) & (g == 1)).sum()
    return (s > best).sum() + sum(math.comb(tied - j, right) / math.comb(tied, right)
                                  for j in range(tied - right + 1))


def dcg(s, g, k):
    s = np.nan_to_num(s, nan=-9)
    gains = np.array([g[s == x].mean() for x in np.sort(s)[::-1]])[:k]
    return (gains / np.log2(np.arange(2, len(gains) + 2))).sum()


def ndcg(s, g, k):
    return dcg(s, g, k) / dcg(g, g, k)


def chance(i):
    right, k = 1 + i % 5, 1 + i % 9
    return 1 - math.comb(G - right, k) / math.comb(G, k)


rows = [[rank(s, g), ndcg(s, g, 10), ndcg(s, g, 3), chance(i)]
        for i, (s, g) in enumerate(zip(scores, grades))]
ranks = np.array([r[0] for r in rows])
groups = np.floor(uniform("groups", N) * TRACKS).astype(int)
groups[:TRACKS] = np.arange(TRACKS)


def bootstrap(values, statistic, seed, n=500):
    draws, found = xoshiro256ss(seed, 0), []
    for _ in range(n):
        chosen = [next(draws) % TRACKS for _ in range(TRACKS)]
        found.append(statistic(np.concatenate([values[groups == c] for c in chosen])))
    return [statistic(values), *np.percentile(found, [2.5, 97.5]), 0]


rows += [bootstrap((ranks <= 5).astype(float), np.mean, 1), bootstrap(ranks, np.median, 2),
         bootstrap(1 / ranks, np.mean, 2**40)]
np.save("tests/golden/metrics.npy", np.array(rows, dtype=np.float32))
