"""One outside system each; the only importer of it."""
