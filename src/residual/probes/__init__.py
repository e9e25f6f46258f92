"""Measurements on a network; most return a table, a dictionary of equally long columns.

`responses` and `block_ratios` take batches of images, `error` and `lesions` batches of (images,
labels), `gradient_ratios` one of these, `jacobian` images, `coherence` images and their
neighbours, `stage_ratio` columns of a table, `exact_statistics` batches of images.
A probe never changes the model, knows models and tensors only, and reads a layer inside its
forward hook, since the tensor is changed in place right after.
"""

from residual.probes.activations import block_ratios, exact_statistics, responses
from residual.probes.common import Batches, Table, columns, evaluating, significant
from residual.probes.lesioning import error, gradient_ratios, lesions
from residual.probes.shattering import coherence, stage_ratio
from residual.probes.spectrum import jacobian

__all__ = ["Batches", "Table", "columns", "evaluating", "significant"]
__all__ += ["block_ratios", "error", "exact_statistics", "gradient_ratios", "jacobian"]
__all__ += ["coherence", "lesions", "responses", "stage_ratio"]
