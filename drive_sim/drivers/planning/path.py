"""A way through: on which side to pass what is on the road, and the smooth offset path that does it.

Each station of a plan is reached at a known time, so actors are where they will be *then*: a parked car blocks the
stations beside it, an oncoming car those where it will be met, a slow lead those where it will be caught up with.
A dynamic programme over stations and lateral cells chooses the sides (Bellman 1957); it is coarse and only decides.
The path itself minimises

    Σ w_k (x_k − r_k)² + (ℓ / Δs)⁴ Σ (x_{k+1} − 2 x_k + x_{k−1})²,

the distance from the lane's centre against the bending of the path, with a heavy weight w_k where it would leave the
corridor. Followed for a step and planned anew, this is a linear-quadratic regulator of the offset: its poles are
1/ℓ · exp(± 3πi/4), a damping of 0.71.
"""

from __future__ import annotations

from drive_sim.compute.kernel import inner_scalar
from drive_sim.drivers.planning.situation import CELL, CELLS, LEAST_SPACING, ROLE_PASS, comes_towards
from drive_sim.world.roads.coordinates import element_at

DRIFT_TIME = 1.0
"""Lateral movement of an actor in the way is continued for this long [s]."""
BLOCKED = 1000.0
"""Cost of a cell in which something would be hit; a way that costs this much is none."""
LANE_COST, OUTSIDE_COST, ONCOMING_COST = 0.05, 0.4, 1.0
"""Per station: m² off the lane's centre; metres outside the lane; metres on the oncoming side."""
CLOSE_COST = 2.0
"""Per station passed at the least clearance instead of the wanted one."""
SHIFT_COST, JERK_COST = 0.1, 1.5
"""Per station: moving a cell sideways; two cells."""
CHANGE_COST = 0.15
"""Per station and metre away from the plan before: decisions are kept until there is reason to change them."""
HEAVY = 150.0
"""Weight of the corridor's bounds against the lane's centre."""
ROUNDS = 6
"""Rounds in which the bounds that matter are found."""
EDGE_MARGIN = 0.15
"""Kept from the edge of what may be driven on [m]."""
STRIP = 0.5
"""Of the pavement beyond the outer lanes, so much may be driven on [m]: a wheel beside the line, but no shoulder."""
HEAD_ON = 0.15
"""An oncoming actor whose centre is no further left of our lane's than this, in lane widths, is in our lane."""
LEAST_BEND_LENGTH = 3.5
"""Length scale of lateral moves at walking pace [m]."""


@inner_scalar
def _meeting(i, n, k, actors, plan, half_length):
    """(how far outside the stretch that actor ``n`` occupies station ``k`` lies [m], its offset then [m])."""
    time = plan.time[i, k]
    speed = actors.speed[i, n]
    if comes_towards(i, n, actors):
        # Neither its speed nor ours is certain.
        margin = 2.0 - speed * (0.5 + 0.06 * time)
    else:
        margin = 1.0 + 0.6 * abs(speed)
    distance = abs(k * plan.spacing[i] - plan.gap[i, n] - speed * time) - (actors.half_length[i, n] + half_length)
    offset = actors.d[i, n] + actors.lateral_speed[i, n] * min(time, DRIFT_TIME)
    return distance - margin, offset


@inner_scalar
def _edges(i, k, world, roads, plan, half_width):
    """Offsets (lowest, highest) [m] at which the whole car is on the lanes, or just beside, at station ``k``."""
    road = world.road[i]
    element = roads.element_start[road] + element_at(roads, road, plan.s[i] + k * plan.spacing[i])
    half_median, lane = 0.5 * roads.median[road], roads.lane_width[road]
    right = half_median + roads.lanes_forward[road] * lane + STRIP
    left = half_median + roads.lanes_backward[road] * lane + STRIP
    low = -min(roads.paved_right[element], right) + half_width + EDGE_MARGIN
    high = min(roads.paved_left[element], left) - half_width - EDGE_MARGIN
    if roads.median[road] > 0.0 and world.lane_centre[i] < 0.0:
        high = min(high, -0.5 * roads.median[road] - half_width)
    return min(low, world.lane_centre[i]), max(high, world.lane_centre[i])


@inner_scalar
def _lane_costs(i, world, roads, plan, half_width, outside_cost):
    """Start the cost of every cell with that of leaving the lane's centre, the lane, and the road."""
    centre = world.lane_centre[i]
    half_lane = 0.5 * world.lane_width[i]
    two_way = roads.lanes_backward[world.road[i]] > 0
    for k in range(plan.cells.shape[1]):
        low, high = _edges(i, k, world, roads, plan, half_width)
        plan.lower[i, k], plan.upper[i, k] = low, high
        for j in range(CELLS):
            e = (j - CELLS // 2) * CELL
            d = centre + e
            cost = LANE_COST * e * e + outside_cost * max(abs(e) + half_width - half_lane, 0.0)
            if two_way:
                cost += ONCOMING_COST * max(d + half_width, 0.0)
            if d < low - 0.5 * CELL or d > high + 0.5 * CELL:
                cost += BLOCKED
            plan.cells[i, k, j] = cost
    if plan.fresh[i] == 0:
        _prefer_previous(i, centre, plan)


@inner_scalar
def _prefer_previous(i, centre, plan):
    """Make cells dearer the further they lie from the plan before."""
    last = plan.offset.shape[1] - 1
    shift = plan.s[i] - plan.previous_s[i]
    if shift < 0.0 or shift > 20.0:  # the seam of a closed road, or a lane reset
        return
    for k in range(last + 1):
        position = min((shift + k * plan.spacing[i]) / plan.previous_spacing[i], last - 1e-6)
        base = int(position)
        low, high = plan.previous_offset[i, base], plan.previous_offset[i, base + 1]
        before = low + (high - low) * (position - base)
        for j in range(CELLS):
            plan.cells[i, k, j] += CHANGE_COST * abs(centre + (j - CELLS // 2) * CELL - before)


@inner_scalar
def _actor_costs(i, world, actors, manner, plan, half_length, half_width, waiting):
    """Add what stands or will be in the way. While waiting, only what is near counts as a wall."""
    for n in range(actors.kind.shape[1]):
        if plan.role[i, n] != ROLE_PASS:
            continue
        for k in range(plan.cells.shape[1]):
            distance, offset = _meeting(i, n, k, actors, plan, half_length)
            if distance >= 0.0:
                continue
            blocked = BLOCKED
            if waiting:
                near = plan.time[i, k] < 1.5 and k * plan.spacing[i] < 2.0 * half_length + 2.0 * plan.start_speed[i]
                blocked = 100.0 * BLOCKED if near else 0.2 * BLOCKED
            touching = actors.half_width[i, n] + half_width
            # What cannot be helped any more is no reason to see no way at all.
            least = manner.least_clearance[i] if k > 4 else 0.05
            wanted = max(manner.clearance[i], least + 0.05)
            for j in range(CELLS):
                # A cell that lies partly beyond the edge is driven at the edge.
                d = min(max(world.lane_centre[i] + (j - CELLS // 2) * CELL, plan.lower[i, k]), plan.upper[i, k])
                # Traffic keeps right: an oncoming actor is passed on our right alone.
                aside = offset - d
                room = (aside if comes_towards(i, n, actors) else abs(aside)) - touching
                if room < least:
                    plan.cells[i, k, j] += blocked
                elif room < wanted:
                    plan.cells[i, k, j] += CLOSE_COST * (wanted - room) / (wanted - least)


@inner_scalar
def _cell_of(world, i, offset):
    return min(max(int(round((offset - world.lane_centre[i]) / CELL)) + CELLS // 2, 0), CELLS - 1)


@inner_scalar
def _search(i, world, plan):
    """Cheapest cells from the start to the last station, into ``band[:, 3]`` as offsets; returns their cost."""
    stations = plan.cells.shape[1]
    first = _cell_of(world, i, plan.start_offset[i])
    for j in range(CELLS):
        plan.best[i, 0, j] = 0.0 if j == first else 1e9
    for k in range(1, stations):
        old, new = (k - 1) % 2, k % 2
        for j in range(CELLS):
            least, move = 1e9, 0
            for shift in range(-2, 3):
                source = j - shift
                if source < 0 or source >= CELLS:
                    continue
                cost = plan.best[i, old, source] + SHIFT_COST * abs(shift)
                if shift == 2 or shift == -2:
                    cost += JERK_COST
                if cost < least:
                    least, move = cost, shift
            plan.best[i, new, j] = least + plan.cells[i, k, j]
            plan.back[i, k, j] = move
    last = (stations - 1) % 2
    cell = 0
    for j in range(1, CELLS):
        if plan.best[i, last, j] < plan.best[i, last, cell]:
            cell = j
    total = plan.best[i, last, cell]
    for k in range(stations - 1, 0, -1):
        plan.band[i, 3, k] = world.lane_centre[i] + (cell - CELLS // 2) * CELL
        cell -= plan.back[i, k, cell]
    plan.band[i, 3, 0] = plan.start_offset[i]
    return total


@inner_scalar
def _bound(i, world, roads, actors, manner, plan, half_length, half_width):
    """Bounds of the corridor around the cells found: pavement, and the wanted clearance where there is room."""
    stations = plan.offset.shape[1]
    for k in range(stations):
        plan.lower[i, k], plan.upper[i, k] = _edges(i, k, world, roads, plan, half_width)
        plan.band[i, 0, k], plan.band[i, 1, k] = -1e3, 1e3
    for n in range(actors.kind.shape[1]):
        if plan.role[i, n] == ROLE_PASS:
            _bound_beside(i, n, world, actors, plan, half_length, half_width)
    for k in range(stations):
        low, high = plan.band[i, 0, k], plan.band[i, 1, k]
        room = 0.5 * (min(high, plan.upper[i, k]) - max(low, plan.lower[i, k]))
        clearance = min(manner.clearance[i], max(room, 0.0))
        plan.lower[i, k] = max(plan.lower[i, k], low + clearance)
        plan.upper[i, k] = max(min(plan.upper[i, k], high - clearance), plan.lower[i, k])


@inner_scalar
def _bound_beside(i, n, world, actors, plan, half_length, half_width):
    """Touching offsets beside actor ``n`` on the side that was chosen, fading out before and behind it."""
    stations = plan.offset.shape[1]
    nearest, middle = 1e9, 0
    for k in range(stations):
        distance, _ = _meeting(i, n, k, actors, plan, half_length)
        if distance < nearest:
            nearest, middle = distance, k
    if nearest > 2.0 * plan.spacing[i]:
        return
    _, offset = _meeting(i, n, middle, actors, plan, half_length)
    touching = actors.half_width[i, n] + half_width
    side = plan.band[i, 3, middle] - offset
    head_on = comes_towards(i, n, actors)
    if abs(side) < touching - 0.3 or (side > 0.0 and head_on):
        if not head_on or offset > world.lane_centre[i] + HEAD_ON * world.lane_width[i]:
            return  # no way past: the speed takes care of it
        side = -1.0  # as far to the right as may be driven on
    for k in range(stations):
        distance, offset = _meeting(i, n, k, actors, plan, half_length)
        # Without fading, a bound would come and go as the stations slide along.
        fade = 0.6 * max(distance, 0.0) / plan.spacing[i]
        if fade > 3.0:
            continue
        if side > 0.0:
            plan.band[i, 0, k] = max(plan.band[i, 0, k], offset + touching - fade)
        else:
            plan.band[i, 1, k] = min(plan.band[i, 1, k], offset - touching + fade)


@inner_scalar
def _solve(i, plan, stiffness, centre):
    """One round of the smoothing: the band matrix's LDLᵀ for stations 1..K-1, offsets relative to ``centre``."""
    last = plan.offset.shape[1] - 1
    start = plan.start_offset[i] - centre
    before = start - plan.start_slope[i] * plan.spacing[i]
    diagonal, first, second, right = 0, 1, 2, 3
    band = plan.band
    for p in range(1, last + 1):
        x = plan.offset[i, p] - centre
        low, high = plan.lower[i, p] - centre, plan.upper[i, p] - centre
        wanted, weight = min(max(plan.bias[i], low), max(low, high)), 1.0
        if x < low:
            wanted, weight = low, HEAVY
        elif x > high:
            wanted, weight = high, HEAVY
        inner = 1.0 if p < last else 0.0
        following = 1.0 if p < last - 1 else 0.0
        a = weight + stiffness * (1.0 + 4.0 * inner + following)
        b = -2.0 * stiffness * (inner + following)  # couples p and p + 1
        c = stiffness * following  # couples p and p + 2
        r = weight * wanted
        if p == 1:
            r -= stiffness * (before - 2.0 * start - 2.0 * start)
        elif p == 2:
            r -= stiffness * start
        # Forward elimination in place: row p loses what rows p - 1 and p - 2 contribute.
        if p > 1:
            f = band[i, first, p - 1] / band[i, diagonal, p - 1]
            a -= f * band[i, first, p - 1]
            b -= f * band[i, second, p - 1]
            r -= f * band[i, right, p - 1]
        if p > 2:
            f = band[i, second, p - 2] / band[i, diagonal, p - 2]
            a -= f * band[i, second, p - 2]
            r -= f * band[i, right, p - 2]
        band[i, diagonal, p], band[i, first, p], band[i, second, p], band[i, right, p] = a, b, c, r
    for p in range(last, 0, -1):
        r = band[i, right, p]
        if p < last:
            r -= band[i, first, p] * (plan.offset[i, p + 1] - centre)
        if p < last - 1:
            r -= band[i, second, p] * (plan.offset[i, p + 2] - centre)
        plan.offset[i, p] = centre + r / band[i, diagonal, p]


@inner_scalar
def _smooth(i, world, manner, plan):
    """The offset path in the corridor; sets ``offset`` and ``bend``."""
    centre = world.lane_centre[i]
    spacing = plan.spacing[i]
    length = max(manner.lateral_time[i] * plan.start_speed[i], LEAST_BEND_LENGTH * LEAST_SPACING)
    stiffness = (length / spacing) ** 4
    plan.offset[i, 0] = plan.start_offset[i]
    for k in range(1, plan.offset.shape[1]):
        plan.offset[i, k] = centre + plan.bias[i]
    for _ in range(ROUNDS):
        _solve(i, plan, stiffness, centre)
    before = plan.start_offset[i] - plan.start_slope[i] * spacing
    plan.bend[i] = (plan.offset[i, 1] - 2.0 * plan.start_offset[i] + before) / (spacing * spacing)


@inner_scalar
def find_path(i, world, roads, actors, manner, plan, half_length, half_width, passed):
    """Offset path of world ``i``; ``passed`` actors have to be passed."""
    plan.waits[i] = 0
    if passed > 0:
        _lane_costs(i, world, roads, plan, half_width, OUTSIDE_COST)
        _actor_costs(i, world, actors, manner, plan, half_length, half_width, False)
        if _search(i, world, plan) >= BLOCKED:
            plan.waits[i] = 1
            _lane_costs(i, world, roads, plan, half_width, BLOCKED)
            _actor_costs(i, world, actors, manner, plan, half_length, half_width, True)
            _search(i, world, plan)
    else:
        for k in range(plan.offset.shape[1]):
            plan.band[i, 3, k] = world.lane_centre[i]
    _bound(i, world, roads, actors, manner, plan, half_length, half_width)
    _smooth(i, world, manner, plan)
