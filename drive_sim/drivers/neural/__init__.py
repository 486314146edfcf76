"""Networks that drive: their shapes (`networks`), batch-invariant `inference`, and the drivers on host and device."""
