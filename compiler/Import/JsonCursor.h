// Where a reader of JSON models is, and its first error; reads of values, lists and tensors that check what
// they find.
#pragma once

#include "compiler/Import/Files.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <limits>
#include <nlohmann/json.hpp>

namespace girih::model {

// Keeps the file's order of attributes, and 1 apart from 1.0.
using Json = nlohmann::ordered_json;

class JsonCursor {
public:
  using LogicalResult = llvm::LogicalResult;
  using StringRef = llvm::StringRef;
  using Twine = llvm::Twine;

  JsonCursor(DataFolder &folder, std::string &error) : folder(folder), error(error) {}

protected:
  /// Extends `path` for the time of a scope.
  struct At {
    At(JsonCursor &reader, const Twine &part) : reader(reader), size(reader.path.size()) {
      llvm::SmallString<32> storage;
      StringRef s = part.toStringRef(storage);
      if (!reader.path.empty() && !s.starts_with("[")) reader.path += '.';
      reader.path += s;
    }
    ~At() { reader.path.resize(size); }
    JsonCursor &reader;
    size_t size;
  };

  LogicalResult bad(const Twine &message) {
    return fail(error, (path.empty() ? "" : path + ": ") + message.str());
  }

  LogicalResult keys(const Json &in, std::initializer_list<StringRef> known) {
    if (!in.is_object()) return bad("expected an object");
    for (auto it = in.begin(); it != in.end(); ++it)
      if (!llvm::is_contained(known, it.key()))
        return bad("unknown key " + quote(it.key()) + "; known are " + llvm::join(known, ", "));
    return llvm::success();
  }

  LogicalResult string(const Json &in, std::string &out) {
    if (!in.is_string()) return bad("expected a string");
    out = in.get_ref<const std::string &>();
    return llvm::success();
  }
  LogicalResult text(const Json &in, const char *key, std::string &out) {
    auto it = in.find(key);
    if (it == in.end()) return llvm::success();
    At at(*this, key);
    return string(*it, out);
  }
  LogicalResult name(const Json &in, const char *key, std::string &out) {
    if (llvm::failed(text(in, key, out))) return llvm::failure();
    At at(*this, key);
    return isName(out) ? llvm::success() : bad("a name must not hold control characters: " + quote(out));
  }
  LogicalResult integer(const Json &in, int64_t &out) {
    if (!in.is_number_integer()) return bad("expected an integer");
    if (in.is_number_unsigned() && in.get<uint64_t>() > uint64_t(INT64_MAX))
      return bad("integer out of range");
    out = in.get<int64_t>();
    return llvm::success();
  }
  LogicalResult integer(const Json &in, const char *key, int64_t &out) {
    auto it = in.find(key);
    if (it == in.end()) return llvm::success();
    At at(*this, key);
    return integer(*it, out);
  }
  LogicalResult number(const Json &in, float &out) {
    double d;
    if (llvm::failed(number(in, d))) return llvm::failure();
    out = static_cast<float>(d);
    return llvm::success();
  }
  LogicalResult number(const Json &in, double &out) {
    if (in.is_string()) {
      StringRef s = in.get_ref<const std::string &>();
      if (s != "nan" && s != "inf" && s != "-inf")
        return bad("expected a number, \"nan\", \"inf\" or \"-inf\"");
      out = s == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
      if (s == "-inf") out = -out;
      return llvm::success();
    }
    if (!in.is_number()) return bad("expected a number");
    out = in.get<double>();
    return llvm::success();
  }

  template <typename T, typename Fn> LogicalResult list(const Json &in, std::vector<T> &out, Fn &&read) {
    if (!in.is_array()) return bad("expected a list");
    for (size_t i = 0; i < in.size(); ++i) {
      At at(*this, "[" + Twine(i) + "]");
      T item{};
      if (llvm::failed(read(in[i], item))) return llvm::failure();
      out.push_back(std::move(item));
    }
    return llvm::success();
  }
  template <typename T, typename Fn>
  LogicalResult each(const Json &in, const char *key, std::vector<T> &out, Fn &&read) {
    auto it = in.find(key);
    if (it == in.end()) return llvm::success();
    At at(*this, key);
    return list(*it, out, read);
  }
  LogicalResult names(const Json &in, const char *key, std::vector<std::string> &out) {
    return each(in, key, out, [&](const Json &j, std::string &s) {
      if (llvm::failed(string(j, s))) return llvm::failure();
      return isName(s) ? llvm::success() : bad("a name must not hold control characters: " + quote(s));
    });
  }
  LogicalResult integers(const Json &in, const char *key, std::vector<int64_t> &out) {
    return each(in, key, out, [&](const Json &j, int64_t &v) { return integer(j, v); });
  }

  LogicalResult properties(const Json &in, Properties &out, const char *key = "metadata") {
    auto it = in.find(key);
    if (it == in.end()) return llvm::success();
    At at(*this, key);
    if (!it->is_object()) return bad("expected an object");
    for (auto p = it->begin(); p != it->end(); ++p) {
      std::string value;
      if (llvm::failed(string(*p, value))) return llvm::failure();
      out.emplace_back(p.key(), std::move(value));
    }
    return llvm::success();
  }

  //===-- Tensors (JsonTensors.cpp) ---------------------------------------===//
  LogicalResult dtype(const Json &in, DType &out);
  LogicalResult tensor(const Json &in, Tensor &out);
  LogicalResult sparse(const Json &in, SparseTensor &out);
  /// False if `in` is not base64.
  static bool base64(const Json &in, std::vector<char> &out);

  static constexpr unsigned maxDepth = 64;
  DataFolder &folder;
  std::string &error;
  std::string path; // where the reader is, for messages: "graph.nodes[3].op"

private:
  LogicalResult elements(const Json &in, DType type, std::vector<char> &out, unsigned nesting);
};

} // namespace girih::model
