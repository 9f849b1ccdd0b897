"""Makes cuda.core and numba-cuda find no nvJitLink, which would link for machines only: they use the driver's linker then, as where it is not installed."""
import cuda.pathfinder

load = cuda.pathfinder.load_nvidia_dynamic_lib


def without(name):
    if name == "nvJitLink":
        raise cuda.pathfinder.DynamicLibNotFoundError("hidden")
    return load(name)


cuda.pathfinder.load_nvidia_dynamic_lib = without
