"""What the answers to the exercises compute: from a chapter's runs, or with small networks.

Small networks are computed in double precision and in one thread, so that rounded results agree
between machines, and that they come as fast where something else uses the other cores.
"""

from collections.abc import Sequence
from functools import partial
from statistics import fmean

import pandas as pd
import torch
from IPython.display import Markdown, display

from companion.chapters.response_std import over
from companion.display import cell, markdown
from residual.claims.about_responses import range_of, std_of
from residual.claims.evidence import SIZES, layer_median
from residual.experiments.place import positive, relative
from residual.experiments.regression import stack
from residual.models import build
from residual.probes import block_ratios, coherence, exact_statistics, identity_median
from residual.provenance import computing_with
from residual.recipe import KINDS, Recipe
from residual.statistics import listed
from residual.store import Record

CPU = torch.device("cpu")
EXACT = "final_exact"  # BN statistics averaged exactly
IMAGES, SIDE = 8, 8  # of the made-up inputs


def answer(*parts: str | pd.DataFrame) -> None:
    """Display the answer to an exercise, folded: its sentences, then its tables.

    A reader who unfolds it reads the answer first, and may look at the code above for how it was
    computed. Floats have two decimals, and four below a tenth.
    """
    sentences = " ".join(part for part in parts if isinstance(part, str) and part)
    shown = [
        markdown(frame.columns, [[short(v) for v in row] for row in frame.itertuples(index=False)])
        for frame in parts
        if isinstance(frame, pd.DataFrame)
    ]
    told = "\n\n".join([sentences, *shown])
    display(Markdown(f"<details><summary>Answer</summary>\n\n{told}\n\n</details>"))


def short(value: object) -> str:
    """One value of an answer's table."""
    return cell(value, 2 if not isinstance(value, float) or abs(value) >= 0.1 else 4)


def other_winner(found: pd.DataFrame) -> str:
    """The targets for which the longer training has another winner, of plain and residual."""
    short, long = (
        found[f"residual, {n} iterations"] < found[f"plain, {n} iterations"] for n in (30, 60)
    )
    changed = found["target"][short != long].tolist()
    return listed(changed) if changed else ""


def missed_most(lesions: pd.DataFrame) -> pd.DataFrame:
    """Which block's deletion costs most, by network, and in how many trainings.

    Takes the frame of `tables.lesions`. Columns: network, the blocks that most trainings miss most,
    in how many trainings, and in how many of them the block that is missed most halves the maps.
    """
    worst = lesions.loc[lesions.groupby("run")["rise"].idxmax()]
    rows = []
    for name, part in worst.groupby("network"):
        votes = part["block"].value_counts()
        most = sorted(votes[votes == votes.max()].index)
        stage = (part["depth"] - 2) // 6  # blocks
        halving = (part["block"] > 1) & ((part["block"] - 1) % stage == 0)
        rows.append(
            {
                "network": name,
                "misses most: block": listed([str(block) for block in most]),
                "in trainings": f"{votes.max()} of {len(part)}",
                "it halves the maps in": f"{halving.sum()} of {len(part)}",
            }
        )
    return pd.DataFrame(rows)


def epochs(recipe: Recipe) -> float:
    """How often a training sees each image of its training set."""
    return recipe.iterations * recipe.batch_size / SIZES[recipe.dataset]["train"]


@computing_with(1)
def gradient_agreement(kind: str, depth: int, step: float = 0.05) -> float:
    """Mean cosine between the gradients at images and at images a small random step away.

    In an untrained net: `probes.coherence`, which says more.
    """
    model = build(kind, depth).double()
    x = positive(0, (IMAGES, 3, SIDE, SIDE), CPU).double()
    nearby = x + step * positive(1, tuple(x.shape), CPU).double()
    return coherence(model, x, nearby)


@computing_with(1)
def errors_left(kind: str, target: float, after: Sequence[int] = (30, 60)) -> dict[int, float]:
    """Relative squared error of a three-block stack on its way to return `target` times its input.

    By iterations: the mean over the last five up to each number in `after`. The error is relative
    to the input, so that a target of zero can be judged as well. He initialisation, fresh inputs
    for each iteration, SGD with momentum.
    """
    model = stack(kind, 3, 16, seed=0).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for iteration in range(max(after)):
        x = positive(iteration, (16, 16, 4, 4), CPU).double()
        loss = relative(model(x) + (1 - target) * x, x)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {stop: fmean(losses[max(0, stop - 5) : stop]) for stop in after}


@computing_with(1)
def untrained_ratio(depth: int) -> float:
    """Median over identity-shortcut blocks of ‖F(x)‖/‖x‖ in a ResNet that was never trained."""
    x = positive(0, (IMAGES, 3, SIDE, SIDE), CPU).double()
    model = exact_statistics(build("residual", depth).double(), [x])
    return identity_median(block_ratios(model, [x]), "ratio")


def plain_over_residual(runs: Sequence[Record]) -> pd.DataFrame:
    """How many times larger the median response of the plain net is, by depth and measure.

    Measures: standard deviation pooled and by channel, the width from 1 % to 99 %, all over the
    3×3 layers, and the pooled one over the second layers of the blocks, F(x), alone. Trained nets
    with exact BN statistics, by pairs; depths without a pair are left out.
    """
    measures = {
        "pooled std": std_of,
        "std by channel": lambda run, when: layer_median(run, "channel_std", when),
        "1 % to 99 %": range_of,
        "std of F(x)": lambda run, when: layer_median(run, "std", when, second=True),
    }
    rows = []
    for depth in sorted({run.depth for run in runs}):
        sides = [(kind, depth) for kind in KINDS]
        found = {w: over(runs, *sides, partial(m, when=EXACT)) for w, m in measures.items()}
        if all(found.values()):
            rows.append({"depth": depth} | {w: one.estimate for w, one in found.items()})
    return pd.DataFrame(rows, columns=["depth", *measures])
