"""From a point in space to a pixel: mount and pinhole (`configuration`), `distortion`, and images through a `lens`."""
