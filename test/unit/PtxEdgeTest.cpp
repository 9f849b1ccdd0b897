// The edges of instructions, each a sentence of the manual: shifts beyond the width, empty fields, signed
// zeros, infinities, values that round once, partial member masks.
#include "test/unit/PtxCases.h"
#include <cmath>

using namespace girih::ptx::test;

namespace {

TEST(PtxEdge, Integers) {
  check({
      {"bfe.u32", "rrrr", 0, ~0u, 40, 8},
      {"bfe.s32", "rrrr", ~0u, 0x80000000, 40, 4}, // beyond the register its sign goes on
      {"bfe.s64", "ssrr", 0, ~0ull, 5, 0},
      {"bfi.b32", "rrrr", 0x12345678, 0xff, 0x12345678, 8, ", 0"},
      {"bfi.b32", "rrrr", 0x12345678, 0xff, 0x12345678, 40, ", 8"},
      {"shl.b32", "rrr", 0, ~0u, ~0u},
      {"shr.s64", "ssr", ~0ull, 1ull << 63, 200},
      {"shr.u16", "hhr", 0, 0xffff, 16},
      {"prmt.b32", "rrrr", 0x00ff00ff, 0x80007f80, 0x00000000, 0x9b98},
      {"mul24.hi.s32", "rrr", 0xffffff00, 0x00800000, 2},
      {"mad24.hi.sat.s32", "rrrr", 0x7fffffff, 0x7fffff, 0x7fffff, 0x7fffffff},
      {"bfind.s64", "rs", ~0u, ~0ull},
      {"bfind.u64", "rs", 63, 1ull << 63},
      {"bfind.shiftamt.s32", "rr", 31, 1},
      {"dp4a.s32.u32", "rrrr", 0xffffff01, 0xff, 0xff, 0},
      {"dp4a.u32.s32", "rrrr", 0xffffff01, 0xff, 0xff, 0},
      {"dp2a.lo.u32.s32", "rrrr", 0xffff0001, 0xffff, 0x010100ff, 0},
      {"sad.s16", "hhhh", 11, uint16_t(-3), 5, 3},
      {"mad.hi.sat.s32", "rrrr", 0x80000000, 0x80000000, 4, 0x80000000},
      {"div.s64", "sss", 1ull << 63, 1ull << 63, ~0ull},
      {"rem.s16", "hhh", 0, 0x8000, 0xffff},
      {"min.relu.s32", "rrr", 0, uint32_t(-5), 3},
      {"min.s32.relu", "rrr", 0, uint32_t(-5), 3},
  });
}

TEST(PtxEdge, Conversions) {
  check({
      {"cvt.rzi.u8.f32", "rf", 255, f(300)},
      {"cvt.rzi.s8.f32", "rf", 0xffffff80, f(-200)},
      {"cvt.rzi.s8.f32", "rf", 0, nan32},
      {"cvt.rni.s16.f16", "hh", 0x7fff, 0x7c00},
      {"cvt.rni.f16.f16", "hh", 0x4000, 0x4100},                  // 2.5 to even
      {"cvt.rni.f16.f16", "hh", 0x8000, 0xb400},                  // -0.25 keeps its sign
      {"cvt.rn.f16.f64", "hd", 0x3c01, d(1 + 0x1p-11 + 0x1p-40)}, // through .f32 it would be a tie
      {"cvt.rn.f32.f64", "fd", f(1 + 0x1p-23f), d(1 + 0x1p-24 + 0x1p-52)},
      {"fma.rn.bf16", "hhhh", 0x3f42, 0x3f81, 0x3f40, 0},      // a tie
      {"fma.rn.bf16", "hhhh", 0x3f41, 0x3f81, 0x3f40, 0xa180}, // less than that by 2^-60
      {"cvt.sat.f32.f32", "ff", 0, minusZero},
      {"cvt.sat.s16.u32", "hr", 0x7fff, ~0u},
      {"cvt.sat.u64.s32", "sr", 0, ~0u},
  });
}

TEST(PtxEdge, SpecialFunctions) {
  const uint64_t minusInf = 0xff800000;
  check({
      {"ex2.approx.f32", "ff", 0, minusInf},
      {"ex2.approx.f32", "ff", inf32, inf32},
      {"ex2.approx.f32", "ff", f(1), minusZero},
      {"ex2.approx.ftz.f32", "ff", f(1), subnormal},
      {"ex2.approx.f32.ftz", "ff", 0, f(-127)},
      {"lg2.approx.f32", "ff", minusInf, minusZero},
      {"lg2.approx.f32", "ff", canonical, f(-1)},
      {"lg2.approx.f32", "ff", f(-149), 1},
      {"lg2.approx.ftz.f32", "ff", minusInf, 1},
      {"rcp.approx.f32", "ff", minusInf, minusZero},
      {"rcp.approx.f32", "ff", minusZero, minusInf},
      {"rcp.approx.ftz.f32", "ff", 0, f(0x1p127f)},
      {"rcp.approx.f32.ftz", "ff", inf32, subnormal},
      {"rsqrt.approx.f32", "ff", minusInf, minusZero},
      {"rsqrt.approx.f32", "ff", canonical, f(-1)},
      {"rsqrt.approx.f32", "ff", 0, inf32},
      {"sqrt.approx.f32", "ff", minusZero, minusZero},
      {"sqrt.approx.f32", "ff", canonical, minusInf},
      {"sin.approx.f32", "ff", canonical, inf32},
      {"sin.approx.f32", "ff", minusZero, minusZero},
      {"cos.approx.f32", "ff", f(1), minusZero},
      {"tanh.approx.f32", "ff", f(-1), minusInf},
      {"tanh.approx.f32", "ff", minusZero, minusZero},
      {"div.approx.f32", "fff", canonical, inf32, f(0x1.8p126f)},
      {"div.full.f32", "fff", f(1), f(0x1p127f), f(0x1p127f)},
  });
}

TEST(PtxEdge, AtomicsOfOneThread) {
  Outcome run = runBody(R"(
    st.global.v4.u32 [%buffer], {5, 0, 9, 0xffffffff};
    st.global.v4.u32 [%buffer+16], {0xffffffff, 0x12345678, 0, 0};
    mov.u16 %h1, 0x5678; mov.u16 %h2, 0xabcd;
    atom.global.inc.u32 %r1, [%buffer], 5;
    atom.global.dec.u32 %r2, [%buffer+4], 7;
    atom.global.dec.u32 %r3, [%buffer+8], 7;
    atom.global.min.s32 %r4, [%buffer+12], 3;
    atom.global.min.u32 %r5, [%buffer+16], 3;
    atom.global.cas.b16 %h3, [%buffer+20], %h1, %h2;
    cvt.u32.u16 %r6, %h3;
    st.global.v4.u32 [%buffer+32], {%r1, %r2, %r3, %r4};
    st.global.v2.u32 [%buffer+48], {%r5, %r6};
    .reg .b128 %q<3>;
    mov.u64 %s1, 1; mov.u64 %s2, 2; mov.b128 %q1, {%s1, %s2};
    atom.global.exch.b128 %q2, [%buffer+32], %q1;
    st.global.b128 [%buffer+64], %q2;)",
                        {.threads = 1});
  EXPECT_EQ(run.reports, "");
  const uint32_t memory[] = {0, 7, 7, ~0u, 3, 0x1234abcd}, old[] = {5, 0, 9, ~0u, ~0u, 0x5678};
  for (size_t n = 0; n < 6; ++n)
    EXPECT_EQ(run.at<uint32_t>(n), memory[n]) << n;
  const uint32_t exchanged[] = {1, 0, 2, 0};
  for (size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(run.at<uint32_t>(8 + n), exchanged[n]) << n;
    EXPECT_EQ(run.at<uint32_t>(16 + n), old[n]) << n;
  }
  EXPECT_EQ(run.at<uint32_t>(12), old[4]);
  EXPECT_EQ(run.at<uint32_t>(13), old[5]);
}

TEST(PtxEdge, PartsOfWarps) {
  // Segments of eight lanes, and member masks of the lower half only.
  Outcome run = runBody(R"(
    shfl.sync.down.b32 %r1|%p1, %t, 5, 0x181f, -1;
    selp.u32 %r2, 100, 0, %p1;
    add.u32 %r1, %r1, %r2;
    st.global.u32 [%mine], %r1;
    setp.ge.u32 %p2, %t, 16;
    @%p2 bra END;
    and.b32 %r3, %t, 1;
    setp.eq.u32 %p3, %r3, 0;
    vote.sync.ballot.b32 %r4, %p3, 0xffff;
    match.any.sync.b32 %r5, %r3, 0xffff;
    add.u32 %r4, %r4, %r5;
    st.global.u32 [%mine+4], %r4;
  END:)");
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(run.at<uint32_t>(2 * t), t % 8 + 5 < 8 ? t + 5 + 100 : t);
    if (t < 16) EXPECT_EQ(run.at<uint32_t>(2 * t + 1), 0x5555u + (t % 2 ? 0xaaaau : 0x5555u));
  }
}

TEST(PtxEdge, RegistersAndHintsThatSayNothing) {
  Outcome run = runBody(R"(
    mov.u32 %r1, %envreg7; mov.u32 %r2, %pm3; mov.u64 %s1, %pm7_64;
    createpolicy.range.global.L2::evict_last.L2::evict_first.b64 %s2, [%buffer], 4096, 8192;
    createpolicy.cvt.L2.b64 %s3, 0x1230;
    ld.mmio.relaxed.sys.global.u32 %r3, [%mine];
    cvt.u32.u64 %r4, %s1;
    or.b32 %r1, %r1, %r2; or.b32 %r1, %r1, %r3; or.b32 %r1, %r1, %r4;
    st.mmio.relaxed.sys.global.u32 [%mine], %r1;)");
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 0u);
  for (const char *body :
       {"mov.u32 %r1, %envreg32;", "mov.u32 %r1, %pm8;", "mov.u32 %r1, %pm;", "add.u32 %r1, %r2.b0, %r3;",
        "vadd.u32.u32.u32 %r1.b4, %r2, %r3, %r4;", "vadd.u32.u32.u32 %r1, -%r2, %r3;",
        "vadd2.u32.u32.u32 %r1.h01, %r2, %r3, %r4;", "neg.s32 %r1, -%r2;", "cvt.rzi.ftz.s32.f64 %r1, %d1;"})
    EXPECT_NE(runModule(kernelAround(body)).error, "") << body;
}

} // namespace
