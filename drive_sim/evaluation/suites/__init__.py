"""What is driven, by whom, and under which conditions."""
