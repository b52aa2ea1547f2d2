"""Stages turn Arrow batches into Arrow batches."""
