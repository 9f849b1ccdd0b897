#include "compiler/Import/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include <iterator>

using namespace llvm;

namespace girih::model {

namespace {
struct DTypeInfo {
  StringLiteral name;
  unsigned bits;
};
} // namespace

static constexpr DTypeInfo dtypes[] = {
    {"undefined", 0},  {"f32", 32},   {"u8", 8},         {"i8", 8},     {"u16", 16},   {"i16", 16},
    {"i32", 32},       {"i64", 64},   {"string", 0},     {"bool", 8},   {"f16", 16},   {"f64", 64},
    {"u32", 32},       {"u64", 64},   {"c64", 64},       {"c128", 128}, {"bf16", 16},  {"f8e4m3fn", 8},
    {"f8e4m3fnuz", 8}, {"f8e5m2", 8}, {"f8e5m2fnuz", 8}, {"u4", 4},     {"i4", 4},     {"f4e2m1", 4},
    {"f8e8m0", 8},     {"u2", 2},     {"i2", 2},         {"f6e2m3", 6}, {"f6e3m2", 6},
};

StringRef dtypeName(DType type) {
  auto i = static_cast<uint32_t>(type);
  return i < std::size(dtypes) ? StringRef(dtypes[i].name) : "unknown";
}

std::optional<DType> parseDType(StringRef name) {
  for (auto [i, info] : enumerate(dtypes))
    if (info.name == name) return static_cast<DType>(i);
  return std::nullopt;
}

unsigned dtypeBits(DType type) {
  auto i = static_cast<uint32_t>(type);
  return i < std::size(dtypes) ? dtypes[i].bits : 0;
}

std::optional<uint64_t> dataSize(DType type, ArrayRef<int64_t> dims) {
  // 2^50 bytes is far over what any machine holds, and leaves room for the arithmetic of later stages.
  constexpr uint64_t limit = uint64_t(1) << 50;
  uint64_t count = 1;
  for (int64_t d : dims) {
    if (d < 0) return std::nullopt;
    if (d == 0) count = 0;
  }
  for (int64_t d : dims) {
    if (count == 0) break;
    if (count > limit / uint64_t(d)) return std::nullopt;
    count *= uint64_t(d);
  }
  uint64_t bits = dtypeBits(type);
  if (bits && count > limit * 8 / bits) return std::nullopt;
  return divideCeil(count * bits, 8);
}

bool isName(StringRef text) {
  return json::isUTF8(text) && none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string quote(StringRef text) {
  if (isName(text) && text.size() <= 200) return ("'" + text + "'").str();
  std::string out = "'";
  for (unsigned char c : text.take_front(200)) {
    if (c >= 0x20 && c < 0x7f) {
      out += char(c);
    } else {
      out += "\\x";
      out += hexdigit(c >> 4);
      out += hexdigit(c & 15);
    }
  }
  return out + (text.size() > 200 ? "...'" : "'");
}

std::string describe(const Node &node) {
  std::string out = "node ";
  if (!node.name.empty()) {
    out += quote(node.name);
  } else {
    auto it = find_if(node.outputs, [](const std::string &s) { return !s.empty(); });
    out += it == node.outputs.end() ? "without a name" : "making " + quote(*it);
  }
  std::string op = quote(node.op);
  return out + " (" + op.substr(1, op.size() - 2) + ")";
}

LogicalResult fail(std::string &error, const Twine &message) {
  if (error.empty()) error = message.str();
  return failure();
}

} // namespace girih::model
