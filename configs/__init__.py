"""All thresholds, each with its source."""
