"""From episodes to figures (`estimates`) with `intervals`, `comparison` of drivers, figures over `training_seeds`."""
