"""From recorded episodes to a model.

`labels` and `visible_objects` say what a network should have answered, `views` renders what it sees, `learner` is
the optimisation, `validation` drives the checkpoints, and `training` runs all of it and writes the model with its
`card`.
"""
