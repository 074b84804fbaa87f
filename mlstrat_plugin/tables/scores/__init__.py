"""From answered rows to tallies, outcomes, pairs and conditions."""
