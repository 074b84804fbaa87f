"""Records to pictures and pages."""
