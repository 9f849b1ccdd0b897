// What programs link of NVIDIA's device runtime, libcudadevrt.a, which is machine code: the functions that
// cooperative groups call, in PTX. The others stay undefined, which the loader says if they are called.
#pragma once

#include <string_view>

namespace girih::cudasim {

/// Whether an image is that archive, by its name: what it has is compressed.
inline bool isDeviceRuntime(std::string_view name, std::string_view image) {
  return image.substr(0, 8) == "!<arch>\n" && name.find("cudadevrt") != std::string_view::npos;
}

/// The grid's barrier counts blocks in the word after the first of the workspace that %envreg1 and %envreg2
/// name, and its highest bit flips when the last one has come: the first block adds what the others do not.
inline constexpr char deviceRuntime[] = R"(
.version 7.0
.target sm_70
.address_size 64

.visible .func (.param .b64 handle) cudaCGGetIntrinsicHandle(.param .b32 scope)
{
  .reg .pred %p<2>; .reg .b32 %r<2>; .reg .b64 %rd<2>;
  ld.param.b32 %r1, [scope];
  setp.eq.u32 %p1, %r1, 1; // the grid; there are no others
  selp.b64 %rd1, 1, 0, %p1;
  st.param.b64 [handle], %rd1;
  ret;
}

.visible .func (.param .b32 result) cudaCGSynchronize(.param .b64 handle, .param .b32 flags)
{
  .reg .pred %p<4>; .reg .b32 %r<20>; .reg .b64 %rd<4>;
  mov.u32 %r1, %envreg1;
  mov.u32 %r2, %envreg2;
  mov.b64 %rd1, {%r2, %r1};
  bar.sync 0;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %tid.y;
  mov.u32 %r5, %tid.z;
  or.b32 %r3, %r3, %r4;
  or.b32 %r3, %r3, %r5;
  setp.ne.u32 %p1, %r3, 0;
  @%p1 bra wait;
  mov.u32 %r6, %nctaid.x;
  mov.u32 %r7, %nctaid.y;
  mov.u32 %r8, %nctaid.z;
  mul.lo.u32 %r6, %r6, %r7;
  mul.lo.u32 %r6, %r6, %r8;
  sub.u32 %r9, 0x80000001, %r6;
  mov.u32 %r10, %ctaid.x;
  mov.u32 %r11, %ctaid.y;
  mov.u32 %r12, %ctaid.z;
  or.b32 %r10, %r10, %r11;
  or.b32 %r10, %r10, %r12;
  setp.eq.u32 %p2, %r10, 0;
  selp.b32 %r13, %r9, 1, %p2;
  fence.acq_rel.gpu;
  atom.add.release.gpu.global.u32 %r14, [%rd1+4], %r13;
again:
  ld.acquire.gpu.global.u32 %r15, [%rd1+4];
  xor.b32 %r16, %r14, %r15;
  setp.ge.s32 %p3, %r16, 0;
  @%p3 bra again;
  fence.acq_rel.gpu;
wait:
  bar.sync 0;
  st.param.b32 [result], 0;
  ret;
}
)";

} // namespace girih::cudasim
