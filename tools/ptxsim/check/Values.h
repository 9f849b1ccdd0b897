// Where the values of loads go. What a load reads wrongly, because it races or because nothing was written
// there, is of no consequence until the value is used: stored, made an address, branched on. Compilers make
// loads unconditional and drop their values by selp; threads hold copies that only one of them stores.
#pragma once

#include "tools/ptxsim/check/Shadow.h"
#include "tools/ptxsim/decode/Program.h"
#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace girih::ptx::check {

constexpr uint32_t none = ~0u;

/// Two accesses that nothing orders; `bytes` of the whole of the first.
struct Race {
  Mark mine, other;
  uint64_t address;
  Space space;
  uint8_t bytes;
  const char *why;
};

/// What an instruction does with the values of its registers.
enum class Flow : uint8_t {
  Nothing,
  Through,  // its results depend on its operands
  Selects,  // selp: on the one that it takes
  And,      // and.pred, and.b32: not where the other operand is false or zero
  Or,       // or.pred
  SetpAnd,  // setp with a predicate, which may decide alone
  SetpOr,   //
  Shuffles, // on those of other lanes
  Mixes,    // on those of all lanes: votes, matrices
  Uses,     // stores, branches, addresses
  Loads,    // ld: new values
};

/// By instruction of the kernel; called functions are not followed into.
class ValueRoles {
public:
  explicit ValueRoles(const Program &program);

  struct Role {
    Flow flow = Flow::Nothing;
    uint8_t bytes = 0; // And: of its operands, 0: predicates
    uint16_t writes = 0, reads = 0;
    uint32_t first = 0, guard = none;
  };
  const Role *of(size_t instruction) const {
    return instruction < roles.size() ? &roles[instruction] : nullptr;
  }
  bool loads(size_t instruction) const {
    return instruction < roles.size() && roles[instruction].flow == Flow::Loads;
  }
  /// Of the kernel's function; `none` in the place of what is no register.
  std::span<const uint32_t> writes(const Role &r) const { return {registers.data() + r.first, r.writes}; }
  std::span<const uint32_t> reads(const Role &r) const {
    return {registers.data() + r.first + r.writes, r.reads};
  }
  uint32_t registerCount = 0;

private:
  std::vector<Role> roles;
  std::vector<uint32_t> registers;
  void add(const Inst &i, Role &role);
};

/// One execution of a load whose values may matter later.
struct HeldRead {
  static constexpr unsigned most = 8; // elements
  uint32_t instruction = 0, lanes = 0;
  uint8_t bytes = 0, count = 0; // of a lane; elements
  Space space = Space::Global;
  uint64_t begin = 0, end = 0; // of all of it
  uint64_t address[warpSize];
  uint32_t used[most], holes[most]; // lanes, by element; holes: never written
  struct Held {
    Race race;
    uint8_t lane, elements; // if these are used it is one
  };
  std::vector<Held> races;

  /// The elements that lie in [from, from + size), as a mask.
  unsigned elementsAt(unsigned lane, uint64_t from, unsigned size) const;
  /// The lowest byte that lanes access, and the one behind the highest.
  static std::pair<uint64_t, uint64_t> range(const uint64_t *address, uint32_t lanes, unsigned bytes) {
    uint64_t low = ~0ull, high = 0;
    for (unsigned l = 0; l < warpSize; ++l) {
      bool reads = lanes >> l & 1;
      low = std::min(low, reads ? address[l] : ~uint64_t(0)), high = std::max(high, reads ? address[l] : 0);
    }
    return {low, high + bytes};
  }
  bool reads(Space in, unsigned lane, uint64_t from, unsigned size) const {
    return lanes >> lane & 1 && space == in && elementsAt(lane, from, size);
  }
  bool isUsed(unsigned lane, unsigned elements) const {
    for (unsigned e = 0; e < count; ++e)
      if (elements >> e & 1 && used[e] >> lane & 1) return true;
    return false;
  }
  bool isAllUsed() const;
};

inline unsigned HeldRead::elementsAt(unsigned lane, uint64_t from, unsigned size) const {
  uint64_t at = address[lane], begin = std::max(from, at), end = std::min(from + size, at + bytes);
  if (begin >= end) return 0;
  if (count == 1) return 1;
  int log2Size =
      std::countr_zero(unsigned(bytes / count)); // divisions cost: this is asked for each lane and read
  unsigned first = unsigned((begin - at) >> log2Size), last = unsigned((end - 1 - at) >> log2Size);
  return (2u << last) - (1u << first);
}

/// The loaded values that a register depends on, in some lanes.
struct Value {
  uint32_t node = 0, lanes = 0;
  Value in(uint32_t mask) const { return {node, lanes & mask}; }
};

/// Of one warp. Dependences are a graph: its leaves are elements of loads, inner nodes what was made of them.
class Values {
public:
  explicit Values(uint32_t registerCount) : registers(registerCount) {}

  Value at(uint32_t reg) const { return reg == none ? Value() : registers[reg].value; }
  void assign(uint32_t reg, Value value, uint32_t mask);
  /// Also depends on.
  void add(uint32_t reg, Value value);
  Value combine(Value a, Value b);
  /// Lane l has what lane from[l] had.
  Value shuffle(Value a, const std::array<uint8_t, warpSize> &from, uint32_t mask);
  /// Each lane of the mask depends on all of `a`.
  Value mix(Value a, uint32_t mask);
  Value leaf(uint32_t read, unsigned element, uint32_t lanes);

  /// Marks what `value` depends on as used, and calls f(read, element, lanes) for what was not yet.
  template <class F> void use(Value value, uint32_t lanes, F f);

  HeldRead &newRead(uint32_t &index);
  /// Whether it is time for `collect`.
  bool isDue() { return ++steps >= due || nodes.size() > limit; }
  /// Forgets what no register depends on any more; calls dropped(read) for loads among it, which
  /// empties them. False if nothing is left.
  template <class F> bool collect(F dropped);
  template <class F> void each(F f) {
    for (auto &read : reads)
      if (read->lanes) f(*read);
  }
  size_t readCount() const { return reads.size() - freeReads.size(); }
  bool readAgain = false; // places that loads have read whose values were still to be used
  /// Too many to go on: the values count as used.
  bool overflows() const { return nodes.size() > 2048; }
  template <class F> void useAll(F f) {
    for (uint32_t r : listed)
      use(registers[r].value, allLanes, f);
  }

private:
  enum class Kind : uint8_t { Leaf, Join, Shuffle, Mix };
  /// Lane l of a node depends on lane l of `a` where aLanes has it, and so on; of a leaf, a is the read and b
  /// the element; of a shuffle, b is where the lanes come from.
  struct Node {
    uint32_t a = 0, aLanes = 0, b = 0, bLanes = 0, used = 0;
    Kind kind = Kind::Join;
  };
  struct Register {
    Value value;
    bool isListed = false;
  };
  std::vector<Register> registers;
  std::vector<uint32_t> listed; // registers that depend on anything
  std::vector<Node> nodes{1};
  std::vector<std::array<uint8_t, warpSize>> shuffles;
  std::vector<std::unique_ptr<HeldRead>> reads;
  std::vector<uint32_t> freeReads;
  std::vector<std::pair<uint32_t, uint32_t>> stack; // of `use`
  size_t steps = 0, due = 128, limit = 256;

  Value make(const Node &node, uint32_t lanes) {
    nodes.push_back(node);
    return {uint32_t(nodes.size() - 1), lanes};
  }
  uint32_t sources(const Node &n, uint32_t lanes) const;
};

inline uint32_t Values::sources(const Node &n, uint32_t lanes) const {
  uint32_t from = 0;
  for (uint32_t m = lanes; m; m &= m - 1)
    from |= 1u << shuffles[n.b][unsigned(std::countr_zero(m))];
  return from;
}

template <class F> void Values::use(Value value, uint32_t lanes, F f) {
  stack.clear();
  stack.emplace_back(value.node, value.lanes & lanes);
  while (!stack.empty()) {
    auto [id, wanted] = stack.back();
    stack.pop_back();
    Node &n = nodes[id];
    wanted &= ~n.used;
    if (!id || !wanted) continue;
    n.used |= wanted;
    switch (n.kind) {
    case Kind::Leaf:
      f(*reads[n.a], n.b, wanted);
      break;
    case Kind::Join:
      stack.emplace_back(n.a, wanted & n.aLanes), stack.emplace_back(n.b, wanted & n.bLanes);
      break;
    case Kind::Shuffle:
      stack.emplace_back(n.a, sources(n, wanted) & n.aLanes);
      break;
    case Kind::Mix:
      stack.emplace_back(n.a, n.aLanes);
      break;
    }
  }
}

template <class F> bool Values::collect(F dropped) {
  std::vector<uint32_t> needed(nodes.size());
  std::erase_if(listed, [&](uint32_t r) {
    Value &v = registers[r].value;
    v.lanes &= ~nodes[v.node].used;
    needed[v.node] |= v.lanes;
    if (v.lanes) return false;
    v = Value(), registers[r].isListed = false;
    return true;
  });
  std::vector<char> alive(reads.size());
  for (size_t id = nodes.size(); --id > 0;) {
    const Node &n = nodes[id];
    uint32_t lanes = needed[id] &= ~n.used;
    if (!lanes) continue;
    if (n.kind == Kind::Leaf)
      alive[n.a] = true;
    else
      needed[n.a] |= n.aLanes & (n.kind == Kind::Mix    ? allLanes
                                 : n.kind == Kind::Join ? lanes
                                                        : sources(n, lanes));
    if (n.kind == Kind::Join) needed[n.b] |= lanes & n.bLanes;
  }
  std::vector<uint32_t> moved(nodes.size());
  std::vector<std::array<uint8_t, warpSize>> kept;
  size_t count = 1;
  for (size_t id = 1; id < nodes.size(); ++id) {
    if (!needed[id]) continue;
    Node n = nodes[id];
    if (n.kind != Kind::Leaf) n.a = moved[n.a];
    if (n.kind == Kind::Join) n.b = moved[n.b];
    if (n.kind == Kind::Shuffle) kept.push_back(shuffles[n.b]), n.b = uint32_t(kept.size() - 1);
    moved[id] = uint32_t(count), nodes[count++] = n;
  }
  nodes.resize(count), shuffles = std::move(kept);
  for (uint32_t r : listed)
    registers[r].value.node = moved[registers[r].value.node];
  for (uint32_t n = 0; n < reads.size(); ++n)
    if (reads[n]->lanes && !alive[n]) dropped(*reads[n]), freeReads.push_back(n);
  // In proportion to what it costs.
  steps = 0, due = std::max<size_t>(128, count), limit = std::max<size_t>(256, 2 * count);
  return !listed.empty();
}

} // namespace girih::ptx::check
