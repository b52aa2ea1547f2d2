"""A small snapshot of our own writing."""
