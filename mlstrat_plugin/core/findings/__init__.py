"""Findings: what each one sees, says and advises."""
