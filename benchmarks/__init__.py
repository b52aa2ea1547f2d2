"""Benchmarks, run as `python -m benchmarks.bench_x`: JSON to stdout, progress to stderr."""
