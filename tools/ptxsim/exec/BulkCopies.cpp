// cp.async.bulk, cp.reduce.async.bulk, st.async, red.async and st.bulk: each lane's by itself.
#include "tools/ptxsim/exec/BulkCopies.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

void Transfer::observeBytes(AccessKind kind, LanePlace place, uint32_t bytes, Semantics semantics) {
  if (!w.launch->observer) return;
  // As wide as the address allows, for the checker keeps words.
  while (bytes) {
    unsigned part = 16;
    while (part > bytes || place.address & (part - 1))
      part /= 2;
    observe(w, i, kind, place, lane, part, semantics, &completion);
    place.address += part, bytes -= part;
  }
}

bool Transfer::move(const LanePlace &to, const LanePlace &from, uint32_t bytes) {
  if (bytes == 0) return true;
  const char *source = pointerTo(w, i, from, lane, bytes, align, false);
  if (!source) return false;
  char *destination = pointerTo(w, i, to, lane, bytes, align, true);
  if (!destination) return false;
  observeBytes(AccessKind::Load, from, bytes);
  observeBytes(reducer ? AccessKind::Reduction : AccessKind::Store, to, bytes,
               reducer ? Semantics::Relaxed : Semantics::Weak);
  if (!reducer) return memmove(destination, source, bytes), true;
  for (uint32_t n = 0; n < bytes; n += element)
    reducer(destination + n, source + n);
  return true;
}

namespace {

/// op[0..1] the destination, op[2..3] the source, op[4] bytes; more: the mbarrier. In Inst::imm, with the
/// number of the reduction in Inst::detail.
struct BulkCopy {
  Space to, from;
  bool multicast, completes;
  uint32_t unused;
};

/// The reductions that bulk instructions do; Inst::detail is an index, past the end: none.
struct Reduction {
  Reducer reducer;
  unsigned bytes;
};
constexpr std::string_view reductionNames[] = {"add", "min", "max", "inc", "dec", "and", "or", "xor"};
constexpr Type reductionTypes[] = {Type::B32, Type::B64, Type::U32,  Type::S32, Type::U64,
                                   Type::S64, Type::F16, Type::BF16, Type::F32, Type::F64};
constexpr uint8_t noReduction = 0xff;

/// The number of the reduction that an instruction names, noReduction if it does not exist.
uint8_t reductionOf(const Match &m) {
  for (unsigned n = 0; n < std::size(reductionNames); ++n)
    for (unsigned t = 0; t < std::size(reductionTypes); ++t)
      if (m.has(reductionNames[n]) && m.type(0) == reductionTypes[t] &&
          reducerOf(reductionNames[n], reductionTypes[t]))
        return uint8_t(n * std::size(reductionTypes) + t);
  return noReduction;
}
Reduction reductionAt(uint8_t number) {
  if (number == noReduction) return {nullptr, 0};
  Type type = reductionTypes[number % std::size(reductionTypes)];
  return {reducerOf(reductionNames[number / std::size(reductionTypes)], type), typeBytes(type)};
}

bool bulkCopy(Warp &w, const Inst &i, uint32_t mask) {
  BulkCopy c = std::bit_cast<BulkCopy>(i.imm);
  Reduction reduction = reductionAt(i.detail);
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace to = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, c.to),
              from = placeOf(w, i.op[2], i.op[3], i.flags & Inst::Wide2, lane, c.from);
    uint32_t bytes = lanesOf<uint32_t>(w, i.op[4])[lane];
    if (bytes % 16)
      return fault(w, i, lane, to.address, "a bulk copy of %u bytes: they must be a multiple of 16", bytes);
    Transfer transfer{w, i, lane, {Completion::Kind::Bulk}, 16, reduction.reducer, reduction.bytes};
    if (!c.completes) {
      if (!transfer.move(to, from, bytes)) return false;
      continue;
    }
    auto copy = [&](const LanePlace &there, const LanePlace &barrier) {
      transfer.completion = {Completion::Kind::Barrier, barrier.address};
      return isBarrier(w, i, barrier, lane) && transfer.move(there, from, bytes) &&
             completeBytes(w, i, lane, barrier, bytes);
    };
    LanePlace barrier = placeOf(w, i.more[0], i.more[1], i.more[2], lane, Space::Shared);
    bool done = c.multicast ? forEachBlock(lanesOf<uint16_t>(w, i.op[5])[lane], to, barrier, copy)
                            : copy(to, barrier);
    if (!done) return false;
  }
  ++w.changes;
  return true;
}

/// st.async, red.async: op[0..1] the address, op[2] red's value; more: st's values, then the mbarrier.
bool storeAsync(Warp &w, const Inst &i, uint32_t mask) {
  unsigned bytes = unsigned(i.imm & 0xff), stride = unsigned(i.imm >> 8); // of an element, of its register
  Reduction reduction = reductionAt(i.detail);
  unsigned count = i.count - 3u;
  const uint32_t *mbarrier = i.more + count;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace to = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, Space::Shared),
              barrier = placeOf(w, mbarrier[0], mbarrier[1], mbarrier[2], lane, Space::Shared);
    unsigned whole = reduction.reducer ? bytes : bytes * count;
    Transfer transfer{w, i, lane, {Completion::Kind::Barrier, barrier.address}};
    char *at = pointerTo(w, i, to, lane, whole, whole, true);
    if (!at || !isBarrier(w, i, barrier, lane)) return false;
    auto value = [&](uint32_t op) { return lanesOf<char>(w, op) + unsigned(lane) * stride; };
    if (reduction.reducer) {
      transfer.observeBytes(AccessKind::Reduction, to, whole, Semantics::Relaxed);
      reduction.reducer(at, value(i.op[2]));
    } else {
      transfer.observeBytes(AccessKind::Store, to, whole);
      for (unsigned e = 0; e < count; ++e)
        memcpy(at + e * bytes, value(i.more[e]), bytes);
    }
    if (!completeBytes(w, i, lane, barrier, whole)) return false;
  }
  return true;
}

/// st.bulk: zeros, by the generic proxy and at once.
bool storeZeros(Warp &w, const Inst &i, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace to = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, Space(i.imm));
    if (to.space != Space::Shared)
      return fault(w, i, lane, to.address, "st.bulk writes to shared memory only");
    uint64_t bytes = lanesOf<uint64_t>(w, i.op[2])[lane];
    if (bytes % 8 || bytes >= 1u << sharedRankShift)
      return fault(w, i, lane, to.address, "st.bulk of %llu bytes: they must be a multiple of 8 below 16 MiB",
                   static_cast<unsigned long long>(bytes));
    if (bytes == 0) continue;
    char *at = pointerTo(w, i, to, lane, uint32_t(bytes), 8, true);
    if (!at) return false;
    for (uint64_t n = 0; n < bytes && w.launch->observer; n += 8)
      observe(w, i, AccessKind::Store, {to.address + n, to.space}, lane, 8);
    memset(at, 0, bytes);
  }
  ++w.changes;
  return true;
}

template <Completion::Kind kind> bool groupCommit(Warp &w, const Inst &, uint32_t mask) {
  if (kind == Completion::Kind::Matrix) w.block->scheduler->commitsProducts(w), ++w.changes;
  if (w.launch->observer) w.launch->observer->groupCommits(w, mask, kind);
  return true;
}
template <Completion::Kind kind> bool groupWait(Warp &w, const Inst &i, uint32_t mask) {
  if (kind == Completion::Kind::Matrix && !w.block->scheduler->productsDone(w, i.op[0])) {
    w.pc = &i; // again, when the others of the warpgroup are as far
    ++w.strongReads;
    return w.block->scheduler->yields(w);
  }
  if (w.launch->observer) w.launch->observer->groupWaits(w, mask, kind, i.op[0], i.detail != 0);
  return true;
}

} // namespace

Handler selectBulkCopy(const Match &m, Inst &i) {
  bool toGlobal = m.has("bulk_group");
  BulkCopy c{};
  c.to = toGlobal ? Space::Global : Space::Shared;
  c.from = toGlobal || !m.has("global") ? Space::Shared : Space::Global;
  c.multicast = m.has("multicast::cluster"), c.completes = !toGlobal;
  i.imm = std::bit_cast<int64_t>(c);
  i.detail = m.has("reduce") ? reductionOf(m) : noReduction;
  if (m.has("reduce") && i.detail == noReduction) return nullptr;
  // Adding halves says what subnormals become, and nothing else does.
  bool halves = m.type(0) == Type::F16 || m.type(0) == Type::BF16;
  if (m.has("noftz") != (halves && m.has("add"))) return nullptr;
  bool wide = m.type(0) == Type::F32 || m.type(0) == Type::F64 || m.type(0) == Type::B64;
  if (!toGlobal && (halves || wide || (m.type(0) == Type::U64 && !m.has("add")))) return nullptr;
  return bulkCopy;
}

Handler selectStoreAsync(const Match &m, Inst &i) {
  unsigned bytes = typeBytes(m.type(0));
  i.detail = noReduction;
  Type value = m.opcode == "red" ? m.registers[2] : m.vectorTypes[0];
  i.imm = bytes | (value == Type::None ? bytes : typeBytes(value)) << 8;
  if (m.opcode == "red") {
    i.detail = m.type(0) == Type::U64 && !m.has("add") ? noReduction : reductionOf(m);
    return i.detail == noReduction ? nullptr : storeAsync;
  }
  unsigned count = m.has("v2") ? 2 : m.has("v4") ? 4 : 1;
  return m.vectors[0] == count && bytes * count <= 16 ? storeAsync : nullptr;
}

Handler selectStoreZeros(const Match &m, Inst &i) {
  i.imm = int64_t(m.space);
  return i.op[3] == 0 ? storeZeros : nullptr;
}

Handler selectAsyncGroups(const Match &m, Inst &i) {
  i.detail = m.has("read");
  if (m.opcode == "wgmma")
    return m.has("commit_group") ? groupCommit<Completion::Kind::Matrix>
                                 : groupWait<Completion::Kind::Matrix>;
  return m.has("commit_group") ? groupCommit<Completion::Kind::Bulk> : groupWait<Completion::Kind::Bulk>;
}

} // namespace girih::ptx
