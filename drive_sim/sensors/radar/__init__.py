"""The front radar: configuration, what its beams cover, which targets it can see, and the echoes it reports."""
