"""Runs in, matplotlib figures out; one style, one meaning for every colour."""

from companion.figures.blocks import block_diagram
from companion.figures.errors import error_by_depth, error_curves
from companion.figures.identity import (
    errors_left,
    lesion_bars,
    perturbed_errors,
    regression_curves,
    zeroed_outputs,
    zeroed_positions,
)
from companion.figures.landscape import loss_surface
from companion.figures.narrow import narrow
from companion.figures.responses import figure_7, gradient_norms, response_ratio
from companion.figures.spectra import jacobian_bands
from companion.figures.speed import iteration_time
from companion.figures.starts import decay_distances, falling, solution_curves, zero_gamma

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
