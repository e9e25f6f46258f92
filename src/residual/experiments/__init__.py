"""Experiments that train none of the paper's networks: `ensure(name, profile) -> Experiment`.

Each measures one seed at a time; its record lies beside the profile's runs and is read where it
is there.
"""

from residual.experiments.study import EXPERIMENTS, ensure

__all__ = ["EXPERIMENTS", "ensure"]
