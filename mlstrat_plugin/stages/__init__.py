"""What a DVC stage does, callable from Python: load, compute, save, return the record."""
