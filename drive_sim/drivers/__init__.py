"""Drivers: `driver` is the protocol they share and finds one by name; a folder or module for each kind."""
