// alloca: memory of a thread that it asks for while it runs.
#include "tools/ptxsim/exec/Control.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

namespace {

constexpr uint32_t counterBytes = 16;

/// Where the stack begins in a thread's local memory.
uint32_t stackBegin(const Warp &w) {
  return w.launch->localBytes - stackBytes;
}
char *counter(const Warp &w, unsigned lane) {
  uint64_t thread = uint64_t(w.id) * warpSize + lane;
  return w.block->local + thread * w.launch->localBytes + stackBegin(w);
}

uint64_t laneOf(const Warp &w, const Inst &i, uint32_t op, unsigned lane) {
  uint64_t value = 0;
  memcpy(&value, w.base[op >> 31] + (op & operandOffset) + lane * i.count, i.count);
  return value;
}
void setLane(Warp &w, const Inst &i, uint32_t op, unsigned lane, uint64_t value) {
  memcpy(w.base[0] + op + lane * i.count, &value, i.count);
}

/// op[0] = address in local memory of op[1] bytes, aligned to op[2] or 8.
bool allocate(Warp &w, const Inst &i, uint32_t mask) {
  uint64_t align = i.op[2] == operandNone ? 8 : i.op[2];
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    uint32_t used;
    memcpy(&used, counter(w, l), 4);
    uint64_t bytes = laneOf(w, i, i.op[1], l), begin = stackBegin(w);
    uint64_t at = (begin + counterBytes + used + align - 1) / align * align;
    if (bytes > stackBytes || at + bytes > begin + stackBytes)
      return fault(w, i, int(l), 0, "alloca of %llu bytes: the stack has %u, of which %u are used",
                   static_cast<unsigned long long>(bytes), stackBytes, used);
    used = uint32_t(at + bytes - begin - counterBytes);
    memcpy(counter(w, l), &used, 4);
    setLane(w, i, i.op[0], l, at);
  }
  return true;
}

} // namespace

bool resetStack(Warp &w, const Inst &, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1)
    memset(counter(w, unsigned(std::countr_zero(m))), 0, 4);
  return true;
}

bool saveStack(Warp &w, const Inst &i, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    uint32_t used;
    memcpy(&used, counter(w, l), 4);
    setLane(w, i, i.op[0], l, used);
  }
  return true;
}

bool restoreStack(Warp &w, const Inst &i, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    uint64_t used = laneOf(w, i, i.op[0], l);
    if (used > stackBytes - counterBytes)
      return fault(w, i, int(l), 0, "0x%llx is no value that stacksave gave",
                   static_cast<unsigned long long>(used));
    memcpy(counter(w, l), &used, 4);
  }
  return true;
}

Handler selectAlloca(const Match &m, Inst &i) {
  i.count = uint8_t(typeBytes(m.type(0)));
  if (i.op[2] != operandNone && (!std::has_single_bit(i.op[2]) || i.op[2] > 1024)) return nullptr;
  return allocate;
}

Handler selectStackPointer(const Match &m, Inst &i) {
  i.count = uint8_t(typeBytes(m.type(0)));
  return m.opcode == "stacksave" ? saveStack : restoreStack;
}

} // namespace girih::ptx
