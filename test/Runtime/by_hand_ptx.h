/* The kernels of by_hand.c for a GPU: a block of 32 threads computes a task. */
#ifndef GIRIH_TEST_BY_HAND_PTX_H
#define GIRIH_TEST_BY_HAND_PTX_H

#include "runtime/abi.h"

extern const char girih_internal_cuda_runtime __attribute__((visibility("hidden"))); /* GIRIH_CUDA_SYMBOL */

/* The row that this block computes and the column that the thread begins with. */
#define ROW_AND_COLUMN                                                                                       \
  "  mov.u32 %r1, %ctaid.x; cvt.u64.u32 %row, %r1;\n"                                                        \
  "  mov.u32 %r2, %tid.x; cvt.u64.u32 %column, %r2;\n"
#define REGISTERS "  .reg .pred %p; .reg .b32 %r<4>; .reg .f32 %f<6>; .reg .b64 %d<8>, %row, %column, %at;\n"

static const char by_hand_ptx[] =
    ".version 7.0\n.target sm_75\n.address_size 64\n"

    ".visible .entry add_one(.param .u64 x, .param .u64 sum, .param .u64 columns) "
    "{\n" REGISTERS ROW_AND_COLUMN
    "  ld.param.u64 %d1, [x]; ld.param.u64 %d2, [sum]; ld.param.u64 %d3, [columns];\n"
    "  setp.ge.u64 %p, %column, %d3; @%p bra END;\n"
    "  mad.lo.u64 %at, %row, %d3, %column; shl.b64 %at, %at, 2;\n"
    "  add.u64 %d1, %d1, %at; add.u64 %d2, %d2, %at;\n"
    "  ld.global.f32 %f1, [%d1]; add.f32 %f1, %f1, 0f3F800000; st.global.f32 [%d2], %f1;\n"
    "END: ret;\n}\n"

    /* Goes through its scratch, 64 bytes a block. */
    ".visible .entry scale(.param .u64 sum, .param .u64 factor, .param .u64 weight, .param .u64 y,\n"
    "                      .param .u64 columns, .param .u64 scratch) {\n" REGISTERS ROW_AND_COLUMN
    "  ld.param.u64 %d1, [sum]; ld.param.u64 %d2, [factor]; ld.param.u64 %d3, [weight];\n"
    "  ld.param.u64 %d4, [y]; ld.param.u64 %d5, [columns]; ld.param.u64 %d6, [scratch];\n"
    "  setp.ge.u64 %p, %column, %d5; @%p bra END;\n"
    "  mad.lo.u64 %at, %row, %d5, %column; shl.b64 %at, %at, 2;\n"
    "  add.u64 %d1, %d1, %at; add.u64 %d4, %d4, %at;\n"
    "  mad.lo.u64 %d6, %row, 64, %d6; mad.lo.u64 %d6, %column, 4, %d6; mad.lo.u64 %d3, %column, 4, %d3;\n"
    "  ld.global.f32 %f1, [%d1]; ld.global.f32 %f2, [%d2]; mul.f32 %f1, %f1, %f2; st.global.f32 [%d6], %f1;\n"
    "  ld.global.f32 %f3, [%d6]; abs.f32 %f3, %f3; ld.global.f32 %f4, [%d3]; mul.f32 %f3, %f3, %f4;\n"
    "  st.global.f32 [%d4], %f3;\n"
    "END: ret;\n}\n"

    ".visible .entry fill(.param .u64 table, .param .u64 columns) {\n" REGISTERS ROW_AND_COLUMN
    "  ld.param.u64 %d1, [table]; ld.param.u64 %d2, [columns]; cvt.rn.f32.u64 %f1, %row;\n"
    "LOOP: setp.ge.u64 %p, %column, %d2; @%p bra END;\n"
    "  mad.lo.u64 %at, %row, %d2, %column; mad.lo.u64 %at, %at, 4, %d1;\n"
    "  st.global.f32 [%at], %f1; add.u64 %column, %column, 32; bra LOOP;\n"
    "END: ret;\n}\n"

    ".visible .entry fill_row(.param .u64 table, .param .u64 rows, .param .u64 columns) "
    "{\n" REGISTERS ROW_AND_COLUMN
    "  ld.param.u64 %d1, [table]; ld.param.u64 %d2, [columns]; ld.param.u64 %d3, [rows];\n"
    "  mul.lo.u64 %d2, %d2, %d3; mov.f32 %f1, 0f00000000;\n"
    "LOOP: setp.ge.u64 %p, %column, %d2; @%p bra END;\n"
    "  mad.lo.u64 %at, %column, 4, %d1;\n"
    "  st.global.f32 [%at], %f1; add.u64 %column, %column, 32; bra LOOP;\n"
    "END: ret;\n}\n";

static const girih_abi_device_module by_hand_modules[] = {{by_hand_ptx, 75}};

#endif
