"""People at the wheel: what keys and pedals command (`input`), and a `model` of a person with its `perception`."""
