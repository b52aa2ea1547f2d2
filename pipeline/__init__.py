"""Runs things: command line, plan, executors, commit, storage."""

import os

# A worker has one core: numpy's threads would only wait for each other, and be counted as work. It
# must be set before numpy is loaded; who wants more names a number.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
