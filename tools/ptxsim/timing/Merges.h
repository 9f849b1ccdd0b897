// What ptxas makes of neighbouring accesses: loads, or stores, of one base at neighbouring offsets become one
// of 8 or 16 bytes, if the address is known to be a multiple of that. The machine runs these, so bank
// conflicts, requests and the time are theirs.
//
// The rule was read off the machine code of ptxas 13.0 for sm_80, 90 and 120; test/ptxsim/test_merges.py has
// the experiments and holds the rule against ptxas where it is installed.
#pragma once

#include "tools/ptxsim/timing/Costs.h"

namespace girih::ptx {

/// Accesses that are one.
struct Merge {
  bool store = false;
  uint8_t bytes = 0, wanted = 0; // of a lane; how many of them the program asks for
  int32_t shift = 0;             // from its own address to that of the leader
  std::vector<uint32_t> members; // indices in Program::code, in their order
  /// The one that is issued: loads come as early as the first, stores as late as the last.
  uint32_t leader() const { return store ? members.back() : members.front(); }
};

struct Merges {
  std::vector<Merge> all;
  /// By index in Program::code: the merge that an instruction is part of, null if none.
  const Merge *of(uint32_t inst) const {
    return indexOf.empty() || !indexOf[inst] ? nullptr : &all[indexOf[inst] - 1];
  }

  std::vector<uint32_t> indexOf; // in `all`, from 1; empty: no merges
};

Merges mergesOf(const Program &program);

/// Members cost nothing of their own; their values come with the leader, or go with it.
void applyMerges(const Merges &merges, ProgramCosts &costs);

} // namespace girih::ptx
