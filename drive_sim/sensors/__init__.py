"""What the car senses: `suite` reads every sensor named in it into one observation.

`camera`, `lidar`, `radar`, `imu`, `gnss`, `odometry` are a module or folder each, found by name in `registry`, which
holds sensors of other packages too; `configuration` is what their configurations are made of, `stateful` what sensors
share whose reading depends on their last one; `annotations` labels the images.
"""
