"""The engines behind the scans."""
