"""Writes the trained network as ONNX: normalisations folded, weights as float16, nothing but what inference needs."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from core.embedding.builtin import open_network, run
from core.errors import EarshotError
from core.heard import N_CLASSES
from core.patches import BANDS, FRAMES
from core.training.network import WIDTH, Attention, Block, Ears, Scaled

OPSET = 17
MOST_APART = 1e-4


class Graph:
    """A graph under construction; each method adds nodes and returns the name of the tensor that they make."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        """One node with one output."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: NDArray[np.float32]) -> str:
        """A weight, stored as float16 and used as float32."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float16), name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def conv(self, x: str, conv: nn.Conv2d, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """A convolution with the padding, stride and groups of a torch one."""
        pad, stride = conv.padding[0], conv.stride[0]
        attributes = {"strides": [stride] * 2, "pads": [pad] * 4, "group": conv.groups}
        return self.add("Conv", x, self.constant(weight), self.constant(bias), **attributes)

    def scaled(self, x: str, module: Scaled) -> str:
        """A convolution with its normalisation folded in."""
        conv, weight, bias = folded(module)
        return self.conv(x, conv, weight, bias)

    def activated(self, x: str, module: nn.Module) -> str:
        """ReLU or hard swish, whichever the module is."""
        return self.add("HardSwish" if isinstance(module, nn.Hardswish) else "Relu", x)

    def attention(self, x: str, module: Attention) -> str:
        """Squeeze and excitation."""
        mean = self.add("GlobalAveragePool", x)
        squeezed = self.add("Relu", self._biased(mean, module.reduce))
        gate = self.add("HardSigmoid", self._biased(squeezed, module.expand), alpha=1 / 6, beta=0.5)
        return self.add("Mul", x, gate)

    def block(self, x: str, module: Block) -> str:
        """One inverted residual block."""
        y = x if module.widen is None else self.activated(self.scaled(x, module.widen), module.act)
        y = self.activated(self.scaled(y, module.filter), module.act)
        if module.attention is not None:
            y = self.attention(y, module.attention)
        y = self.scaled(y, module.narrow)
        return self.add("Add", x, y) if module.adds else y

    def _biased(self, x: str, conv: nn.Conv2d) -> str:
        assert conv.bias is not None
        return self.conv(x, conv, _array(conv.weight), _array(conv.bias))


def folded(module: Scaled) -> tuple[nn.Conv2d, NDArray[np.float32], NDArray[np.float32]]:
    """The convolution, and the weight and bias that do the work of both it and its normalisation."""
    conv, norm = parts(module)
    factor = norm.weight / torch.sqrt(_known(norm.running_var) + norm.eps)
    bias = norm.bias - _known(norm.running_mean) * factor
    return conv, _array(conv.weight * factor[:, None, None, None]), _array(bias)


@torch.no_grad()
def rounded(ears: Ears) -> Ears:
    """The same network as it ships: normalisations folded, every weight rounded to 16 bits. Still torch."""
    shipped = deepcopy(ears).eval()
    for module in shipped.modules():
        if isinstance(module, Scaled):
            conv, weight, bias = folded(module)
            _, norm = parts(module)
            conv.weight.copy_(torch.from_numpy(weight))
            norm.reset_parameters()
            _known(norm.running_var).fill_(1 - norm.eps)
            norm.bias.copy_(torch.from_numpy(bias))
    for weights in shipped.parameters():
        weights.copy_(weights.half().float())
    return shipped


def parts(module: Scaled) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """The convolution and the normalisation of a scaled convolution."""
    conv, norm = module[0], module[1]
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return conv, norm


def build(ears: Ears) -> onnx.ModelProto:
    """The network as a model: `bands` (n, frames, bands) to `embedding` (n, WIDTH) and `log_odds` (n, N_CLASSES)."""
    graph = Graph()
    axis = numpy_helper.from_array(np.array([1]), "channel")
    ends = numpy_helper.from_array(np.array([2, 3]), "ends")
    x = graph.activated(graph.scaled(graph.add("Unsqueeze", "bands", "channel"), ears.stem), ears.act)
    for block in ears.blocks:
        assert isinstance(block, Block)
        x = graph.block(x, block)
    x = graph.add("GlobalAveragePool", graph.activated(graph.scaled(x, ears.last), ears.act))
    weight, bias = (
        graph.constant(_array(ears.classes.weight)[:, :, None, None]),
        graph.constant(_array(ears.classes.bias)),
    )
    log_odds = graph.add("Conv", x, weight, bias)
    graph.nodes.append(helper.make_node("Squeeze", [x, "ends"], ["embedding"]))
    graph.nodes.append(helper.make_node("Squeeze", [log_odds, "ends"], ["log_odds"]))
    inputs = [helper.make_tensor_value_info("bands", TensorProto.FLOAT, ["n", "frames", "bands"])]
    widths = {"embedding": WIDTH, "log_odds": N_CLASSES}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]) for name, width in widths.items()]
    body = helper.make_graph(graph.nodes, "ears", inputs, outputs, [axis, ends, *graph.weights])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="earshot")
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def write(ears: Ears, path: Path) -> float:
    """The model as a file; returns how far its outputs are from those of `rounded`, at most, over random pictures.

    Raises EarshotError where that is more than MOST_APART: the file is then not written.
    """
    model = build(ears).SerializeToString()
    network = open_network(model)
    pictures = np.random.default_rng(0).standard_normal((8, FRAMES, BANDS)).astype(np.float32)
    with torch.no_grad():
        expected = rounded(ears)(torch.from_numpy(pictures))
    apart = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(run(network, pictures), expected, strict=True))
    if apart > MOST_APART:
        raise EarshotError(f"the exported network differs by {apart:.1e} from the trained one; look for what it lacks")
    path.write_bytes(model)
    return apart


def _known(tensor: torch.Tensor | None) -> torch.Tensor:
    assert tensor is not None
    return tensor


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array
