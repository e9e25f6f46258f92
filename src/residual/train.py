"""The training of one recipe: its state, and the loop (He et al. 2015, §4.2)."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual import probes
from residual.batches import Schedule, augment, normalise, schedule
from residual.data import Dataset, Split
from residual.recipe import PROFILES, Recipe

EVAL_BATCH = 250
WATCHED = 100  # a training is watched at each hundredth of its way

log = logging.getLogger(__name__)


class Training:
    """A training under way on a device: network, optimizer, data, and what has been seen so far.

    `seen` holds loss and running error (per cent) by iteration, the test error (per cent) by
    evaluation, ‖∇W‖/‖W‖ and ‖W‖ by evaluation and layer (row 0 before training), the iterations
    done and the seconds that they took. What is not known yet is NaN. `model` replaces the
    recipe's own network; `precision` None takes bfloat16 on CUDA and float32 elsewhere.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Dataset,
        device: torch.device,
        model: nn.Module | None = None,
        precision: torch.dtype | None = None,
    ) -> None:
        self.recipe, self.data, self.device = recipe, data, device
        self.train, self.test = data.train.to(device), data.test.to(device)
        self.mean = data.mean.to(device)
        model = recipe.network(data.channels) if model is None else model
        self.model = model.to(device, memory_format=torch.channels_last).train()
        self.rate = torch.tensor(recipe.rate(0), device=device)  # a tensor, as a CUDA graph wants
        self.optimizer = sgd(self.model, recipe, self.rate)
        self.precision = precision or (torch.bfloat16 if device.type == "cuda" else torch.float32)
        self.evaluations = recipe.points(PROFILES[recipe.profile].evaluations)
        count, layers = len(self.evaluations), len(self.model.layers())
        self.seen = {
            "loss": torch.full((recipe.iterations,), torch.nan, device=device),
            "error": torch.full((recipe.iterations,), torch.nan, device=device),
            "test_error": torch.full((count,), torch.nan, dtype=torch.float64),
            "gradients": torch.full((count + 1, 2, layers), torch.nan, dtype=torch.float64),
            "done": torch.zeros((), dtype=torch.int64),
            "seconds": torch.zeros((), dtype=torch.float64),
        }

    def step(self, index: Tensor, offset: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
        """One iteration on the images `index` (B,), cropped and flipped; its loss and error."""
        pixels = self.train.images.index_select(0, index)  # (B, H, W, C) uint8
        images = augment(pixels, self.mean, offset, flip, self.data.padding)  # (B, C, H, W)
        labels = self.train.labels.index_select(0, index)  # (B,)
        with self.autocast():
            logits = self.model(images)  # (B, 10)
        loss = F.cross_entropy(logits.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach(), 100 * (logits.detach().argmax(1) != labels).float().mean()

    def schedule(self, start: int, stop: int) -> Schedule:
        """The batches of the iterations from start to stop - 1."""
        images, data = len(self.train.labels), self.data
        seed, size = self.recipe.seed, self.recipe.batch_size
        return schedule(seed, start, stop, images, size, data.padding, data.flips)

    def batch(self, i: int) -> list[Tensor]:
        """Image numbers, crops and flips of iteration i, on the device."""
        plan = self.schedule(i, i + 1)
        return [t[0].to(self.device) for t in (plan.index, plan.offset, plan.flip)]

    def autocast(self) -> torch.autocast | nullcontext:
        """The precision of the network's arithmetic; no weight cache, which graphs forbid."""
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.precision, cache_enabled=False)

    def batches(self, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised images and labels in order, without augmentation."""
        pairs = zip(split.images.split(EVAL_BATCH), split.labels.split(EVAL_BATCH))
        return ((normalise(images, self.mean), labels) for images, labels in pairs)

    def evaluate(self, split: Split) -> float:
        """Error in eval mode without augmentation, in per cent."""
        with self.autocast():
            return probes.error(self.model, self.batches(split))

    def see_gradients(self, row: int) -> None:
        """‖∇W‖/‖W‖ and ‖W‖ of each 3×3 convolution on the first images of the training set."""
        images, labels = next(self.batches(self.train.head(self.recipe.batch_size)))
        found = probes.gradient_ratios(self.model, images, labels)
        for i, column in enumerate(("ratio", "weight")):
            self.seen["gradients"][row, i] = torch.tensor(found[column], dtype=torch.float64)

    def state(self) -> dict[str, Tensor]:
        """Every tensor that a checkpoint holds: weights, BN statistics, momentum, what was seen."""
        momentum = {
            f"momentum.{name}": self.optimizer.state[p]["momentum_buffer"]
            for name, p in self.model.named_parameters()
        }
        model = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return model | momentum | {f"seen.{name}": tensor for name, tensor in self.seen.items()}

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """Go back to a state, by copying into the tensors that are there: their layout stays."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])


def fit(
    training: Training,
    save: Callable[[], None] = lambda: None,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Train to the recipe's last iteration, or until the loss is no longer finite.

    `save` is called at each hundredth of the way, `progress` with the iterations done.
    """
    recipe, seen, start = training.recipe, training.seen, int(training.seen["done"])
    watched, evaluations = recipe.points(WATCHED), training.evaluations
    if start == 0:
        training.see_gradients(0)
    step, begun = graph(training, start), time.monotonic()
    for i in range(start, recipe.iterations):
        training.rate.fill_(recipe.rate(i))
        seen["loss"][i], seen["error"][i] = step(*training.batch(i))
        if i + 1 not in watched:
            continue
        finite = seen["loss"][: i + 1].isfinite().all().item()  # the device is waited for here
        seen["done"].fill_(i + 1)
        seen["seconds"] += time.monotonic() - begun
        if finite and i + 1 in evaluations:
            seen["test_error"][evaluations.index(i + 1)] = training.evaluate(training.test)
            training.see_gradients(evaluations.index(i + 1) + 1)
        progress(i + 1)
        if not finite:
            return
        save()
        begun = time.monotonic()


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


def graph(training: Training, start: int) -> Callable[..., tuple[Tensor, Tensor]]:
    """The training's `step`; on CUDA captured once as a graph, which is then only replayed."""
    if training.device.type != "cuda" or start == training.recipe.iterations:
        return training.step
    before = {name: tensor.clone() for name, tensor in training.state().items()}
    inputs, captured = training.batch(start), torch.cuda.CUDAGraph()
    try:
        with torch.cuda.stream(side := torch.cuda.Stream()):
            side.wait_stream(torch.cuda.default_stream())
            for _ in range(3):  # the libraries choose kernels and take their memory
                training.step(*inputs)
        torch.cuda.synchronize()
        with torch.cuda.graph(captured):
            outputs = training.step(*inputs)
    except RuntimeError as error:
        log.warning("The iteration could not be captured (%s): going on without a graph.", error)
        return training.step
    finally:
        training.restore(before)

    def replay(*batch: Tensor) -> tuple[Tensor, Tensor]:
        for held, tensor in zip(inputs, batch):
            held.copy_(tensor)
        captured.replay()
        return outputs

    return replay
