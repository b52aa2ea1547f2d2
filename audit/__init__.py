"""Reads runs: verify, stats, report, trace, sample and status; prunes them."""
