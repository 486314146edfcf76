"""What the exit statuses of ``drive-sim`` mean."""

DONE = 0
FAILED = 1
"""The work failed, a threshold was missed, or a dataset is not whole."""
BAD_INPUT = 2
"""Bad arguments or bad input: one line on standard error."""
INTERRUPTED = 130
"""By Ctrl-C, as shells count it: 128 and the signal's number."""
TERMINATED = 143
"""By SIGTERM, as from a job scheduler or a shutdown; what was done is kept as after Ctrl-C."""
