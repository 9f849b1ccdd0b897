// Tensor copies: boxes of tensors in global memory, described by tensor maps, to and from shared memory.
#include "tools/ptxsim/device/TensorMap.h"
#include "tools/ptxsim/exec/BulkCopies.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace girih::ptx {

namespace {

/// In Inst::imm. `more` holds the coordinates, then a load's mbarrier; where the map and the other address
/// are in op[] depends on which is named first.
struct TensorCopy {
  uint8_t rank;
  bool loads, multicast;
  uint8_t reduction; // index into reductions, 0: none
  uint32_t unused;
};
constexpr std::string_view reductions[] = {"", "add", "min", "max", "inc", "dec", "and", "or", "xor"};

/// The map at an address of a lane. False after a fault.
bool readMap(Warp &w, const Inst &i, int lane, const LanePlace &place, TensorMap &map) {
  const char *at = pointerTo(w, i, place, lane, sizeof(map), 64, false);
  if (!at) return false;
  memcpy(&map, at, sizeof(map));
  if (map.isMap != TensorMap::mark)
    return fault(w, i, lane, place.address, "there is no tensor map at 0x%llx",
                 static_cast<unsigned long long>(place.address));
  std::string problem = problemOf(map); // instructions may have changed it
  return problem.empty() || fault(w, i, lane, place.address, "tensor map: %s", problem.c_str());
}

/// Sixteen bytes of a box: where they lie in shared memory, and which of them are within the tensor.
struct Chunk {
  uint64_t shared, global; // global: of the first byte within
  unsigned first, bytes;   // within
};

/// Calls f(chunk) for each chunk of the box at `at`, whose place in shared memory is `base`.
template <class F>
bool forEachChunk(const TensorMap &map, const int32_t (&at)[TensorMap::most], uint64_t base, F f) {
  unsigned size = tensorTypeBytes(map.type), per = 16 / size, rowChunks = map.box[0] / per;
  unsigned index[TensorMap::most] = {};
  for (uint64_t row = 0;; ++row) {
    bool inside = true;
    uint64_t global = map.address;
    for (unsigned d = 1; d < map.rank; ++d) {
      int64_t c = int64_t(at[d]) + int64_t(index[d]) * map.step[d];
      inside &= c >= 0 && uint64_t(c) < map.size[d];
      global += uint64_t(c) * map.stride[d - 1];
    }
    for (unsigned n = 0; n < rowChunks; ++n) {
      int64_t begin = int64_t(at[0]) + int64_t(n) * per, from = std::clamp<int64_t>(-begin, 0, per),
              to = std::clamp<int64_t>(int64_t(map.size[0]) - begin, 0, per);
      Chunk chunk{map.swizzled(base + (row * rowChunks + n) * 16), 0, unsigned(from) * size, 0};
      if (inside && from < to) {
        chunk.bytes = unsigned(to - from) * size;
        chunk.global = global + uint64_t(begin + from) * size;
      }
      if (!f(chunk)) return false;
    }
    unsigned d = 1;
    while (d < map.rank && ++index[d] == map.count(d))
      index[d++] = 0;
    if (d >= map.rank) return true;
  }
}

/// What lies outside of the tensor.
void fillOutside(const TensorMap &map, char *chunk) {
  memset(chunk, 0, 16);
  if (map.fill == 0) return;
  unsigned size = tensorTypeBytes(map.type);
  uint64_t nan = size == 2 ? 0x7fff : size == 4 ? 0x7fffffff : 0x7fffffffffffffff;
  for (unsigned n = 0; n < 16; n += size)
    memcpy(chunk + n, &nan, size);
}

/// What loads make of elements of these types: subnormals become zeros, tf32 is rounded to its 10 bits, to
/// the nearest, as cvt.rna does.
void convert(TensorType type, char *elements, unsigned bytes) {
  if (type < TensorType::F32Flushed) return;
  bool flushes = type != TensorType::TF32, rounds = type != TensorType::F32Flushed;
  for (unsigned n = 0; n < bytes; n += 4) {
    uint32_t bits;
    memcpy(&bits, elements + n, 4);
    if (rounds && (bits >> 23 & 0xff) != 0xff) bits = (bits + 0x1000) & ~0x1fffu;
    if (flushes && (bits >> 23 & 0xff) == 0) bits &= 1u << 31;
    memcpy(elements + n, &bits, 4);
  }
}

bool load(Transfer &t, const TensorMap &map, const int32_t (&at)[TensorMap::most], const LanePlace &to) {
  return forEachChunk(map, at, to.address, [&](const Chunk &c) {
    LanePlace there{c.shared, Space::Shared}, from{c.global, Space::Global};
    char *destination = pointerTo(t.w, t.i, there, t.lane, 16, 16, true);
    if (!destination) return false;
    const char *source = nullptr;
    if (c.bytes && !(source = pointerTo(t.w, t.i, from, t.lane, c.bytes, 1, false))) return false;
    if (source) t.observeBytes(AccessKind::Load, from, c.bytes);
    t.observeBytes(AccessKind::Store, there, 16);
    if (c.bytes < 16) fillOutside(map, destination);
    if (source)
      memcpy(destination + c.first, source, c.bytes), convert(map.type, destination + c.first, c.bytes);
    return true;
  });
}

bool store(Transfer &t, const TensorMap &map, const int32_t (&at)[TensorMap::most], const LanePlace &from) {
  return forEachChunk(map, at, from.address, [&](const Chunk &c) {
    return t.move({c.global, Space::Global}, {c.shared + c.first, Space::Shared}, c.bytes);
  });
}

Type elementOf(TensorType type) {
  static constexpr Type types[] = {Type::U8,  Type::U16, Type::U32, Type::S32, Type::U64,
                                   Type::S64, Type::F16, Type::F32, Type::F64, Type::BF16,
                                   Type::F32, Type::F32, Type::F32};
  return size_t(type) < std::size(types) ? types[size_t(type)] : Type::None;
}

/// The reduction of a map's elements; bits are what unsigned integers are to and, or and xor.
Reducer reducerFor(unsigned number, TensorType type) {
  Type t = elementOf(type);
  bool bits = number >= 6;
  if (bits)
    t = tensorTypeBytes(type) == 4 && !isFloat(type)   ? Type::B32
        : tensorTypeBytes(type) == 8 && !isFloat(type) ? Type::B64
                                                       : Type::None;
  return reducerOf(reductions[number], t);
}

bool tensorCopy(Warp &w, const Inst &i, uint32_t mask) {
  auto c = std::bit_cast<TensorCopy>(i.imm);
  unsigned mapAt = c.loads ? 2 : 0;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace mapPlace = placeOf(w, i.op[mapAt], i.op[mapAt + 1], true, lane, Space::Generic);
    bool wide = i.flags & (c.loads ? Inst::Wide : Inst::Wide2);
    LanePlace shared = placeOf(w, i.op[2 - mapAt], i.op[3 - mapAt], wide, lane, Space::Shared);
    TensorMap map;
    if (!readMap(w, i, lane, mapPlace, map)) return false;
    if (map.rank != c.rank)
      return fault(w, i, lane, mapPlace.address, "the tensor map has %u dimensions, the instruction %u",
                   map.rank, c.rank);
    auto bytes = uint32_t(std::min<uint64_t>(map.boxBytes(), 1u << sharedRankShift));
    if (!pointerTo(w, i, shared, lane, bytes, 128, c.loads)) return false;
    int32_t at[TensorMap::most] = {};
    for (unsigned d = 0; d < c.rank; ++d)
      at[d] = lanesOf<int32_t>(w, i.more[d])[lane];
    Transfer transfer{w, i, lane, {Completion::Kind::Bulk}, 1};
    if (!c.loads) {
      if (c.reduction) {
        transfer.reducer = reducerFor(c.reduction, map.type), transfer.element = tensorTypeBytes(map.type);
        if (!transfer.reducer)
          return fault(w, i, lane, mapPlace.address,
                       "there is no such reduction of the tensor map's elements");
      }
      if (!store(transfer, map, at, shared)) return false;
      continue;
    }
    const uint32_t *mbarrier = i.more + c.rank;
    LanePlace barrier = placeOf(w, mbarrier[0], mbarrier[1], mbarrier[2], lane, Space::Shared);
    auto copy = [&](const LanePlace &there, const LanePlace &signal) {
      transfer.completion = {Completion::Kind::Barrier, signal.address};
      return isBarrier(w, i, signal, lane) && load(transfer, map, at, there) &&
             completeBytes(w, i, lane, signal, bytes);
    };
    bool done = c.multicast ? forEachBlock(lanesOf<uint16_t>(w, i.op[4])[lane], shared, barrier, copy)
                            : copy(shared, barrier);
    if (!done) return false;
  }
  ++w.changes;
  return true;
}

//===-- Changes of maps -------------------------------------------------------------===//

/// tensormap.cp_fenceproxy: op[0..1] global, op[2..3] shared memory; the first lane copies for all.
bool copyMap(Warp &w, const Inst &i, uint32_t mask) {
  int lane = std::countr_zero(mask);
  LanePlace to = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, Space::Global),
            from = placeOf(w, i.op[2], i.op[3], i.flags & Inst::Wide2, lane, Space::Shared);
  const char *source = pointerTo(w, i, from, lane, sizeof(TensorMap), 128, false);
  if (!source) return false;
  char *destination = pointerTo(w, i, to, lane, sizeof(TensorMap), 128, true);
  if (!destination) return false;
  for (unsigned n = 0; n < sizeof(TensorMap); n += 16) {
    observe(w, i, AccessKind::Load, {from.address + n, from.space}, lane, 16);
    observe(w, i, AccessKind::Store, {to.address + n, to.space}, lane, 16);
  }
  memcpy(destination, source, sizeof(TensorMap));
  ++w.changes;
  return true;
}

enum class Field : uint8_t { Address, Rank, Box, Size, Stride, Step, Type, Interleave, Swizzle, Fill };
constexpr std::string_view fields[] = {"global_address", "rank",           "box_dim",  "global_dim",
                                       "global_stride",  "element_stride", "elemtype", "interleave_layout",
                                       "swizzle_mode",   "fill_mode"};

/// Sets a field of a map; false if there is no such element or value. PTX numbers types as it likes.
bool setField(TensorMap &map, Field field, uint32_t at, uint64_t value) {
  static constexpr TensorType types[] = {
      TensorType::U8,   TensorType::U16,  TensorType::U32,        TensorType::S32,        TensorType::U64,
      TensorType::S64,  TensorType::F16,  TensorType::F32,        TensorType::F32Flushed, TensorType::F64,
      TensorType::BF16, TensorType::TF32, TensorType::TF32Flushed};
  auto small = [&](uint8_t &to) { return value < 256 ? to = uint8_t(value), true : false; };
  if (at >= TensorMap::most - (field == Field::Stride)) return false;
  switch (field) {
  case Field::Address:
    map.address = value;
    return true;
  case Field::Rank:
    ++value; // PTX counts from 0
    return small(map.rank);
  case Field::Box:
    return value < 1 << 16 ? map.box[at] = uint16_t(value), true : false;
  case Field::Size:
    map.size[at] = value;
    return true;
  case Field::Stride:
    map.stride[at] = value;
    return true;
  case Field::Step:
    return small(map.step[at]);
  case Field::Type:
    return value < std::size(types) ? map.type = types[value], true : false;
  case Field::Interleave:
    return small(map.interleave);
  case Field::Swizzle:
    return small(map.swizzle);
  default:
    return small(map.fill);
  }
}

/// tensormap.replace: op[0..1] the map, op[2] an element's number (or none), op[3] the value.
bool replaceField(Warp &w, const Inst &i, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace place = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, Space(i.imm & 0xff));
    char *at = pointerTo(w, i, place, lane, sizeof(TensorMap), 64, true);
    if (!at) return false;
    bool wide = i.imm >> 8;
    uint64_t value = wide ? lanesOf<uint64_t>(w, i.op[3])[lane] : lanesOf<uint32_t>(w, i.op[3])[lane];
    uint32_t element = i.op[2] == operandNone ? 0 : i.op[2];
    TensorMap map;
    memcpy(&map, at, sizeof(map));
    if (map.isMap == 0) map.isMap = TensorMap::mark; // programs make maps of zeros
    if (map.isMap != TensorMap::mark)
      return fault(w, i, lane, place.address, "there is no tensor map at 0x%llx",
                   static_cast<unsigned long long>(place.address));
    if (!setField(map, Field(i.detail), element, value))
      return fault(w, i, lane, place.address, "a tensor map takes no %s %llu of element %u",
                   fields[i.detail].data(), static_cast<unsigned long long>(value), element);
    for (unsigned n = 0; n < sizeof(map) && w.launch->observer; n += 16)
      observe(w, i, AccessKind::Store, {place.address + n, place.space}, lane, 16);
    memcpy(at, &map, sizeof(map));
  }
  ++w.changes;
  return true;
}

} // namespace

Handler selectTensorCopy(const Match &m, Inst &i) {
  TensorCopy c{};
  for (std::string_view word : m.modifiers)
    if (word.size() == 2 && word[1] == 'd') c.rank = uint8_t(word[0] - '0');
  c.loads = !m.has("bulk_group"), c.multicast = m.has("multicast::cluster");
  for (unsigned n = 1; n < std::size(reductions) && m.has("reduce"); ++n)
    if (m.has(reductions[n])) c.reduction = uint8_t(n);
  i.imm = std::bit_cast<int64_t>(c);
  bool words = m.vectorTypes[0] == Type::None || typeBytes(m.vectorTypes[0]) == 4;
  return m.vectors[0] == c.rank && words ? tensorCopy : nullptr;
}

Handler selectTensorMapCopy(const Match &, Inst &i) {
  if (i.op[4] != sizeof(TensorMap)) return nullptr;
  i.op[5] = operandNone; // of the whole warp
  return copyMap;
}

Handler selectTensorMapField(const Match &m, Inst &i) {
  for (unsigned n = 0; n < std::size(fields); ++n)
    if (m.has(fields[n])) i.detail = uint8_t(n);
  bool wide = m.type(0) == Type::B64;
  i.imm = int64_t(m.space) | int64_t(wide) << 8;
  if (!m.has("box_dim") && !m.has("global_dim") && !m.has("global_stride") && !m.has("element_stride"))
    i.op[3] = i.op[2], i.op[2] = operandNone; // only dimensions are numbered
  return replaceField;
}

} // namespace girih::ptx
