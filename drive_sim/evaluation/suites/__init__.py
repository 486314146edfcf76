"""Which episodes are driven, by which drivers, and under which conditions."""
