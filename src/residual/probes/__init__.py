"""Measurements on a network; most return a table, a dictionary of equally long columns.

`responses`, `block_ratios`, `angles` and `exact_statistics` take batches of images, `error`,
`lesions` and `surplus` batches of (images, labels), `gradient_ratios` one of these, `jacobian` and
`kernel` images, `coherence` images and their neighbours, `stage_ratio` columns of a table.
A probe never changes the model, knows models and tensors only, and reads a layer inside its
forward hook, since the tensor is changed in place right after.
"""

from residual.probes.activations import angles, block_ratios, exact_statistics, responses
from residual.probes.common import (
    Batches,
    Table,
    columns,
    convolutions,
    evaluating,
    identity_median,
    significant,
)
from residual.probes.lesioning import error, gradient_ratios, lesions, surplus
from residual.probes.shattering import coherence, stage_ratio
from residual.probes.spectrum import jacobian
from residual.probes.tangent import kernel

__all__ = ["Batches", "Table", "columns", "convolutions", "evaluating", "identity_median"]
__all__ += ["angles", "block_ratios", "coherence", "error", "exact_statistics", "significant"]
__all__ += ["gradient_ratios", "jacobian", "kernel", "lesions", "responses", "stage_ratio"]
__all__ += ["surplus"]
