"""Runs in, matplotlib figures out; one style, one meaning for every colour."""

from residual.figures.blocks import block_diagram
from residual.figures.errors import error_by_depth, error_curves
from residual.figures.identity import (
    errors_left,
    lesion_bars,
    perturbed_errors,
    regression_curves,
    zeroed_outputs,
    zeroed_positions,
)
from residual.figures.landscape import loss_surface
from residual.figures.narrow import narrow
from residual.figures.responses import figure_7, gradient_norms, response_ratio
from residual.figures.spectra import jacobian_bands
from residual.figures.speed import iteration_time
from residual.figures.starts import decay_distances, falling, solution_curves, zero_gamma

__all__ = [
    "block_diagram",
    "decay_distances",
    "error_by_depth",
    "error_curves",
    "errors_left",
    "falling",
    "figure_7",
    "gradient_norms",
    "iteration_time",
    "jacobian_bands",
    "lesion_bars",
    "loss_surface",
    "narrow",
    "perturbed_errors",
    "regression_curves",
    "response_ratio",
    "solution_curves",
    "zero_gamma",
    "zeroed_outputs",
    "zeroed_positions",
]
