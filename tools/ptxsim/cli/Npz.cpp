#include "tools/ptxsim/cli/Npz.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <zlib.h>

namespace girih::ptx {

unsigned NpyArray::itemBytes() const {
  return dtype.size() > 2 ? unsigned(std::min(16, std::max(0, atoi(dtype.c_str() + 2)))) : 0;
}

static double halfValue(uint16_t bits) {
  int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double value = exponent == 31 ? (mantissa ? NAN : INFINITY)
                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                : std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -value : value;
}

template <class T> static T element(const NpyArray &a, uint64_t n) {
  T value;
  memcpy(&value, a.data.data() + n * sizeof(T), sizeof(T));
  return value;
}

double NpyArray::at(uint64_t n) const {
  std::string kind = dtype.substr(1);
  if (kind == "f4") return element<float>(*this, n);
  if (kind == "f8") return element<double>(*this, n);
  if (kind == "f2") return halfValue(element<uint16_t>(*this, n));
  if (kind == "V2") {
    uint32_t wide = uint32_t(element<uint16_t>(*this, n)) << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
  }
  if (kind == "i1") return element<int8_t>(*this, n);
  if (kind == "i2") return element<int16_t>(*this, n);
  if (kind == "i4") return element<int32_t>(*this, n);
  if (kind == "i8") return double(element<int64_t>(*this, n));
  if (kind == "u2") return element<uint16_t>(*this, n);
  if (kind == "u4") return element<uint32_t>(*this, n);
  if (kind == "u8") return double(element<uint64_t>(*this, n));
  return element<uint8_t>(*this, n); // u1, b1
}

namespace {

uint64_t number(const std::string &file, size_t at, unsigned bytes) {
  uint64_t value = 0;
  memcpy(&value, file.data() + at, bytes);
  return value;
}

/// The text after 'key': in a header such as {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }
std::string headerValue(const std::string &header, const std::string &key) {
  size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return "";
  at = header.find_first_not_of(' ', at + key.size() + 3);
  return at == std::string::npos ? "" : header.substr(at);
}

bool parseNpy(const std::string &bytes, NpyArray &array, std::string &error) {
  error = "not a .npy array";
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) return false;
  size_t prefix = bytes[6] == 1 ? 10 : 12, length = size_t(number(bytes, 8, bytes[6] == 1 ? 2 : 4));
  if (prefix + length > bytes.size()) return false;
  std::string header = bytes.substr(prefix, length), descr = headerValue(header, "descr"),
              shape = headerValue(header, "shape");
  if (descr.size() < 4 || descr[0] != '\'') return false;
  array.dtype = descr.substr(1, descr.find('\'', 1) - 1);
  if (array.dtype[0] == '>') return error = "big-endian arrays are not supported", false;
  if (headerValue(header, "fortran_order").compare(0, 4, "True") == 0)
    return error = "arrays in Fortran order are not supported", false;
  uint64_t count = 1;
  const char *p = shape.c_str();
  for (p += *p == '('; *p && *p != ')';) {
    char *end;
    uint64_t n = strtoull(p, &end, 10);
    if (end == p || n > 1ull << 40 || (n && count > (1ull << 40) / n)) return false;
    array.shape.push_back(n);
    count *= n;
    for (p = end; *p == ',' || *p == ' ';)
      ++p;
  }
  size_t begin = prefix + length;
  if (!array.itemBytes() || bytes.size() - begin != count * array.itemBytes()) return false;
  array.data.assign(bytes.begin() + ptrdiff_t(begin), bytes.end());
  error.clear();
  return true;
}

bool inflateEntry(const std::string &packed, std::string &out, uint64_t size) {
  if (size / 1032 > packed.size() + 1) return false; // deflate reaches 1032:1 at most
  out.resize(size);
  z_stream z = {};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return false;
  z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data())), z.avail_in = uInt(packed.size());
  z.next_out = reinterpret_cast<Bytef *>(out.data()), z.avail_out = uInt(size);
  bool ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_out == 0;
  inflateEnd(&z);
  return ok;
}

} // namespace

bool readNpz(const std::string &path, std::map<std::string, NpyArray> &arrays, std::string &error) {
  std::ifstream in(path, std::ios::binary);
  std::string file{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  error = "'" + path + "' can't be read";
  if (!in.good() && file.empty()) return false;
  error = "'" + path + "' is no .npz archive, or a damaged one";
  size_t end = file.rfind(std::string("PK\5\6"));
  if (end == std::string::npos || file.size() - end < 22) return false;
  uint64_t count = number(file, end + 10, 2), at = number(file, end + 16, 4);
  for (uint64_t n = 0; n < count; ++n) {
    if (at + 46 > file.size() || file.compare(at, 4, "PK\1\2") != 0) return false;
    uint64_t method = number(file, at + 10, 2), packed = number(file, at + 20, 4),
             size = number(file, at + 24, 4), header = number(file, at + 42, 4);
    uint64_t nameBytes = number(file, at + 28, 2), extraBytes = number(file, at + 30, 2),
             commentBytes = number(file, at + 32, 2);
    if (at + 46 + nameBytes + extraBytes > file.size()) return false;
    std::string name = file.substr(at + 46, nameBytes);
    // zip64: sizes that do not fit stand in the extra field of tag 1.
    for (uint64_t e = at + 46 + nameBytes, stop = e + extraBytes; e + 4 <= stop;) {
      uint64_t tag = number(file, e, 2), bytes = number(file, e + 2, 2), value = e + 4;
      if (e + 4 + bytes > stop) return false;
      for (uint64_t *field : {&size, &packed, &header})
        if (tag == 1 && *field == UINT32_MAX && value + 8 <= e + 4 + bytes)
          *field = number(file, value, 8), value += 8;
      e += 4 + bytes;
    }
    at += 46 + nameBytes + extraBytes + commentBytes;
    if (header + 30 > file.size()) return false;
    uint64_t begin = header + 30 + number(file, header + 26, 2) + number(file, header + 28, 2);
    if (begin > file.size() || packed > file.size() - begin) return false;
    std::string bytes = file.substr(begin, packed), unpacked;
    if (method == 8 && !inflateEntry(bytes, unpacked, size)) return false;
    if (method != 0 && method != 8) return false;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    std::string problem;
    if (!parseNpy(method == 8 ? unpacked : bytes, arrays[name], problem))
      return error = "'" + path + "', array '" + name + "': " + problem, false;
  }
  error.clear();
  return true;
}

} // namespace girih::ptx
