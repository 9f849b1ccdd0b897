/* PTX for the tests of the driver library, as text in C. */
#ifndef GIRIH_TEST_KERNELS_H
#define GIRIH_TEST_KERNELS_H

#define PTX_HEADER ".version 8.0\n.target sm_80\n.address_size 64\n"

static const char kernels[] =
    PTX_HEADER ".visible .global .align 4 .u32 counter = 5;\n"
               /* add(out, a, b, n): out[i] = a[i] + b[i] */
               ".visible .entry add(.param .u64 out, .param .u64 a, .param .u64 b, .param .u32 n) {\n"
               "  .reg .pred %p<2>; .reg .f32 %f<4>; .reg .b32 %r<6>; .reg .b64 %rd<8>;\n"
               "  ld.param.u64 %rd1, [out];\n"
               "  ld.param.u64 %rd2, [a];\n"
               "  ld.param.u64 %rd3, [b];\n"
               "  ld.param.u32 %r1, [n];\n"
               "  mov.u32 %r2, %ctaid.x;\n"
               "  mov.u32 %r3, %ntid.x;\n"
               "  mov.u32 %r4, %tid.x;\n"
               "  mad.lo.s32 %r5, %r2, %r3, %r4;\n"
               "  setp.ge.s32 %p1, %r5, %r1;\n"
               "  @%p1 bra done;\n"
               "  mul.wide.s32 %rd4, %r5, 4;\n"
               "  add.s64 %rd5, %rd2, %rd4;\n"
               "  ld.global.f32 %f1, [%rd5];\n"
               "  add.s64 %rd6, %rd3, %rd4;\n"
               "  ld.global.f32 %f2, [%rd6];\n"
               "  add.f32 %f3, %f1, %f2;\n"
               "  add.s64 %rd7, %rd1, %rd4;\n"
               "  st.global.f32 [%rd7], %f3;\n"
               "done:\n"
               "  ret;\n"
               "}\n"
               /* scale(p, k): p[tid] *= k, by way of dynamic shared memory */
               ".extern .shared .align 4 .b8 scratch[];\n"
               ".visible .entry scale(.param .u64 p, .param .u32 k) {\n"
               "  .reg .b32 %r<8>; .reg .b64 %rd<4>;\n"
               "  ld.param.u64 %rd1, [p];\n"
               "  ld.param.u32 %r1, [k];\n"
               "  mov.u32 %r2, %tid.x;\n"
               "  mul.wide.u32 %rd2, %r2, 4;\n"
               "  add.s64 %rd3, %rd1, %rd2;\n"
               "  ld.global.u32 %r3, [%rd3];\n"
               "  shl.b32 %r4, %r2, 2;\n"
               "  mov.u32 %r5, scratch;\n"
               "  add.s32 %r6, %r5, %r4;\n"
               "  mul.lo.s32 %r7, %r3, %r1;\n"
               "  st.shared.u32 [%r6], %r7;\n"
               "  bar.sync 0;\n"
               "  ld.shared.u32 %r3, [%r6];\n"
               "  st.global.u32 [%rd3], %r3;\n"
               "  ret;\n"
               "}\n"
               /* count(): counter += 1 */
               ".visible .entry count() {\n"
               "  .reg .b32 %r<2>; .reg .b64 %rd<2>;\n"
               "  mov.u64 %rd1, counter;\n"
               "  atom.global.add.u32 %r1, [%rd1], 1;\n"
               "  ret;\n"
               "}\n"
               /* store(p): *p = 1, wherever that is */
               ".visible .entry store(.param .u64 p) {\n"
               "  .reg .b32 %r<2>; .reg .b64 %rd<2>;\n"
               "  ld.param.u64 %rd1, [p];\n"
               "  mov.u32 %r1, 1;\n"
               "  st.global.u32 [%rd1], %r1;\n"
               "  ret;\n"
               "}\n"
               /* collide(p): every thread stores its number to *p */
               ".visible .entry collide(.param .u64 p) {\n"
               "  .reg .b32 %r<2>; .reg .b64 %rd<2>;\n"
               "  ld.param.u64 %rd1, [p];\n"
               "  mov.u32 %r1, %tid.x;\n"
               "  st.global.u32 [%rd1], %r1;\n"
               "  ret;\n"
               "}\n"
               ".visible .entry fails() {\n"
               "  trap;\n"
               "}\n";

static const char unknownInstruction[] = PTX_HEADER ".visible .entry k() {\n"
                                                    "  .reg .b32 %r<2>;\n"
                                                    "  frobnicate.u32 %r1, %r1;\n"
                                                    "  ret;\n"
                                                    "}\n";
static const char newerTarget[] =
    ".version 8.8\n.target sm_121\n.address_size 64\n.visible .entry k() {\n  ret;\n}\n";

#endif
