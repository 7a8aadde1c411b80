#!/usr/bin/python3
"""OpenCV's dense inverse search on the pictures of bench/flow: one thread.

Usage: flow_opencv.py WORK TRUTH REPEATS NAME:W:H...
WORK holds NAME-full-10.gray, NAME-full-11.gray and NAME-small-10.gray, NAME-small-11.gray
(320 x 180), raw bytes; TRUTH holds NAME_flow10.flo. A row for each preset and picture:
preset, NAME, mean end-point error in px, median ms at full size, median ms at 320 x 180.
"""
import statistics
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


def read_pair(work, name, size, w, h):
    return [
        np.fromfile(f"{work}/{name}-{size}-{k}.gray", np.uint8).reshape(h, w) for k in (10, 11)
    ]


def median_ms(flow, a, b, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        flow.calc(a, b, None)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def error_px(found, truth):
    known = (np.abs(truth) < 1e9).all(axis=2)
    return np.linalg.norm(found - truth, axis=2)[known].mean()


def main():
    work, truths, repeats, *pairs = sys.argv[1:]
    for preset, number in PRESETS.items():
        flow = cv2.DISOpticalFlow_create(number)
        for pair in pairs:
            name, w, h = pair.split(":")
            w, h = int(w), int(h)
            a, b = read_pair(work, name, "full", w, h)
            truth = np.fromfile(f"{truths}/{name}_flow10.flo", np.float32)[3:].reshape(h, w, 2)
            error = error_px(flow.calc(a, b, None), truth)
            full = median_ms(flow, a, b, int(repeats))
            a, b = read_pair(work, name, "small", 320, 180)
            flow.calc(a, b, None)
            small = median_ms(flow, a, b, int(repeats))
            print(preset, name, f"{error:.5f} {full:.4f} {small:.4f}")


main()
