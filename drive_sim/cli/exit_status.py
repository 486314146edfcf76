"""What the exit statuses of ``drive-sim`` mean."""

DONE = 0
"""Done; with ``--thresholds``, all of them reached."""
FAILED = 1
"""The work failed, a threshold was missed, a road file was left out, or a dataset is not whole."""
BAD_INPUT = 2
"""Bad arguments, bad input, or a disk that is full or cannot be written: one line on standard error names the file, the
field and a hint."""
INTERRUPTED = 130
"""Interrupted by Ctrl-C (128 and the signal's number, as shells count); what was done is kept."""
TERMINATED = 143
"""Terminated by SIGTERM, as by a job scheduler or a shutdown; what was done is kept."""
