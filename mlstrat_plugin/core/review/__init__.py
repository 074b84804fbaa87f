"""What people said about single rows, counted."""
