"""The ``drive-sim`` command.

`main` gathers the subcommands and turns errors into one line and an exit status (`exit_status`). `bench`, `cache`,
`compare`, `data`, `demo`, `doctor`, `drive`, `evaluate`, `export`, `mine`, `replay` and `train` are a module each, on
the types of `arguments`.
`demo_pipeline` is what ``demo`` runs.
"""
