#!/usr/bin/python3
"""Golden worths, shares and intervals of a preference study: tests/golden/study.npy.

Run from the root of the tree with Debian's python3-numpy. The answers come from the little generator
of tests/serve/test_study_stats.c. Worths maximise the likelihood of Luce's choice rule, found by
Newton's method on their logarithms (the program uses Hunter's MM); the ends of Wilson's interval are
where a proportion is 1.96 of its own deviations away, found by bisection (the program has the closed
form). Rows: a case each; columns: 6 worths, 6 shares, 6 lower and 6 upper ends."""
import numpy as np

CASES = [(2, 40), (3, 120), (5, 300)]
WIDTH, Z = 6, 1.959963984540054


class Generator:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state >> 8


def answers(k, n):
    """Each the versions, a list of systems each, and the choice, -1 for none."""
    g = Generator(k)
    for _ in range(n):
        systems = [i for i in range(k) if g.next() % 4]
        if len(systems) < 2:
            systems = list(range(k))
        versions = [[i] for i in systems]
        if g.next() % 5 == 0 and len(versions) > 2:
            versions[:2] = [versions[0] + versions[1]]
        yield versions, max(g.next() % (len(versions) + 1), g.next() % (len(versions) + 1)) - 1


def sums(k, n):
    wins, sets = np.zeros(k), {}
    for versions, choice in answers(k, n):
        chosen = versions if choice < 0 else [versions[choice]]
        for version in chosen:
            for i in version:
                wins[i] += 1 / len(chosen) / len(version)
        key = tuple(sorted(i for v in versions for i in v))
        sets[key] = sets.get(key, 0) + 1
    return wins, sets


def worths(k, wins, sets):
    """One more answer among all, without preference, as the program adds."""
    wins, sets = wins + 1 / k, dict(sets)
    everyone = tuple(range(k))
    sets[everyone] = sets.get(everyone, 0) + 1
    logs = np.zeros(k)
    for _ in range(100):
        gradient, hessian = wins.copy(), np.zeros((k, k))
        for key, n in sets.items():
            p = np.zeros(k)
            p[list(key)] = np.exp(logs[list(key)])
            p /= p.sum()
            gradient -= n * p
            hessian -= n * (np.diag(p) - np.outer(p, p))
        logs -= np.linalg.pinv(hessian) @ gradient
    return np.exp(logs) / np.exp(logs).sum()


def end(share, n, upper):
    lo, hi = (share, 1.0) if upper else (0.0, share)
    for _ in range(200):
        middle = (lo + hi) / 2
        is_inside = abs(share - middle) <= Z * np.sqrt(middle * (1 - middle) / n)
        if is_inside == upper:
            lo = middle
        else:
            hi = middle
    return (lo + hi) / 2


def main():
    table = np.zeros((len(CASES), 4 * WIDTH))
    for row, (k, n) in zip(table, CASES):
        wins, sets = sums(k, n)
        shown = np.array([sum(c for key, c in sets.items() if i in key) for i in range(k)])
        shares = wins / shown
        row[:k] = worths(k, wins, sets)
        row[WIDTH:WIDTH + k] = shares
        row[2 * WIDTH:2 * WIDTH + k] = [end(s, c, False) for s, c in zip(shares, shown)]
        row[3 * WIDTH:3 * WIDTH + k] = [end(s, c, True) for s, c in zip(shares, shown)]
    np.save("tests/golden/study.npy", table.astype(np.float32))
    print(np.round(table, 4))


main()
