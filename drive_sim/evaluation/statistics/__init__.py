"""From episodes to figures with intervals, comparisons of drivers, and figures over training seeds."""
