"""How strongly layers and blocks respond: the quantity of Fig. 7, and ‖F(x)‖/‖x‖."""

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from residual.models import Network
from residual.probes.common import Batches, Table, columns, evaluating, hooked, significant
from residual.probes.tally import Tally


def responses(model: Network, batches: Batches) -> Table:
    """Standard deviation of every 3×3 layer's output, after BN and before the non-linearity.

    The quantity of Fig. 7 (§4.2): before ReLU, or before the addition. One row a layer in network
    order: layer, std and mean (of every value); channel_std, share within ±0.1, 1 % and 99 %
    percentiles (of a sample of some 500 positions a batch).
    """
    tallies = {name: Tally() for name in model.layers()}
    handles = [
        layer.register_forward_hook(lambda _m, _i, output, name=name: tallies[name].add(output))
        for name, layer in model.layers().items()
    ]
    with hooked(handles), evaluating(model):
        for batch in batches:
            model(batch)
    return columns([{"layer": name} | tally.row() for name, tally in tallies.items()])


def block_ratios(model: Network, batches: Batches) -> Table:
    """How large each block's correction is beside its input: mean over images of ‖F(x)‖/‖x‖.

    F(x) is the block's second layer after BN. Images whose x is all zero have no ratio and are
    left out (a block without any gives NaN). One row a block: block (from 1), ratio, input_norm
    (mean of ‖x‖), widening (whether the block changes the shape, so that its shortcut is no
    identity), gamma (median of |γ₂|, the scales of the block's last BN; None without BN).
    """
    norms: dict[str, list[Tensor]] = {}
    handles = []
    for i, block in enumerate(model.blocks):
        x, f = norms.setdefault(f"x{i}", []), norms.setdefault(f"f{i}", [])
        handles += [
            block.register_forward_pre_hook(lambda _m, inputs, x=x: x.append(norm(inputs[0]))),
            block.norm2.register_forward_hook(lambda _m, _i, out, f=f: f.append(norm(out))),
        ]
    with hooked(handles), evaluating(model):
        for batch in batches:
            model(batch)
    rows = []
    for i, block in enumerate(model.blocks):
        x, f = torch.cat(norms[f"x{i}"]), torch.cat(norms[f"f{i}"])
        seen = x > 0  # an image may have died on the way: ReLU left nothing of it
        ratio, size = float((f[seen] / x[seen]).mean()), float(x.mean())
        row = {"block": i + 1, "ratio": significant(ratio), "input_norm": significant(size)}
        has_norm = isinstance(block.norm2, nn.BatchNorm2d)
        gamma = float(block.norm2.weight.detach().abs().median()) if has_norm else None
        row["gamma"] = None if gamma is None else significant(gamma)
        rows.append(row | {"widening": bool(block.widening)})
    return columns(rows)


def norm(x: Tensor) -> Tensor:
    """Euclidean norm of each image's activations: (N,)."""
    return x.flatten(1).double().norm(dim=1)


def exact_statistics(model: Network, batches: Batches) -> Network:
    """A copy whose BN statistics are averages over the batches, not moving averages of training.

    The authors' released models were made this way; moving averages lag behind the weights.
    """
    exact = copy.deepcopy(model)
    update_bn(batches, exact)
    return exact
