"""Papers about a run for those who must answer for it: training summary, Croissant, cards."""
