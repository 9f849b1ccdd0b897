// Products with a sparse A, whose fragments and metadata are built from the PTX manual's formulas; matrices
// of bytes; forms of instructions that are written in several ways.
#include "PtxHarness.h"
#include <bit>

using namespace girih::ptx;
using namespace girih::ptx::test;

namespace {

/// A type of elements: how small integers are encoded.
struct Element {
  const char *name;
  unsigned bytes;
  uint32_t (*encode)(int);
};
uint32_t floatBits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}
uint32_t halfBits(int v) { // of -8 to 8
  if (v == 0) return 0;
  unsigned magnitude = unsigned(std::abs(v)), exponent = unsigned(std::bit_width(magnitude)) - 1;
  return (v < 0 ? 0x8000u : 0) | (exponent + 15) << 10 | (magnitude << 10 >> exponent & 0x3ff);
}
uint32_t e4m3Bits(int v) {
  if (v == 0) return 0;
  unsigned magnitude = unsigned(std::abs(v)), exponent = unsigned(std::bit_width(magnitude)) - 1;
  return (v < 0 ? 0x80u : 0) | (exponent + 7) << 3 | (magnitude << 3 >> exponent & 7);
}
const Element f16{"f16", 2, halfBits}, bf16{"bf16", 2, [](int v) { return floatBits(float(v)) >> 16; }},
    tf32{"tf32", 4, [](int v) { return floatBits(float(v)) | 0xabc; }}, // the lower bits do not count
    s8{"s8", 1, [](int v) { return uint32_t(v) & 0xff; }},
    u8{"u8", 1, [](int v) { return uint32_t(v) & 0xff; }}, e4m3{"e4m3", 1, e4m3Bits};

/// C = A B + C of 16 x 8 x k. Lanes have words [lane][register] in the buffer: A, B, metadata.
void checkSparse(const std::string &form, const Element &ea, const Element &eb, unsigned k,
                 unsigned selector) {
  unsigned bytes = ea.bytes, per = 4 / bytes, na = k / 2 / per / 2, nb = k / per / 4,
           group = bytes == 4 ? 2 : 4;
  std::vector<int> a(16 * k), b(k * 8), stored(16 * k / 2), place(16 * k / 2);
  uint32_t seed = 12345;
  auto random = [&](int n) { return int((seed = seed * 1664525 + 1013904223) >> 16) % n; };
  bool negative = std::string(ea.name) != "u8";
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned n = 0; n < k / 2; ++n) {
      // Of each group of four the first element is one of the first three, the second comes after it.
      unsigned first = unsigned(random(bytes == 4 ? 2 : 3));
      if (bytes != 4 && n % 2)
        first = unsigned(place[row * k / 2 + n - 1]) + 1 + unsigned(random(3 - place[row * k / 2 + n - 1]));
      unsigned at = row * k / 2 + n;
      place[at] = int(first), stored[at] = 1 + random(7) - (negative && random(2) ? 8 : 0);
      a[row * k + (bytes == 4 ? n : n / 2) * group + first] = stored[at];
    }
  for (int &v : b)
    v = random(8) - (std::string(eb.name) != "u8" ? 4 : 0);
  RunOptions options;
  options.bytes = 32 * 64;
  options.buffer.resize(options.bytes);
  auto word = [&](unsigned lane, unsigned reg) -> char * {
    return options.buffer.data() + lane * 64 + reg * 4;
  };
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane / 4, t = lane % 4;
    auto put = [&](unsigned reg, unsigned e, uint32_t bits) {
      memcpy(word(lane, reg) + e * bytes, &bits, bytes);
    };
    for (unsigned r = 0; r < na; ++r) // rows g and g + 8 in turn, then the next columns
      for (unsigned e = 0; e < per; ++e)
        put(r, e, ea.encode(stored[(g + r % 2 * 8) * k / 2 + r / 2 * per * 4 + t * per + e]));
    for (unsigned r = 0; r < nb; ++r)
      for (unsigned e = 0; e < per; ++e)
        put(4 + r, e, eb.encode(b[(r * per * 4 + t * per + e) * 8 + g]));
    // Metadata: words of other lanes than the selector names are of no account.
    uint32_t meta = 0xdeadbeef;
    unsigned lanes = bytes == 1 ? k / 16 : k * bytes / 32;
    if (t / lanes == selector) {
      unsigned part = t % lanes;
      meta = 0;
      auto code = [&](unsigned row, unsigned n) {
        unsigned p = unsigned(place[row * k / 2 + n]);
        return bytes == 4 ? (p ? 0xeu : 0x4u) : p;
      };
      if (bytes == 1)
        for (unsigned n = 0; n < 16; ++n)
          meta |= code(g + part % 2 * 8, part / 2 * 16 + n) << 2 * n;
      else
        for (unsigned n = 0; n < 16u / bytes; ++n)
          for (unsigned high = 0; high < 2; ++high)
            meta |= code(g + high * 8, part * (16u / bytes) + n) << (high * 16 + n * bytes);
    }
    memcpy(word(lane, 8), &meta, 4);
  }
  bool integer = form.find(".s32") != std::string::npos,
       half = form.find(".f16.") != std::string::npos && form.ends_with(".f16");
  auto list = [](const char *name, unsigned first, unsigned count) {
    std::string s = "{";
    for (unsigned n = 0; n < count; ++n)
      s += (n ? ", " : "") + std::string(name) + std::to_string(first + n);
    return s + "}";
  };
  std::string body = "mad.wide.u32 %s1, %t, 64, %buffer;";
  for (unsigned n = 0; n < 9; ++n)
    body += "ld.global.b32 %r" + std::to_string(n) + ", [%s1+" + std::to_string(4 * n) + "];";
  std::string c = integer ? "{5, 5, 5, 5}"
                  : half  ? "{%r9, %r9}"
                          : "{0f40A00000, 0f40A00000, 0f40A00000, 0f40A00000}";
  std::string d = integer || half ? list("%r", 10, half ? 2 : 4) : list("%f", 10, 4);
  body += "mov.b32 %r9, 0x45004500;" + form + " " + d + ", " + list("%r", 0, na) + ", " + list("%r", 4, nb) +
          ", " + c + ", %r8, " + std::to_string(selector) + ";";
  for (unsigned n = 0; n < (half ? 2u : 4u); ++n)
    body += std::string("st.global.b32 [%s1+") + std::to_string(4 * n) + "], " +
            (integer || half ? "%r" : "%f") + std::to_string(10 + n) + ";";
  Outcome run = runBody(body, options);
  ASSERT_EQ(run.reports, "") << form;
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned e = 0; e < 4; ++e) {
      unsigned row = lane / 4 + e / 2 * 8, column = lane % 4 * 2 + e % 2;
      int expected = 5;
      for (unsigned x = 0; x < k; ++x)
        expected += a[row * k + x] * b[x * 8 + column];
      if (half) {
        if (std::abs(expected) > 8) continue; // others than halfBits makes
        EXPECT_EQ(run.at<uint16_t>(lane * 32 + e), halfBits(expected)) << form << " lane " << lane;
      } else if (integer) {
        EXPECT_EQ(run.at<int32_t>(lane * 16 + e), expected) << form << " lane " << lane << " element " << e;
      } else {
        EXPECT_EQ(run.at<float>(lane * 16 + e), float(expected))
            << form << " lane " << lane << " element " << e;
      }
    }
}

TEST(PtxSparse, Products) {
  for (std::string sp : {"mma.sp.sync.aligned.", "mma.sp::ordered_metadata.sync.aligned."}) {
    for (unsigned selector = 0; selector < 4; ++selector) {
      checkSparse(sp + "m16n8k16.row.col.f32.f16.f16.f32", f16, f16, 16, selector);
      checkSparse(sp + "m16n8k16.row.col.f32.bf16.bf16.f32", bf16, bf16, 16, selector);
      checkSparse(sp + "m16n8k8.row.col.f32.tf32.tf32.f32", tf32, tf32, 8, selector);
    }
    for (unsigned selector = 0; selector < 2; ++selector) {
      checkSparse(sp + "m16n8k32.row.col.f32.f16.f16.f32", f16, f16, 32, selector);
      checkSparse(sp + "m16n8k32.row.col.f16.f16.f16.f16", f16, f16, 32, selector);
      checkSparse(sp + "m16n8k32.row.col.f32.bf16.bf16.f32", bf16, bf16, 32, selector);
      checkSparse(sp + "m16n8k16.row.col.f32.tf32.tf32.f32", tf32, tf32, 16, selector);
      checkSparse(sp + "m16n8k32.row.col.s32.s8.u8.s32", s8, u8, 32, selector);
      checkSparse(sp + "m16n8k32.row.col.satfinite.s32.u8.s8.s32", u8, s8, 32, selector);
    }
    checkSparse(sp + "m16n8k64.row.col.s32.s8.s8.s32", s8, s8, 64, 0);
    checkSparse(sp + "m16n8k64.row.col.s32.u8.u8.s32", u8, u8, 64, 0);
    checkSparse(sp + "m16n8k64.row.col.f32.e4m3.e4m3.f32", e4m3, e4m3, 64, 0);
  }
}

TEST(PtxSparse, WhatIsNotThereIsNotMultiplied) {
  // Infinities in B where A has nothing: the metadata name the first two of each four everywhere.
  Outcome run = runBody(
      "mov.b32 %r1, 0x3c003c00; mov.b32 %r2, 0x3c003c00; and.b32 %r4, %t, 1; setp.ne.u32 %p1, %r4, 0;"
      "selp.b32 %r2, 0x7c007c00, %r2, %p1; mov.b32 %r3, 0x44444444;"
      "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r1}, {%r2, %r2},"
      "{0f00000000, 0f00000000, 0f00000000, 0f00000000}, %r3, 0; st.global.f32 [%mine], %f1;");
  EXPECT_EQ(run.reports, "");
  for (unsigned t = 0; t < 32; ++t)
    EXPECT_EQ(run.of<float>(t), 8);
}

TEST(PtxSparse, SelectorsOfLanesThatAreNot) {
  for (const char *form : {"m16n8k32.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r1, %r1, %r1}, "
                           "{%r1, %r1, %r1, %r1}, {%f1, %f2, %f3, %f4}, %r1, 2;",
                           "m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r1}, {%r1, %r1}, "
                           "{%f1, %f2, %f3, %f4}, %r1, 4;"}) {
    Outcome run = runModule(kernelAround(std::string("mma.sp.sync.aligned.") + form));
    EXPECT_NE(run.error.find("does not exist with these"), std::string::npos) << run.error;
  }
}

//===-- ldmatrix, stmatrix, cp.async -----------------------------------------------------===//

TEST(PtxSparse, ModifiersOfLdmatrixInAnyOrder) {
  std::string before = ".shared .align 16 .b8 rows[256]; mov.u32 %r1, rows; mad.lo.u32 %r2, %t, 8, %r1; "
                       "mul.lo.u32 %r9, %t, 257;"
                       "mov.b64 %s1, {%t, %r9}; st.shared.b64 [%r2], %s1; bar.sync 0; mad.lo.u32 %r2, %t, "
                       "16, %r1; min.u32 %r2, %r2, 240;";
  auto words = [&](const std::string &modifiers) {
    Outcome run = runBody(before + "ldmatrix." + modifiers +
                          " {%r3, %r4}, [%r2]; st.global.v2.b32 [%mine], {%r3, %r4};");
    EXPECT_EQ(run.reports, "");
    return run.buffer;
  };
  for (std::string trans : {"", ".trans"}) {
    auto expected = words("sync.aligned.m8n8.x2" + trans + ".shared.b16");
    EXPECT_EQ(words("sync.aligned.x2.m8n8" + trans + ".shared.b16"), expected);
    EXPECT_EQ(words("sync.aligned.x2" + trans + ".m8n8.shared.b16"), expected);
    EXPECT_EQ(words("sync.aligned" + trans + ".m8n8.shared.x2.b16"), expected);
  }
  Outcome store =
      runBody(before + "stmatrix.sync.aligned.x2.trans.m8n8.shared.b16 [%r2], {%t, %r9}; bar.sync 0;"
                       "ldmatrix.sync.aligned.trans.x2.m8n8.shared.b16 {%r3, %r4}, [%r2]; st.global.v2.b32 "
                       "[%mine], {%r3, %r4};");
  EXPECT_EQ(store.reports, "");
  for (uint32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(store.at<uint32_t>(2 * t), t);
    EXPECT_EQ(store.at<uint32_t>(2 * t + 1), t * 257);
  }
}

/// The rows of 16 bytes of a matrix in shared memory, byte x of row r being 16 r + x, as two ldmatrix read
/// them.
TEST(PtxSparse, MatricesOfBytes) {
  std::string before = ".shared .align 16 .b8 rows[512]; mov.u32 %r1, rows; shl.b32 %r2, %t, 4; add.u32 %r2, "
                       "%r2, %r1; and.b32 %r9, %t, 15; mul.lo.u32 %r9, %r9, 0x10101010;"
                       "add.u32 %r3, %r9, 0x03020100; add.u32 %r4, %r9, 0x07060504; add.u32 %r5, %r9, "
                       "0x0b0a0908; add.u32 %r6, %r9, 0x0f0e0d0c;"
                       "st.shared.v4.b32 [%r2], {%r3, %r4, %r5, %r6}; bar.sync 0;";
  RunOptions options;
  Outcome two = runBody(before + "ldmatrix.sync.aligned.m16n16.x2.trans.shared.b8 {%r3, %r4, %r5, %r6}, "
                                 "[%r2]; mad.wide.u32 %s1, %t, 16, %buffer;"
                                 "st.global.v4.b32 [%s1], {%r3, %r4, %r5, %r6};");
  EXPECT_EQ(two.reports, "");
  for (unsigned l = 0; l < 32; ++l)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned e = 0; e < 4; ++e) {
        unsigned row = r / 2 * 16 + l % 4 * 4 + r % 2 * 2 + e % 2, x = l / 4 + e / 2 * 8;
        EXPECT_EQ(two.at<uint8_t>(l * 16 + r * 4 + e), uint8_t(16 * row + x)) << l << " " << r << " " << e;
      }
  // What stmatrix stores comes back as rows: lane l's byte e of register n lies in row 8 n + 2 (l % 4) + e
  // % 2.
  Outcome stored =
      runBody(".shared .align 16 .b8 rows[256]; mov.u32 %r1, rows; shl.b32 %r2, %t, 4; and.b32 %r2, %r2, "
              "255; add.u32 %r2, %r2, %r1;"
              "mul.lo.u32 %r9, %t, 0x04040404; add.u32 %r3, %r9, 0x03020100; add.u32 %r4, %r9, 0x83828180;"
              "stmatrix.sync.aligned.x2.m16n8.trans.shared.b8 [%r2], {%r3, %r4}; bar.sync 0;"
              "mad.lo.u32 %r2, %t, 8, %r1; ld.shared.b64 %s1, [%r2]; st.global.b64 [%mine], %s1;");
  EXPECT_EQ(stored.reports, "");
  for (unsigned n = 0; n < 2; ++n)
    for (unsigned l = 0; l < 32; ++l)
      for (unsigned e = 0; e < 4; ++e) {
        unsigned row = 8 * n + l % 4 * 2 + e % 2, x = l / 4 + e / 2 * 8;
        EXPECT_EQ(stored.at<uint8_t>(row * 16 + x), uint8_t(4 * l + e + 128 * n));
      }
}

TEST(PtxSparse, CopiesWithAPolicy) {
  const char *before = ".shared .align 16 .b8 tile[1024]; mov.u32 %r1, tile; shl.b32 %r2, %t, 4; add.u32 "
                       "%r1, %r1, %r2; mov.b64 %s2, 0;"
                       "st.shared.v4.u32 [%r1], {7, 7, 7, 7}; mad.wide.u32 %s1, %t, 16, %buffer; setp.lt.u32 "
                       "%p1, %t, 16; mov.u32 %r3, 4;",
             *after = "cp.async.wait_all; ld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [%r1]; add.u32 %r4, %r4, "
                      "%r5; st.global.u32 [%s1+4096], %r4;";
  RunOptions options;
  options.buffer.assign(8192, 1); // words of 0x01010101
  constexpr uint32_t word = 0x01010101;
  auto sums = [&](const std::string &copy, bool predicated = false) {
    Outcome run = runBody(before + copy + after, options);
    EXPECT_EQ(run.reports, "");
    EXPECT_EQ(run.at<uint32_t>(1024 + 31 * 4), run.at<uint32_t>(1024 + (predicated ? 30 : 0) * 4)) << copy;
    return run.at<uint32_t>(1024);
  };
  EXPECT_EQ(sums("cp.async.cg.shared.global.L2::cache_hint [%r1], [%s1], 16, %s2;"), 2 * word);
  EXPECT_EQ(sums("cp.async.ca.shared.global.L2::cache_hint.L2::128B [%r1], [%s1], 8, %s2;"), 2 * word);
  EXPECT_EQ(sums("cp.async.cg.shared.global.L2::cache_hint [%r1], [%s1], 16, %r3, %s2;"),
            word); // 4 bytes, then zeros
  EXPECT_EQ(sums("cp.async.cg.shared.global [%r1], [%s1], 16, 4;"), word);
  // Where the predicate holds the source is not read: zeros.
  EXPECT_EQ(sums("cp.async.cg.shared.global [%r1], [%s1], 16, %p1;", true), 0u);
  EXPECT_EQ(sums("cp.async.cg.shared.global.L2::cache_hint [%r1], [%s1], 16, !%p1, %s2;", true), 2 * word);
}

} // namespace
