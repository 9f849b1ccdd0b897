#include "tools/girih/Npy.h"
#include "compiler/Support/OutputFile.h"
#include "runtime/girih.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <zlib.h>

using namespace llvm;
namespace le = llvm::support::endian;

namespace girih::tool {

Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

//===-- Arrays ------------------------------------------------------------===//

int64_t Array::elements() const {
  int64_t n = 1;
  for (int64_t d : dims)
    n *= d;
  return n;
}

static double fromBits(const fltSemantics &semantics, uint16_t bits) {
  APFloat value(semantics, APInt(16, bits));
  bool lossless;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossless);
  return value.convertToDouble();
}

double Array::at(int64_t i) const {
  switch (dtype) {
  case GIRIH_F32:
    return as<float>()[i];
  case GIRIH_F64:
    return as<double>()[i];
  case GIRIH_F16:
    return fromBits(APFloat::IEEEhalf(), as<uint16_t>()[i]);
  case GIRIH_BF16:
    return fromBits(APFloat::BFloat(), as<uint16_t>()[i]);
  case GIRIH_I8:
    return as<int8_t>()[i];
  case GIRIH_I16:
    return as<int16_t>()[i];
  case GIRIH_I32:
    return as<int32_t>()[i];
  case GIRIH_I64:
    return double(as<int64_t>()[i]);
  case GIRIH_U16:
    return as<uint16_t>()[i];
  case GIRIH_U32:
    return as<uint32_t>()[i];
  case GIRIH_U64:
    return double(as<uint64_t>()[i]);
  default:
    return as<uint8_t>()[i]; // u8 and bool
  }
}

Array makeArray(uint32_t dtype, ArrayRef<int64_t> dims) {
  Array a;
  a.dtype = dtype;
  a.dims = dims.vec();
  a.data.resize(a.elements() * girih_dtype_bytes(dtype));
  return a;
}

std::string typeText(const Array &array) {
  return girih_dtype_name(array.dtype) +
         ("[" + join(map_range(array.dims, [](int64_t d) { return std::to_string(d); }), ", ") + "]");
}

//===-- .npy --------------------------------------------------------------===//

static constexpr struct {
  uint32_t dtype;
  StringLiteral descr;
} descrs[] = {
    {GIRIH_F32, "<f4"}, {GIRIH_F64, "<f8"}, {GIRIH_F16, "<f2"},  {GIRIH_BF16, "<V2"}, {GIRIH_I8, "|i1"},
    {GIRIH_I16, "<i2"}, {GIRIH_I32, "<i4"}, {GIRIH_I64, "<i8"},  {GIRIH_U8, "|u1"},   {GIRIH_U16, "<u2"},
    {GIRIH_U32, "<u4"}, {GIRIH_U64, "<u8"}, {GIRIH_BOOL, "|b1"},
};

/// The text after `'key':` in a header such as {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }
static StringRef headerValue(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  return at == StringRef::npos ? "" : header.substr(at + key.size() + 3).ltrim();
}

/// Column-major elements in row-major order.
static void fromFortran(Array &array) {
  size_t width = girih_dtype_bytes(array.dtype), rank = array.dims.size();
  std::vector<char> out(array.data.size());
  std::vector<int64_t> index(rank);
  for (char *to = out.data(), *end = to + out.size(); to < end; to += width) {
    int64_t offset = 0;
    for (size_t axis = rank; axis-- > 0;)
      offset = offset * array.dims[axis] + index[axis];
    memcpy(to, array.data.data() + offset * width, width);
    for (size_t axis = rank; axis-- > 0 && ++index[axis] == array.dims[axis];)
      index[axis] = 0;
  }
  array.data = std::move(out);
}

static Expected<Array> parseNpy(StringRef bytes) {
  auto damaged = [](const Twine &what) { return makeError("not a .npy array: " + what); };
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 12) return damaged("no NumPy header");
  unsigned prefix = bytes[6] == 1 ? 10 : 12;
  uint64_t length = bytes[6] == 1 ? le::read16le(bytes.data() + 8) : le::read32le(bytes.data() + 8);
  if (prefix + length > bytes.size()) return damaged("the header is cut off");
  StringRef header = bytes.substr(prefix, length);

  Array array;
  StringRef descr = headerValue(header, "descr");
  descr = descr.consume_front("'") ? descr.take_until([](char c) { return c == '\''; }) : "";
  for (const auto &known : descrs)
    if (descr.drop_front(!descr.empty()) == known.descr.drop_front(1) && !descr.starts_with(">"))
      array.dtype = known.dtype;
  if (!array.dtype)
    return makeError("elements of type '" + descr +
                     "' are not supported; save them as little-endian numbers or bools");

  StringRef shape = headerValue(header, "shape");
  if (!shape.consume_front("(")) return damaged("the header has no shape");
  uint64_t count = 1;
  for (shape = shape.ltrim(); !shape.consume_front(")"); shape = shape.ltrim(", ")) {
    uint64_t size;
    if (shape.consumeInteger(10, size) || size > (1ull << 47))
      return damaged("the header's shape is invalid");
    array.dims.push_back(int64_t(size));
    if (__builtin_mul_overflow(count, size, &count)) return damaged("the shape is absurd");
  }
  if (array.dims.size() > GIRIH_MAX_RANK)
    return damaged("more than " + Twine(GIRIH_MAX_RANK) + " dimensions");
  StringRef data = bytes.substr(prefix + length);
  size_t width = girih_dtype_bytes(array.dtype);
  if (count != data.size() / width || data.size() % width)
    return damaged(typeText(array) + " needs " + Twine(count * width) + " bytes, " + Twine(data.size()) +
                   " follow the header");
  array.data.assign(data.begin(), data.end());
  if (headerValue(header, "fortran_order").starts_with("True")) fromFortran(array);
  return array;
}

static std::string npyHeader(const Array &array) {
  StringRef descr;
  for (const auto &known : descrs)
    if (known.dtype == array.dtype) descr = known.descr;
  std::string dict = ("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (").str();
  for (int64_t d : array.dims)
    dict += std::to_string(d) + ", ";
  dict += "), }";
  // Magic, version 1.0 and length take 10 bytes; data begin at a multiple of 64.
  dict.resize(alignTo(10 + dict.size() + 1, 64) - 10, ' ');
  dict.back() = '\n';
  char length[2];
  le::write16le(length, dict.size());
  return std::string("\x93NUMPY\x01\x00", 8) + std::string(length, 2) + dict;
}

static Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) return makeError("can't read '" + path + "': " + buffer.getError().message());
  return std::move(*buffer);
}

Expected<Array> readNpy(StringRef path) {
  auto file = readFile(path);
  if (!file) return file.takeError();
  auto array = parseNpy((*file)->getBuffer());
  if (!array) return makeError("'" + path + "': " + toString(array.takeError()));
  return array;
}

//===-- .npz --------------------------------------------------------------===//

namespace {
struct ZipEntry {
  StringRef name;
  uint16_t method, flags;
  uint32_t crc;
  uint64_t packed, size, header;
};
} // namespace

/// Sizes of 32 bits that are all ones stand in the zip64 field (tag 1), in this order.
static bool readZip64(StringRef extra, ZipEntry &entry) {
  uint64_t *fields[] = {&entry.size, &entry.packed, &entry.header};
  while (extra.size() >= 4) {
    uint16_t tag = le::read16le(extra.data()), length = le::read16le(extra.data() + 2);
    if (length > extra.size() - 4) return false;
    StringRef body = extra.substr(4, length);
    extra = extra.substr(4 + length);
    if (tag != 1) continue;
    for (uint64_t *field : fields) {
      if (*field != UINT32_MAX) continue;
      if (body.size() < 8) return false;
      *field = le::read64le(body.data());
      body = body.drop_front(8);
    }
  }
  return true;
}

static Expected<std::vector<ZipEntry>> readDirectory(StringRef file) {
  auto damaged = [] { return makeError("not a .npz archive, or a damaged one"); };
  size_t end = file.rfind(StringRef("PK\5\6", 4));
  if (end == StringRef::npos || file.size() - end < 22) return damaged();
  uint64_t count = le::read16le(file.data() + end + 10), at = le::read32le(file.data() + end + 16);
  if (count == UINT16_MAX || at == UINT32_MAX) { // zip64: a locator lies before the end record
    if (end < 20 || !file.substr(end - 20).starts_with(StringRef("PK\6\7", 4))) return damaged();
    uint64_t end64 = le::read64le(file.data() + end - 20 + 8);
    if (end64 > file.size() || file.size() - end64 < 56) return damaged();
    count = le::read64le(file.data() + end64 + 32), at = le::read64le(file.data() + end64 + 48);
  }
  std::vector<ZipEntry> entries;
  for (uint64_t i = 0; i < count; ++i) {
    if (at > file.size() || file.size() - at < 46 || !file.substr(at).starts_with(StringRef("PK\1\2", 4)))
      return damaged();
    const char *p = file.data() + at;
    size_t name = le::read16le(p + 28), extra = le::read16le(p + 30), comment = le::read16le(p + 32);
    if (file.size() - at - 46 < name + extra + comment) return damaged();
    ZipEntry e = {file.substr(at + 46, name), le::read16le(p + 10), le::read16le(p + 8), le::read32le(p + 16),
                  le::read32le(p + 20),       le::read32le(p + 24), le::read32le(p + 42)};
    if (!readZip64(file.substr(at + 46 + name, extra), e)) return damaged();
    entries.push_back(e);
    at += 46 + name + extra + comment;
  }
  return entries;
}

static uint32_t checksum(ArrayRef<char> bytes, uint32_t crc = 0) {
  // zlib takes a null pointer, which empty arrays have, as the wish to begin anew.
  return bytes.empty() ? crc
                       : uint32_t(crc32_z(crc, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()));
}

/// Fills `out`, whose size is the expected one. zlib counts in 32 bits, hence the steps.
static bool inflateAll(StringRef in, std::vector<char> &out) {
  constexpr uint64_t step = 1 << 30;
  z_stream z = {};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return false;
  uint64_t taken = 0, made = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    uInt input = uInt(std::min(step, in.size() - taken)), room = uInt(std::min(step, out.size() - made));
    z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(in.data() + taken)), z.avail_in = input;
    z.next_out = reinterpret_cast<Bytef *>(out.data() + made), z.avail_out = room;
    code = inflate(&z, Z_NO_FLUSH);
    taken += input - z.avail_in, made += room - z.avail_out;
  }
  inflateEnd(&z);
  return code == Z_STREAM_END && made == out.size();
}

static Expected<Array> readEntry(StringRef file, const ZipEntry &entry) {
  auto damaged = [](const Twine &what) { return makeError("the archive is damaged: " + what); };
  if (entry.flags & 1) return makeError("the entry is encrypted");
  if (entry.header > file.size() || file.size() - entry.header < 30) return damaged("no local header");
  const char *header = file.data() + entry.header;
  uint64_t begin = entry.header + 30 + le::read16le(header + 26) + le::read16le(header + 28);
  if (begin > file.size() || file.size() - begin < entry.packed) return damaged("the entry is cut off");
  StringRef packed = file.substr(begin, entry.packed);
  std::vector<char> unpacked;
  StringRef bytes = packed;
  if (entry.method == 8) {
    // Deflate reaches 1032:1 at most: a larger claim is no reason to take memory.
    if (entry.size / 1032 > entry.packed + 1) return damaged("the entry's size is absurd");
    unpacked.resize(entry.size);
    if (!inflateAll(packed, unpacked)) return damaged("the entry can't be unpacked");
    bytes = StringRef(unpacked.data(), unpacked.size());
  } else if (entry.method != 0) {
    return makeError("compression method " + Twine(entry.method) +
                     " is not supported; use numpy.savez or numpy.savez_compressed");
  }
  if (checksum(ArrayRef(bytes.data(), bytes.size())) != entry.crc)
    return damaged("the entry's checksum is wrong");
  return parseNpy(bytes);
}

Expected<std::vector<NamedArray>> parseNpz(StringRef file) {
  auto entries = readDirectory(file);
  if (!entries) return entries.takeError();
  std::vector<NamedArray> arrays;
  for (const ZipEntry &entry : *entries) {
    StringRef name = entry.name;
    name.consume_back(".npy");
    auto array = readEntry(file, entry);
    if (!array) return makeError("array '" + name + "': " + toString(array.takeError()));
    arrays.push_back({name.str(), std::move(*array)});
  }
  return arrays;
}

Expected<std::vector<NamedArray>> readNpz(StringRef path) {
  auto file = readFile(path);
  if (!file) return file.takeError();
  auto arrays = parseNpz((*file)->getBuffer());
  if (!arrays) return makeError("'" + path + "': " + toString(arrays.takeError()));
  return arrays;
}

namespace {
/// Little-endian numbers one after the other.
struct Bytes {
  std::string text;
  Bytes &u16(uint16_t v) { return raw(v); }
  Bytes &u32(uint32_t v) { return raw(v); }
  Bytes &u64(uint64_t v) { return raw(v); }

private:
  template <typename T> Bytes &raw(T v) {
    char bytes[sizeof(T)];
    le::write<T>(bytes, v, endianness::little);
    text.append(bytes, sizeof(T));
    return *this;
  }
};
} // namespace

/// What local header and directory share, with sizes and offset in the zip64 field always: one form for any
/// size.
static std::string zipEntry(bool directory, StringRef name, uint32_t crc, uint64_t size, uint64_t offset) {
  constexpr uint16_t version = 45, utf8 = 1 << 11, midnight = 0, firstOf1980 = 33;
  Bytes b;
  b.u32(directory ? 0x02014b50 : 0x04034b50).u16(version);
  if (directory) b.u16(version);
  b.u16(utf8).u16(/*stored*/ 0).u16(midnight).u16(firstOf1980).u32(crc).u32(UINT32_MAX).u32(UINT32_MAX);
  b.u16(name.size()).u16(directory ? 28 : 20);
  if (directory) b.u16(/*comment*/ 0).u16(/*disk*/ 0).u16(0).u32(0).u32(UINT32_MAX);
  b.text += name;
  b.u16(/*zip64*/ 1).u16(directory ? 24 : 16).u64(size).u64(size);
  if (directory) b.u64(offset);
  return b.text;
}

static void writeArchive(raw_ostream &os, ArrayRef<NamedArray> arrays) {
  std::string directory;
  for (const NamedArray &a : arrays) {
    std::string name = a.name + ".npy", header = npyHeader(a.array);
    uint32_t crc = checksum(a.array.data, checksum(ArrayRef(header.data(), header.size())));
    uint64_t size = header.size() + a.array.data.size();
    directory += zipEntry(true, name, crc, size, os.tell());
    os << zipEntry(false, name, crc, size, 0) << header;
    os.write(a.array.data.data(), a.array.data.size());
  }
  uint64_t at = os.tell(), end = at + directory.size(), count = arrays.size();
  Bytes b;
  b.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(count).u64(count).u64(directory.size()).u64(at);
  b.u32(0x07064b50).u32(0).u64(end).u32(1);
  b.u32(0x06054b50).u16(0).u16(0).u16(UINT16_MAX).u16(UINT16_MAX).u32(UINT32_MAX).u32(UINT32_MAX).u16(0);
  os << directory << b.text;
}

Error writeNpz(StringRef path, ArrayRef<NamedArray> arrays) {
  return writeFile(path, [&](raw_ostream &os) {
    writeArchive(os, arrays);
    return Error::success();
  });
}

} // namespace girih::tool
