// The checker: Checker.cpp dispatches what the execution tells and reports; Races.cpp looks at cells;
// Copies.cpp knows stores of the same value, Guesses.cpp loops of compare-and-swap; Order.cpp keeps what
// precedes what; Async.cpp knows the asynchronous proxy, Matrices.cpp wgmma's registers; Written.cpp finds
// reads of memory never written.
#pragma once

#include "tools/ptxsim/check/Checker.h"
#include "tools/ptxsim/check/State.h"
#include <set>

namespace girih::ptx::check {

/// Whether a barrier instruction says how many threads it is for.
bool countsThreads(const Inst &i);
/// Which loads are guesses of what a compare-and-swap will find, by instruction.
std::vector<char> findGuesses(const Program &program);
/// The bytes of a lane's access that matter, a bit each.
uint32_t bytesUsed(const Inst &i, const Access &a);

/// A warp's access as its cells see it.
struct Actor {
  BlockState &block;
  WarpState &state;
  Warp &warp;
  const Inst &instruction;
  Mark mark; // of each lane, but for the lane
  Space space;
  bool isAtomic;
  bool asyncRead = false; // of shared memory, through the asynchronous proxy
};

class Implementation final : public Checker {
public:
  Implementation(const Program &program, const CheckOptions &options);
  bool valid() const { return global.valid(); }

  void blockBegins(Block &b) override;
  void blockEnds(Block &b) override;
  void access(Warp &w, const Inst &i, const Access &a) override;
  void barrierArrives(Warp &w, const Inst &i, uint32_t lanes, unsigned id, bool waits) override;
  void barrierCompletes(Block &b, unsigned id) override;
  void clusterArrives(Warp &w, const Inst &i, uint32_t lanes) override;
  void clusterWaits(Warp &w, const Inst &i, uint32_t lanes) override;
  void warpSyncs(Warp &w, const Inst &i, uint32_t lanes) override;
  void warpShuffles(Warp &w, const Inst &i, uint32_t lanes) override;
  void fence(Warp &w, const Inst &i, uint32_t lanes, FenceKind kind) override;
  void asyncCommits(Warp &w, const Inst &i, uint32_t lanes) override;
  void asyncWaits(Warp &w, const Inst &i, uint32_t lanes, unsigned pending) override;
  void copiesArrive(Warp &w, const Inst &i, unsigned lane, uint64_t barrier) override;
  void phaseCompletes(Warp &w, uint64_t barrier) override;
  void groupCommits(Warp &w, uint32_t lanes, Completion::Kind kind) override;
  void groupWaits(Warp &w, uint32_t lanes, Completion::Kind kind, unsigned pending, bool reads) override;
  void proxyFence(Warp &w, uint32_t lanes) override;
  bool needsInstructions() const override { return !registerUses.empty(); }
  void issues(Warp &w, const Inst &i, uint32_t mask) override;

private:
  const Program &program;
  CheckOptions options;
  /// Whether threads may synchronise by anything but barriers of the whole block and of warps. If not,
  /// threads of different blocks never do, and cells need not remember all readers.
  bool fine = false;
  std::vector<char> checksLocal, guesses; // by instruction; see the constructor; findGuesses
  GlobalShadow global;
  Attachments attachments;
  static constexpr size_t stripes = 64;
  struct Stripe {
    std::mutex lock;
    ReleasedMap released;
  } releasedGlobally[stripes];
  std::mutex lock; // of what follows
  std::set<std::pair<uint32_t, uint32_t>> reported;
  std::set<uint32_t> racing; // instructions of reported races
  std::vector<std::unique_ptr<BlockState>> idle;
  std::vector<uint32_t> agents; // the block of each
  // By instruction, if there are matrix products at all.
  std::vector<std::unique_ptr<RegisterUse>> registerUses;
  uint32_t matrixRegisters = 0;

  static BlockState &stateOf(const Block &b) { return *static_cast<BlockState *>(b.checkerState); }
  uint32_t indexOf(const Inst &i) const { return uint32_t(&i - program.code.data()); }

  // Checker.cpp
  bool first(uint32_t a, uint32_t b);
  void reportRace(const Actor &actor, unsigned lane, const Mark &other, uint64_t address, unsigned bytes,
                  const char *why = nullptr);
  bool isRacing(uint32_t instruction);
  void reportBarrier(Block &block, const BarrierState &barrier, unsigned id, uint32_t arrived);
  BlockState *sharedOwner(const Warp &w, uint64_t &offset) const;

  // Races.cpp
  bool ordered(const Actor &actor, unsigned lane, const Mark &earlier) const;
  void checkShared(Actor &actor, const Access &a);
  void checkGlobal(Actor &actor, const Access &a);
  void checkGroup(Actor &actor, Cell &cell, uint32_t lanes, uint64_t address, uint32_t used, unsigned width,
                  Attachments &owner);
  void checkBytes(Actor &actor, Cell &cell, unsigned lane, uint64_t address, uint32_t used, unsigned width,
                  Attachments &owner);
  void check(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address, unsigned bytes,
             Attachments &owner);
  void checkOthers(Actor &actor, Cell &cell, unsigned lane, uint64_t address, unsigned bytes);
  bool seen(const Actor &actor, unsigned lane, const MarkList &list, size_t n) const;
  void addOther(Actor &actor, Cell &cell, unsigned lane, Attachments &owner);
  bool writesSame(const Actor &actor, unsigned lane, const Mark &other, uint64_t address, unsigned size,
                  unsigned bytes) const;
  static void readsLater(AsyncCopy &copy, const Access &a);
  void checkSources(const Actor &actor, const Access &a);
  void completeCopy(BlockState &b, Warp &w, const AsyncCopy &copy, uint32_t lanes, uint32_t block,
                    uint32_t stamp);

  // Async.cpp
  uint32_t agentOf(uint32_t &agent, const BlockState &b);
  uint32_t blockOf(const Mark &mark);
  AsyncBarrierState &barrierOf(const Warp &w, uint64_t address);
  void markAsync(Actor &actor, const Access &a);
  static void learn(BlockState &b, WarpState &s, uint32_t lanes, const Known &known);
  bool visibleToProxy(const Actor &actor, const Mark &write);

  // Matrices.cpp
  void findMatrixRegisters();
  void reportMatrix(Warp &w, const Inst &i, uint32_t mask, uint32_t other, const char *what);
  void startProduct(Warp &w, WarpState &s, const Inst &i, const RegisterUse &use, uint32_t mask);
  void useRegisters(Warp &w, WarpState &s, const Inst &i, const RegisterUse &use, uint32_t mask);
  static void matricesDone(WarpState &s, unsigned pending);

  // Order.cpp
  void settle(Warp &w, WarpState &s);
  void synchronises(Actor &actor, const Access &a);
  template <class F> void withReleased(Warp &w, Space space, uint64_t address, F f);
  const ClockRef &clockOf(const BlockState &b, const WarpState &s, unsigned lane) const;
  Snapshot snapshot(const BlockState &b, const WarpState &s, unsigned lane, uint32_t time) const;
  static void publish(ClockRef &to, const Snapshot &from, uint32_t block, uint32_t warp, unsigned lane);
  void joinLanes(ClockRef &to, BlockState &b, WarpState &s, uint32_t warp, uint32_t lanes);

  // Written.cpp
  void checkWritten(Warp &w, const Inst &i, const Access &a);
};

} // namespace girih::ptx::check
