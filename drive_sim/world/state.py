"""The arrays of a batch of worlds: `World`, fixed for an episode, and `State`, which changes every step.

Both are tuples of arrays with a leading world axis B, so that the same kernels run on NumPy and on CUDA arrays.
N is the number of actor slots; a slot whose class is ACTOR_NONE is empty. SI units, radians, ISO 8855 axes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from drive_sim.compute.argument_structs import lasting
from drive_sim.compute.kernel import allocate

# Classes of actors.
ACTOR_NONE = 0
ACTOR_CAR = 1
ACTOR_LORRY = 2
ACTOR_BUS = 3
ACTOR_MOTORCYCLE = 4
ACTOR_CYCLIST = 5
ACTOR_PEDESTRIAN = 6
ACTOR_CONE = 7
ACTOR_DEBRIS = 8
ACTOR_NAMES = ("none", "car", "lorry", "bus", "motorcycle", "cyclist", "pedestrian", "cone", "debris")
ACTOR_SIZE = {  # length, width, height [m]
    ACTOR_CAR: (4.5, 1.8, 1.5),
    ACTOR_LORRY: (9.0, 2.5, 3.4),
    ACTOR_BUS: (12.0, 2.55, 3.1),
    ACTOR_MOTORCYCLE: (2.2, 0.8, 1.4),
    ACTOR_CYCLIST: (1.8, 0.6, 1.75),
    ACTOR_PEDESTRIAN: (0.5, 0.6, 1.75),
    ACTOR_CONE: (0.4, 0.4, 0.75),
    ACTOR_DEBRIS: (0.9, 0.7, 0.4),
}

# How an actor moves until its script begins; for the whole episode where it has none.
MOTION_STATIC = 0
MOTION_LANE = 1  # along the road at its offset, by IDM
MOTION_WALK = 2  # across the road: d changes at walking pace, from ``start_d`` towards ``action_d``

# What starts an actor's script.
TRIGGER_NONE = 0
TRIGGER_DISTANCE = 1  # ego's gap along the road falls below trigger_value [m]
TRIGGER_HEADWAY = 2  # gap / ego speed falls below trigger_value [s]
TRIGGER_TTC = 3  # gap / closing speed falls below trigger_value [s]
TRIGGER_TIME = 4  # episode time passes trigger_value [s]
TRIGGER_OWN_HEADWAY = 5  # the actor's own gap / own speed to the one in front falls below trigger_value [s]

# What the script makes the actor do.
ACTION_NONE = 0
ACTION_LATERAL = 1  # moves to offset action_d [m] in action_duration [s] (half cosine): cut in, cut out, swerve
ACTION_SPEED = 2  # changes to action_speed [m/s] at action_rate [m/s²] at most: brake, stop, drive off
ACTION_WALK = 3  # walks to offset action_d at action_speed

# Phase of the script: values of ``State.actor_phase``.
PHASE_WAITING = 0  # for the trigger
PHASE_ACTING = 1
PHASE_FINISHED = 2
PHASE_GONE = 3  # past the end of an open road, parked far away

# Pavement of the road and ground beside it: indices into PAVINGS and ROADSIDES.
PAVING_ASPHALT = 0
PAVING_PATCHED = 1  # asphalt with repairs, tar lines and skid marks
PAVING_CONCRETE = 2  # slabs with joints
PAVINGS = ("asphalt", "patched", "concrete")
ROADSIDE_GRASS = 0
ROADSIDE_GRAVEL = 1
ROADSIDE_SAND = 2
ROADSIDE_SNOW = 3
ROADSIDES = ("grass", "gravel", "sand", "snow")

# Events of one step, a bit mask.
EVENT_COLLISION_VEHICLE = 1
EVENT_COLLISION_PEDESTRIAN = 2  # pedestrians and cyclists
EVENT_COLLISION_STATIC = 4  # cones, debris, guard rails
EVENT_COLLISION = 7
EVENT_LANE_DEPARTURE = 8  # a wheel past the marking of the ego's lane
EVENT_OFF_CENTRE = 16  # reference point more than 1 m from the lane's centre
EVENT_OFF_ROAD = 32  # the car's reference point has left the paved surface
EVENT_WRONG_WAY = 64  # heading against the lane's direction
EVENT_STALL = 128  # stands for longer than STALL_TIME with nothing in the way
EVENT_FINISH = 256  # route driven
EVENT_TIME_OUT = 512
EVENT_NAMES = {
    EVENT_COLLISION_VEHICLE: "collision with a vehicle",
    EVENT_COLLISION_PEDESTRIAN: "collision with a pedestrian or cyclist",
    EVENT_COLLISION_STATIC: "collision with an obstacle",
    EVENT_LANE_DEPARTURE: "lane departure",
    EVENT_OFF_CENTRE: "off centre",
    EVENT_OFF_ROAD: "off the road",
    EVENT_WRONG_WAY: "wrong way",
    EVENT_STALL: "stall",
    EVENT_FINISH: "finish",
    EVENT_TIME_OUT: "time out",
}


@lasting
class Weather(NamedTuple):
    """Light, air and surface of each world; all float32 (B) unless a longer shape is given."""

    friction: Any  # float64 (B) peak tyre-road friction coefficient [1]
    fog_visibility: Any  # [m]; Koschmieder: contrast 5 % at this distance; 1e6 is clear
    wetness: Any  # 0 dry .. 1 standing water: darker, mirror-like
    rain: Any  # rain rate [mm/h]
    night: Any  # 0 day .. 1 night (headlights on above 0.3)
    sun_azimuth: Any  # [rad] direction towards the sun in the world, counter-clockwise from x
    sun_elevation: Any  # [rad]
    sun_strength: Any  # 0 overcast (no shadows) .. 1 clear
    exposure: Any  # gain on the image's linear light, 1 is neutral
    camera_noise: Any  # standard deviation of read noise [grey levels]
    asphalt: Any  # (B, 3) linear reflectance, RGB in 0..1
    asphalt_texture: Any  # 0 smooth .. 1 coarse and patched
    verge: Any  # (B, 3) reflectance of the ground beside the road
    verge_texture: Any  # 0..1
    marking_wear: Any  # 0 fresh paint .. 1 gone
    sky: Any  # (B, 3) colour of the upper sky, RGB in 0..1
    horizon: Any  # (B, 3) colour at the horizon, and of fog
    scenery: Any  # 0 bare .. 1 dense: trees, posts, houses beside the road
    shutter: Any  # exposure time as a multiple of the camera's own (by day): the darker, the longer
    paving: Any  # uint8 (B) PAVING_*
    roadside: Any  # uint8 (B) ROADSIDE_*


@lasting
class ActorSetup(NamedTuple):
    """The actors at the start of an episode and their scripts; (B, N), float64 unless noted."""

    kind: Any  # uint8 ACTOR_*
    length: Any  # [m]
    width: Any  # [m]
    height: Any  # [m]
    colour: Any  # float32 (B, N, 3) RGB reflectance
    direction: Any  # int8 +1 along s, -1 against
    start_s: Any  # [m]
    start_d: Any  # [m]
    start_speed: Any  # [m/s]
    yaw_offset: Any  # [rad] against the direction of travel (a badly parked car)
    desired_speed: Any  # [m/s] IDM's free speed
    headway: Any  # [s] IDM's time headway; 0: ignores the actor in front
    motion: Any  # uint8 MOTION_*
    trigger: Any  # uint8 TRIGGER_*
    trigger_value: Any  # m or s
    action: Any  # uint8 ACTION_*
    action_d: Any  # [m]
    action_duration: Any  # [s]
    action_speed: Any  # [m/s]
    action_rate: Any  # [m/s²] > 0
    next_action: Any  # uint8 ACTION_* that follows the first, and ends it if it is not finished
    next_after: Any  # [s] from the beginning of the first
    next_d: Any  # [m]
    next_duration: Any  # [s]
    next_speed: Any  # [m/s]
    next_rate: Any  # [m/s²] > 0
    heedless: Any  # uint8: keeps its speed whatever is in front of it
    demands_reaction: Any  # uint8: an encounter that is scored


@lasting
class World(NamedTuple):
    """What stays fixed during an episode; (B)."""

    seed: Any  # int64: key of every random draw in this world
    road: Any  # int32 index into Roads
    lane_centre: Any  # float64 d [m] of the ego's lane
    lane_width: Any  # float64 [m]
    start_s: Any  # float64 [m]
    start_d: Any  # float64 [m]
    start_heading_error: Any  # float64 [rad]
    start_speed: Any  # float64 [m/s]
    route_length: Any  # float64 [m] to drive until FINISH
    time_limit: Any  # float64 [s]
    speed_limit: Any  # float64 [m/s]
    weather: Weather
    actors: ActorSetup


@lasting
class State(NamedTuple):
    """What changes every step. Ego arrays (B), actor arrays (B, N); float64 unless noted.

    The ego's reference point is the middle of its box on the ground (x, y); velocities are those of the centre of
    gravity, which the model takes to be the same point.
    """

    step: Any  # int64 control steps since reset
    time: Any  # [s]
    x: Any  # [m] world
    y: Any  # [m]
    yaw: Any  # [rad], not wrapped
    speed: Any  # [m/s] magnitude of velocity, >= 0 (no reverse)
    yaw_rate: Any  # [rad/s]
    slip_angle: Any  # [rad] of the velocity against the car's axis
    steering: Any  # [rad] road-wheel angle
    drive: Any  # [m/s²] longitudinal acceleration that the actuators deliver now (lagged; before the tyre limit)
    acceleration_x: Any  # [m/s²] of the centre of gravity in the car's frame, forward (mean over the step)
    acceleration_y: Any  # [m/s²] left
    pitch: Any  # [rad] of the body, nose down positive (braking)
    roll: Any  # [rad] of the body, right side down positive (left curve)
    action: Any  # float32 (B, 2) last command [steering, acceleration]
    element: Any  # int32 road element below the car, -1 beyond the band
    s: Any  # [m] along the road
    d: Any  # [m] left of the reference line
    heading_error: Any  # [rad] of the car's axis against the road's, in [-pi, pi)
    curvature: Any  # [1/m] of the road at s
    progress: Any  # [m] driven along the road since reset (unwrapped; includes the distance gained by lane resets)
    odometer: Any  # [m] path length driven
    stalled_for: Any  # [s] stationary with nothing in the way
    events: Any  # uint32 bit mask EVENT_* of the last step
    events_ever: Any  # uint32 all events since reset
    done: Any  # uint8: the world is frozen
    hit_actor: Any  # int32 slot collided with in the last step, -1 none
    gap: Any  # [m] smallest distance between the ego's box and an actor's in the last step (1e6: no actor)
    time_to_collision: Any  # [s] with the nearest actor ahead in the ego's path (1e6: none)
    interventions: Any  # int32 lane resets since reset
    actor_x: Any  # (B, N) [m]
    actor_y: Any
    actor_yaw: Any  # [rad]
    actor_speed: Any  # [m/s] >= 0 along the road in its direction of travel; 0 for a pedestrian who crosses
    actor_acceleration: Any  # [m/s²]
    actor_s: Any  # [m] along the road
    actor_d: Any  # [m]
    actor_lateral_speed: Any  # [m/s] rate of d
    actor_phase: Any  # uint8 PHASE_*
    actor_timer: Any  # [s] since the trigger


WEATHER_TYPES: dict[str, Any] = {"friction": np.float64, "paving": np.uint8, "roadside": np.uint8}
"""Types of the weather's arrays that are not float32."""
_STATE_TYPES: dict[str, Any] = {
    "step": np.int64,
    "element": np.int32,
    "events": np.uint32,
    "events_ever": np.uint32,
    "done": np.uint8,
    "hit_actor": np.int32,
    "interventions": np.int32,
    "action": np.float32,
    "actor_phase": np.uint8,
}


def empty_state(batch: int, actors: int, device: str = "cpu") -> State:
    """A zeroed `State` of B worlds with N actor slots on ``device``."""
    arrays = {}
    for name in State._fields:
        shape: tuple[int, ...] = (batch, actors) if name.startswith("actor_") else (batch,)
        if name == "action":
            shape = (batch, 2)
        arrays[name] = allocate(device, shape, _STATE_TYPES.get(name, np.float64))
    return State(**arrays)
