// Runs a few lines of PTX with the checks on.
#pragma once

#include "PtxHarness.h"
#include "tools/ptxsim/check/Checker.h"

namespace girih::ptx::test {

/// Runs kernel `k` around `body` with all checks, and returns what they report.
inline Outcome checked(const std::string &body, RunOptions options = {},
                       const std::string &module = ".shared .align 16 .b8 sh[1024];\n.global .u32 flag;\n"
                                                   ".global .u32 data;\n") {
  Outcome run;
  std::string text = kernelAround(body, module);
  Device device;
  LoadedModule *loaded = device.load(text, "test.ptx", run.error);
  EXPECT_EQ(run.error, "");
  if (!loaded) return run;
  std::unique_ptr<Checker> checker = makeChecker(*loaded->kernel("k"), options.checks, run.error);
  EXPECT_NE(checker, nullptr) << run.error;
  Launch launch;
  launch.grid[0] = options.blocks, launch.block[0] = options.threads, launch.threads = options.hostThreads;
  launch.cluster[0] = options.cluster;
  launch.observer = checker.get();
  launch.order = options.order;
  uint64_t address = device.memory().allocate(options.bytes);
  launch.params.resize(8);
  memcpy(launch.params.data(), &address, 8);
  run.result = device.launch(*loaded->kernel("k"), launch);
  for (const Report &r : run.result.reports)
    run.reports += formatReport(loaded->module(), r) + "\n";
  run.buffer.assign(options.bytes, 0);
  memcpy(run.buffer.data(), device.memory().pointer(address, options.bytes), options.bytes);
  return run;
}

inline RunOptions threads(uint32_t count, uint32_t blocks = 1, unsigned hosts = 1) {
  RunOptions o;
  o.threads = count, o.blocks = blocks, o.hostThreads = hosts;
  return o;
}

inline bool says(const Outcome &run, const char *word) {
  return run.reports.find(word) != std::string::npos;
}

} // namespace girih::ptx::test
