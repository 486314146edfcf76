"""The ``drive-sim`` command.

`main` gathers the subcommands and turns errors into one line and an exit status (`exit_status`); each subcommand is a
module named after it, on the argument types of `arguments`. `demo_pipeline` is what ``demo`` runs; `doctor` looks for
what the machine lacks; `compiling` tells of a first start that compiles.
"""
