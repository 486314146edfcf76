"""2D lidar: the nearest obstacle along each of a fan of beams.

A beam is a ray in a level plane, met exactly with the oriented boxes of the other road users, and with the guard rails
and kerbs that line the road. What does not reach up to the plane is not met: a kerb where the plane is higher than it,
debris that lies below. A guard rail is met at the height of its beam only (its posts, of a few centimetres, are not).
The plane stays level when the body pitches and rolls, as that of a scanner that corrects for it. Defaults after SICK's
LMS5xx (190 degrees at 1 degree, 80 m, errors of the size of its statistical error), on the front bumper at
0.5 m: there it sees road users, cones and rails. At 0.1 m it sees kerbs and debris too, but looks under the rails.

Rails and kerbs are curves of constant d in the road frame, so a beam is walked along the signed distance that the
road's grid gives, and the crossing is then bisected to a millimetre.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from drive_sim.compute.geometry import to_local, to_world
from drive_sim.compute.kernel import allocate, kernel, scalar, to_device
from drive_sim.compute.randomness import STREAM_LIDAR, random_normal, random_uniform
from drive_sim.sensors.configuration import Flag, Mount, NotNegative, Number, Reach, Share, Whole, configuration
from drive_sim.world.roads.coordinates import project
from drive_sim.world.roads.road import EDGE_KERB, EDGE_RAIL, KERB_HEIGHT, RAIL_BOTTOM, RAIL_OFFSET, RAIL_TOP
from drive_sim.world.state import ACTOR_NONE

if TYPE_CHECKING:
    from drive_sim.world.simulator import Simulator

SHORTEST_STRIDE = 0.25
"""Least step of the walk along a beam [m]; far below any radius of a rail, so none is stepped over."""
LOST_STRIDE = 2.0
"""Step beyond the band where the road's grid knows nothing [m]."""
EXTINCTION = 3.0
"""Extinction coefficient times visibility: Koschmieder's contrast of 5 %, -ln(0.05)."""


@configuration("lidar")
class LidarConfig:
    """A 2D scanner. Rate: every control step (20 Hz). Beams are counted from right to left."""

    beams: Annotated[Whole, Field(ge=1, le=100_000)] = 191
    """Number of beams; SICK LMS5xx operating instructions."""
    field_of_view: Annotated[Number, Field(ge=0.0, le=2.0 * math.pi)] = math.radians(190.0)
    """Angle between the first and the last beam [rad]; the same source. At 2 pi the last beam is left out, as it would
    be the first."""
    max_range: Reach = 80.0
    """Largest range [m], and what a beam reports when nothing comes back; the same source."""
    x: Mount = 2.0
    """Mount forward of the car's reference point [m]: the front of the car."""
    y: Mount = 0.0
    """Mount left of it [m]."""
    z: Annotated[Number, Field(gt=0.0, le=100.0)] = 0.5
    """Height of the plane above the ground [m]: on the bumper, where it meets road users, cones and rails, but neither
    kerbs (0.12 m) nor debris (0.4 m)."""
    yaw: Number = 0.0
    """Direction of the middle beam against the car's axis [rad]."""
    noise: Flag = True
    """Whether the errors below apply."""
    range_noise: NotNegative = 0.012
    """Standard deviation of a range [m]; of the size of the LMS5xx' statistical error."""
    dropout: Share = 0.002
    """Probability that a return is lost; an estimate."""

    @property
    def angles(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Direction of each beam against the car's axis [rad], (beams)."""
        full = self.field_of_view > 2.0 * math.pi - 1e-9
        half = 0.5 * self.field_of_view
        return self.yaw + np.linspace(-half, half, self.beams, endpoint=not full)


class LidarMount(NamedTuple):
    """A `LidarConfig` for kernels."""

    x: float
    y: float
    z: float
    max_range: float
    range_noise: float
    dropout: float


class LidarScene(NamedTuple):
    """What the kernel reads of the worlds; shapes as in `World` and `State`."""

    road: Any
    seed: Any
    fog_visibility: Any
    step: Any
    x: Any
    y: Any
    yaw: Any
    kind: Any
    length: Any
    width: Any
    height: Any
    actor_x: Any
    actor_y: Any
    actor_yaw: Any


@scalar
def ray_box(x, y, direction_x, direction_y, half_length, half_width):
    """Distance [m] at which a ray enters a box centred at the origin along the axes; inf if never, 0 from inside.

    Slab method (Kay & Kajiya 1986): the ray is inside where it is between both pairs of parallel sides.
    """
    enter, leave = 0.0, math.inf
    if direction_x != 0.0:
        a, b = (-half_length - x) / direction_x, (half_length - x) / direction_x
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    elif abs(x) > half_length:
        return math.inf
    if direction_y != 0.0:
        a, b = (-half_width - y) / direction_y, (half_width - y) / direction_y
        enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    elif abs(y) > half_width:
        return math.inf
    return enter if enter <= leave else math.inf


@scalar
def wall_offset(edge, z):
    """How far outside the pavement a wall stands at height ``z`` [m]; inf where the edge has none so high.

    Walls are the beams of guard rails, which stand `RAIL_OFFSET` outside, and kerbs, which stand at the edge.
    """
    if edge == EDGE_RAIL and RAIL_BOTTOM <= z <= RAIL_TOP:
        return RAIL_OFFSET
    return 0.0 if edge == EDGE_KERB and z <= KERB_HEIGHT else math.inf


@scalar
def edge_clearances(roads, road, offsets, x, y):
    """How far (x, y) is within the left and the right wall of the road [m]: negative outside, inf where there is none.

    ``offsets`` are the `wall_offset` of both edges. The third number tells whether the road's grid knows the place.
    """
    element, s, d = project(roads, road, x, y)
    if element < 0:
        return math.inf, math.inf, False
    if not roads.closed[road] and not 0.0 <= s <= roads.length[road]:
        return math.inf, math.inf, True
    e = roads.element_start[road] + element
    return roads.paved_left[e] + offsets[0] - d, roads.paved_right[e] + offsets[1] + d, True


@scalar
def _bisect_wall(roads, road, offsets, x, y, direction_x, direction_y, near, far, side):
    """Distance at which the ray crosses the wall of ``side`` between ``near`` and ``far``; inf if it does not.

    Where the grid changes over from one branch of a road to another the clearance jumps without a wall: then it is
    not small at the end of the bisection.
    """
    left, right, _ = edge_clearances(roads, road, offsets, x + near * direction_x, y + near * direction_y)
    inside = (left if side == 0 else right) >= 0.0
    for _ in range(16):  # the longest stride, 54 m, down to a millimetre
        middle = 0.5 * (near + far)
        left, right, _ = edge_clearances(roads, road, offsets, x + middle * direction_x, y + middle * direction_y)
        if ((left if side == 0 else right) >= 0.0) == inside:
            near = middle
        else:
            far = middle
    left, right, _ = edge_clearances(roads, road, offsets, x + near * direction_x, y + near * direction_y)
    return near if abs(left if side == 0 else right) < 0.02 else math.inf


@scalar
def ray_walls(roads, road, x, y, z, direction_x, direction_y, reach):
    """Distance [m] at which a ray of at most ``reach``, level at height ``z``, meets a guard rail or kerb; else inf."""
    offsets = (wall_offset(roads.edge_left[road], z), wall_offset(roads.edge_right[road], z))
    if min(offsets[0], offsets[1]) == math.inf:
        return math.inf
    travelled = 0.0
    left, right, known = edge_clearances(roads, road, offsets, x, y)
    while travelled < reach:
        nearest = min(abs(left), abs(right))
        # |d| grows no faster than the ray does, so a wall is at least that far; a margin for widths that change.
        stride = max(SHORTEST_STRIDE, 0.9 * nearest) if known and nearest < math.inf else LOST_STRIDE
        stride = min(stride, reach - travelled + 1e-9)
        following = travelled + stride
        next_left, next_right, next_known = edge_clearances(
            roads, road, offsets, x + following * direction_x, y + following * direction_y
        )
        if known and next_known:
            hit = math.inf
            if left * next_left < 0.0:
                hit = _bisect_wall(roads, road, offsets, x, y, direction_x, direction_y, travelled, following, 0)
            if right * next_right < 0.0:
                other = _bisect_wall(roads, road, offsets, x, y, direction_x, direction_y, travelled, following, 1)
                hit = min(hit, other)
            if hit < math.inf:
                return hit
        travelled, left, right, known = following, next_left, next_right, next_known
    return math.inf


@scalar
def ray_actors(scene, i, x, y, z, direction_x, direction_y):
    """Distance [m] at which a ray level at height ``z`` meets a road user of world ``i``; inf if it meets none."""
    nearest = math.inf
    for n in range(scene.kind.shape[1]):
        if scene.kind[i, n] == ACTOR_NONE or scene.height[i, n] < z:
            continue
        yaw = scene.actor_yaw[i, n]
        forward, left = to_local(x, y, scene.actor_x[i, n], scene.actor_y[i, n], yaw)
        along, across = to_local(direction_x, direction_y, 0.0, 0.0, yaw)
        hit = ray_box(forward, left, along, across, 0.5 * scene.length[i, n], 0.5 * scene.width[i, n])
        nearest = min(nearest, hit)
    return nearest


@kernel(grain=1500)
def _scan(item, roads, scene, beams, mount, out):
    """One beam of one world."""
    count = beams[0].shape[0]
    i, beam = item // count, item % count
    x, y = to_world(mount.x, mount.y, scene.x[i], scene.y[i], scene.yaw[i])
    direction_x, direction_y = to_world(beams[0][beam], beams[1][beam], 0.0, 0.0, scene.yaw[i])
    distance = ray_actors(scene, i, x, y, mount.z, direction_x, direction_y)
    reach = min(distance, mount.max_range)
    distance = min(distance, ray_walls(roads, scene.road[i], x, y, mount.z, direction_x, direction_y, reach))
    # The echo of a surface weakens as exp(-2 a r) / r² (lidar equation, extended target); it is lost below what the
    # largest range gives in clear air.
    attenuation = EXTINCTION / scene.fog_visibility[i]
    if distance * math.exp(attenuation * min(distance, mount.max_range)) > mount.max_range:
        distance = mount.max_range
    else:
        if mount.range_noise > 0.0:
            distance += mount.range_noise * random_normal(scene.seed[i], STREAM_LIDAR, scene.step[i], beam)
        if mount.dropout > 0.0:
            lost = random_uniform(scene.seed[i], STREAM_LIDAR, scene.step[i], 2 * count + beam)
            if lost < mount.dropout:
                distance = mount.max_range
    out[0][i, beam] = min(max(distance, 0.0), mount.max_range)


class Lidar:
    """The scanners of B cars: float32 (B, beams) range [m] in 0..max_range, sensor frame, every control step.

    ``period`` is the control period [s], which a scan does not depend on.
    """

    Config = LidarConfig

    def __init__(self, config: LidarConfig, device: str = "cpu", period: float = 0.05) -> None:
        self.config, self.device = config, device
        angles = config.angles
        self._beams = (to_device(device, np.cos(angles)), to_device(device, np.sin(angles)))
        noisy = float(config.noise)
        self._mount = LidarMount(
            config.x,
            config.y,
            config.z,
            config.max_range,
            noisy * config.range_noise,
            noisy * config.dropout,
        )

    @property
    def bounds(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Smallest and largest reading of one world, float32 (beams)."""
        shape = (self.config.beams,)
        return np.zeros(shape, np.float32), np.full(shape, self.config.max_range, np.float32)

    def reset(self, batch: int, mask: Any = None) -> None:
        """A scanner remembers nothing."""

    def sense(self, simulator: Simulator) -> Any:
        """One scan of every world."""
        world, state = simulator.world, simulator.state
        scene = LidarScene(
            world.road,
            world.seed,
            world.weather.fog_visibility,
            state.step,
            state.x,
            state.y,
            state.yaw,
            world.actors.kind,
            world.actors.length,
            world.actors.width,
            world.actors.height,
            state.actor_x,
            state.actor_y,
            state.actor_yaw,
        )
        batch = simulator.batch_size
        out = allocate(self.device, (batch, self.config.beams), np.float32)
        _scan(self.device, batch * self.config.beams, simulator.roads, scene, self._beams, self._mount, (out,))
        return out
