#!/usr/bin/python3
"""Golden Conformers: tests/golden/conformer_tiny_{music,video,colour}.safetensors, the published
model of conformer_torch.py at preset tiny, and conformer_recommended_{music,colour}.safetensors,
ours; with 8 classes, 3 clips and no dropout.

Usage: conformer.py [PRESET]; without one, all of them.

Run from the root of the tree with Debian's python3-torch (two minutes). Parameters and inputs come
from the formula of uniform(), which tests/embed/test_conformer.c repeats. The golden values are
those of a float64 run, rounded; how far PyTorch's own float32 is from them is printed.

  eval.embedding, eval.logits    running statistics
  train.embedding, .logits, .loss    batch statistics; the loss is the mean cross-entropy
  grad/NAME, gradnorm/NAME       gradient of that loss (sampled) and its whole L2 norm
  after1/NAME                    running statistics after that one step
  adam.loss [10], adam/NAME      ten Adam steps on the same batch, each gradient clipped to norm 3:
                                 the loss before each step, the parameters (sampled) after all

A tensor of more than 2048 values is sampled: every k-th of the flattened one, k = ceil(n / 2048).
A parameter whose true gradient is zero (key_proj.bias: softmax does not see it) has a gradnorm of
rounding noise only, and no adam/NAME: Adam divides noise by noise there."""
import math
import sys

import numpy as np
import torch
from torch.nn import functional as F

from conformer_torch import INPUTS, RECOMMENDED, make
from golden import uniform, write_safetensors

BATCH, CLASSES, STEPS, SAMPLES = 3, 8, 10, 2048
ZERO_GRADIENT = 1e-9  # of the norm over all parameters, in float64


def parameter(name, shape):
    """Made in float64, rounded to float32: both runs start from the same values."""
    u = uniform(name, math.prod(shape))
    if name.endswith(("bias", "running_mean")):  # u_bias and v_bias too
        value = 0.2 * (2 * u - 1)
    elif name.endswith("running_var"):
        value = 0.5 + u
    elif len(shape) == 1:  # the weight of a norm
        value = 0.75 + 0.5 * u
    else:
        value = (2 * u - 1) * math.sqrt(3 / math.prod(shape[1:]))
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def fill(model):
    for name, tensor in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(parameter(name, tensor.shape))


def sampled(tensor):
    flat = tensor.detach().reshape(-1)
    return flat[:: math.ceil(len(flat) / SAMPLES)].clone()


def run(preset, medium, dtype):
    """name -> tensor of dtype, as the head of this file lists them."""
    model = make(preset, medium, CLASSES, p=0).to(dtype)
    fill(model)
    shape = (BATCH, *INPUTS[medium])
    clips = torch.from_numpy(4 * uniform("input", math.prod(shape)) - 2).reshape(shape).to(dtype)
    targets = torch.tensor([(5 * b + 1) % CLASSES for b in range(BATCH)])
    out, losses = {}, []
    with torch.no_grad():
        out["eval.embedding"], out["eval.logits"] = model.eval()(clips)
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    for step in range(STEPS):
        adam.zero_grad()
        embedding, logits = model(clips)
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            out["train.embedding"], out["train.logits"] = embedding.detach(), logits.detach()
            out["train.loss"] = loss.detach().reshape(1)
            for name, p in model.named_parameters():
                out["grad/" + name] = sampled(p.grad)
                out["gradnorm/" + name] = p.grad.double().norm().reshape(1)
            for name, buffer in model.named_buffers():
                if "running" in name:
                    out["after1/" + name] = buffer.clone()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 3)
        adam.step()
    out["adam.loss"] = torch.tensor(losses, dtype=torch.float64)
    for name, p in model.named_parameters():
        out["adam/" + name] = sampled(p)
    return {name: tensor.double().numpy() for name, tensor in out.items()}


def drop_zero_gradients(golden):
    norms = {k[9:]: v[0] for k, v in golden.items() if k.startswith("gradnorm/")}
    total = math.sqrt(sum(x * x for x in norms.values()))
    print(f"  norm of the whole gradient {total:.4g}")
    for name, norm in norms.items():
        if norm < ZERO_GRADIENT * total:
            print(f"  no gradient: {name} ({norm / total:.1e} of the whole in float64)")
            del golden["adam/" + name]


def report(golden, single):
    """For each kind of value, the tensor where float32 is farthest off, by the largest of it."""
    worst = {}
    norms = {k[9:]: v[0] for k, v in golden.items() if k.startswith("gradnorm/")}
    floor = ZERO_GRADIENT * math.sqrt(sum(x * x for x in norms.values()))
    for name, value in golden.items():
        kind, _, of = name.partition("/")
        if kind in ("grad", "gradnorm") and norms[of] < floor:
            continue
        off = np.abs(single[name] - value).max()
        worst[kind] = max(worst.get(kind, ()), (off / np.abs(value).max(), off, name))
    for relative, absolute, name in worst.values():
        print(f"  float32 off by {relative:.1e} of the largest, {absolute:.1e}: {name}")


def main():
    torch.set_num_threads(1)  # so that sums are always taken in the same order
    media = {"tiny": INPUTS, "recommended": RECOMMENDED}
    for preset in sys.argv[1:] or media:
        for medium in media[preset]:
            print(preset, medium)
            golden = run(preset, medium, torch.float64)
            single = run(preset, medium, torch.float32)
            drop_zero_gradients(golden)
            report(golden, single)
            write_safetensors(f"tests/golden/conformer_{preset}_{medium}.safetensors", golden)


main()
