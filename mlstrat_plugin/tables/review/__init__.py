"""Which rows people look at, and where the model is worse."""
