"""Recording a drive, and looking after what was recorded.

While driving, `recorder` passes every step through `background_writer` to the crash-safe `journal`; when an episode
ends, `writer` and `conversion` make it part of the dataset, in the format of `lerobot`, with its `provenance` and its
`recorded_world`. `storage` replaces files safely; `dataset` reads and names what was `interrupted`, `inspection`
checks, `curation` recovers, drops and restores. `persistent` records what it can when the disk is full.
"""
