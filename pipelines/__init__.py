"""The reference pipeline: what a user replaces with their own data and model."""
