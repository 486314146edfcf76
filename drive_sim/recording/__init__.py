"""Recording a drive, and looking after what was recorded.

While driving, `recorder` passes every step through `background_writer` to the crash-safe `journal`; when an episode
ends, `writer` makes it part of the dataset, in the format of `lerobot`, with its `provenance`. `storage` replaces
files safely; `dataset` reads, `inspection` checks, `curation` drops and restores.
"""
