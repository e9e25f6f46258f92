"""Two public reproductions that published their weights: where they are and what they report.

The digests are those of the files at the named commits. Both sources report what their networks
reach on the test set; neither kept a validation set.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """One published network; `test_error` as its source reports it, in per cent."""

    kind: str
    depth: int
    file: str
    test_error: float
    sha256: str


@dataclass(frozen=True)
class Source:
    """A repository and the conventions of its networks.

    `mean` and `std` scale inputs on 0 … 1 by channel, `zeros` is where a shortcut's new channels
    go (see models.Network), `path` the folder of the weights in the repository. `published_epoch`
    says whether the reported errors are those of the published weights and not of a better epoch.
    """

    name: str
    repository: str
    commit: str
    licence: str
    path: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    zeros: str
    published_epoch: bool
    reported_in: str
    peers: tuple[Peer, ...]

    def facts(self) -> dict:
        """What a record says of its source."""
        names = ("name", "repository", "commit", "licence", "path")
        return {name: getattr(self, name) for name in names}


A_MARTYN = Source(
    name="a-martyn",
    repository="https://github.com/a-martyn/resnet",
    commit="a977915",
    licence="BSD-3-Clause",
    path="pretrained",
    mean=(0.49186,) * 3,
    std=(0.24697,) * 3,
    zeros="after",
    published_epoch=True,
    reported_in="results/*.csv, last row",
    peers=(
        Peer(
            "plain",
            20,
            "plainnet20.pt",
            9.69,
            "0f77669a030c3ed83c4cb51a14657ff5b9382a0204a1f2e74f817489b55322a2",
        ),
        Peer(
            "plain",
            32,
            "plainnet32.pt",
            10.04,
            "66116e99103f8f23cb5a2abbe8ede59aadc8ee1035f92dc4bdb950bd8f129d4b",
        ),
        Peer(
            "plain",
            44,
            "plainnet44.pt",
            11.56,
            "daa3c99abdf9db6863d49b4720cf913454d42600370b192a0ed983362e80945d",
        ),
        Peer(
            "plain",
            56,
            "plainnet56.pt",
            13.07,
            "1d7483c8dc8f800679882758eaf1fb2d929d847597b058a44ede98904775b221",
        ),
        Peer(
            "residual",
            20,
            "resnet20.pt",
            8.04,
            "690e7b7665ec4848aa69e8950a496ae5890a737fc42693fe17edfab97e9e488f",
        ),
        Peer(
            "residual",
            32,
            "resnet32.pt",
            7.79,
            "504f145a83d5cfa886d76504f3c64c9dfc8e1ec4450cc3aba2387280a1b59576",
        ),
        Peer(
            "residual",
            44,
            "resnet44.pt",
            7.51,
            "d76072bac4bd33978f9f521550827d816daa4832718c3444781aa01947652324",
        ),
        Peer(
            "residual",
            56,
            "resnet56.pt",
            7.46,
            "2d3b6e685714119c5fb0d45c369f353a26f8afd30ae7196760c98d300dc119de",
        ),
    ),
)

AKAMASTER = Source(
    name="akamaster",
    repository="https://github.com/akamaster/pytorch_resnet_cifar10",
    commit="d5489e8",
    licence="BSD-2-Clause",
    path="pretrained_models",
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    zeros="split",
    published_epoch=True,
    reported_in="README.md",
    peers=(
        Peer(
            "residual",
            20,
            "resnet20-12fca82f.th",
            8.27,
            "12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
        ),
        Peer(
            "residual",
            32,
            "resnet32-d509ac18.th",
            7.37,
            "d509ac1820d7f25398913559d7e81a13229b1e7adc5648e3bfa5e22dc137f850",
        ),
        Peer(
            "residual",
            44,
            "resnet44-014dd654.th",
            6.90,
            "014dd6541728a1c700b1642ab640e211dc6eb8ed507d70697458dc8f8a0ae2e4",
        ),
        Peer(
            "residual",
            56,
            "resnet56-4bfd9763.th",
            6.61,
            "4bfd97631478d6b638d2764fd2baff3edb1d7d82252d54439343b6596b9b5367",
        ),
    ),
)

SOURCES = (A_MARTYN, AKAMASTER)
