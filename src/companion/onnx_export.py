"""A trained network as an ONNX graph in which every block has a factor α for its layers.

A block computes H(x) = ReLU(α·F(x) + shortcut(x)), in a plain net ReLU(α·F(x)). With α = 1 the
graph is the network in eval mode; batch normalisation is folded into the convolutions.

Inputs, all float32: `images` (N, C, H, W), normalised as in training, and `alpha` (B,), one factor
for each block. Outputs: `logits` (N, 10), and three measurements of each block, (B,), taken as the
network sees them, with α applied: see `measure`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from residual.constructions import folded
from residual.models import BasicBlock, Network

OPSET, IR = 18, 9  # versions that ONNX Runtime has read since 2023
MEASURED = ("response", "ratio", "change")


class Graph:
    """Operations and constants of a graph in the making; calling it adds an operation."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def __call__(self, operator: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """Add an operation; returns the name of its result."""
        name = name or f"{operator.lower()}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, name: str, value: Tensor | Sequence[int]) -> str:
        """A constant, float32 or int64, kept once under its name."""
        if name not in self.constants:
            given = isinstance(value, Tensor)
            array = value.detach().cpu().numpy() if given else np.array(value, np.int64)
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def integers(self, *values: int) -> str:
        """A list of integers as an operand, such as the axes of a sum."""
        return self.constant("integers " + " ".join(map(str, values)), values)


def export(model: Network, side: int, about: dict[str, str]) -> bytes:
    """The network as an ONNX file for images of `side`×`side`; the same bytes at every call.

    `about` is kept in the file as its metadata. The model must have batch normalisation.
    """
    graph = Graph()
    x = graph("Relu", convolution(graph, "stem", model.conv, model.norm, "images"))
    measured: list[tuple[str, ...]] = []
    for i, block in enumerate(model.blocks):
        x, *found = scaled_block(graph, i, block, x)
        measured.append(tuple(found))
    x = graph("ReduceMean", x, graph.integers(2, 3), keepdims=0)  # (N, 64)
    weight, bias = model.classifier.weight, model.classifier.bias
    operands = graph.constant("classifier.weight", weight), graph.constant("classifier.bias", bias)
    graph("Gemm", x, *operands, transB=1, name="logits")
    for name, values in zip(MEASURED, zip(*measured)):
        together = graph("Concat", *values, axis=0)  # (B, 1, 1, 1)
        graph("Reshape", together, graph.integers(-1), name=name)
    return packed(graph, (model.conv.in_channels, side, side), len(model.blocks), about)


def scaled_block(graph: Graph, index: int, block: BasicBlock, x: str) -> Iterator[str]:
    """H(x) of one block, then its measurements."""
    f = graph("Relu", convolution(graph, f"{index + 1}.1", block.conv1, block.norm1, x))
    f = convolution(graph, f"{index + 1}.2", block.conv2, block.norm2, f)
    factor = graph("Gather", "alpha", graph.integers(index))  # (1,)
    f = graph("Mul", f, factor)
    past = shortcut(graph, block, x)
    h = graph("Relu", graph("Add", f, past) if block.residual else f)
    yield h
    yield from measure(graph, x, f, past, h)


def measure(graph: Graph, x: str, f: str, past: str, h: str) -> Iterator[str]:
    """Three numbers of a block, each (1, 1, 1, 1); `f` is α·F(x), `past` the shortcut of x.

    response: standard deviation of α·F(x) over images, channels and positions (Fig. 7's
    quantity); ratio: mean over images of ‖α·F(x)‖/‖x‖, without those whose x is all zero (NaN if
    that leaves none); change: largest |H(x) − shortcut(x)|, which is 0 if the block returns its
    shortcut bit for bit.
    """
    centred = graph("Sub", f, graph("ReduceMean", f))
    yield graph("Sqrt", graph("ReduceMean", graph("Mul", centred, centred)))
    each = graph.integers(1, 2, 3)
    size, norm = graph("ReduceL2", f, each), graph("ReduceL2", x, each)  # (N, 1, 1, 1)
    seen = graph("Sign", norm)  # 1, or 0 where nothing of the image is left
    safe = graph("Add", norm, graph("Sub", graph.constant("one", ONE), seen))
    ratios = graph("Mul", graph("Div", size, safe), seen)
    yield graph("Div", graph("ReduceSum", ratios), graph("ReduceSum", seen))
    yield graph("ReduceMax", graph("Abs", graph("Sub", h, past)))


ONE = Tensor([1.0])


def shortcut(graph: Graph, block: BasicBlock, x: str) -> str:
    """What `BasicBlock.shortcut` computes: x, or every second pixel with zeros as new channels."""
    if not block.widening:
        return x
    ends = graph.integers(2**31 - 1, 2**31 - 1)
    axes, steps = graph.integers(2, 3), graph.integers(block.stride, block.stride)
    x = graph("Slice", x, graph.integers(0, 0), ends, axes, steps)  # (N, C, H/2, W/2)
    before = block.widening // 2 if block.zeros == "split" else 0
    pads = (0, before, 0, 0, 0, block.widening - before, 0, 0)
    return graph("Pad", x, graph.integers(*pads))  # (N, 2C, H/2, W/2)


def convolution(graph: Graph, name: str, conv: nn.Conv2d, norm: nn.BatchNorm2d, x: str) -> str:
    """A 3×3 convolution and the batch normalisation after it, as one convolution with a bias."""
    scale, offset = folded(norm)
    weight = graph.constant(f"{name}.weight", conv.weight * scale[:, None, None, None])
    strides, pads = list(conv.stride), list(conv.padding) * 2
    bias = graph.constant(f"{name}.bias", offset)
    return graph("Conv", x, weight, bias, strides=strides, pads=pads)


def packed(graph: Graph, image: tuple[int, int, int], blocks: int, about: dict[str, str]) -> bytes:
    """The checked model as bytes; `image` is (C, H, W)."""
    real = TensorProto.FLOAT
    inputs = [("images", ["N", *image]), ("alpha", [blocks])]
    outputs = [("logits", ["N", 10])] + [(name, [blocks]) for name in MEASURED]
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info(name, real, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, real, shape) for name, shape in outputs],
        list(graph.constants.values()),
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        made, opset_imports=opsets, ir_version=IR, producer_name="identity-by-default"
    )
    helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
