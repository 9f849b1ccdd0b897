// Threads that hold copies of a value may all store it: that is no race, although nothing orders them.
#include "tools/ptxsim/check/Implementation.h"
#include <bit>
#include <cmath>
#include <cstring>

namespace girih::ptx::check {

namespace {

/// A stored value and the element of the store that it is.
struct Element {
  unsigned size, within; // bytes, and how far into it the address is
  char value[16];
};

/// stmatrix: the row that a lane addresses is gathered from the registers of eight or four lanes.
Element matrixElement(const Warp &w, const Inst &i, unsigned lane, unsigned byte) {
  unsigned row = lane % 8, column = byte / 2;
  if (i.source->has("trans")) std::swap(row, column);
  uint32_t op = i.more[lane / 8];
  Element e{2, byte % 2, {}};
  memcpy(e.value, w.base[op >> 31] + (op & operandOffset) + (row * 4 + column / 2) * 4 + column % 2 * 2, 2);
  return e;
}

/// What a lane stores at the byte `byte` of its access of `bytes`.
Element storedBy(const Warp &w, const Inst &i, unsigned lane, unsigned byte, unsigned bytes) {
  if (i.flags & Inst::Sync) return matrixElement(w, i, lane, byte);
  Element e{bytes / i.count, 0, {}};
  e.within = byte % e.size;
  uint32_t op = i.more[byte / e.size];
  memcpy(e.value, w.base[op >> 31] + (op & operandOffset) + size_t(lane) * i.detail, e.size);
  return e;
}

bool knownStore(const Inst &i) {
  if (i.cls != Class::Store || i.count == 0) return false;
  return i.flags & Inst::Sync ? i.source->opcode == "stmatrix" : i.detail != 0;
}

/// Whether two numbers may be one result whose terms were added in different orders. Small integers are
/// subnormal as floats, and never alike.
template <class T> bool alike(const char *a, const char *b) {
  T x, y;
  memcpy(&x, a, sizeof(T)), memcpy(&y, b, sizeof(T));
  return std::isnormal(x) && std::isnormal(y) && std::abs(x - y) <= std::abs(x) * T(0x1p-12);
}

bool holdsFloats(const Inst &i) {
  const Instruction &text = *i.source;
  return text.has("f32") || text.has("f64") || text.has("b32") || text.has("b64");
}

} // namespace

/// Whether a store writes what is there already, or what another lane writes by the same instruction. Copies
/// that the lanes of a butterfly have computed may differ in the last bits: whichever stays is the result.
bool Implementation::writesSame(const Actor &actor, unsigned lane, const Mark &other, uint64_t address,
                                unsigned size, unsigned bytes) const {
  const Inst &i = actor.instruction;
  if (actor.isAtomic || !knownStore(i) || other.inFlight || !program.code[other.instruction].count)
    return false;
  unsigned byte = unsigned(address & (bytes - 1)); // accesses are aligned to their size
  bool sameInstruction = other.instruction == actor.mark.instruction;
  bool together = sameInstruction && other.stamp == actor.mark.stamp && other.sameWarp(actor.mark);
  for (unsigned end = byte + size; byte < end;) {
    Element mine = storedBy(actor.warp, i, lane, byte, bytes);
    unsigned length = std::min(end - byte, mine.size - mine.within);
    uint64_t begin = address + byte - (end - size) - mine.within;
    const char *theirs = nullptr;
    Element copy{};
    if (together) {
      copy = storedBy(actor.warp, i, unsigned(std::countr_zero(other.lanes)), byte, bytes);
      theirs = copy.value;
    } else {
      theirs =
          actor.space == Space::Shared ? sharedPointer(actor.warp, begin, mine.size) : hostPointer(begin);
    }
    if (!theirs) return false;
    bool same = memcmp(mine.value + mine.within, theirs + mine.within, length) == 0;
    if (!same && sameInstruction && holdsFloats(i))
      same = mine.size == 4   ? alike<float>(mine.value, theirs)
             : mine.size == 8 ? alike<double>(mine.value, theirs)
                              : false;
    if (!same) return false;
    byte += length;
  }
  return true;
}

} // namespace girih::ptx::check
