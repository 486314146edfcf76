"""Videos of episodes: captured while they are driven (`capture`), drawn and encoded (`clip`, `drawing`, `traces`)."""
