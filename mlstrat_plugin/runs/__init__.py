"""Questions about runs that exist: which moved, what held them back, what they logged."""
