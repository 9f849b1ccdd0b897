// Runs a few lines of PTX on one buffer: the fixture of the simulator's tests.
#pragma once

#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/check/Checker.h"
#include <cstring>
#include <gtest/gtest.h>

namespace girih::ptx::test {

/// A kernel around `body`, which finds the address of the buffer in %buffer, of its own 8 bytes there in
/// %mine, and its thread number in %t; %r, %s, %h, %f, %d and %p registers are declared.
inline std::string kernelAround(const std::string &body, const std::string &module = "") {
  return ".version 9.0\n.target sm_90\n.address_size 64\n" + module + R"(
.visible .entry k(.param .u64 p) {
  .reg .pred %p<20>; .reg .b16 %h<20>; .reg .b32 %r<40>; .reg .b64 %s<40>; .reg .f32 %f<20>; .reg .f64 %d<20>;
  .reg .b64 %buffer, %mine; .reg .b32 %t, %block;
  ld.param.u64 %buffer, [p];
  mov.u32 %t, %tid.x;
  mov.u32 %block, %ctaid.x;
  mad.wide.u32 %mine, %t, 8, %buffer;
)" + body +
         "\n ret;\n}\n";
}

struct Outcome {
  std::string error; // of loading
  LaunchResult result;
  std::vector<char> buffer;
  std::string reports; // formatted

  template <class T> T at(size_t n) const {
    T value;
    memcpy(&value, buffer.data() + n * sizeof(T), sizeof(T));
    return value;
  }
  /// The first value of a thread's 8 bytes.
  template <class T> T of(size_t thread) const {
    T value;
    memcpy(&value, buffer.data() + thread * 8, sizeof(T));
    return value;
  }
};

struct RunOptions {
  uint32_t threads = 32, blocks = 1, cluster = 1, dynamicShared = 0, hostThreads = 1;
  std::vector<char> buffer = {};
  size_t bytes = 8192;
  std::function<void(const std::string &)> print = {};
  Observer *observer = nullptr;
  uint64_t maxWarpInstructions = 0;
  CheckOptions checks = {};
  BlockOrder order = {};
};

inline Outcome runModule(const std::string &text, const RunOptions &options = {}) {
  Outcome run;
  Device device;
  LoadedModule *module = device.load(text, "test.ptx", run.error);
  if (!module) return run;
  const Program *program = module->kernel("k");
  run.buffer = options.buffer;
  run.buffer.resize(std::max(options.bytes, options.buffer.size()));
  uint64_t address = device.memory().allocate(run.buffer.size());
  memcpy(device.memory().pointer(address, run.buffer.size()), run.buffer.data(), run.buffer.size());
  Launch launch;
  launch.grid[0] = options.blocks, launch.block[0] = options.threads, launch.cluster[0] = options.cluster;
  launch.dynamicSharedBytes = options.dynamicShared, launch.threads = options.hostThreads;
  launch.print = options.print, launch.observer = options.observer;
  launch.maxWarpInstructions = options.maxWarpInstructions;
  launch.params.resize(8);
  memcpy(launch.params.data(), &address, 8);
  run.result = device.launch(*program, launch);
  for (const Report &r : run.result.reports)
    run.reports += formatReport(module->module(), r) + "\n";
  memcpy(run.buffer.data(), device.memory().pointer(address, run.buffer.size()), run.buffer.size());
  return run;
}

inline Outcome runBody(const std::string &body, const RunOptions &options = {},
                       const std::string &module = "") {
  Outcome run = runModule(kernelAround(body, module), options);
  EXPECT_EQ(run.error, "");
  return run;
}

} // namespace girih::ptx::test
