"""Compiled functions on a CPU and a GPU: decorators, kernels, arrays, threads and the cache of machine code.

In the order in which a call passes them: `compiling` has the decorators of scalar functions, `kernel` makes a CPU loop
and a CUDA kernel of one, `argument_structs` passes long tuples of arrays as one pointer, `device` allocates and copies
arrays, `threads` holds the threads of CPU loops, `machine_code` keeps each kernel's code apart so that its results do
not depend on what else was compiled. `kernel_cache` keeps compiled code on disk, where `cache` says, by
what it depends on (`dependencies`); `cache_upkeep` removes what is old. Under ``DRIVE_SIM_DEBUG=1`` kernels check
themselves (`debugging`, `checked_code`). `hardware` names processor and GPU. `randomness` draws numbers keyed by seed,
stream and step; `geometry` has angles and frames.
"""
