"""LeRobot v3, the format: what a step holds (`features`), data files (`tables`), `info`, `metadata`, `statistics`."""
