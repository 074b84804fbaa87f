"""Whether a model may be promoted, and how a decision is signed."""
