#include "compiler/Import/JsonCursor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Base64.h"

using namespace llvm;

namespace girih::model {

LogicalResult JsonCursor::sparse(const Json &in, SparseTensor &out) {
  if (failed(keys(in, {"values", "indices", "shape"})) || failed(integers(in, "shape", out.dims)))
    return failure();
  if (!in.contains("values") || !in.contains("indices")) return bad("\"values\" and \"indices\" are needed");
  At at(*this, "values/indices");
  if (failed(tensor(in["values"], out.values))) return failure();
  return tensor(in["indices"], out.indices);
}

bool JsonCursor::base64(const Json &in, std::vector<char> &out) {
  Error e = decodeBase64(in.get_ref<const std::string &>(), out);
  bool ok = !e;
  consumeError(std::move(e));
  return ok;
}

LogicalResult JsonCursor::dtype(const Json &in, DType &out) {
  std::string s;
  if (failed(text(in, "dtype", s))) return failure();
  auto t = parseDType(s);
  if (!t)
    return bad("\"dtype\" is " + quote(s) + ", expected one of f32, f64, f16, bf16, i64, i32, u8, bool, ...");
  out = *t;
  return success();
}

LogicalResult JsonCursor::tensor(const Json &in, Tensor &out) {
  constexpr uint64_t maxFill = uint64_t(1) << 32;
  if (failed(keys(
          in, {"name", "doc", "dtype", "shape", "data", "fill", "base64", "file", "offset", "metadata"})) ||
      failed(name(in, "name", out.name)) || failed(text(in, "doc", out.doc)) || failed(dtype(in, out.type)) ||
      failed(integers(in, "shape", out.dims)) || failed(properties(in, out.metadata)))
    return failure();
  auto expected = dataSize(out.type, out.dims);
  if (!expected) return bad("tensor " + quote(out.name) + " has an impossible shape");
  auto store = [&](std::vector<char> &&bytes) {
    auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
    out.data = *owner;
    out.owner = std::move(owner);
  };
  if (auto it = in.find("base64"); it != in.end()) {
    std::vector<char> bytes;
    if (!it->is_string() || !base64(*it, bytes)) return bad("\"base64\" is not valid base64");
    store(std::move(bytes));
  } else if (auto it = in.find("file"); it != in.end()) {
    std::string location;
    int64_t offset = 0;
    if (failed(string(*it, location)) || failed(integer(in, "offset", offset))) return failure();
    if (offset < 0) return bad("\"offset\" is negative");
    auto data = folder.read(location, offset, *expected, error);
    if (failed(data)) return failure();
    out.data = data->bytes;
    out.owner = data->owner;
  } else if (auto it = in.find("data"); it != in.end()) {
    if (out.type == DType::String) {
      if (failed(each(in, "data", out.strings, [&](const Json &j, std::string &s) { return string(j, s); })))
        return failure();
      uint64_t count = 1;
      for (int64_t d : out.dims)
        count *= d;
      return out.strings.size() == count ? success() : bad("the shape needs " + Twine(count) + " strings");
    }
    std::vector<char> bytes;
    At at(*this, "data");
    if (failed(elements(*it, out.type, bytes, 0))) return failure();
    store(std::move(bytes));
  } else if (auto it = in.find("fill"); it != in.end()) {
    std::vector<char> one;
    At at(*this, "fill");
    if (*expected > maxFill) return bad("a tensor of " + Twine(*expected) + " bytes is too large to fill");
    if (failed(elements(*it, out.type, one, 0)) || one.empty()) return failure();
    std::vector<char> bytes(*expected);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = one[i % one.size()];
    store(std::move(bytes));
  } else {
    return bad("tensor " + quote(out.name) + " needs \"data\", \"fill\", \"base64\" or \"file\"");
  }
  if (out.data.size() != *expected)
    return bad("tensor " + quote(out.name) + " has " + Twine(out.data.size()) + " bytes of data, but " +
               Twine(*expected) + " are needed for its shape and type");
  return success();
}

/// Numbers, in lists nested in any way.
LogicalResult JsonCursor::elements(const Json &in, DType type, std::vector<char> &out, unsigned nesting) {
  if (in.is_array()) {
    if (nesting > maxDepth) return bad("lists are nested too deeply");
    for (const Json &j : in)
      if (failed(elements(j, type, out, nesting + 1))) return failure();
    return success();
  }
  auto put = [&](auto v) {
    const char *p = reinterpret_cast<const char *>(&v);
    out.insert(out.end(), p, p + sizeof(v));
    return success();
  };
  auto putFloat = [&](const fltSemantics &semantics, auto as) -> LogicalResult {
    double d;
    if (failed(number(in, d))) return failure();
    APFloat f(d);
    bool lost;
    f.convert(semantics, APFloat::rmNearestTiesToEven, &lost);
    return put(static_cast<decltype(as)>(f.bitcastToAPInt().getZExtValue()));
  };
  auto putInteger = [&](auto as) -> LogicalResult {
    using T = decltype(as);
    if (in.is_boolean()) return put(T(in.get<bool>()));
    if (!in.is_number_integer()) return bad("expected an integer");
    bool fits = in.is_number_unsigned() ? in.get<uint64_t>() <= uint64_t(std::numeric_limits<T>::max())
                                        : in.get<int64_t>() >= int64_t(std::numeric_limits<T>::min());
    return fits ? put(in.get<T>()) : bad("the number does not fit into " + dtypeName(type));
  };
  switch (type) {
  case DType::F32:
    return putFloat(APFloat::IEEEsingle(), uint32_t());
  case DType::F64:
    return putFloat(APFloat::IEEEdouble(), uint64_t());
  case DType::F16:
    return putFloat(APFloat::IEEEhalf(), uint16_t());
  case DType::BF16:
    return putFloat(APFloat::BFloat(), uint16_t());
  case DType::I8:
    return putInteger(int8_t());
  case DType::U8:
    return putInteger(uint8_t());
  case DType::I16:
    return putInteger(int16_t());
  case DType::U16:
    return putInteger(uint16_t());
  case DType::I32:
    return putInteger(int32_t());
  case DType::U32:
    return putInteger(uint32_t());
  case DType::I64:
    return putInteger(int64_t());
  case DType::U64:
    return putInteger(uint64_t());
  case DType::Bool:
    if (in.is_boolean()) return put(uint8_t(in.get<bool>()));
    if (in == 0 || in == 1) return put(uint8_t(in == 1));
    return bad("expected true or false");
  default:
    return bad("elements of type " + dtypeName(type) + " are given as \"base64\" or \"file\"");
  }
}

} // namespace girih::model
