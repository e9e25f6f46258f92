"""A trained network as an ONNX file in which every block has a factor α for its layers."""

import io
import logging
import warnings
from contextlib import redirect_stdout

import onnx
import torch
from torch import Tensor, nn

from residual.models import Network

OPSET = 18  # which ONNX Runtime has read since 2023
MEASURED = ("response", "ratio", "change")


class Scaled(nn.Module):
    """A network in eval mode whose blocks return y = ReLU(α·F(x) + shortcut(x)).

    A plain block computes ReLU(α·F(x)). With α = 1 this is the network itself.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, alpha: Tensor) -> tuple[Tensor, ...]:
        """Takes normalised images (N, C, H, W) and a factor for each block, (B,).

        Returns logits (N, 10) and, as the network sees them, of each block (B,): the standard
        deviation of α·F(x) over images, channels and positions (Fig. 7's quantity); the mean over
        images of ‖α·F(x)‖/‖x‖, without those whose x is all zero; the largest |y − shortcut(x)|,
        which is 0 if the block returns its shortcut bit for bit.
        """
        x, measured = self.network.norm(self.network.conv(images)).relu(), []
        for i, block in enumerate(self.network.blocks):
            f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
            f, past = alpha[i] * f, block.shortcut(x)
            h = (f + past if block.residual else f).relu()
            size, norm = (t.flatten(1).square().sum(1).sqrt() for t in (f, x))  # (N,)
            seen = (norm > 0).to(norm)
            ratio = (size / (norm + 1 - seen) * seen).sum() / seen.sum()
            response = (f - f.mean()).square().mean().sqrt()
            measured.append(torch.stack([response, ratio, (h - past).abs().max()]))
            x = h
        logits = self.network.classifier(x.mean((2, 3)))
        return logits, *torch.stack(measured).unbind(1)


def export(network: Network, side: int, about: dict[str, str]) -> bytes:
    """The network as an ONNX file for images of `side`×`side`.

    Inputs `images` and `alpha`, outputs `logits` and the three of `MEASURED`; `about` is kept in
    the file as its metadata. The model must have batch normalisation.
    """
    given = torch.zeros(2, network.conv.in_channels, side, side), torch.ones(len(network.blocks))
    file = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # the exporter warns of its own future
        torch.onnx.export(
            Scaled(network.eval()),
            given,
            file,
            input_names=["images", "alpha"],
            output_names=["logits", *MEASURED],
            dynamic_axes={"images": {0: "N"}, "logits": {0: "N"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(file.getvalue())
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()
