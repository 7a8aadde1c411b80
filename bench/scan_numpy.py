#!/usr/bin/python3
"""NumPy and FAISS on the vectors of bench/scan: brute force, in floats.

Usage: scan_numpy.py FOLDER REPEATS CASE:ROWS...
FOLDER holds rows.f32 [all rows, 32], n_rows.i64 [tracks], whole.f32 [tracks, 64], wide.f32
[tracks, 256], and of every case CASE.query and CASE.best, the best 100 that ours found. ROWS of
more than 1 are aligned: the mean of inner products at every place of a track, of which the best
counts; 1 is wide, 0 the whole. A line a case: CASE, median ms of NumPy, of FAISS ("-": it is not
installed, or knows no such search), and how many of NumPy's best 100 are in CASE.best.

For NumPy a track shorter than the query is repeated beforehand, and the places that are none are
known: neither is timed. It is the fastest way that was tried: one matrix product [n, all rows], then
row k shifted by k and added."""
import os
import statistics
import sys
import time

import numpy as np

try:
    import faiss
except ImportError:
    faiss = None
    print("scan: FAISS skipped: python3-faiss is not installed", file=sys.stderr)

BEST = 100


def best_of(scores):
    top = np.argpartition(-scores, BEST)[:BEST]
    return top[np.argsort(-scores[top], kind="stable")]


class Aligned:
    def __init__(self, folder, n):
        rows = np.fromfile(f"{folder}/rows.f32", np.float32).reshape(-1, 32)
        counts = np.fromfile(f"{folder}/n_rows.i64", np.int64)
        first = np.cumsum(counts) - counts
        long = np.where(counts < n, counts + n - 1, counts)
        self.first = np.cumsum(long) - long
        track = np.repeat(np.arange(len(counts)), long)
        within = np.arange(long.sum()) - self.first[track]
        self.n = n
        self.rows = rows[first[track] + within % counts[track]]
        places = len(self.rows) - n + 1
        self.none = np.flatnonzero(within[:places] > (long - n)[track[:places]])

    def search(self, query):
        products = query @ self.rows.T
        places = len(self.rows) - self.n + 1
        sums = products[0, :places].copy()
        for k in range(1, self.n):
            sums += products[k, k:k + places]
        sums[self.none] = -np.inf
        return best_of(np.maximum.reduceat(sums, self.first))


class Flat:
    def __init__(self, folder, name, width):
        self.rows = np.fromfile(f"{folder}/{name}", np.float32).reshape(-1, width)

    def search(self, query):
        return best_of((self.rows @ query.T).ravel())


def median_ms(search, query, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        search(query)
        times.append(time.perf_counter() - start)
    return f"{1e3 * statistics.median(times):.2f}"


def faiss_ms(rows, query, repeats):
    if not faiss:
        return "-"
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return median_ms(lambda q: index.search(q, BEST), query, repeats)


def main():
    folder, repeats, *cases = sys.argv[1:]
    for case in cases:
        name, n = case.split(":")
        n = int(n)
        if n > 1:
            gallery = Aligned(folder, n)
        else:
            gallery = Flat(folder, *(("wide.f32", 256) if n else ("whole.f32", 64)))
        query = np.fromfile(f"{folder}/{name}.query", np.float32).reshape(max(n, 1), -1)
        ours = np.fromfile(f"{folder}/{name}.best", np.int64)
        shared = len(set(gallery.search(query)) & set(ours))
        numpy = median_ms(gallery.search, query, int(repeats))
        flat = "-" if n > 1 else faiss_ms(gallery.rows, query, int(repeats))
        print(name, numpy, flat, shared, flush=True)


if faiss:
    faiss.omp_set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
main()
