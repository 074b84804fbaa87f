"""The statistics: arrays and records in, records out; no files, clock, environment or global random state."""
