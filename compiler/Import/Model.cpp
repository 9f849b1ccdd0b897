#include "compiler/Import/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
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

/// Positions of a sparse tensor's values in row-major order: its indices are positions already, or one row of
/// coordinates for each value.
static LogicalResult readPositions(const SparseTensor &sparse, size_t count, const std::string &who,
                                   std::vector<uint64_t> &out, std::string &error) {
  const Tensor &indices = sparse.indices;
  auto text = [](ArrayRef<int64_t> dims) {
    return "[" + join(map_range(dims, [](int64_t d) { return std::to_string(d); }), ", ") + "]";
  };
  bool isFlat = indices.dims.size() == 1;
  size_t columns = isFlat ? 1 : sparse.dims.size();
  bool isShaped = isFlat ? indices.dims[0] == int64_t(count)
                         : indices.dims == std::vector<int64_t>{int64_t(count), int64_t(columns)};
  if (indices.type != DType::I64 || !isShaped)
    return fail(error, who + " has indices of shape " + text(indices.dims) + " and type " +
                           dtypeName(indices.type) + ", but " + Twine(count) + " values of shape " +
                           text(sparse.dims) + " need i64 indices of shape [" + Twine(count) + "] or [" +
                           Twine(count) + ", " + Twine(sparse.dims.size()) + "]");
  uint64_t total = 1;
  for (int64_t d : sparse.dims)
    total *= uint64_t(d);
  for (size_t i = 0; i < count; ++i) {
    uint64_t position = 0;
    for (size_t c = 0; c < columns; ++c) {
      int64_t index;
      std::memcpy(&index, indices.data.data() + (i * columns + c) * sizeof(index), sizeof(index));
      uint64_t size = isFlat ? total : uint64_t(sparse.dims[c]);
      if (index < 0 || uint64_t(index) >= size)
        return fail(error, who + ": index " + Twine(i) + " is " + Twine(index) + ", but must be in [0, " +
                               Twine(size) + ")");
      position = position * size + uint64_t(index);
    }
    if (!out.empty() && position <= out.back())
      return fail(error,
                  who + ": index " + Twine(i) + " is " +
                      (position == out.back() ? "the one before it again" : "less than the one before it") +
                      ", but indices must ascend");
    out.push_back(position);
  }
  return success();
}

FailureOr<Tensor> densify(const SparseTensor &sparse, std::string &error) {
  Tensor out;
  out.name = sparse.values.name, out.type = sparse.values.type, out.dims = sparse.dims;
  std::string who = "sparse tensor " + quote(out.name);
  auto size = dataSize(out.type, out.dims);
  size_t width = dtypeBits(out.type) / 8;
  constexpr uint64_t maxSize = uint64_t(1) << 31;
  if (!width)
    return fail(error, who + " has element type " + dtypeName(out.type) + ", which is not supported");
  if (!size || *size > maxSize)
    return fail(error, who + " has an impossible shape, or would be over 2 GB as a dense one");
  if (sparse.values.dims.size() != 1)
    return fail(error, who + " has values of " + Twine(sparse.values.dims.size()) +
                           " dimensions, but they must be a list");
  std::vector<uint64_t> positions;
  if (failed(readPositions(sparse, sparse.values.data.size() / width, who, positions, error)))
    return failure();
  auto bytes = std::make_shared<std::vector<char>>(*size);
  for (auto [i, position] : enumerate(positions))
    std::memcpy(bytes->data() + position * width, sparse.values.data.data() + i * width, width);
  out.data = *bytes;
  out.owner = std::move(bytes);
  return out;
}

LogicalResult fail(std::string &error, const Twine &message) {
  if (error.empty()) error = message.str();
  return failure();
}

} // namespace girih::model
