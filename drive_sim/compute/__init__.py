"""What compiled code stands on, on a CPU and on a GPU.

In the order in which a call passes them: `compiling` has the decorators of scalar functions, `kernel` makes a CPU loop
and a CUDA kernel of one, `argument_structs` hands it long tuples of arrays as one pointer, `device` says where arrays
lie and moves them, `threads` holds the threads of CPU loops, `machine_code` keeps each kernel's code to itself so that
its bits do not depend on what else was compiled. `kernel_cache` keeps compiled code on disk, where `cache` says, by
what it depends on (`dependencies`); `cache_upkeep` removes what is old. Under ``DRIVE_SIM_DEBUG=1`` kernels check
themselves (`debugging`, `checked_code`). `hardware` names processor and GPU. `randomness` draws numbers keyed by seed,
stream and step; `geometry` has angles and frames.
"""
