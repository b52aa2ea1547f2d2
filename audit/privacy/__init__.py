"""How well personal data is found: labelled texts of our own making, hard negatives, real pages.

Nothing here is shared with `filters`, so that its errors are not repeated: only `filters.pii` is
called, as anybody would. All persons, numbers and addresses are invented.
"""
