#include "tools/ptxsim/driver/FatBinary.h"
#include "tools/ptxsim/driver/Gpus.h"
#include <cstring>
#include <dlfcn.h>
#include <optional>
#include <string_view>

namespace girih::cudasim {

namespace {

struct Wrapper {
  uint32_t magic, version;
  const void *data, *more;
};

struct Header {
  uint32_t magic;
  uint16_t version, headerBytes;
  uint64_t bytes; // that follow
};

struct Entry {
  uint16_t kind, version;
  uint32_t headerBytes;
  uint64_t bytes; // that follow, with padding
  uint32_t compressedBytes, optionsAt;
  uint16_t minor, major;
  uint32_t target, nameAt, nameBytes;
  uint64_t flags, reserved, plainBytes;
};
static_assert(sizeof(Header) == 16 && sizeof(Entry) == 64);

constexpr uint32_t headerMagic = 0xba55ed50, wrapperMagic = 0x466243b1;
constexpr uint16_t kindPtx = 1;
constexpr uint64_t flagLz4 = 0x2000, flagZstd = 0x8000;
constexpr uint64_t mostBytes = 1 << 30; // of a text; more is a damaged header

uint32_t magicOf(const void *image) {
  uint32_t magic;
  memcpy(&magic, image, 4);
  return magic;
}

/// A block of LZ4: runs of literals, each followed by a copy of what came before.
std::optional<std::string> unpackLz4(std::string_view in, size_t size) {
  std::string out;
  out.reserve(size);
  size_t at = 0;
  // A length of 15 goes on in the following bytes, of which one below 255 is the last.
  auto length = [&](size_t n) {
    if (n != 15) return n;
    while (at < in.size()) {
      auto more = static_cast<unsigned char>(in[at++]);
      n += more;
      if (more != 255) break;
    }
    return n;
  };
  while (at < in.size()) {
    auto token = static_cast<unsigned char>(in[at++]);
    size_t literals = length(token >> 4);
    if (literals > in.size() - at || literals > size - out.size()) return std::nullopt;
    out += in.substr(at, literals);
    at += literals;
    if (at == in.size()) break; // the last run
    if (in.size() - at < 2) return std::nullopt;
    size_t back = static_cast<unsigned char>(in[at]) | size_t(static_cast<unsigned char>(in[at + 1])) << 8;
    at += 2;
    size_t count = length(token & 15) + 4;
    if (back == 0 || back > out.size() || count > size - out.size()) return std::nullopt;
    for (size_t from = out.size() - back; count; --count)
      out += out[from++]; // may copy what it has just written
  }
  if (out.size() != size) return std::nullopt;
  return out;
}

/// zstd's own library does it, if the machine has it: nothing else here needs it.
std::optional<std::string> unpackZstd(std::string_view in, size_t size, std::string &error) {
  using Decompress = size_t (*)(void *, size_t, const void *, size_t);
  static const auto decompress = [] {
    void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    return library ? reinterpret_cast<Decompress>(dlsym(library, "ZSTD_decompress")) : nullptr;
  }();
  if (!decompress) {
    error = "its PTX is compressed by zstd, and libzstd.so.1 is not installed; nvcc --compress-mode=none or "
            "=speed does without";
    return std::nullopt;
  }
  std::string out(size, 0);
  if (decompress(out.data(), size, in.data(), in.size()) != size) return std::nullopt;
  return out;
}

std::optional<std::string> unpack(const Entry &e, std::string_view in, std::string &error) {
  error = "its PTX is damaged";
  if (!(e.flags & (flagLz4 | flagZstd))) return std::string(in);
  if (e.compressedBytes > in.size() || e.plainBytes > mostBytes) return std::nullopt;
  in = in.substr(0, e.compressedBytes);
  return e.flags & flagLz4 ? unpackLz4(in, e.plainBytes) : unpackZstd(in, e.plainBytes, error);
}

} // namespace

bool isFatBinary(const void *image) {
  return magicOf(image) == headerMagic || magicOf(image) == wrapperMagic;
}

bool ptxOf(const Gpu &gpu, const void *image, size_t bytes, std::string &ptx, std::string &error) {
  error = "it is damaged";
  if (magicOf(image) == wrapperMagic) {
    if (bytes < sizeof(Wrapper)) return false;
    Wrapper wrapper;
    memcpy(&wrapper, image, sizeof(wrapper));
    image = wrapper.data, bytes = SIZE_MAX;
    if (!image || magicOf(image) != headerMagic) return false;
  }
  Header header;
  if (bytes < sizeof(header)) return false;
  memcpy(&header, image, sizeof(header));
  if (header.headerBytes < sizeof(header) || header.headerBytes > bytes ||
      header.bytes > bytes - header.headerBytes)
    return false;
  std::string_view rest(static_cast<const char *>(image) + header.headerBytes, header.bytes);
  std::optional<Entry> best;
  std::string_view found;
  std::string targets;
  while (rest.size() >= sizeof(Entry)) {
    Entry e;
    memcpy(&e, rest.data(), sizeof(e));
    if (e.headerBytes < sizeof(e) || e.headerBytes > rest.size() || e.bytes > rest.size() - e.headerBytes)
      return false;
    targets +=
        (e.kind == kindPtx ? " PTX for sm_" : " machine code for sm_") + std::to_string(e.target) + ",";
    bool runs = e.kind == kindPtx && int(e.target) <= gpu.major * 10 + gpu.minor;
    if (runs && (!best || e.target > best->target)) best = e, found = rest.substr(e.headerBytes, e.bytes);
    rest.remove_prefix(e.headerBytes + e.bytes);
  }
  if (!best) {
    error = "it has" + (targets.empty() ? " nothing," : targets) + " and no PTX that sm_" +
            std::to_string(gpu.major * 10 + gpu.minor) + " runs (nvcc -arch=compute_XX embeds PTX)";
    return false;
  }
  auto text = unpack(*best, found, error);
  if (text) ptx = text->c_str(); // without the padding
  return text.has_value();
}

} // namespace girih::cudasim
