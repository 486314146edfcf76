"""The camera, rendered by kernels on CPU or CUDA; ``README.md`` beside this file follows one pixel through it."""
