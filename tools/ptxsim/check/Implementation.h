// The checker: Checker.cpp dispatches what the execution tells and reports; Races.cpp looks at cells;
// Copies.cpp knows stores of the same value, Guesses.cpp loops of compare-and-swap; Order.cpp keeps what
// precedes what; Loads.cpp follows what is read to where it is used; Async.cpp knows the asynchronous proxy,
// Matrices.cpp wgmma's registers; Written.cpp finds reads of memory never written; Quickly.cpp visits the
// cells, and does what is common quickly.
#pragma once

#include "tools/ptxsim/check/Checker.h"
#include "tools/ptxsim/check/State.h"
#include <set>

namespace girih::ptx::check {

/// Whether a barrier instruction says how many threads it is for.
bool countsThreads(const Inst &i);
/// Which loads are guesses of what a compare-and-swap will find, by instruction.
std::vector<char> findGuesses(const Program &program);
/// ", and its value is used by 'st.global.f32' (:57)"; nothing for null.
std::string usedBy(const Inst *user);
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
  bool asyncRead = false;           // of shared memory, through the asynchronous proxy
  const Access *followed = nullptr; // a load whose values are followed
  HeldRead *read = nullptr;         // how, once there is a reason
  struct Again {
    bool isKnown = false, isSame = false; // isSame: the reads before are of just these places, or of others
    uint32_t open = 0, used = 0;          // lanes whose reads before are followed, and have been used
  } again = {};
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
  bool needsValues() const override { return !options.droppedReads; }
  void follows(Warp &w, const Inst &i, uint32_t mask) override;

private:
  const Program &program;
  CheckOptions options;
  /// Whether threads may synchronise by anything but barriers of the whole block and of warps. If not,
  /// threads of different blocks never do, and cells need not remember all readers.
  bool fine = false;
  std::vector<char> checksLocal, guesses; // by instruction; see the constructor; findGuesses
  ValueRoles roles;
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
  std::unordered_map<uint32_t, BlockState *> running;
  std::unique_ptr<std::atomic<bool>[]> suspects; // by instruction: loads that have raced with something
  uint64_t followed = 0; // loads of blocks that are done, of which nothing is known to be wrong
  // By instruction, if there are matrix products at all.
  std::vector<std::unique_ptr<RegisterUse>> registerUses;
  uint32_t matrixRegisters = 0;

  static BlockState &stateOf(const Block &b) { return *static_cast<BlockState *>(b.checkerState); }
  uint32_t indexOf(const Inst &i) const { return uint32_t(&i - program.code.data()); }

  // Checker.cpp
  bool first(uint32_t a, uint32_t b);
  void report(Warp &w, const Race &race, const Inst *user);
  bool isRacing(uint32_t instruction);
  bool isReported(uint32_t a, uint32_t b);
  void reportBarrier(Block &block, const BarrierState &barrier, unsigned id, uint32_t arrived);
  BlockState *sharedOwner(const Warp &w, uint64_t &offset) const;

  // Races.cpp
  bool ordered(const Actor &actor, unsigned lane, const Mark &earlier) const;
  void checkGroup(Actor &actor, Cell &cell, uint32_t lanes, uint64_t address, uint32_t used, unsigned width,
                  Attachments &owner);
  void checkBytes(Actor &actor, Cell &cell, unsigned lane, uint64_t address, uint32_t used, unsigned width,
                  Attachments &owner);
  void check(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address, unsigned bytes,
             Attachments &owner);
  bool foundRace(Actor &actor, unsigned lane, const Mark &other, uint64_t address, unsigned size,
                 unsigned bytes, const char *why = nullptr);
  void checkOthers(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address, unsigned bytes);
  bool seen(const Actor &actor, unsigned lane, const MarkList &list, size_t n) const;
  void addOther(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address, Attachments &owner);
  bool writesSame(const Actor &actor, unsigned lane, const Mark &other, uint64_t address, unsigned size,
                  unsigned bytes) const;
  static void readsLater(AsyncCopy &copy, const Access &a);
  void checkSources(Actor &actor, const Access &a);
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

  // Quickly.cpp
  bool passes(Actor &actor, Cell &cell, uint32_t lanes, uint64_t address, bool isAlone) const;
  void checkShared(Actor &actor, const Access &a);
  void checkGlobal(Actor &actor, const Access &a);

  // Written.cpp
  static bool allWritten(const BlockState &b, const Inst &i, const Access &a);
  void checkWritten(Actor &actor, const Access &a);
  void readsHole(Warp &w, const Inst &i, Space space, uint64_t address, unsigned bytes, unsigned lane,
                 const Inst *user);

  // Loads.cpp
  bool isFollowed(const Inst &i, const Access &a) const;
  HeldRead &follow(Warp &w, const Inst &i, const Access &a);
  HeldRead &readOf(Actor &actor) {
    if (!actor.read) actor.read = &follow(actor.warp, actor.instruction, *actor.followed);
    return *actor.read;
  }
  void suspect(uint32_t instruction) { suspects[instruction].store(true, std::memory_order_relaxed); }
  bool isSuspect(uint32_t instruction) const { return suspects[instruction].load(std::memory_order_relaxed); }
  bool holdEarlier(const Actor &actor, const Race &race, unsigned size);
  bool isOpen(Actor &actor, uint32_t lanes, uint64_t address, unsigned size) const;
  static void findAgain(Actor &actor);
  void useRead(Warp &w, HeldRead &read, unsigned element, uint32_t lanes, const Inst *user);
  void useValue(Warp &w, WarpState &s, Value value, uint32_t lanes, const Inst *user);
  void dropped(Block &block, uint32_t warp, HeldRead &read, bool atEnd);
  void forgetReaders(Block &block, BlockState &b, uint32_t warp, const HeldRead &read);
  void collect(Warp &w, WarpState &s);
  Value resultOf(Warp &w, const Inst &i, const ValueRoles::Role &role, Values &v, uint32_t mask);
  void shuffleValues(Warp &w, const Inst &i, uint32_t mask);
};

} // namespace girih::ptx::check
