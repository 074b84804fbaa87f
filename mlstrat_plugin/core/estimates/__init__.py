"""The algebra of estimates: tallies, intervals, pairs, sample sizes."""
