"""From sources to four splits."""
