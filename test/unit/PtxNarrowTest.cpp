// Floats of 4, 6 and 8 bits, mixed precision, and parts of words. What is expected comes from the formats'
// definitions and the manual's semantics, by exact arithmetic.
#include "test/unit/PtxCases.h"
#include <array>
#include <cmath>

using namespace girih::ptx::test;

namespace {

TEST(PtxNarrow, Conversions) {
  check({
      // e2m3: 1.0 is 0x08, the largest 7.5 is 0x1f, the step of subnormals 0.125.
      {"cvt.rn.satfinite.e2m3x2.f32", "hff", 0x081f, f(1), f(100)},
      {"cvt.rn.satfinite.e2m3x2.f32", "hff", 0x0002, f(0.0625f), f(0.1875f)}, // ties go to even
      {"cvt.rn.satfinite.e2m3x2.f32", "hff", 0x1f3f, nan32, f(-INFINITY)},
      {"cvt.rn.satfinite.relu.e2m3x2.f32", "hff", 0x0008, f(-3), f(1)},
      // e3m2: 1.0 is 0x0c, the largest 28 is 0x1f.
      {"cvt.rn.satfinite.e3m2x2.f32", "hff", 0x2c1f, f(-1), f(29)},
      {"cvt.rn.f16x2.e3m2x2", "rh", 0x4f003c00, 0x1f0c},
      {"cvt.rn.f16x2.e2m3x2", "rh", 0x47803000, 0x1f01},
      {"cvt.rn.relu.f16x2.e2m3x2", "rh", 0x00003c00, 0x2808},
      {"cvt.rn.bf16x2.e3m2x2", "rh", 0x41e03f80, 0x1f0c},
      {"cvt.rn.bf16x2.e4m3x2", "rh", 0x3f8043e0, 0x387e},
      {"cvt.rn.bf16x2.e4m3x2", "rh", 0x7fffc000, 0x7fc0},
      {"cvt.rn.relu.bf16x2.e5m2x2", "rh", 0x00003f80, 0xbc3c},
      {"cvt.rn.satfinite.e4m3x2.f16x2", "hr", 0x7e38, 0x64003c00},
      {"cvt.rn.relu.satfinite.e4m3x2.f32", "hff", 0x0038, f(-2), f(1)},
      // ue8m0: the exponent plus 127, 255 is NaN.
      {"cvt.rz.ue8m0x2.f32", "hff", 0x7f7f, f(1), f(1.5f)},
      {"cvt.rp.ue8m0x2.f32", "hff", 0x7f80, f(-1), f(-1.5f)},
      {"cvt.rp.ue8m0x2.f32", "hff", 0x00ff, 0, inf32},
      {"cvt.rp.satfinite.ue8m0x2.f32", "hff", 0xfeff, inf32, nan32},
      {"cvt.rp.ue8m0x2.f32", "hff", 0x0001, f(0x1p-127f), f(0x1.8p-127f)},
      {"cvt.rz.satfinite.ue8m0x2.bf16x2", "hr", 0x80fe, 0x407f7f7f},
      {"cvt.rn.bf16x2.ue8m0x2", "rh", 0x3f804000, 0x7f80},
      {"cvt.rn.bf16x2.ue8m0x2", "rh", 0x7fff0040, 0xff00},
      {"cvt.rn.satfinite.f16.f32", "hf", 0x7bff, f(1e9f)},
      {"cvt.rz.relu.bf16.f32", "hf", 0, f(-1)},
      {"cvt.rn.satfinite.f16x2.f32", "rff", 0x7bfffbff, inf32, f(-1e9f)},
  });
  // e2m1 lies in registers of 8 bits: {6, -0.5} and back.
  Outcome run = runBody(R"(
    .reg .b8 %c<3>; .reg .b16 %x;
    mov.b32 %f1, 0f42C80000; mov.b32 %f2, 0fBF000000;
    cvt.rn.satfinite.e2m1x2.f32 %c1, %f1, %f2;
    mov.b16 %h1, {%c1, 0};
    mov.b16 {%c2, _}, %h1;
    cvt.rn.f16x2.e2m1x2 %r1, %c2;
    cvt.u32.u16 %r2, %h1;
    st.global.v2.b32 [%buffer], {%r1, %r2};)",
                        {.threads = 1});
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 0x4600b800u);
  EXPECT_EQ(run.at<uint32_t>(1), 0x79u);
}

TEST(PtxNarrow, MixedPrecisionRoundsOnce) {
  const float ulp = 0x1p-23f;
  check({
      {"add.f32.f16", "fhf", f(1 + ulp), 0x3c00, f(ulp)},
      {"add.rp.f32.bf16", "fhf", f(1 + ulp), 0x3f80, f(0x1p-40f)},
      {"sub.f32.f16", "fhf", f(-1), 0x3c00, f(2)},
      {"sub.rz.f32.bf16", "fhf", f(1) - 1, 0x3f80, f(0x1p-40f)},
      {"add.sat.f32.f16", "fhf", 0, 0x7e00, f(1)},
      {"fma.rn.f32.f16", "fhhf", f(0x1p-20f), 0x3c01, 0x3c01, f(-1 - 0x1p-9f)},
      {"fma.rn.f32.bf16", "fhhf", canonical, 0x7f80, 0, f(1)},
      {"fma.rm.sat.f32.bf16", "fhhf", f(1), 0x4000, 0x4000, f(1)},
  });
}

TEST(PtxNarrow, Video) {
  check({
      {"vadd.s32.s32.s32.sat", "rrr", 0x7fffffff, 0x7fffffff, 1},
      {"vadd.u32.u32.u32.sat.min", "rrrr", 7, ~0u, 1, 7},
      {"vsub.s32.u32.u32", "rrr", ~0u, 0, 1},
      {"vsub.u32.u32.u32.sat", "rrr", 0, 0, 1},
      {"vabsdiff.u32.s32.s32", "rrr", 0x80000001, 0x80000000, 1},
      {"vmin.s32.s32.u32", "rrr", ~0u, ~0u, ~0u}, // -1 against 4294967295
      {"vmax.s32.s32.s32.add", "rrrr", 12, ~0u, 5, 7},
      {"vshl.u32.u32.u32.clamp", "rrr", 0, 1, 40},
      {"vshl.u32.u32.u32.sat.clamp", "rrr", ~0u, 1, 40},
      {"vshr.s32.s32.u32.wrap", "rrr", 0xc0000000, 0x80000000, 33},
      {"vset.s32.u32.lt", "rrr", 1, ~0u, 0},
      {"vset.s32.s32.ge.add", "rrrr", 10, 3, ~0u, 9},
      {"vmad.u32.u32.u32.shr7", "rrrr", 4, 128, 3, 128},
      {"vmad.s32.s32.s32.po", "rrrr", 11, 2, 3, 4},
      {"vmad.s32.s32.u32.sat", "rrrr", 0x80000000, 0x80000000, ~0u, 0},
      {"vadd2.s32.s32.s32.sat", "rrrr", 0x7fff0003, 0x7fff0001, 0x00010002},
      {"vsub4.u32.u32.u32.sat", "rrrr", 0x00000001, 0x00010203, 0x01020302},
      {"vavrg4.u32.u32.u32", "rrrr", 0x01ff0203, 0x00ff0102, 0x01ff0304},
      {"vavrg2.s32.s32.s32", "rrrr", 0x0000fffe, 0x0000ffff, 0x0000fffe},
      {"vabsdiff4.u32.u32.u32.add", "rrrr", 14, 0x05000000, 0x02010000, 10},
      {"vmax2.s32.s32.s32.add", "rrrr", 2, 0xffff0001, 0xfffe0002, 1},
      {"vset4.u32.u32.lt", "rrrr", 0x01000000, 0x01020304, 0x02020204},
      {"vset2.s32.s32.gt.add", "rrrr", 6, 0x0001ffff, 0x0000fffe, 4},
  });
  Outcome run = runBody(R"(
    mov.b32 %r2, 0x80010203; mov.b32 %r3, 0x0000fff0; mov.b32 %r4, 0x11223344;
    vadd.s32.s32.u32 %r5, %r2.b3, %r3.h0;
    vsub.u32.u32.u32.sat %r6.b2, %r2.b0, %r3.h1, %r4;
    vadd.s32.s32.s32.sat %r7.h1, %r2, %r3.h0, %r4;
    vmad.s32.s32.s32 %r8, -%r2.b1, %r2.b0, %r4;
    vadd2.u32.u32.u32 %r9.h1, %r2.h30, %r3.h12, %r4;
    vmin4.s32.s32.s32 %r10.b20, %r2.b0123, %r3.b7654, %r4;
    st.global.v4.b32 [%buffer], {%r5, %r6, %r7, %r8};
    st.global.v2.b32 [%buffer+16], {%r9, %r10};)",
                        {.threads = 1});
  EXPECT_EQ(run.reports, "");
  const uint32_t expected[] = {65520 - 128, // the highest byte is -128
                               0x11033344,  // 3 - 0 into byte 2
                               0x80003344,  // far below -32768
                               0x11223344 - 2 * 3,
                               0x80013344,  // b's upper half, 0, and a's, 0x8001
                               0x11003380}; // min(-128, -16) and min(2, 0)
  for (size_t n = 0; n < std::size(expected); ++n)
    EXPECT_EQ(run.at<uint32_t>(n), expected[n]) << n;
}

/// The largest floats that these formats hold exactly are small: every sum below is exact.
double elementOf(const char *type, uint32_t bits) {
  struct Layout {
    const char *name;
    int mantissa, exponent;
  };
  for (Layout f : {Layout{"e4m3", 3, 4}, {"e5m2", 2, 5}, {"e3m2", 2, 3}, {"e2m3", 3, 2}, {"e2m1", 1, 2}}) {
    if (std::string(type) != f.name) continue;
    int bias = (1 << (f.exponent - 1)) - 1, m = int(bits & ((1u << f.mantissa) - 1)),
        e = int(bits >> f.mantissa) & ((1 << f.exponent) - 1);
    double v =
        e ? std::ldexp(m + (1 << f.mantissa), e - bias - f.mantissa) : std::ldexp(m, 1 - bias - f.mantissa);
    return (bits >> (f.mantissa + f.exponent)) & 1 ? -v : v;
  }
  return NAN;
}

/// D = A B + 1 with A(r, x) and B(x, n) from `codeA` and `codeB`, fragments by the manual's formulas; scales
/// by `scaleA(row, block)` and `scaleB(column, block)` as exponents.
void checkProduct(const std::string &instruction, const char *typeA, const char *typeB, unsigned k,
                  const std::string &scaleOperands, unsigned blocks) {
  auto codeA = [](unsigned r, unsigned x) { return (r * 5 + x * 3) % 8; };
  auto codeB = [](unsigned x, unsigned n) { return (x * 7 + n) % 8; };
  auto power = [](unsigned index, unsigned block) { return int(index + 2 * block) % 5 - 2; };
  unsigned bits = k == 64 ? 4 : 8, per = 32 / bits;
  RunOptions options;
  options.buffer.resize(32 * 64);
  auto *words = reinterpret_cast<uint32_t *>(options.buffer.data());
  auto packed = [&](const char *type, uint32_t code) {
    return std::string(type) == "e2m1" && bits == 8 ? code << 2 : code; // in the middle of its byte
  };
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned group = lane / 4, t = lane % 4;
    uint32_t *w = words + lane * 16;
    for (unsigned r = 0; r < 6; ++r)
      for (unsigned e = 0; e < per; ++e) {
        unsigned x = t * per + e + (r < 4 ? r / 2 : r - 4) * 4 * per;
        uint32_t code = r < 4 ? packed(typeA, codeA(group + r % 2 * 8, x)) : packed(typeB, codeB(x, group));
        w[r] |= code << (e * bits);
      }
    // Of A, the second pair of a quad has the scales; of B, its third lane. The others hold NaN.
    w[6] = w[7] = ~0u;
    for (unsigned s = 0; s < blocks; ++s) {
      if (t >= 2) reinterpret_cast<uint8_t *>(&w[6])[s] = uint8_t(127 + power(group + (t & 1) * 8, s));
      if (t == 2) reinterpret_cast<uint8_t *>(&w[7])[s] = uint8_t(127 + power(group + 1, s));
    }
  }
  Outcome run = runBody(R"(
    mad.lo.u32 %r20, %t, 64, 0; cvt.u64.u32 %s1, %r20; add.u64 %s1, %s1, %buffer;
    ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%s1]; ld.global.v4.b32 {%r5, %r6, %r7, %r8}, [%s1+16];
    mov.f32 %f1, 1.0; mov.b16 %h1, 0; mov.b16 %h2, 1; mov.b16 %h3, 2;
    )" + instruction + " {%f2, %f3, %f4, %f5}, " +
                            (k == 16 ? "{%r1, %r2}, {%r5}" : "{%r1, %r2, %r3, %r4}, {%r5, %r6}") +
                            ", {%f1, %f1, %f1, %f1}" + scaleOperands + R"(;
    st.global.v4.f32 [%s1], {%f2, %f3, %f4, %f5};)",
                        options);
  EXPECT_EQ(run.reports, "") << instruction;
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned n = 0; n < 8; ++n) {
      double expected = 1;
      for (unsigned x = 0; x < k; ++x) {
        double v = elementOf(typeA, codeA(row, x)) * elementOf(typeB, codeB(x, n));
        unsigned block = blocks ? x / (k / blocks) : 0;
        expected += blocks ? std::ldexp(v, power(row, block) + power(n + 1, block)) : v;
      }
      unsigned lane = row % 8 * 4 + n / 2, c = row / 8 * 2 + n % 2;
      EXPECT_EQ(run.at<float>(lane * 16 + c), float(expected)) << instruction << " " << row << " " << n;
    }
}

TEST(PtxNarrow, ProductsOfFourAndSixBits) {
  for (const char *a : {"e4m3", "e5m2", "e3m2", "e2m3", "e2m1"})
    for (const char *b : {"e5m2", "e2m1"})
      checkProduct(std::string("mma.sync.aligned.m16n8k32.row.col.kind::f8f6f4.f32.") + a + "." + b + ".f32",
                   a, b, 32, "", 0);
  checkProduct("mma.sync.aligned.m16n8k16.row.col.kind::f8f6f4.f32.e2m3.e3m2.f32", "e2m3", "e3m2", 16, "", 0);
}

TEST(PtxNarrow, ProductsWithBlockScales) {
  const std::string scales = ", {%r7}, {%h1, %h2}, {%r8}, {%h1, %h3}";
  checkProduct(
      "mma.sync.aligned.kind::mxf8f6f4.block_scale.scale_vec::1X.m16n8k32.row.col.f32.e3m2.e2m1.f32.ue8m0",
      "e3m2", "e2m1", 32, scales, 1);
  checkProduct("mma.sync.aligned.m16n8k64.row.col.kind::mxf4.block_scale.f32.e2m1.e2m1.f32.ue8m0", "e2m1",
               "e2m1", 64, ", %r7, {0, 1}, %r8, {0, 2}", 2);
  checkProduct(
      "mma.sync.aligned.m16n8k64.row.col.kind::mxf4nvf4.block_scale.scale_vec::4X.f32.e2m1.e2m1.f32.ue8m0",
      "e2m1", "e2m1", 64, scales, 4);
}

TEST(PtxNarrow, MatricesOfPackedElementsBecomeBytes) {
  // Row r has the elements (r + x) % 16 of 4 bits in 8 bytes, and (3 r + x) % 64 of 6 bits in 12; the rest of
  // the 16 bytes is padding.
  RunOptions options;
  options.buffer.assign(512, char(0xff));
  for (unsigned r = 0; r < 8; ++r) {
    unsigned __int128 four = 0, six = 0;
    for (unsigned x = 0; x < 16; ++x) {
      four |= static_cast<unsigned __int128>((r + x) % 16) << (4 * x);
      six |= static_cast<unsigned __int128>((3 * r + x) % 64) << (6 * x);
    }
    memcpy(options.buffer.data() + r * 16, &four, 8);
    memcpy(options.buffer.data() + 128 + r * 16, &six, 12);
  }
  Outcome run = runBody(R"(
    .shared .align 16 .b8 rows[256];
    ld.global.b64 %s1, [%mine]; mov.u32 %r1, rows; mad.lo.u32 %r2, %t, 8, %r1;
    st.shared.b64 [%r2], %s1;
    bar.sync 0;
    mad.lo.u32 %r2, %t, 16, %r1;
    ldmatrix.sync.aligned.m8n16.x1.shared.b8x16.b4x16_p64 {%r3}, [%r2];
    ldmatrix.sync.aligned.m8n16.x1.shared.b8x16.b6x16_p32 {%r4}, [%r2+128];
    st.global.v2.b32 [%mine], {%r3, %r4};)",
                        options);
  EXPECT_EQ(run.reports, "");
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned e = 0; e < 4; ++e) {
      unsigned r = lane / 4, x = lane % 4 * 4 + e;
      EXPECT_EQ(uint8_t(run.buffer[lane * 8 + e]), (r + x) % 16);
      EXPECT_EQ(uint8_t(run.buffer[lane * 8 + 4 + e]), (3 * r + x) % 64);
    }
}

TEST(PtxNarrow, AllocaLivesUntilItsFunctionReturns) {
  // Each call allocates 4 KiB of the 16 there are; the kernel's own memory stays.
  const std::string function = R"(
.func (.reg .b32 %out) fill(.reg .b32 %n) {
  .reg .b64 %a; .reg .b32 %v;
  alloca.u64 %a, 4096, 16;
  st.local.u32 [%a], %n;
  ld.local.u32 %out, [%a];
  ret;
}
)";
  Outcome run = runBody(R"(
    mov.u64 %s1, 32;
    alloca.u64 %s2, %s1;
    stacksave.u64 %s3;
    st.local.u32 [%s2+28], %t;
    mov.u32 %r1, 0; mov.u32 %r2, 0;
  LOOP:
    call.uni (%r3), fill, (%r1);
    add.u32 %r2, %r2, %r3;
    alloca.u64 %s4, 2048;
    stackrestore.u64 %s3;
    add.u32 %r1, %r1, 1;
    setp.lt.u32 %p1, %r1, 10;
    @%p1 bra LOOP;
    ld.local.u32 %r4, [%s2+28];
    add.u32 %r2, %r2, %r4;
    st.global.u32 [%mine], %r2;)",
                        {}, function);
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(run.of<uint32_t>(t), 45 + t);
  run = runBody("mov.u64 %s1, 20000; alloca.u64 %s2, %s1;", {.threads = 1});
  EXPECT_NE(run.reports.find("alloca of 20000 bytes"), std::string::npos) << run.reports;
}

TEST(PtxNarrow, ShufflesWithoutSyncAreOlderTargets) {
  std::string text = kernelAround(R"(
    setp.lt.u32 %p1, %t, 4;
    shfl.down.b32 %r1|%p2, %t, 1, 31;
    vote.ballot.b32 %r2, %p1;
    add.u32 %r1, %r1, %r2;
    st.global.u32 [%mine], %r1;)");
  EXPECT_NE(runModule(text).error.find("needs .sync for targets from sm_70 on"), std::string::npos);
  text.replace(text.find("sm_90"), 5, "sm_60");
  Outcome run = runModule(text);
  EXPECT_EQ(run.error + run.reports, "");
  EXPECT_EQ(run.of<uint32_t>(0), 1u + 15);
  EXPECT_EQ(run.of<uint32_t>(31), 31u + 15);
}

} // namespace
