"""``python -m drive_sim``: the ``drive-sim`` command."""

from drive_sim.cli.main import main

if __name__ == "__main__":
    main()
