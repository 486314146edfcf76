"""``drive-sim compare A B``: two results or models on one page that works offline.

`sides` finds what belongs to A and to B, `settings` tells what differs, `curves` draws how each was trained, `pairs`
compares the episodes that both drove, `page` puts it together.
"""
