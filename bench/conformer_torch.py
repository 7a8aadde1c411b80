#!/usr/bin/python3
"""PyTorch's speed on the published Conformer, at its best: one line of JSON for bench/conformer.

Usage: conformer_torch.py --mode train|infer --preset NAME --medium music|video
                          --batch N --threads N --seconds S [--jit] [--layout nchw|nhwc|both]

A training step is forward with dropout .1, cross-entropy over 663 classes, backward, clipping to
norm 3 and Adam. Inference is evaluation mode, with --jit traced, frozen and optimised for it.
What was tried on Debian's PyTorch 1.13 and is kept: Adam by foreach, gradients set to None, ReLU in
place, memory kept by malloc (a fifth of a training step of tiny went into page faults), and both
layouts of the stem's pictures: the faster one is reported. Debian's PyTorch takes the BLAS it
finds: start it with bench/shim/sgemm_shim.c in LD_PRELOAD, which is as fast here as OpenBLAS.

clips_per_s is by the median step, best by the fastest; peak_mb is the whole process."""
import argparse
import ctypes
import json
import pathlib
import resource
import statistics
import sys
import time

import torch
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))
from conformer_torch import INPUTS, make  # noqa: E402

CLASSES, WARM_UP, LEAST = 663, 2, 3
LAYOUTS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def keep_memory():
    """glibc gives large blocks back at each free; the next step would fault them in again."""
    m_trim_threshold, m_mmap_max = -1, -4
    libc = ctypes.CDLL(None)
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2**31 - 1)


def blas():
    """The first library loaded that has sgemm_."""
    with open("/proc/self/maps") as maps:
        loaded = maps.read()
    names = {"sgemm_shim": "oneDNN", "openblas": "OpenBLAS", "libblas": "reference"}
    return next((name for file, name in names.items() if file in loaded), "unknown")


def training(model, clips):
    targets = torch.randint(CLASSES, (len(clips),))
    parameters = list(model.train().parameters())
    adam = torch.optim.Adam(parameters, lr=1e-3, foreach=True)

    def step():
        adam.zero_grad(set_to_none=True)
        F.cross_entropy(model(clips)[1], targets).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 3)
        adam.step()

    return step


def inference(model, clips, jit):
    model.eval()
    if jit:
        with torch.no_grad():
            frozen = torch.jit.freeze(torch.jit.trace(model, clips))
            model = torch.jit.optimize_for_inference(frozen)

    def step():
        with torch.inference_mode():
            model(clips)

    return step


def step_times(step, seconds):
    for _ in range(WARM_UP):
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def run(args, layout, seconds):
    torch.manual_seed(1)
    model = make(args.preset, args.medium, CLASSES)
    model.encoder.conv_subsample.to(memory_format=LAYOUTS[layout])
    clips = torch.randn(args.batch, *INPUTS[args.medium])
    train = args.mode == "train"
    step = training(model, clips) if train else inference(model, clips, args.jit)
    return step_times(step, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=("train", "infer"), required=True)
    parser.add_argument("--preset", choices=("tiny", "small", "paper", "recommended"),
                        default="tiny")
    parser.add_argument("--medium", choices=("music", "video"), default="music")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--layout", choices=("nchw", "nhwc", "both"), default="both")
    args = parser.parse_args()
    keep_memory()
    torch.set_num_threads(args.threads)
    layouts = LAYOUTS if args.layout == "both" else [args.layout]
    times = {layout: run(args, layout, args.seconds / len(layouts)) for layout in layouts}
    layout = min(times, key=lambda name: statistics.median(times[name]))
    print(json.dumps({
        "clips_per_s": round(args.batch / statistics.median(times[layout]), 3),
        "best": round(args.batch / min(times[layout]), 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "steps": len(times[layout]), "blas": blas(), "layout": layout}))


main()
