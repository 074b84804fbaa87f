"""A local page to look at rows one by one: what it shows, what it keeps, whom it answers."""
