"""The ``drive-sim`` command."""
