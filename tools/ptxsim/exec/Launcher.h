// One launch: its state, its host threads, and what they find.
#pragma once

#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include <atomic>
#include <chrono>
#include <mutex>

namespace girih::ptx {

class Launcher {
public:
  Launcher(const DeviceOptions &device, Memory &memory, const Program &program, const Launch &launch,
           LaunchResult &result);
  ~Launcher();
  Launcher(const Launcher &) = delete;
  void run();

  const Program &program() const { return code; }
  Memory &deviceMemory() const { return memory; }

  // Called by the workers.
  void report(Report report);
  bool stopped() const { return stop.load(std::memory_order_relaxed); }
  /// How many turns have changed what other clusters could see.
  uint64_t changes() const { return changedTurns.load(std::memory_order_relaxed); }
  /// printf: how many arguments it has taken, or -1.
  int print(const Warp &w, uint32_t lane, uint64_t format, uint64_t arguments);
  /// A string in global or local memory, cut off at its end or the memory's.
  std::string text(const Warp &w, uint32_t lane, uint64_t address) const;
  uint64_t allocate(uint64_t bytes) { return memory.allocate(bytes); }
  bool release(uint64_t address) { return address == 0 || memory.release(address); }
  /// Host address of a generic address of a lane, and how many bytes follow; null outside of memory.
  const char *genericPointer(const Warp &w, uint32_t lane, uint64_t address, uint64_t &room) const;

private:
  Memory &memory;
  const Program &code;
  const Launch &launch;
  LaunchResult &result;
  LaunchState state{};
  std::vector<char> params;
  uint64_t clusters = 1;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false}, wrong{false}; // wrong: there is a report
  std::atomic<unsigned> openClusters{0};
  std::atomic<uint64_t> doneClusters{0};
  std::atomic<uint64_t> changedTurns{0};
  std::mutex lock;
  static constexpr size_t mostOpen = 2048;

  // To find out that all wait for one another, under `lock`.
  std::vector<const Worker *> running;
  uint64_t workedTurns = 0; // turns in which something happened
  std::chrono::steady_clock::time_point lastWork, lastProgress;
  bool allWait(Worker &worker, bool waits, size_t turns);

  void work(Worker &worker);
  void tellProgress();
};

} // namespace girih::ptx
