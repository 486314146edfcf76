"""Which episodes are driven (`suite`, `cut_in`), by which drivers (`participants`), and under which `conditions`."""
