"""A client in Python: cuda.core with NVRTC: streams, events, pools, virtual memory, the linker, graphs. Prints "passed"."""
import without_nvjitlink  # noqa: F401
import numpy as np
from cuda.core import (
    Device,
    DeviceMemoryResource,
    DeviceMemoryResourceOptions,
    EventOptions,
    GraphMemoryResource,
    LaunchConfig,
    LegacyPinnedMemoryResource,
    Linker,
    LinkerOptions,
    ManagedMemoryResource,
    ObjectCode,
    PinnedMemoryResource,
    Program,
    ProgramOptions,
    VirtualMemoryResource,
    launch,
)

SOURCE = """
template <class T> __global__ void scale(T *a, T s, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) a[i] *= s;
}
extern "C" __global__ void count(int *p) { atomicAdd(p, 1); }
"""
HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n"
CALLER = HEADER + """
.extern .func (.param .b32 r) twice(.param .b32 x);
.visible .entry apply(.param .u64 p) {
  .reg .b64 %d<2>; .reg .b32 %r<3>;
  ld.param.u64 %d1, [p];
  ld.global.u32 %r1, [%d1];
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1; call (b), twice, (a); ld.param.b32 %r2, [b]; }
  st.global.u32 [%d1], %r2;
  ret;
}"""
CALLEE = HEADER + """
.visible .func (.param .b32 r) twice(.param .b32 x) {
  .reg .b32 %r<2>; ld.param.b32 %r1, [x]; add.s32 %r1, %r1, %r1; st.param.b32 [r], %r1; ret;
}"""

device = Device(0)
device.set_current()
stream = device.create_stream()
options = ProgramOptions(arch=f"sm_{device.arch}", std="c++17")
code = Program(SOURCE, "c++", options).compile("ptx", name_expressions=("scale<float>",))
scale, count = code.get_kernel("scale<float>"), code.get_kernel("count")
one_warp = LaunchConfig(grid=1, block=32)

# The host writes into a pool of its own, the kernel into the device's.
n = 1 << 19  # virtual memory comes in pieces of 2 MiB
host, pooled = PinnedMemoryResource(), DeviceMemoryResource(device, DeviceMemoryResourceOptions(max_size=4 << 20))
begin = stream.record(options=EventOptions(timing_enabled=True))
for memory in (device.memory_resource, pooled, VirtualMemoryResource(device)):
    source, there = host.allocate(4 * n, stream=stream), memory.allocate(4 * n, stream=stream)
    values = np.from_dlpack(source).view(np.float32)
    values[:] = np.arange(n)
    there.copy_from(source, stream=stream)
    launch(stream, LaunchConfig(grid=n // 128, block=128), scale, there, np.float32(3), np.int32(n))
    there.copy_to(source, stream=stream)
    stream.sync()
    np.testing.assert_array_equal(values, 3 * np.arange(n))
end = stream.record(options=EventOptions(timing_enabled=True))
end.sync()
assert end - begin >= 0

managed = ManagedMemoryResource().allocate(64, stream=stream)
np.from_dlpack(managed).view(np.int32)[:] = 0
launch(stream, LaunchConfig(grid=4, block=32, is_cooperative=True), count, managed)
stream.sync()
assert np.from_dlpack(managed).view(np.int32)[0] == 128

linked = Linker(*(ObjectCode.from_ptx(t.encode()) for t in (CALLER, CALLEE)), options=LinkerOptions(arch=f"sm_{device.arch}")).link("cubin")
word = LegacyPinnedMemoryResource().allocate(64)
value = np.from_dlpack(word).view(np.int32)
value[0] = 21
launch(stream, LaunchConfig(grid=1, block=1), linked.get_kernel("apply"), word)
stream.sync()
assert value[0] == 42

# A graph with two branches, and with memory of its own.
value[0] = 0
builder = device.create_graph_builder().begin_building()
scratch = GraphMemoryResource(device).allocate(64, stream=builder)
launch(builder, one_warp, count, scratch)
scratch.close(builder)
branches = builder.split(2)
for branch in branches:
    launch(branch, one_warp, count, word)
builder = type(builder).join(*branches)
graph = builder.end_building().complete()
for _ in range(3):
    graph.launch(stream)
stream.sync()
assert value[0] == 3 * 2 * 32
print("passed")
