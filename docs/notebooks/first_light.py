# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First light
#
# The whole loop of EDEN on a small scale: a network meets the errors of a DRAM whose voltage is
# lowered, learns to bear them, and is placed where it bears them best. A few thousand images and a
# few seeds keep it to a minute or two; `eden run lenet-fashion-mnist` does the same in earnest.

# %%
# %matplotlib inline
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm, without ipywidgets

import matplotlib.pyplot as plt
import numpy as np
import torch

import eden
from eden import data, nets

splits = data.load("fashion-mnist")
train = tuple(part[:6000] for part in splits.train)
evaluate = data.Evaluator(*splits.validation).subset(1000, seed=0)

torch.manual_seed(0)
model = nets.train(nets.lenet(), train, epochs=4, seed=0, progress=False).eval()
original_accuracy = evaluate(model)
print(f"accuracy on validation images: {original_accuracy:.3f}")

# %% [markdown]
# ## What a load from approximate DRAM returns
#
# `inject` encodes a tensor to its stored format, flips the weak cells that fail, and decodes. The
# same key gives the same cells on every machine, and cells that are weak at a low rate are weak at
# every higher one: from left to right each picture keeps the faults of the one before.

# %%
image = splits.validation[0][:1]
rates = (0, 1e-3, 1e-2, 5e-2)
figure, axes = plt.subplots(2, len(rates), figsize=(9, 4.6))
for row, stored in zip(axes, ("int8", "fp32"), strict=True):
    for axis, rate in zip(row, rates, strict=True):
        read = eden.inject(
            image, eden.errors.Uniform(weak_fraction=rate), key=eden.key(7), stored=stored
        )
        axis.imshow(read[0, 0].nan_to_num().clamp(-1, 2), cmap="gray", vmin=-1, vmax=2)
        axis.set(title=f"{stored}, BER {rate:g}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Errors have a shape. The four models of the paper, on 64 rows of 512 bits that hold ones and zeros
# in equal number:

# %%
ROWS, ROW_BYTES = 64, 64
rng = np.random.default_rng(0)
bits = torch.from_numpy(rng.integers(0, 2**32, ROWS * ROW_BYTES // 4, dtype=np.uint32).view("f4"))
per_bitline = torch.from_numpy(rng.gamma(0.2, 0.25, 8 * ROW_BYTES).clip(max=1))
per_row = torch.from_numpy(rng.gamma(0.2, 0.25, ROWS).clip(max=1))
models = {
    "0 uniform": eden.errors.Uniform(weak_fraction=0.05),
    "1 bitline": eden.errors.Bitline(
        weak_fraction=per_bitline, failure_probability=torch.ones(8 * ROW_BYTES)
    ),
    "2 wordline": eden.errors.Wordline(weak_fraction=per_row, failure_probability=torch.ones(ROWS)),
    "3 data-dependent": eden.errors.DataDependent(
        weak_fraction=0.1, failure_probability_one=0.9, failure_probability_zero=0.1
    ),
}
figure, axes = plt.subplots(1, 4, figsize=(11, 1.9))
for axis, (name, error) in zip(axes, models.items(), strict=True):
    read = eden.inject(bits, error, key=eden.key(1), row_bytes=ROW_BYTES)
    flipped = (read.view(torch.int32) ^ bits.view(torch.int32)).numpy().view(np.uint8)
    axis.imshow(
        np.unpackbits(flipped.reshape(ROWS, ROW_BYTES), axis=1, bitorder="little"),
        cmap="gray_r",
        aspect="auto",
        interpolation="nearest",
    )
    axis.set(title=name, xticks=[], yticks=[])
axes[0].set_ylabel("row")
plt.show()

# %% [markdown]
# ## A network on such memory
#
# `attach` puts the load in front of every weight and every input of a layer, and `detach` takes it
# off again. Scales and plausible bounds are learned on clean images; what lies outside is zeroed.

# %%
config = eden.Config(error=eden.errors.Uniform(weak_fraction=1e-3), stored="int8")
loader = data.batches(*train, 128, seed=0)
grid = np.logspace(-4.5, -1.5, 10)


def accuracies(network, seeds=4):
    """Return accuracies [seeds, rates] on fresh cells for each seed."""
    with eden.approximate(network, config) as handle:
        handle.learn_bounds(loader)
        found = []
        for seed in range(seeds):
            handle.reseed(seed)
            row = []
            for rate in grid:
                handle.set_ber(float(rate))
                row.append(evaluate(network))
            found.append(row)
    return np.array(found)


before = accuracies(model)

# %% [markdown]
# ## Boosting
#
# Curricular retraining: the errors are injected in the forward pass only, and their rate rises step
# by step, so that the network learns to spread what it knows over cells that may fail. (Here
# much of what the curve gains is simply more training.)

# %%
boosted = eden.boost(model, loader, config=config, target_ber=3e-3, epochs=6, progress=False).eval()
after = accuracies(boosted)

figure, axis = plt.subplots(figsize=(6, 3.6))
for curve, name in ((before, "original"), (after, "boosted")):
    axis.semilogx(grid, curve.mean(0), marker="o", label=name)
    axis.fill_between(grid, curve.min(0), curve.max(0), alpha=0.2)
axis.axhline(original_accuracy - 0.01, color="gray", linestyle=":", label="target")
axis.set(xlabel="bit error rate", ylabel="accuracy")
axis.legend()
plt.show()

# %% [markdown]
# ## How much it bears
#
# Single cells that miss the target alone decide the rare misses: some are tried, and counted. The
# coarse search states the rate at which one draw of errors in a hundred misses; the fine one then
# raises the tensors one by one. Eight draws are few: `eden run` takes twenty.

# %%
target = original_accuracy - 0.01
risk = eden.criticality(boosted, evaluate, config=config, target_accuracy=target)
print(risk)
coarse = eden.characterize_coarse(
    boosted, evaluate, config=config, target_accuracy=target, seeds=8, risk=risk
)
fine = eden.characterize_fine(boosted, evaluate, start=coarse)

figure, axis = plt.subplots(figsize=(6, 3.2))
names = [tensor.name for tensor in fine.tensors]
colors = ["C0" if tensor.kind == "weight" else "C1" for tensor in fine.tensors]
axis.barh(names, [tensor.tolerance for tensor in fine.tensors], color=colors)
axis.axvline(coarse.coarse_ber, color="gray", linestyle=":")
axis.set(xscale="log", xlabel="tolerable bit error rate (dotted: all tensors alike)")
axis.invert_yaxis()
plt.show()

# %% [markdown]
# ## A module, measured
#
# `ddr3l-1600-b10` is a real module: what is known of it is the fraction of its lines that failed at
# each voltage, and how the failing rows are shared among its banks. The rates carry the range that
# such a measurement leaves open. Where no line failed, there is an upper limit only, not drawn.

# %%
dram = eden.devices.load("ddr3l-1600-b10")
points = [point for point in dram.points if point.ber > 0 and not point.censored]
volts = [point.vdd_volts for point in points]
figure, axis = plt.subplots(figsize=(6, 3.6))
axis.fill_between(
    volts,
    [point.ber_low for point in points],
    [point.ber_high for point in points],
    alpha=0.2,
    label="module, range",
)
axis.semilogy(volts, [point.ber for point in points], marker="o", color="k", label="module")
for partition in dram.partitions:
    rates = [partition.at(point).ber for point in points]
    axis.semilogy(volts, rates, linewidth=0.8)
for tensor in fine.tensors:
    axis.axhline(tensor.tolerance, color="gray", linewidth=0.5, linestyle=":")
axis.set(xlabel="supply voltage (V)", ylabel="bit error rate", title="banks, and what tensors bear")
axis.legend()
plt.show()

# %% [markdown]
# ## Placement
#
# Each tensor goes to the bank it can bear at the lowest voltage that all can share. Why it went
# there is part of the answer.

# %%
placement = eden.place(fine, dram, method="greedy", risk=risk)
coarsely = eden.place(coarse, dram, method="coarse")
print(f"coarse: {coarsely.vdd_volts:.3f} V, fine: {placement.vdd_volts:.3f} V")
for name, entry in placement.entries.items():
    print(
        f"{name:14} {entry.partition:7} BER {entry.ber:.1e} <= {entry.tolerance:.1e}  {entry.why}"
    )

# %% [markdown]
# ## Does it hold?
#
# Fresh draws of errors, and test images that nothing before this cell has seen. Without a miss, 59
# draws show that fewer than one in twenty miss; ten say little, and a miss is no surprise
# after so short a search.

# %%
test = data.Evaluator(*splits.test).subset(1000, seed=0)
verdict = eden.verify(boosted, test, placement, target_accuracy=test(model) - 0.01, seeds=10)
print(f"target {verdict.target_accuracy:.3f}, mean {verdict.mean_accuracy:.3f}, ", end="")
print(f"lowest {min(verdict.accuracies):.3f}, {verdict.misses} misses in {verdict.seeds} draws")
print(f"P(miss) < {verdict.upper_bound:.2f} at {verdict.confidence:.0%} confidence")

# %% [markdown]
# ## What it saves
#
# DRAM energy of one inference, by component. How the currents follow the voltage is not known for
# this part, so the three laws in use stand side by side.

# %%
energy = eden.evaluate_energy(boosted, splits.test[0][:1], placement, system="streaming")
bars = {"nominal": energy.nominal, **energy.approximate}
figure, axis = plt.subplots(figsize=(6, 3.2))
base = np.zeros(len(bars))
for component in ("activate", "precharge", "read", "write", "refresh", "background"):
    height = np.array([getattr(part, component) for part in bars.values()]) * 1e6
    axis.bar(list(bars), height, bottom=base, label=component)
    base += height
axis.set(ylabel="energy (microjoules)", title="voltage law")
axis.legend(fontsize="small", bbox_to_anchor=(1, 1))
plt.show()
for law in energy.approximate:
    print(f"{law:7} {energy.saving(law):6.1%} less")
