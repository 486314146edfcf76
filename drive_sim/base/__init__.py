"""What every other folder may import: errors, progress, where the bundled data lies."""
