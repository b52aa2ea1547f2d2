"""Runs things: command line, plan, executors, commit, storage."""
