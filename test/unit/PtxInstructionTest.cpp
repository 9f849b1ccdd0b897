// Instructions one by one, by the tables of PtxCases.h.
#include "test/unit/PtxCases.h"
#include <cmath>
#include <limits>

using namespace girih::ptx::test;

namespace {

TEST(PtxInstruction, Integers) {
  check({
      {"add.sat.s32", "rrr", 0x7fffffff, 0x7fffffff, 1},
      {"sub.sat.s32", "rrr", 0x80000000, 0x80000000, 1},
      {"add.u16", "hhh", 1, 0xffff, 2},
      {"add.u16x2", "rrr", 0x00000001, 0xffff0000, 0x00010001},
      {"mul.hi.s32", "rrr", 0xffffffff, 0xffffffff, 1},
      {"mul.hi.u32", "rrr", 0xfffffffe, 0xffffffff, 0xffffffff},
      {"mul.hi.s64", "sss", ~0ull, ~0ull, 1},
      {"mul.hi.u64", "sss", ~1ull, ~0ull, ~0ull},
      {"mul.wide.s32", "srr", 0xffffffff80000000, 0x80000000, 1},
      {"mul.wide.u16", "rhh", 0xfffe0001, 0xffff, 0xffff},
      {"mul24.lo.s32", "rrr", 0xffffffff, 0x00ffffff, 1},
      {"mul24.hi.u32", "rrr", 0xfffffe00, 0xffffff, 0xffffff},
      {"mad.lo.s32", "rrrr", 7, 2, 3, 1},
      {"mad.hi.sat.s32", "rrrr", 0x7fffffff, 0x40000000, 4, 0x7fffffff},
      {"mad.wide.s32", "srrs", ~0ull - 1, 0xffffffff, 1, ~0ull},
      {"sad.s32", "rrrr", 0xffffffff, 0x80000000, 0x7fffffff, 0},
      {"sad.u32", "rrrr", 6, 1, 4, 3},
      {"div.s32", "rrr", 0xfffffffd, 0xfffffff9, 2},
      {"rem.s32", "rrr", 0xffffffff, 0xfffffff9, 2},
      {"div.u32", "rrr", 0x55555555, 0xffffffff, 3},
      {"div.u32", "rrr", 0xffffffff, 5, 0}, // as the hardware; no trap of the host's
      {"div.s32", "rrr", 0x80000000, 0x80000000, ~0u},
      {"rem.s32", "rrr", 0, 0x80000000, ~0u},
      {"max.relu.s16x2", "rrr", 1, 0x80000001, 0xfff0ffff},
      {"abs.s32", "rr", 0x80000000, 0x80000000},
      {"neg.s16", "hh", 0x8000, 0x8000},
      {"popc.b64", "rs", 64, ~0ull},
      {"clz.b32", "rr", 32, 0},
      {"clz.b64", "rs", 63, 1},
      {"bfind.u32", "rr", ~0u, 0},
      {"bfind.s32", "rr", 30, 0x80000000},
      {"bfind.s32", "rr", ~0u, ~0u},
      {"bfind.shiftamt.u32", "rr", 3, 0x10000000},
      {"brev.b32", "rr", 0x80000000, 1},
      {"cnot.b32", "rr", 1, 0},
      {"fns.b32", "rrrr", 3, 0x0000000a, 2, 1},
      {"fns.b32", "rrrr", ~0u, 0x0000000a, 4, 1},
      {"fns.b32", "rrrr", 1, 0x0000000a, 2, ~0u},
      {"fns.b32", "rrrr", 3, 0x0000000a, 3, 0},
  });
}

TEST(PtxInstruction, Bits) {
  check({
      {"shl.b32", "rrr", 0, 1, 32},
      {"shl.b64", "ssr", 0, 1, 64},
      {"shl.b16", "hhr", 0, 1, 16},
      {"shr.s32", "rrr", ~0u, 0x80000000, 99},
      {"shr.u64", "ssr", 0, ~0ull, 64},
      {"shf.l.clamp.b32", "rrrr", 0x11111111, 0x11111111, 0x22222222, 40},
      {"shf.l.wrap.b32", "rrrr", 0x22222211, 0x11111111, 0x22222222, 40},
      {"shf.r.wrap.b32", "rrrr", 0x22111111, 0x11111111, 0x22222222, 40},
      {"shf.r.clamp.b32", "rrrr", 0x22222222, 0x11111111, 0x22222222, 40},
      {"bfe.u32", "rrrr", 0x56, 0x12345678, 8, 8},
      {"bfe.s32", "rrrr", 0xffffffff, 0x80000000, 31, 8},
      {"bfe.s32", "rrrr", 0, 0x80000000, 0, 0},
      {"bfe.u64", "ssrr", 0xff, ~0ull, 56, 32},
      {"bfi.b32", "rrrr", 0x1234ff78, 0xff, 0x12345678, 8, ", 8"},
      {"bmsk.clamp.b32", "rrr", 0xffff0000, 16, 40},
      {"szext.wrap.s32", "rrr", 0xffffff80, 0x80, 8},
      {"prmt.b32", "rrrr", 0x44332211, 0x44332211, 0x88776655, 0x3210},
      {"prmt.b32", "rrrr", 0x808080ff, 0x44332280, 0x88776655, 0x0008},
      {"prmt.b32.f4e", "rrrr", 0x66554433, 0x44332211, 0x88776655, 2},
      {"prmt.b32.rc8", "rrrr", 0x33333333, 0x44332211, 0, 2},
      {"prmt.b32.rc16", "rrrr", 0x44334433, 0x44332211, 0, 1},
      {"lop3.b32", "rrrr", 0x0f ^ 0x33 ^ 0x55, 0x0f, 0x33, 0x55, ", 0x96"},
      {"dp4a.s32.s32", "rrrr", 0xfffffffe, 0xff010203, 0x02000000, 0},
      {"dp4a.u32.u32", "rrrr", 255 * 4 + 1, 0xffffffff, 0x01010101, 1},
      {"dp2a.hi.s32.s32", "rrrr", 5, 0x00010002, 0x01020000, 0},
  });
}

TEST(PtxInstruction, Floats) {
  const float ulp = 0x1p-23f, third = 1.0f / 3.0f;
  check({
      {"add.rn.f32", "fff", f(1), f(1), f(0x1p-24f)},
      {"add.rp.f32", "fff", f(1 + ulp), f(1), f(0x1p-40f)},
      {"add.rm.f32", "fff", f(-1 - ulp), f(-1), f(-0x1p-40f)},
      {"add.rz.f32", "fff", f(-1), f(-1), f(-0x1p-40f)},
      {"add.f32", "fff", subnormal, subnormal, 0},
      {"add.ftz.f32", "fff", 0, subnormal, 0},
      {"mul.ftz.f32", "fff", minusZero, f(-0x1p-100f), f(0x1p-40f)},
      {"add.f32", "fff", canonical, nan32, f(1)},
      {"sub.f32", "fff", canonical, inf32, inf32},
      {"add.sat.f32", "fff", 0, nan32, f(1)},
      {"mul.sat.f32", "fff", f(1), f(3), f(3)},
      {"fma.rn.f32", "ffff", f(0x1p-24f), f(1 + 0x1p-12f), f(1 + 0x1p-12f), f(-1 - 0x1p-11f)},
      {"fma.rz.f64", "dddd", d(1), d(1), d(1), d(0x1p-60)},
      {"fma.rp.f64", "dddd", d(1 + 0x1p-52), d(1), d(1), d(0x1p-60)},
      {"div.rn.f32", "fff", f(third), f(1), f(3)},
      {"div.rz.f32", "fff", f(third) - 1, f(1), f(3)},
      {"div.rn.f32", "fff", inf32, f(1), 0},
      {"div.rn.f32", "fff", canonical, 0, 0},
      {"div.approx.f32", "fff", 0, f(1), f(0x1p127f)},
      {"div.approx.f32", "fff", f(2), f(0x1p127f), f(0x1p126f)}, // the last divisor with a quotient
      {"rcp.rn.ftz.f32", "ff", inf32, subnormal},
      {"sqrt.rn.f32", "ff", canonical, f(-1)},
      {"sqrt.rn.f32", "ff", minusZero, minusZero},
      {"sqrt.rp.f32", "ff", f(std::nextafter(std::sqrt(2.0f), std::sqrt(2.0f) < 1.41421356237 ? 2.f : 1.f)),
       f(2)},
      {"min.f32", "fff", f(1), nan32, f(1)},
      {"min.NaN.f32", "fff", canonical, nan32, f(1)},
      {"min.f32", "fff", canonical, nan32, nan32},
      {"min.f32", "fff", minusZero, 0, minusZero},
      {"max.f32", "fff", 0, minusZero, 0},
      {"max.xorsign.abs.f32", "fff", f(-3), f(2), f(-3)},
      {"max.f32", "ffff", f(4), f(1), f(4), f(-9)},
      {"abs.ftz.f32", "ff", 0, 0x80000001},
      {"neg.f64", "dd", d(-2.5), d(2.5)},
      {"copysign.f32", "fff", f(-2), f(-1), f(2)},
      {"testp.subnormal.f32", "pf", 1, subnormal},
      {"testp.normal.f32", "pf", 0, 0},
      {"testp.notanumber.f64", "pd", 1, d(std::numeric_limits<double>::quiet_NaN())},
      {"testp.infinite.f32", "pf", 1, inf32},
  });
}

TEST(PtxInstruction, Halves) {
  const uint64_t one = 0x3c00, two = 0x4000, half = 0x3800, nan = 0x7e01, canonicalHalf = 0x7fff,
                 minusTwo = 0xc000;
  check({
      {"add.f16", "hhh", two, one, one},
      {"add.f16", "hhh", 0x7c00, 0x7bff, 0x7bff},
      {"add.f16", "hhh", canonicalHalf, nan, one},
      {"add.sat.f16", "hhh", one, one, one},
      {"add.f16", "hhh", 0x0001, 0x0001, 0},
      {"add.ftz.f16", "hhh", 0, 0x0001, 0},
      {"sub.f16x2", "rrr", two << 16 | 0, two << 16 | one, one},
      {"fma.rn.f16", "hhhh", 0x0010, 0x3c01, 0x3c01, 0xbc02}, // 2^-20 exactly: one rounding
      {"fma.rn.relu.f16", "hhhh", 0, one, minusTwo, 0},
      {"mul.bf16", "hhh", 0x4080, 0x4000, 0x4000},
      {"fma.rn.bf16x2", "rrrr", 0x40a03f80, 0x40003f80, 0x40003f80, 0x3f800000},
      {"min.f16", "hhh", one, nan, one},
      {"min.NaN.f16", "hhh", canonicalHalf, nan, one},
      {"max.bf16", "hhh", 0, 0x8000, 0},
      {"neg.f16", "hh", minusTwo, two},
      {"abs.bf16", "hh", 0x3f80, 0xbf80},
      {"ex2.approx.f16", "hh", half, 0xbc00},
  });
}

TEST(PtxInstruction, Conversions) {
  check({
      {"cvt.rni.s32.f32", "rf", 2, f(2.5f)},
      {"cvt.rni.s32.f32", "rf", 4, f(3.5f)},
      {"cvt.rzi.s32.f32", "rf", uint32_t(-2), f(-2.7f)},
      {"cvt.rmi.s32.f32", "rf", uint32_t(-3), f(-2.2f)},
      {"cvt.rpi.s32.f32", "rf", uint32_t(-2), f(-2.7f)},
      {"cvt.rzi.s32.f32", "rf", 0, nan32},
      {"cvt.rzi.s32.f32", "rf", 0x7fffffff, f(1e20f)},
      {"cvt.rzi.s32.f32", "rf", 0x80000000, f(-1e20f)},
      {"cvt.rzi.u32.f32", "rf", 0, f(-1)},
      {"cvt.rzi.u32.f32", "rf", ~0u, f(1e20f)},
      {"cvt.rzi.u64.f64", "sd", ~0ull, d(1e30)},
      {"cvt.rni.f32.f32", "ff", f(-0.0f), f(-0.3f)},
      {"cvt.rzi.ftz.f32.f32", "ff", 0, subnormal},
      {"cvt.sat.f32.f32", "ff", 0, nan32},
      {"cvt.rn.f32.s32", "fr", f(-16777216), uint32_t(-16777217)},
      {"cvt.rz.f32.s64", "fs", f(0x1p63f) - 1, 0x7fffffffffffffff},
      {"cvt.rn.f32.u64", "fs", f(0x1p64f), ~0ull},
      {"cvt.rp.f32.f64", "fd", f(1 + 0x1p-23f), d(1 + 0x1p-50)},
      {"cvt.rn.f32.f64", "fd", inf32, d(1e300)},
      {"cvt.rz.f32.f64", "fd", 0x7f7fffff, d(1e300)},
      {"cvt.f64.f32", "df", d(0x1p-149), 1},
      {"cvt.rn.f16.f32", "hf", 0x7c00, f(65520)},
      {"cvt.rz.f16.f32", "hf", 0x7bff, f(65520)},
      {"cvt.rn.f16.f32", "hf", 0x0001, f(0x1p-24f)},
      {"cvt.rn.f16.f32", "hf", 0, f(0x1p-25f)},
      {"cvt.bf16.f16", "hh", 0x4000, 0x3fff}, // without a rounding: .rn
      {"cvt.f16.bf16", "hh", 0x3c00, 0x3f80},
      {"cvt.rn.bf16.f32", "hf", 0x3f80, f(1 + 0x1p-8f)},
      {"cvt.rn.bf16.f32", "hf", 0x3f82, f(1 + 0x1p-7f + 0x1p-8f)},
      {"cvt.f32.f16", "fh", f(0x1p-24f), 1},
      {"cvt.rna.tf32.f32", "rf", f(1 + 0x1p-10f), f(1 + 0x1p-11f)},
      {"cvt.rn.f16x2.f32", "rff", 0x3c004000, f(1), f(2)},
      {"cvt.rn.satfinite.e4m3x2.f32", "hff", 0x387e, f(1), f(1000)},
      {"cvt.rn.satfinite.e5m2x2.f32", "hff", 0xfb3c, f(-1e9f), f(1)},
      {"cvt.rn.f16x2.e4m3x2", "rh", 0x3c005f00, 0x387e},
      {"cvt.s32.s8", "rr", 0xffffff80, 0x180},
      {"cvt.sat.u8.s32", "rr", 255, 300},
      {"cvt.sat.s8.s32", "rr", 0xffffff80, uint32_t(-300)},
      {"cvt.sat.u32.s32", "rr", 0, uint32_t(-1)},
      {"cvt.u64.s32", "sr", ~0ull, ~0u},
      {"cvt.u16.u64", "hs", 0x5678, 0x12345678},
      {"cvt.pack.sat.u8.s32.b32", "rrrr", 0x0004ff00, 300, uint32_t(-5), 0x00000004},
  });
}

TEST(PtxInstruction, BytesInVectors) {
  Outcome run =
      runBody(".reg .b8 %c<6>; mov.b32 {%c0, %c1, %c2, %c3}, 0x44332211; mov.b16 {%c4, %c5}, 0x6655;\n"
              "mov.b32 %r1, {%c3, %c4, %c5, %c0}; st.global.b32 [%buffer], %r1;",
              {.threads = 1});
  ASSERT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 0x11665544u);
}

TEST(PtxInstruction, Comparisons) {
  // The six orders and what a NaN makes of them: an ordered comparison is false, an unordered one true.
  struct Order {
    const char *name;
    bool less, equal, greater;
  };
  for (Order o : {Order{"eq", 0, 1, 0},
                  {"ne", 1, 0, 1},
                  {"lt", 1, 0, 0},
                  {"le", 1, 1, 0},
                  {"gt", 0, 0, 1},
                  {"ge", 0, 1, 1}})
    for (bool unordered : {false, true}) {
      std::string text = std::string("setp.") + o.name + (unordered ? "u" : "");
      std::string single = text + ".f32", wide = text + ".f64", half = text + ".f16";
      const double nan = std::numeric_limits<double>::quiet_NaN();
      check({{single.c_str(), "pff", o.less, f(1), f(2)},
             {single.c_str(), "pff", o.equal, minusZero, 0},
             {single.c_str(), "pff", o.greater, f(2), f(1)},
             {single.c_str(), "pff", unordered, nan32, f(1)},
             {wide.c_str(), "pdd", o.less, d(-2), d(-1)},
             {wide.c_str(), "pdd", unordered, d(nan), d(nan)},
             {half.c_str(), "phh", o.greater, 0x4000, 0x3c00},
             {half.c_str(), "phh", unordered, 0x7e00, 0x3c00}});
      if (unordered) continue;
      std::string integer = text + ".s32", unsignedOne = text + ".u32";
      check({{integer.c_str(), "prr", o.less, ~0u, 1}, {unsignedOne.c_str(), "prr", o.greater, ~0u, 1}});
    }
  check({
      {"setp.num.f32", "pff", 0, nan32, 0},
      {"setp.nan.f32", "pff", 1, nan32, 0},
      {"setp.eq.ftz.f32", "pff", 1, subnormal, 0},
      {"setp.eq.ftz.f16", "phh", 1, 0x03ff, 0x8001},
      {"setp.eq.f16", "phh", 0, 0x03ff, 0x8001},
      {"set.gt.ftz.f32.f16", "fhh", 0, 0x0001, 0},
      {"setp.lo.u32", "prr", 1, 1, ~0u},
      {"setp.lt.and.s32", "prrp", 0, 1, 2, 0},
      {"set.lt.u32.f32", "rff", ~0u, f(1), f(2)},
      {"set.gt.f32.s32", "frr", 0, 1, 2},
      {"set.eq.f32.s32", "frr", f(1), 2, 2},
      {"selp.b32", "rrrp", 7, 5, 7, 0},
      {"slct.s32.s32", "rrrr", 5, 5, 7, 0},
      {"slct.s32.f32", "rrrf", 7, 5, 7, f(-1)},
      {"slct.s32.f32", "rrrf", 5, 5, 7, minusZero},
      {"slct.s32.f32", "rrrf", 7, 5, 7, nan32},
  });
}

TEST(PtxInstruction, CarriesRunThroughAChain) {
  Outcome run = runBody(R"(
    mov.b32 %r1, -1; mov.b32 %r2, 1; mov.b32 %r3, 0;
    add.cc.u32 %r4, %r1, %r2;
    addc.cc.u32 %r5, %r1, %r3;
    addc.u32 %r6, %r3, %r3;
    sub.cc.u32 %r7, %r3, %r2;
    subc.u32 %r8, %r3, %r3;
    mad.lo.cc.u32 %r9, %r1, %r1, %r1;
    madc.hi.u32 %r10, %r1, %r1, %r3;
    st.global.v4.u32 [%buffer], {%r4, %r5, %r6, %r7};
    sub.cc.u32 %r11, %r1, %r2;
    addc.cc.u32 %r11, %r3, %r3;
    sub.cc.u32 %r12, %r3, %r2;
    addc.u32 %r12, %r3, %r3;
    st.global.v4.u32 [%buffer+16], {%r8, %r9, %r10, %r11};
    st.global.u32 [%buffer+32], %r12;)",
                        {.threads = 1});
  EXPECT_EQ(run.reports, "");
  // The last two: CC.CF is set when nothing was borrowed.
  const uint32_t expected[] = {0, 0, 1, ~0u, ~0u, 0, ~0u - 1 + 1, 1, 0};
  for (size_t n = 0; n < 9; ++n)
    EXPECT_EQ(run.at<uint32_t>(n), expected[n]) << n;
}

/// The largest error of an instruction over floats spread in bits over [low, high], in ulps of the result or
/// relative to `absolute`.
double worstError(const char *instruction, double (*exact)(double), float low, float high, double absolute) {
  constexpr uint32_t threads = 1024;
  double worst = 0;
  for (int sign : {1, -1}) {
    if (sign < 0 &&
        (std::string(instruction).starts_with("lg2") || std::string(instruction).find("sqrt") == 0 ||
         std::string(instruction).starts_with("rsqrt")))
      break;
    RunOptions options{.threads = threads};
    options.buffer.resize(threads * 8);
    std::vector<float> inputs(threads);
    for (uint32_t t = 0; t < threads; ++t) {
      uint64_t from = f(low), to = f(high);
      inputs[t] = float(sign) * std::bit_cast<float>(uint32_t(from + (to - from) * t / (threads - 1)));
      memcpy(options.buffer.data() + t * 8, &inputs[t], 4);
    }
    Outcome run = runBody(std::string("ld.global.f32 %f1, [%mine];") + instruction +
                              " %f2, %f1; st.global.f32 [%mine], %f2;",
                          options);
    EXPECT_EQ(run.reports, "");
    for (uint32_t t = 0; t < threads; ++t) {
      double expected = exact(inputs[t]);
      if (float(expected) == 0 || std::isinf(float(expected))) continue;
      double unit = absolute ? absolute : std::ldexp(1.0, std::max(std::ilogb(expected), -126) - 23);
      worst = std::max(worst, std::fabs(run.of<float>(t) - expected) / unit);
    }
  }
  return worst;
}

TEST(PtxInstruction, ApproximationsAreAsCloseAsTheManualSays) {
  EXPECT_LE(worstError("ex2.approx.f32", [](double x) { return std::exp2(x); }, 0x1p-20f, 149, 0), 2);
  EXPECT_LE(worstError("lg2.approx.f32", [](double x) { return std::log2(x); }, 0.5f, 2, 0x1p-22), 1);
  EXPECT_LE(
      worstError("lg2.approx.f32", [](double x) { return std::log2(x); }, 0x1p-126f, 0x1p127f, 0x1p-22), 64);
  EXPECT_LE(worstError("sin.approx.f32", [](double x) { return std::sin(x); }, 0x1p-30f, 6.283f, 0x1p-20), 1);
  EXPECT_LE(worstError("cos.approx.f32", [](double x) { return std::cos(x); }, 0x1p-30f, 6.283f, 0x1p-20), 1);
  EXPECT_LE(worstError("rcp.approx.f32", [](double x) { return 1 / x; }, 0x1p-125f, 0x1p125f, 0), 1);
  EXPECT_LE(worstError("sqrt.approx.f32", [](double x) { return std::sqrt(x); }, 0x1p-126f, 0x1p127f, 0), 2);
  EXPECT_LE(
      worstError("rsqrt.approx.f32", [](double x) { return 1 / std::sqrt(x); }, 0x1p-126f, 0x1p127f, 0), 2);
  EXPECT_LE(worstError("tanh.approx.f32", [](double x) { return std::tanh(x); }, 0x1p-20f, 9, 0), 4096);
}

TEST(PtxInstruction, MbarriersCountArrivalsAndBytes) {
  Outcome run = runBody(R"(
    .shared .align 16 .b8 data[512]; .shared .align 8 .b64 bar;
    mov.u32 %r1, bar; mov.u32 %r2, data;
    setp.ne.u32 %p1, %t, 0;
    @!%p1 mbarrier.init.shared.b64 [%r1], 64;
    bar.sync 0;
    @%p1 bra OTHERS;
    cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%buffer], 512, [%r1];
    mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 %s1, [%r1], 512;
    mbarrier.pending_count.b64 %r5, %s1;
    bra.uni WAIT;
  OTHERS:
    mbarrier.arrive.shared.b64 %s1, [%r1];
  WAIT:
    mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;
    @!%p2 bra WAIT;
    mbarrier.test_wait.shared.b64 %p3, [%r1], %s1;
    mad.lo.u32 %r3, %t, 8, %r2;
    ld.shared.u32 %r4, [%r3];
    selp.u32 %r6, 1, 0, %p3;
    add.u32 %r4, %r4, %r6;
    st.global.u32 [%mine+512], %r4;)",
                        {.threads = 64, .buffer = std::vector<char>(512, 1)});
  EXPECT_EQ(run.reports, "");
  for (size_t t = 0; t < 64; ++t)
    EXPECT_EQ(run.of<uint32_t>(64 + t), 0x01010102u);
  // An arrival that is missing is a deadlock, one too many a fault.
  run = runBody(R"(
    .shared .align 8 .b64 bar; mov.u32 %r1, bar;
    mbarrier.init.shared.b64 [%r1], 1;
    mbarrier.arrive.shared.b64 %s1, [%r1], 2;)",
                {.threads = 1});
  EXPECT_NE(run.reports.find("2 arrivals at an mbarrier whose phase waits for 1"), std::string::npos)
      << run.reports;
}

} // namespace
