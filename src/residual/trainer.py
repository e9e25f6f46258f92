"""One iteration of the paper's recipe, and all the tensors that it reads and writes (§4.2)."""

from collections.abc import Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual import probes
from residual.data import Dataset, Split
from residual.itinerary import Itinerary, augment, itinerary, normalise
from residual.models import Network, build
from residual.recipe import PROFILES, Recipe

EVAL_BATCH = 250
LOG_POINTS = 100  # a training is watched at each hundredth of its way


class Trainer:
    """A training in progress on a device, where the data set lives as uint8.

    Nothing is read back to the host in `step`: losses, errors and the iteration's number are
    tensors on the device, and `state` names every one of them that a checkpoint must hold.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        self.recipe, self.dataset, self.device = recipe, dataset, device
        self.train, self.test = dataset.train.to(device), dataset.test.to(device)
        self.mean = dataset.mean.to(device)
        self.model = network(recipe, dataset).to(device, memory_format=torch.channels_last).train()
        self.rate = torch.tensor(recipe.rate(0), device=device)
        self.optimizer = sgd(self.model, recipe, self.rate)
        rates = [recipe.rate(i) for i in range(recipe.iterations)]
        self.rates = torch.tensor(rates, device=device)
        self.iteration = torch.zeros((), dtype=torch.int64, device=device)
        self.first = torch.zeros((), dtype=torch.int64, device=device)
        rows, batch = max(8, -(-recipe.iterations // LOG_POINTS)), recipe.batch_size
        self.index = torch.zeros((rows, batch), dtype=torch.int64, device=device)
        self.offset = torch.zeros((rows, batch, 2), dtype=torch.int64, device=device)
        self.flip = torch.zeros((rows, batch), dtype=torch.bool, device=device)
        self.losses = torch.full((recipe.iterations,), torch.nan, device=device)
        self.errors = torch.full((recipe.iterations,), torch.nan, device=device)
        self.evaluations = recipe.points(PROFILES[recipe.profile].evaluations)
        self.test_errors = torch.full((len(self.evaluations),), torch.nan, dtype=torch.float64)
        shape = (len(self.evaluations) + 1, 2, recipe.depth - 1)
        self.gradients = torch.full(shape, torch.nan, dtype=torch.float64)
        self.seconds = torch.zeros((), dtype=torch.float64)

    def visit(self, start: int, stop: int) -> None:
        """Make the batches of the iterations from start to stop - 1 known to `step`.

        At most a hundredth of the training at a time, or eight iterations: the tensors that a
        captured iteration reads stay where they are.
        """
        chunk = self.itinerary(start, stop)
        self.first.fill_(start)
        self.index[: stop - start].copy_(chunk.index)
        self.offset[: stop - start].copy_(chunk.offset)
        self.flip[: stop - start].copy_(chunk.flip)

    def itinerary(self, start: int, stop: int) -> Itinerary:
        """The batches of the iterations from start to stop - 1."""
        size, images = self.recipe.batch_size, len(self.train.labels)
        padding, flips = self.dataset.padding, self.dataset.flips
        return itinerary(self.recipe.seed, start, stop, images, size, padding, flips)

    def step(self) -> None:
        """One iteration: the batch, the loss, the gradients, the update.

        Rows are taken by tensors of one index: a plain index would be read back to the host.
        """
        now = self.iteration.view(1)
        row = now - self.first
        index = self.index.index_select(0, row)[0]  # (B,)
        images = augment(
            self.train.images.index_select(0, index),
            self.mean,
            self.offset.index_select(0, row)[0],
            self.flip.index_select(0, row)[0],
            self.dataset.padding,
        )
        labels = self.train.labels.index_select(0, index)
        with self.autocast():
            logits = self.model(images)  # (B, 10)
        loss = F.cross_entropy(logits.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.rate.copy_(self.rates.index_select(0, now)[0])
        self.optimizer.step()
        self.losses.index_copy_(0, now, loss.detach().view(1))
        self.errors.index_copy_(0, now, wrong(logits.detach(), labels).view(1))
        self.iteration += 1

    def autocast(self) -> torch.autocast | nullcontext:
        """bfloat16 on CUDA, float32 elsewhere; without the weight cache, which graphs forbid."""
        if self.device.type != "cuda":
            return nullcontext()
        return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)

    def batches(self, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised images and labels in order, without augmentation."""
        pairs = zip(split.images.split(EVAL_BATCH), split.labels.split(EVAL_BATCH))
        return ((normalise(images, self.mean), labels) for images, labels in pairs)

    def evaluate(self, split: Split) -> float:
        """Error in eval mode without augmentation, in per cent."""
        with self.autocast():
            return probes.error(self.model, self.batches(split))

    def observe(self, evaluation: int) -> None:
        """The test error and the gradients at one of the `evaluations`."""
        self.test_errors[evaluation] = self.evaluate(self.test)
        self.observe_gradients(evaluation + 1)

    def observe_gradients(self, row: int) -> None:
        """‖∇W‖/‖W‖ and ‖W‖ of each 3×3 convolution for the first images of the training set."""
        images, labels = next(self.batches(self.train.head(self.recipe.batch_size)))
        found = probes.gradient_ratios(self.model, images, labels)
        both = [found["ratio"], found["weight"]]
        self.gradients[row] = torch.tensor(both, dtype=torch.float64)

    def state(self) -> dict[str, Tensor]:
        """Weights, BN statistics, momentum, and what has been observed so far."""
        own = ("iteration", "losses", "errors", "test_errors", "gradients", "seconds")
        momentum = {
            f"momentum.{name}": self.optimizer.state[p]["momentum_buffer"]
            for name, p in self.model.named_parameters()
        }
        weights = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return weights | momentum | {name: getattr(self, name) for name in own}

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from a checkpoint, by copying into the tensors that `state` names.

        ValueError, and nothing changed, if it is no checkpoint of this recipe's network.
        """
        own = self.state()
        if shapes(own) != shapes(state):
            raise ValueError("the checkpoint was made by other code: its tensors do not fit")
        for name, tensor in own.items():
            tensor.copy_(state[name])


def shapes(state: dict[str, Tensor]) -> dict[str, torch.Size]:
    """The shape of each tensor."""
    return {name: tensor.shape for name, tensor in state.items()}


def wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Share of wrong predictions in a batch, in per cent."""
    return 100 * (logits.argmax(1) != labels).float().mean()


def network(recipe: Recipe, dataset: Dataset) -> Network:
    """The recipe's network at its initialisation."""
    return build(
        recipe.kind,
        recipe.depth,
        recipe.seed,
        dataset.channels,
        recipe.norm,
        recipe.zero_gamma,
        shortcut=recipe.shortcut,
    )


def sgd(model: nn.Module, recipe: Recipe, rate: Tensor) -> torch.optim.SGD:
    """SGD with momentum and weight decay on every parameter, γ and β included (§3.4).

    Momentum starts as zeros rather than as the first gradient, which comes to the same.
    """
    gammas = [m.weight for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    free = {id(gamma) for gamma in gammas} if not recipe.decay_gamma else set()
    decayed = [p for p in model.parameters() if id(p) not in free]
    groups: list[dict] = [{"params": decayed, "weight_decay": recipe.weight_decay}]
    if free:
        groups.append({"params": gammas, "weight_decay": 0.0})
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, fused=True)
    for p in model.parameters():
        optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return optimizer
