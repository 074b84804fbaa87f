"""Classes that MLflow loads by entry point; each is imported with MLflow, so it must be light and cannot fail."""
