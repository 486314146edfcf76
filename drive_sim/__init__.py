"""drive_sim: drive, record, learn and prove."""

__version__ = "0.1.0"
