"""Speed and calibration at full size; figures are ratios inside one run."""
