"""What is kept of an episode: the rollout log, one episode of it, and the trace that images are made from."""
