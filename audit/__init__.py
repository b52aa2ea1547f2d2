"""Reads runs: verify, statistics, report, trace, sample."""
