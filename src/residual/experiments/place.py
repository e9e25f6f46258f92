"""Where an experiment takes place: profile, device, store, and what it starts from."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from residual import store
from residual.batches import normalise
from residual.data import Dataset, Split, load
from residual.models import Network
from residual.recipe import Recipe
from residual.train import Training, fit


@dataclass(frozen=True)
class Place:
    """Where a study computes: its profile, the device, and the store of runs (None: the usual)."""

    profile: str
    device: torch.device
    root: Path | None = None

    def recipe(self, kind: str, depth: int, seed: int) -> Recipe:
        """The profile's recipe for one network."""
        return Recipe.of(self.profile, kind, depth, seed)

    def dataset(self) -> Dataset:
        """The profile's data set; DataError if it is not there."""
        return load(self.recipe("plain", 8, 0).dataset)

    def training(
        self, kind: str, depth: int, seed: int, model: nn.Module | None = None
    ) -> Training:
        """The training of one network, or of another model by its recipe; nothing is recorded."""
        return Training(self.recipe(kind, depth, seed), self.dataset(), self.device, model)

    def trained(self, kind: str, depth: int, seed: int) -> Network:
        """A trained network, in eval mode: weights from the store, or else trained now.

        A training made here is not recorded, so a record without weights beside it stays as it is.
        """
        recipe = self.recipe(kind, depth, seed)
        run = store.find(recipe, self.root)
        if run and run.weights_file.is_file():
            return run.network().to(self.device)
        training = self.training(kind, depth, seed)
        fit(training)
        return training.model.eval()

    def images(self, split: Split, count: int) -> Tensor:
        """The first `count` images of a part of the data set, normalised: (N, C, H, W)."""
        images = normalise(split.head(count).images, self.dataset().mean)
        return images.contiguous().to(self.device)

    def training_images(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` normalised training images (N, C, H, W) and their labels (N,)."""
        train = self.dataset().train
        return self.images(train, count), train.head(count).labels.to(self.device)


def positive(seed: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Inputs as a block inside a net sees them: x ≥ 0, half-normal, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).abs().to(device)


def relative(output: Tensor, target: Tensor) -> Tensor:
    """Relative squared error ‖output − target‖²/‖target‖²."""
    return (output - target).square().sum() / target.square().sum()
