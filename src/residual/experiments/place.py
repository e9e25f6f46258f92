"""Where an experiment takes place: profile, device, store, and networks to start from."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from residual import store
from residual.batches import normalise
from residual.data import Dataset, load
from residual.models import Network
from residual.recipe import Recipe
from residual.train import Training, fit


@dataclass(frozen=True)
class Place:
    """The profile whose scale is meant, the device, and the store of runs (None: the usual)."""

    profile: str
    device: torch.device
    root: Path | None = None

    def recipe(self, kind: str, depth: int, seed: int) -> Recipe:
        """The profile's recipe for one network."""
        return Recipe.of(self.profile, kind, depth, seed)

    def dataset(self) -> Dataset:
        """The profile's data set; DataError if it is not there."""
        return load(self.recipe("plain", 8, 0).dataset)

    def trained(self, kind: str, depth: int, seed: int) -> Network:
        """A trained network, in eval mode: weights from the store, or else trained now.

        A training made here is not recorded, so a record without weights beside it stays as it is.
        """
        recipe = self.recipe(kind, depth, seed)
        run = store.find(recipe, self.root)
        if run and (run.folder / "weights.safetensors").is_file():
            model = recipe.network(self.dataset().channels)
            model.load_state_dict(run.weights())
            return model.to(self.device).eval()
        return train_unrecorded(Training(recipe, self.dataset(), self.device)).model.eval()

    def training_images(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` normalised training images (N, C, H, W) and their labels (N,)."""
        dataset = self.dataset()
        head = dataset.train.head(count)
        images = normalise(head.images, dataset.mean).contiguous()
        return images.to(self.device), head.labels.to(self.device)

    def test_images(self, count: int) -> Tensor:
        """The first `count` normalised test images (N, C, H, W)."""
        dataset = self.dataset()
        images = normalise(dataset.test.head(count).images, dataset.mean).contiguous()
        return images.to(self.device)


def train_unrecorded(training: Training) -> Training:
    """The training after its end, with nothing left in the store."""
    fit(training)
    return training


def positive(seed: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Inputs as a block inside a net sees them: x ≥ 0, half-normal, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).abs().to(device)


def relative(output: Tensor, target: Tensor) -> Tensor:
    """Relative squared error ‖output − target‖²/‖target‖²."""
    return (output - target).square().sum() / target.square().sum()
