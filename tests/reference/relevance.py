#!/usr/bin/python3
"""Golden measures of graded relevance: tests/golden/relevance.npy, by NumPy and by other ways than
src/learn/relevance_measure.c.

Run from the root of the tree with Debian's python3-numpy (seconds). Scores and grades come from a
formula that tests/learn/test_relevance.c repeats. A video a row, [20, 4, 7] f32: all tracks, a random
order of the gallery, judged tracks alone, a random order of those; each hit@1, 5, 10, 25, MRR,
nDCG@10, nDCG. The first ten, of 9 tracks, by going through every order that ties allow; the others,
of 30, by the chance of each place."""
import itertools
import math
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
from golden import uniform

N, MOST, RELEVANT, CUTS = 20, 30, 2, (1, 5, 10, 25)
score_draws = uniform("relevance scores", N * MOST).reshape(N, MOST)
grade_draws = uniform("relevance grades", N * MOST).reshape(N, MOST)


def make(i):
    """Scores of the listed tracks; grades of all, NaN where nobody judged."""
    gallery, listed = (9, 7) if i < 10 else (30, 20)
    draw = grade_draws[i, :gallery]
    grades = np.where(draw < 0.5, np.nan, np.floor((draw - 0.5) * 8))
    grades[i % gallery] = 3
    return np.floor(score_draws[i, :listed] * 4) / 4, grades


def ideal(grades, cut):
    best = np.sort(grades[~np.isnan(grades)])[::-1][:cut]
    return (best / np.log2(np.arange(len(best)) + 2)).sum()


def by_orders(scores, grades, of):
    """Mean over all orders that put a higher score first. of: grades of the ideal."""
    n = len(scores)
    orders = np.array(list(itertools.permutations(range(n)))) if n else np.zeros((1, 0), int)
    placed = scores[orders]
    orders = orders[(placed[:, :-1] >= placed[:, 1:]).all(1)]
    gains = np.nan_to_num(grades[orders])
    is_hit = gains >= RELEVANT
    first = np.where(is_hit.any(1), is_hit.argmax(1) + 1 if n else 1, np.inf)
    dcg = gains / np.log2(np.arange(n) + 2)
    return ([(first <= c).mean() for c in CUTS] + [(1 / first).mean()] +
            [dcg[:, :c].sum(1).mean() / ideal(of, c) for c in (10, len(of))])


def by_places(scores, grades, of):
    """The chance of each track at each place; and that places up to one hold nothing relevant."""
    n = len(scores)
    order = np.argsort(-scores, kind="stable")
    chance = (scores[order][:, None] == scores[order][None]).astype(float)
    chance /= chance.sum(1, keepdims=True)
    gains = np.nan_to_num(grades[order])
    expected = chance.T @ gains / np.log2(np.arange(n) + 2)
    hits, wrong = gains >= RELEVANT, [1.0]
    for place in range(1, n + 1):
        level = scores[order][place - 1]
        above, tied = scores[order] > level, scores[order] == level
        drawn, right = place - above.sum(), (hits & tied).sum()
        none = math.comb(tied.sum() - right, drawn) / math.comb(tied.sum(), drawn)
        wrong.append(0.0 if (hits & above).any() else none)
    at = -np.diff(wrong)
    return ([at[:c].sum() for c in CUTS] + [(at / np.arange(1, n + 1)).sum()] +
            [expected[:c].sum() / ideal(of, c) for c in (10, len(of))])


rows = []
for i in range(N):
    scores, grades = make(i)
    mean = by_orders if i < 10 else by_places
    judged = ~np.isnan(grades)
    heard = judged[:len(scores)]
    rows.append([mean(scores, grades[:len(scores)], grades),
                 mean(np.zeros(len(grades)), grades, grades),
                 mean(scores[heard], grades[:len(scores)][heard], grades),
                 mean(np.zeros(judged.sum()), grades[judged], grades)])
np.save("tests/golden/relevance.npy", np.array(rows, dtype=np.float32))
