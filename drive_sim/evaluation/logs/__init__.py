"""What is kept of episodes: the `rollout_log`, one `episode_log` of it, and the `trace` that images are made from."""
