"""What a training is: one frozen Recipe, and the three profiles that scale the paper's own.

Source: He et al. 2015, §4.2. Departures are listed in book/deviations.md.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property

from residual.errors import ParameterError, check_choice, check_depth, check_integer, check_seed
from residual.models import KINDS, SHORTCUTS, Network, build

DATASETS = {"digits": "8×8 digits", "cifar10": "CIFAR-10"}
LOW_START_DEPTH = 110  # §4.2: ResNet-110 starts at 0.01 for about 400 of 64,000 iterations


@dataclass(frozen=True)
class Profile:
    """One scale of the experiment: data set, iterations, and how often the test set is seen.

    The number of evaluations divides 100: each falls on a hundredth of the way, where a training
    is watched.
    """

    name: str
    dataset: str
    iterations: int
    evaluations: int
    words: str


PROFILES = {
    "quick": Profile("quick", "digits", 600, 10, "8×8 digits, minutes a network on a CPU"),
    "desk": Profile("desk", "cifar10", 3_200, 4, "CIFAR-10, 1/20 of the paper's iterations"),
    "paper": Profile("paper", "cifar10", 64_000, 100, "CIFAR-10, the paper's 64,000 iterations"),
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training, but for the machine it runs on; defaults are the paper's.

    `profile` is quick, desk or paper, `kind` plain or residual, `depth` 6n+2, `dataset` digits or
    cifar10. `iterations` counts updates, each on `batch_size` images; `learning_rate` is the first
    one, and `weight_decay` λ adds λ·W to the gradient of W. ParameterError for a value that is not
    allowed.

    `norm`, `zero_gamma` and `decay_gamma` are the ablations that the chapters need: batch
    normalisation after each convolution, a zero start of the last scale of each block (Goyal et
    al. 2017), and weight decay on the scales γ (the paper decays every parameter). `shortcut` is
    what the shortcuts compute (see `models.build`), and `low_start` gives every depth the low
    first learning rate that the paper gives to its 110-layer net. `last_relu` is the ReLU after
    the addition, and `gamma` where the last scale of each block starts.
    """

    profile: str
    kind: str
    depth: int
    seed: int
    dataset: str
    iterations: int
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    norm: bool = True
    zero_gamma: bool = False
    decay_gamma: bool = True
    shortcut: str = "identity"
    low_start: bool = False
    last_relu: bool = True
    gamma: float = 1.0

    def __post_init__(self) -> None:
        check_choice("profile", self.profile, tuple(PROFILES))
        check_choice("kinds", self.kind, KINDS)
        check_depth(self.depth)
        check_seed(self.seed)
        check_choice("dataset", self.dataset, tuple(DATASETS))
        check_integer("iterations", self.iterations, 1, 10_000_000)
        check_integer("batch_size", self.batch_size, 1, 1_000_000)
        check_choice("shortcut", self.shortcut, SHORTCUTS)
        if not 1e-9 <= self.learning_rate < 100:
            raise ParameterError("learning_rate", self.learning_rate, "it lies between 0 and 100")
        if not 0 <= self.weight_decay < 100:
            raise ParameterError("weight_decay", self.weight_decay, "it is at least 0, below 100")
        if not 0 <= self.momentum < 1:
            raise ParameterError("momentum", self.momentum, "it is at least 0, below 1")
        if self.kind == "plain" and self.shortcut != "identity":
            raise ParameterError("shortcut", self.shortcut, "a plain network has no shortcut")
        if not 0 < self.gamma < 100:
            raise ParameterError("gamma", self.gamma, "it lies between 0 and 100")
        if self.zero_gamma and self.gamma != 1:
            raise ParameterError("gamma", self.gamma, "with zero_gamma it starts at 0 already")
        if not self.norm and (self.zero_gamma or self.gamma != 1 or not self.decay_gamma):
            raise ParameterError("norm", self.norm, "without batch normalisation there is no γ")

    @classmethod
    def of(
        cls,
        profile: str,
        kind: str,
        depth: int,
        seed: int = 0,
        iterations: int | None = None,
        learning_rate: float = 0.1,
    ) -> "Recipe":
        """The profile's own recipe for one network; ParameterError names a wrong value.

        `iterations` None keeps the profile's number. The weight decay follows from the length and
        the learning rate (`scaled_decay`).
        """
        check_choice("profile", profile, tuple(PROFILES))
        chosen = PROFILES[profile]
        length = chosen.iterations if iterations is None else iterations
        recipe = cls(profile, kind, depth, seed, chosen.dataset, length)
        return replace(recipe, learning_rate=learning_rate).with_scaled_decay()

    def with_scaled_decay(self) -> "Recipe":
        """The same recipe with the weight decay that belongs to its length and learning rate."""
        decay = scaled_decay(self.profile, self.iterations, self.learning_rate)
        return replace(self, weight_decay=decay)

    @cached_property
    def variant(self) -> str:
        """What differs from the profile's recipe, as part of a folder's name; often empty."""
        usual = Recipe.of(self.profile, self.kind, self.depth, self.seed)
        decay = scaled_decay(self.profile, self.iterations, self.learning_rate)
        usual = asdict(usual) | {"weight_decay": decay}  # which may be none that is allowed
        changed = [name for name, value in usual.items() if getattr(self, name) != value]
        return "-".join(SLUGS[name].format(getattr(self, name)) for name in changed)

    @property
    def name(self) -> str:
        """The run's folder below its profile: kind-depth[-variant]-sSEED."""
        parts = (self.kind, str(self.depth), self.variant, f"s{self.seed}")
        return "-".join(part for part in parts if part)

    def network(self, channels: int) -> Network:
        """The recipe's network at its initialisation, for images with so many channels."""
        return build(
            self.kind,
            self.depth,
            self.seed,
            channels,
            self.norm,
            0.0 if self.zero_gamma else self.gamma,
            shortcut=self.shortcut,
            last_relu=self.last_relu,
        )

    def rate(self, iteration: int) -> float:
        """Learning rate at an iteration: divided by 10 at 1/2 and 3/4 of the way (§4.2).

        A net of depth 110 or more, and one with a `low_start`, begins at a tenth for 400/64,000 of
        its iterations; the paper waits for a training error below 80 %, which it puts at about 400
        iterations.
        """
        low = self.low_start or self.depth >= LOW_START_DEPTH
        if low and iteration * 160 < self.iterations:
            return self.learning_rate / 10
        drops = (iteration * 2 >= self.iterations) + (iteration * 4 >= self.iterations * 3)
        return self.learning_rate / 10**drops

    def points(self, count: int) -> list[int]:
        """`count` evenly spaced iterations that end at the last one (fewer in a short run)."""
        return sorted({-(-self.iterations * k // count) for k in range(1, count + 1)})


SLUGS = {
    "dataset": "{}",
    "iterations": "it{}",
    "batch_size": "b{}",
    "learning_rate": "lr{:g}",
    "momentum": "m{:g}",
    "weight_decay": "wd{:g}",
    "norm": "no-bn",
    "zero_gamma": "zero-gamma",
    "decay_gamma": "no-gamma-decay",
    "shortcut": "{}-shortcut",
    "low_start": "low-start",
    "last_relu": "no-last-relu",
    "gamma": "gamma{:g}",
}


def scaled_decay(profile: str, iterations: int, learning_rate: float) -> float:
    """The weight decay λ that keeps the paper's product η·λ·T of learning rate, decay and length.

    Decay alone shrinks a weight by about exp(−η·λ·T/(1 − m)), so that a short run with the paper's
    λ = 1e-4 would hardly shrink anything (van Laarhoven 2017). The paper profile keeps the paper's.
    """
    if profile == "paper":
        return 1e-4
    return float(f"{1e-4 * (64_000 / iterations) * (0.1 / learning_rate):.6g}")


def recipes(
    profile: str, kinds: list[str], depths: list[int], seeds: list[int], iterations: int | None
) -> list[Recipe]:
    """One recipe for each combination of kinds, depths and seeds, in the order of the depths.

    `iterations` None keeps the profile's number. ParameterError names a wrong value.
    """
    return [Recipe.of(profile, k, d, s, iterations) for d in depths for k in kinds for s in seeds]
