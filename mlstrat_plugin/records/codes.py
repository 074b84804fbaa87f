"""The reason codes that records carry, and what each means."""

REASONS: dict[str, str] = {}
