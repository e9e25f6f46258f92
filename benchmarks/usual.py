"""The usual way to write this training, to compare with: a Dataset, a DataLoader, .item()."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets.vision import VisionDataset

from residual.data import Split
from residual.models import build
from residual.recipe import Recipe


class Images(VisionDataset):
    """Like torchvision's CIFAR10: an array of images, one PIL image and its transforms a call."""

    def __init__(self, split: Split, transform: transforms.Compose) -> None:
        super().__init__(root="", transform=transform)
        self.data, self.targets = split.images.numpy(), split.labels.tolist()

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def usual(recipe: Recipe, split: Split, device: torch.device) -> Iterator[float]:
    """Losses, an iteration each: per-image transforms, NCHW memory, `.item()` every time."""
    mean = np.asarray(split.images.double().mean((0, 1, 2)) / 255)
    steps = [
        transforms.RandomCrop(32, 4),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(mean.tolist(), [1.0, 1.0, 1.0]),
    ]
    data = Images(split, transforms.Compose(steps))
    loader = DataLoader(data, recipe.batch_size, shuffle=True, drop_last=True, num_workers=2)
    model = build(recipe.kind, recipe.depth, recipe.seed).to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    while True:
        for images, labels in loader:
            yield update(model, optimizer, images.to(device), labels.to(device))


def update(model: nn.Module, optimizer: torch.optim.SGD, images, labels) -> float:
    """One iteration of the usual loop."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()
