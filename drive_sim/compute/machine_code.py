"""Kernels whose machine code calls no other's.

Numba puts a copy of every function that a kernel calls into the kernel's machine code, and optimises it there once
more. But these copies have weak names: where a process already has code of the same name, LLVM's loader takes that
instead. So a process that has just compiled the functions, for this kernel or for another, would run them as they were
compiled by themselves, and one that finds all its kernels on disk would run the copies; and with relaxed floating
point these differ in their last bits. Here the copies get names that are not visible outside the kernel.
"""

from __future__ import annotations

from typing import Any

from llvmlite.binding import Linkage
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _WholeLibrary(JITCodeLibrary):
    """Machine code whose copies of other functions are internal to it."""

    def _finalize_final_module(self) -> None:
        # Only after optimisation: LLVM always inlines an internal function that has one caller.
        for function in self._final_module.functions:
            if function.linkage == Linkage.linkonce_odr and not function.is_declaration:
                function.linkage = Linkage.internal
        super()._finalize_final_module()


class WholeKernel(Compiler):
    """Numba's compiler for what is called from Python and calls others: ``njit(pipeline_class=WholeKernel)``."""

    def define_pipelines(self) -> Any:
        """Numba's own passes, on a library of this module's kind."""
        library = _WholeLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        library.enable_object_caching()
        self.state.library = library
        return super().define_pipelines()
