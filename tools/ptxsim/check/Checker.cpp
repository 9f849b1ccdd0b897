#include "tools/ptxsim/check/Implementation.h"
#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace girih::ptx {

std::unique_ptr<Checker> makeChecker(const Program &program, const CheckOptions &options,
                                     std::string &error) {
  auto checker = std::make_unique<check::Implementation>(program, options);
  if (checker->valid()) return checker;
  error = "the host gives no address space for the race checker";
  return nullptr;
}

namespace check {

bool countsThreads(const Inst &i) {
  return i.op[i.detail ? 2 : 1] != operandNone; // detail: bar.red, whose first operand is its result
}

/// Whether an instruction orders more than barriers of the whole block and of warps do.
static bool ordersFinely(const Inst &i) {
  if (!i.source) return false;
  const Instruction &text = *i.source;
  auto has = [&](std::string_view m) { return text.has(m); };
  if (text.opcode == "bar" || text.opcode == "barrier")
    return has("cluster") || has("arrive") || (!has("warp") && countsThreads(i));
  return text.opcode == "fence" || text.opcode == "membar" || text.opcode == "mbarrier" ||
         text.opcode == "wgmma" || (text.opcode == "cp" && (has("mbarrier") || has("bulk"))) ||
         has("acquire") || has("release") || has("acq_rel");
}

Implementation::Implementation(const Program &program, const CheckOptions &options)
    : program(program), options(options), roles(program) {
  for (const Inst &i : program.code)
    fine |= ordersFinely(i);
  guesses = findGuesses(program);
  suspects = std::make_unique<std::atomic<bool>[]>(program.code.size());
  if (options.races) findMatrixRegisters();
  // Arguments and results of calls are copied where no access is seen.
  checksLocal.resize(program.code.size());
  for (size_t n = 0; n < checksLocal.size() && program.functions.size() == 1; ++n)
    checksLocal[n] =
        program.code[n].source &&
        std::none_of(program.code[n].source->modifiers.begin(), program.code[n].source->modifiers.end(),
                     [](std::string_view m) { return m.starts_with("param"); });
}

void Implementation::blockBegins(Block &block) {
  // Loads of which nothing is known to be wrong are followed until it has been enough of them: those that are
  // suspect show themselves in the first blocks.
  constexpr uint64_t most = 1 << 15, mostOfBlock = 1 << 14;
  std::unique_ptr<BlockState> b;
  {
    std::lock_guard<std::mutex> guard(lock);
    if (!idle.empty()) b = std::move(idle.back()), idle.pop_back();
    if (!b) b = std::make_unique<BlockState>();
    b->block = &block, b->id = uint32_t(block.linear);
    b->warps.resize(block.warpCount);
    b->mayFollow = options.races && followed < most ? mostOfBlock : 0;
    running[b->id] = b.get();
  }
  if (options.races) b->shared.assign((block.sharedBytes + 3) / 4, Cell());
  if (options.uninitialised) {
    b->sharedWritten.assign(block.sharedBytes, 0);
    std::fill_n(b->sharedWritten.begin(), program.reservedSharedBytes, 1); // not the program's
    b->sharedHoles = block.sharedBytes - program.reservedSharedBytes;
  }
  block.checkerState = b.release();
}

void Implementation::blockEnds(Block &block) {
  std::unique_ptr<BlockState> b(&stateOf(block));
  for (uint32_t n = 0; n < block.warpCount; ++n)
    if (Values *values = b->warps[n].values.get())
      values->each([&](HeldRead &read) { dropped(block, n, read, /*atEnd=*/true); });
  {
    std::lock_guard<std::mutex> guard(lock);
    running.erase(b->id), followed += b->followed;
  }
  for (EarlyRead &read : b->earlyReads) {
    if (isRacing(indexOf(*read.instruction)) || !first(indexOf(*read.instruction), ~0u)) continue;
    Report r;
    r.kind = "uninitialised", r.message = std::move(read.message), r.instruction = read.instruction->source;
    r.address = read.address;
    if (read.space == Space::Shared) r.place = program.sharedPlace(read.address);
    for (unsigned d = 0; d < 3; ++d)
      r.block[d] = block.id[d], r.thread[d] = read.thread[d];
    block.warps[0].worker->launcher->report(std::move(r));
  }
  block.checkerState = nullptr;
  // What is large is kept for the next block.
  auto next = std::make_unique<BlockState>();
  next->shared = std::move(b->shared), next->sharedWritten = std::move(b->sharedWritten);
  next->localWritten = std::move(b->localWritten), next->localWritten.clear();
  std::lock_guard<std::mutex> guard(lock);
  idle.push_back(std::move(next));
}

BlockState *Implementation::sharedOwner(const Warp &w, uint64_t &offset) const {
  uint64_t rank = offset >> sharedRankShift;
  offset &= (1u << sharedRankShift) - 1;
  return &stateOf(rank ? w.block->cluster[rank - 1] : *w.block);
}

static uint8_t strengthOf(const Order &order) {
  if (order.semantics == Semantics::Weak) return 0;
  return order.scope == Scope::Block ? 1 : 2;
}

void Implementation::access(Warp &w, const Inst &i, const Access &a) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  Actor actor{b, s, w, i, Mark(), a.space, a.kind == AccessKind::Atomic || a.kind == AccessKind::Reduction};
  if (isFollowed(i, a)) actor.followed = &a;
  if (a.space == Space::Local) {
    if (options.uninitialised && checksLocal[indexOf(i)]) checkWritten(actor, a);
    return;
  }
  if (options.uninitialised) checkWritten(actor, a);
  if (!options.races) return;
  if (actor.followed && !actor.read && (b.followed < b.mayFollow || isSuspect(indexOf(i))))
    readOf(actor), ++b.followed;
  if (s.pending.lanes | s.clusterWaits) settle(w, s);
  Mark &m = actor.mark;
  m.block = b.id, m.instruction = indexOf(i) & markInstruction, m.warp = w.id & 31;
  m.write = a.kind != AccessKind::Load && a.kind != AccessKind::AsyncRead;
  m.strength = guesses[indexOf(i)] ? 2 : strengthOf(a.order);
  if (fine && a.order.semantics != Semantics::Weak && !a.completion) synchronises(actor, a);
  m.stamp = s.now;
  if (a.completion) markAsync(actor, a);
  if (a.kind == AccessKind::AsyncWrite) {
    m.inFlight = 1;
    AsyncCopy &copy = s.copies.emplace_back();
    copy.lanes = a.mask, copy.instruction = m.instruction, copy.bytes = a.bytes;
    std::copy_n(s.committed, warpSize, copy.group);
    std::copy_n(a.address, warpSize, copy.address);
    std::fill_n(copy.source, warpSize, 0);
  }
  if (a.kind == AccessKind::AsyncRead && !s.copies.empty() && s.copies.back().instruction == m.instruction)
    readsLater(s.copies.back(), a);
  if (m.write && a.space == Space::Global) checkSources(actor, a);
  if (a.space == Space::Shared)
    checkShared(actor, a);
  else
    checkGlobal(actor, a);
}

//===-- Reports -------------------------------------------------------------------===//

static std::string triple(const uint32_t (&v)[3]) {
  return "(" + std::to_string(v[0]) + "," + std::to_string(v[1]) + "," + std::to_string(v[2]) + ")";
}

static void unfold(uint64_t linear, const uint32_t (&size)[3], uint32_t (&out)[3]) {
  out[0] = uint32_t(linear % size[0]), out[1] = uint32_t(linear / size[0] % size[1]);
  out[2] = uint32_t(linear / size[0] / size[1]);
}

/// True once for each pair.
bool Implementation::first(uint32_t a, uint32_t b) {
  std::lock_guard<std::mutex> guard(lock);
  return reported.insert(std::minmax(a, b)).second;
}

bool Implementation::isRacing(uint32_t instruction) {
  std::lock_guard<std::mutex> guard(lock);
  return racing.count(instruction) != 0;
}

bool Implementation::isReported(uint32_t a, uint32_t b) {
  std::lock_guard<std::mutex> guard(lock);
  return reported.count(std::minmax(a, b)) != 0;
}

std::string usedBy(const Inst *user) {
  if (!user) return "";
  return ", and its value is used by '" + user->source->text() +
         "' (:" + std::to_string(user->source->where.line) + ")";
}

void Implementation::report(Warp &w, const Race &race, const Inst *user) {
  const Mark &mine = race.mine, &other = race.other;
  if (!first(mine.instruction, other.instruction)) return;
  {
    std::lock_guard<std::mutex> guard(lock);
    racing.insert({mine.instruction, other.instruction});
  }
  const Inst &now = program.code[mine.instruction], &before = program.code[other.instruction];
  Report r;
  auto unfoldThread = [&](const Mark &m, uint32_t lanes, uint32_t (&block)[3], uint32_t (&thread)[3]) {
    unfold(blockOf(m), w.launch->grid, block);
    unfold(m.warp * warpSize + unsigned(std::countr_zero(lanes)), w.launch->block, thread);
  };
  uint32_t lanes = other.lanes, block[3], thread[3];
  if (other.sameWarp(mine) && (lanes & ~mine.lanes)) lanes &= ~mine.lanes;
  unfoldThread(other, lanes, block, thread), unfoldThread(mine, mine.lanes, r.block, r.thread);
  auto what = [](const Mark &m, bool atomic) {
    return m.inFlight          ? "asynchronous copy"
           : m.byAgent()       ? m.write ? "asynchronous write" : "asynchronous read"
           : atomic && m.write ? "atomic"
           : m.write           ? "write"
                               : "read";
  };
  char place[96];
  snprintf(place, sizeof(place), " of %u bytes at %s address 0x%llx", unsigned(race.bytes),
           spaceName(race.space).data(), static_cast<unsigned long long>(race.address));
  std::string text = what(mine, now.cls == Class::Atomic) + std::string(place) + " by thread " +
                     triple(r.thread) + " of block " + triple(r.block) + " and " +
                     what(other, before.cls == Class::Atomic) + " by thread " + triple(thread) +
                     " of block " + triple(block);
  text += race.why                            ? race.why
          : other.inFlight || other.byAgent() ? ", which has not been waited for"
                                              : " are not ordered";
  r.kind = "race", r.message = text + usedBy(user), r.instruction = now.source, r.other = before.source;
  r.address = race.address;
  if (race.space == Space::Shared) r.place = program.sharedPlace(race.address);
  w.worker->launcher->report(std::move(r));
}

void Implementation::reportBarrier(Block &block, const BarrierState &barrier, unsigned id, uint32_t arrived) {
  if (!first(indexOf(*barrier.last), ~1u)) return;
  Report r;
  r.kind = "barrier", r.instruction = barrier.last->source;
  r.message = "barrier " + std::to_string(id) +
              " is not reached by all: " + std::to_string(block.threads - arrived) + " of the block's " +
              std::to_string(block.threads) + " threads have exited before";
  for (unsigned d = 0; d < 3; ++d)
    r.block[d] = block.id[d], r.thread[d] = barrier.lastThread[d];
  block.warps[0].worker->launcher->report(std::move(r));
}

} // namespace check
} // namespace girih::ptx
