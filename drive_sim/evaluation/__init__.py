"""How well a driver drives.

`harness` takes a suite (`suites`), has it driven (`running`), keeps what happened (`logs`), scores it (`metrics`),
estimates with intervals (`statistics`), and writes `results` and the `report` with its `video` clips. `thresholds`
are what results must reach; `real_time` drives by the clock.
"""
