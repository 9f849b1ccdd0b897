// Tables of single instructions: operands and results as bits. All cases of a table run in one kernel, so
// that what one leaves behind would show in the next.
#pragma once

#include "test/unit/PtxHarness.h"
#include <bit>

namespace girih::ptx::test {

/// `types`: register classes of the result and the operands, p a predicate, h r s of 16, 32 and 64 bits, f d
/// floats. `more` follows the operands: constants.
struct Case {
  const char *instruction, *types;
  uint64_t expected, a = 0, b = 0, c = 0;
  const char *more = "";
};

inline unsigned bytesOf(char type) {
  return type == 'h' ? 2 : type == 's' || type == 'd' ? 8 : 4;
}
inline uint64_t lowBits(uint64_t value, char type) {
  return type == 'p' ? value & 1 : bytesOf(type) == 8 ? value : value & ((1ull << (8 * bytesOf(type))) - 1);
}

inline void check(const std::vector<Case> &cases) {
  std::string body;
  RunOptions options{.threads = 1};
  options.buffer.resize(cases.size() * 32);
  for (size_t n = 0; n < cases.size(); ++n) {
    const Case &k = cases[n];
    const uint64_t values[] = {0, k.a, k.b, k.c};
    memcpy(options.buffer.data() + n * 32, values, 32);
    std::string operands;
    for (size_t o = 0; k.types[o]; ++o) {
      char t = k.types[o];
      std::string name = std::string("%") + t + std::to_string(o + 1),
                  at = "[%buffer+" + std::to_string(n * 32 + o * 8) + "]";
      operands += (o ? ", " : "") + name;
      if (o == 0) continue;
      if (t == 'p')
        body += "ld.global.b32 %r39, " + at + "; setp.ne.b32 " + name + ", %r39, 0;\n";
      else
        body += "ld.global.b" + std::to_string(bytesOf(t) * 8) + " " + name + ", " + at + ";\n";
    }
    body += std::string(k.instruction) + " " + operands + k.more + ";\n";
    std::string at = "[%buffer+" + std::to_string(n * 32) + "]", name = std::string("%") + k.types[0] + "1";
    if (k.types[0] == 'p')
      body += "selp.b32 %r39, 1, 0, " + name + "; st.global.b32 " + at + ", %r39;\n";
    else
      body += "st.global.b" + std::to_string(bytesOf(k.types[0]) * 8) + " " + at + ", " + name + ";\n";
  }
  Outcome run = runBody(body, options);
  ASSERT_EQ(run.error, "");
  ASSERT_EQ(run.reports, "");
  for (size_t n = 0; n < cases.size(); ++n) {
    const Case &k = cases[n];
    EXPECT_EQ(lowBits(run.at<uint64_t>(4 * n), k.types[0]), lowBits(k.expected, k.types[0]))
        << k.instruction << std::hex << " of 0x" << k.a << ", 0x" << k.b << ", 0x" << k.c << k.more
        << " gives 0x" << run.at<uint64_t>(4 * n) << ", not 0x" << k.expected;
  }
}

inline uint64_t f(float v) {
  return std::bit_cast<uint32_t>(v);
}
inline uint64_t d(double v) {
  return std::bit_cast<uint64_t>(v);
}
constexpr uint64_t nan32 = 0x7fc00001, canonical = 0x7fffffff, inf32 = 0x7f800000, subnormal = 0x00000100,
                   minusZero = 0x80000000;

} // namespace girih::ptx::test
