"""From recorded episodes to a model.

A `recipe` (a TOML file; those that ship lie in `recipes/`) becomes `settings`, which define a training run.
`recordings` loads the episodes that are learnt from, `quality` says what they can teach, `views` renders what a network
sees with what it should have answered, and `view_dataset` hands it out. Further views are of `transplants`, manoeuvres
of the person on roads that they did not drive, and of `rounds`, where the network gets when it drives; what is driven
for both is `captured` as episodes. `learner` is the
optimisation, by the `gradients` of each batch, `checkpoint` what a killed run resumes from, `validation` drives the
checkpoints, and `training` runs all of it and writes the model with its `card`.
"""
