// The simulator as its command and the driver library use it: a device with memory, modules loaded onto it,
// launches.
//
//   Device device(DeviceOptions{});
//   std::string error;
//   LoadedModule *module = device.load(text, "kernel.ptx", error);
//   Launch launch = {...};
//   LaunchResult result = device.launch(*module->kernel("add"), launch);
//
// A Device may be used by several threads, one launch at a time.
#pragma once

#include "tools/ptxsim/decode/Program.h"
#include "tools/ptxsim/device/Memory.h"
#include "tools/ptxsim/exec/Observer.h"
#include <functional>
#include <mutex>

namespace girih::ptx {

struct DeviceOptions {
  uint64_t memoryBytes = 80ull << 30;
  uint32_t smCount = 132;
  uint32_t sharedBytesPerBlock = 227 << 10, threadsPerSm = 2048;
};

/// What went wrong, found by the execution or an observer.
struct Report {
  std::string kind; // "fault", "race", "deadlock", ...
  std::string message;
  const Instruction *instruction = nullptr, *other = nullptr;
  uint32_t block[3] = {0, 0, 0}, thread[3] = {0, 0, 0};
  uint64_t address = 0;
  std::string place = {}; // "in buffer 'x', byte 8 of 64": what the address lies in, if that has a name
};

/// In which order a grid's clusters begin. Races that one order hides another one shows.
struct BlockOrder {
  enum class Kind : uint8_t { Ascending, Reverse, Random } kind = Kind::Ascending;
  uint64_t seed = 0;

  /// "reverse" or "random:SEED"; false if it is neither.
  bool parse(std::string_view text);
  /// The cluster that is number `number` of `count`.
  uint64_t at(uint64_t number, uint64_t count) const;
};

struct Launch {
  uint32_t grid[3] = {1, 1, 1}, block[3] = {1, 1, 1}, cluster[3] = {1, 1, 1};
  uint32_t dynamicSharedBytes = 0;
  bool cooperative = false;                       // the grid may synchronise as a whole
  std::vector<char> params;                       // as Program::params lays them out
  Observer *observer = nullptr;                   // sees every access
  bool count = false;                             // fill LaunchResult::executions
  bool observeInstructions = false;               // the observer sees every instruction too
  std::vector<uint64_t> sample;                   // clusters to run, by index in the grid; empty: all
  BlockOrder order;                               // of all of them
  unsigned threads = 0;                           // of the host, 0: as many as it has
  uint64_t maxWarpInstructions = 0;               // about when a host thread gives up; 0: never
  std::function<void(const std::string &)> print; // output of printf; standard output if empty
  /// Called every ten seconds: how many blocks are done, and how many there are.
  std::function<void(uint64_t, uint64_t)> progress;
};

/// A kernel with .reqnctapercluster has that cluster where the launch names none.
void takeClusterOf(const Program &program, Launch &launch);

struct LaunchResult {
  std::vector<Report> reports; // empty: all went well; the first few of each kind
  uint64_t moreReports = 0;
  uint64_t warpInstructions = 0;
  std::vector<uint64_t> executions, laneExecutions; // by instruction of Program::code, if counted
  bool ok() const { return reports.empty(); }
  /// Whether nothing was run.
  bool refused() const { return !reports.empty() && reports[0].kind == "launch"; }
};

/// A module on a device: its variables have addresses, its kernels are decoded.
class LoadedModule final : public Addresses {
public:
  const Module &module() const { return *parsed; }
  /// Null if there is none of that name.
  const Program *kernel(const std::string &name) const;
  struct Global {
    uint64_t address = 0, bytes = 0;
  };
  std::optional<Global> global(const std::string &name) const;
  uint64_t variable(const Variable &variable) const override;

private:
  friend class Device;
  std::unique_ptr<Module> parsed;
  std::map<const Variable *, uint64_t> addresses;
  std::map<std::string, std::unique_ptr<Program>> kernels;
};

class Device {
public:
  explicit Device(const DeviceOptions &options = {});
  ~Device();

  const DeviceOptions &options() const { return settings; }
  Memory &memory() { return deviceMemory; }

  /// Loads PTX: everything in it is checked. Null on failure, `error` being "error: FILE:LINE:COLUMN: what".
  LoadedModule *load(std::string text, std::string file, std::string &error);
  void unload(LoadedModule *module);

  /// What a launch would be refused for, or empty.
  std::string refusal(const Program &program, const Launch &launch) const;
  LaunchResult launch(const Program &program, const Launch &launch);

private:
  DeviceOptions settings;
  Memory deviceMemory;
  const Backend *backend;
  std::mutex lock;
  std::vector<std::unique_ptr<LoadedModule>> modules;

  bool place(LoadedModule &module, std::string &error);
};

/// "FILE:LINE: KIND: message", with the second instruction and the places in the source that `.loc` gives.
std::string formatReport(const Module &module, const Report &report);

} // namespace girih::ptx
