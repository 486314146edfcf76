"""What a network looks at: the pixels whose convolutions respond through all layers.

VisualBackProp: the mean of a layer's feature maps is scaled up by the kernel and stride of its convolution, multiplied
with the mean of the layer before, and so on to the image (Bojarski et al. 2016, "VisualBackProp: efficient
visualization of CNNs"). It needs no gradient, and holds for convolutions followed by a ReLU. Whether the pixels that it
marks move the command, the method does not say; ``scripts/networks/attention_check.py`` does.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drive_sim.drivers.neural.networks import LARGEST, Network, camera_planes

TINT = np.array([255.0, 40.0, 120.0], np.float32)
"""Colour that marks pixels: one that no road has."""


def attention(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """How much each pixel of images (B, H, W, 3) is looked at: (B, H, W), from 0 to 1 in each camera's image.

    Of several moments, all is told of the present one: a network that looks at them together has one answer for all.
    None for a network that does not say which its convolutions are (`Network.convolution_stacks`).
    """
    stacks = network.convolution_stacks()
    if not stacks:
        return None
    masks = np.zeros(images.shape[:3], np.float32)
    settings = network.settings
    tops = itertools.accumulate((rows for rows, _ in settings.images), initial=0)
    with torch.inference_mode():
        planes = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - LARGEST) / LARGEST
        seen = camera_planes(planes, settings)
        for stack, image, (rows, columns), top in zip(stacks, seen, settings.images, tops, strict=False):
            masks[:, top : top + rows, :columns] = _looked_at(stack, image[:, :, :rows]).numpy()
    return masks


def marked(image: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An image (H, W, 3) whose pixels are tinted by what a mask (H, W) says of them."""
    share = 0.75 * np.clip(mask, 0.0, 1.0)[..., None] ** 0.7
    return np.asarray(np.rint((1.0 - share) * image + share * TINT), np.uint8)


def _looked_at(stack: nn.Sequential, planes: Tensor) -> Tensor:
    """(B, H, W) for the planes (B, planes, H, W), from -1 to 1, of one camera."""
    convolutions: list[nn.Conv2d] = []
    means, sizes = [], [planes.shape[2:]]
    for layer in stack:
        planes = layer(planes)
        if isinstance(layer, nn.Conv2d):
            convolutions.append(layer)
        else:
            means.append(planes.mean(1, keepdim=True))
            sizes.append(planes.shape[2:])
    mask = means[-1]
    for number in range(len(convolutions) - 1, -1, -1):
        mask = _scaled_up(mask, convolutions[number], sizes[number])
        if number:
            mask = mask * means[number - 1]
    mask = mask[:, 0]
    low, high = mask.amin((1, 2), keepdim=True), mask.amax((1, 2), keepdim=True)
    return (mask - low) / (high - low).clamp_min(1e-12)


def _scaled_up(mask: Tensor, convolution: nn.Conv2d, size: torch.Size) -> Tensor:
    """A mask (B, 1, rows, columns) behind a convolution as large as what is before it: ``size``."""
    kernel = torch.ones(1, 1, *convolution.kernel_size)
    strides = convolution.stride
    found = nn.functional.conv_transpose2d(mask, kernel, stride=tuple(int(stride) for stride in strides))
    # Rows and columns that no kernel reaches are looked at by nobody.
    return nn.functional.pad(found, (0, size[1] - found.shape[3], 0, size[0] - found.shape[2]))
