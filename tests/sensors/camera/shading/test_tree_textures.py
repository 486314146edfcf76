"""A tree's clumps are painted only where they are: that changes no pixel of it."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.compute.randomness import generator
from drive_sim.sensors.camera.shading import tree_textures
from drive_sim.sensors.camera.shading.tree_textures import draw_tree

SIZE = 64


def tree_over_the_whole_image(number: int, conifer: bool) -> np.ndarray:
    """Where a tree's crown is, each clump asked of every fine pixel; bool (fine, fine), row 0 at the foot."""
    n = SIZE * tree_textures._FINE
    rng, unused = generator("camera foliage", number), np.zeros((2, n, n))
    u, v = np.meshgrid((np.arange(n) + 0.5) / n - 0.5, (np.arange(n) + 0.5) / n)
    tree_textures._draw_trunk(*unused, u, v, rng, conifer)
    clumps = tree_textures._conifer_clumps(rng) if conifer else tree_textures._leafy_clumps(rng)
    ragged = rng.standard_normal((n // 3 + 1, n // 3 + 1)).repeat(3, 0).repeat(3, 1)[:n, :n]
    crown = unused[0] > 0.0
    for x, y, radius, _ in clumps:
        crown |= np.hypot(u - x, (v - y) * 1.15) / radius + 0.16 * ragged < 1.0
    return crown


@pytest.mark.parametrize(("number", "conifer"), [(0, False), (1, False), (4, True)])
@pytest.mark.slow
def test_no_leaf_is_cut_off_where_a_clump_ends(number, conifer):
    outline, light = draw_tree(number, conifer, SIZE)
    fine = tree_textures._FINE
    share = tree_over_the_whole_image(number, conifer).reshape(SIZE, fine, SIZE, fine).mean((1, 3))
    # Look-ups wrap around: the border is air, its foot half so.
    share[0], share[-1], share[:, 0], share[:, -1] = share[0] * 0.5, 0.0, 0.0, 0.0
    np.testing.assert_array_equal(outline, 2.0 * share - 1.0)
    assert 0.1 < share.mean() < 0.6
    assert light[share > 0.0].min() < 0.0 < light.max() <= 1.0
    assert not light[share <= 0.0].any()


@pytest.mark.parametrize("conifer", [False, True])
def test_a_tree_is_always_the_same_and_unlike_its_neighbour(conifer):
    one, again, other = (np.array(draw_tree(number, conifer, SIZE)) for number in (2, 2, 3))
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.1
