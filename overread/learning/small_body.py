"""The body of the demo's network: ten layers of our own, which one CPU thread trains in a minute."""

from torch import Tensor, nn
from torch.nn import functional


def small_body(channels: int, width: int) -> nn.Module:
    """Return the layers, output stride 16 and 8 * `width` features; 0.33 million weights at width 16."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 6, 2, 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Block(width, width, 1),
        Block(width, 2 * width, 2),
        Block(2 * width, 4 * width, 2),
        Block(4 * width, 8 * width, 1),
    )


class Block(nn.Module):
    """Two convolutions and a shortcut (He and others, 2016), without a shift where it halves the size."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inward, outward, stride)
        self.second = _convolution(outward, outward, 1)
        shortcut: list[nn.Module] = [nn.AvgPool2d(stride)] if stride > 1 else []
        if inward != outward:
            shortcut += [nn.Conv2d(inward, outward, 1, bias=False), nn.BatchNorm2d(outward)]
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outward, h / stride, w / stride)."""
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


def _convolution(inward: int, outward: int, stride: int) -> nn.Sequential:
    """Return 3 x 3, or 4 x 4 of stride 2: with an even kernel the cells of a map divide its picture evenly.

    A 3 x 3 of stride 2 looks half a pixel up and left of its cell; at stride 16 a map is off by 8 pixels.
    """
    kernel = 3 if stride == 1 else 2 * stride
    return nn.Sequential(
        nn.Conv2d(inward, outward, kernel, stride, padding=1, bias=False), nn.BatchNorm2d(outward)
    )
