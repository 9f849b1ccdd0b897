// What a model is compiled for. All that differs from target to target stands behind this interface: numbers
// for the plan, what a parallel loop becomes, and bytes. Whoever runs the walk asks for no more.
#pragma once

#include "backends/Host/DeviceCode.h"
#include "backends/Host/EmitModule.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace girih {

/// What emission leaves of kernels: objects for the linker, or a device's code.
struct EmittedKernels {
  llvm::SmallVector<EmittedCode> objects;
  DeviceCode device; // empty for a CPU
};

/// As the command line names it.
struct TargetOptions {
  std::string target;      // a triple or an accelerator; empty: this machine
  std::string cpu;         // empty: host, or the least of another target
  std::string mattr;       // LLVM features to add or remove
  std::string machineFile; // what plans are to take for the machine instead of what is known of the CPU
  std::vector<std::pair<std::string, double>> measured; // numbers of such a file that were measured
  std::string sm;                                       // of GPUs, "80,90"; empty: the target's default
};

/// What a model of f32 is computed in (`--precision`): f16 and bf16 are types of memory, and of what products
/// multiply; with TF32 only that is rounded.
enum class Precision { F32, F16, BF16, TF32 };

/// "f32", "f16", "bf16" or "tf32".
llvm::StringRef precisionName(Precision precision);

class Target {
public:
  virtual ~Target() = default;

  /// What a model of f32 may be computed in other than that.
  virtual llvm::ArrayRef<Precision> getPrecisions() const { return {}; }

  /// Results of 32 bits that are computed at once along channels: the graph stage fills them where channels
  /// are few. 1: there is nothing to fill.
  virtual int64_t getLanes() const = 0;
  /// Whether convolutions of 3x3 are to take fewer multiplications, and more memory between these.
  virtual bool wantsWinograd() const = 0;
  /// Whether kernels read through what only moves elements (borders of windows, transposes of a product's
  /// operands, gathers), rather than find it written by kernels before them, side by side as vectors want it.
  virtual bool readsInPlace() const = 0;
  /// The plan stage, first of all: has kernels compute what they do in another way, where that is faster.
  virtual void addRewritePasses(mlir::OpPassManager &pm) const = 0;
  /// The plan stage, before tensors have places: decides where kernels end.
  virtual void addJoinPasses(mlir::OpPassManager &pm) const = 0;
  /// The plan stage: gives a schedule to every kernel that has none.
  virtual void addPlanPasses(mlir::OpPassManager &pm) const = 0;
  /// The map stage: turns kernels' parallel loops into what runs them.
  virtual void addMapPasses(mlir::OpPassManager &pm) const = 0;
  /// The llvm stage.
  virtual void addLowerPasses(mlir::OpPassManager &pm) const = 0;
  /// Emits every kernel that `@main` launches: as objects, for linking to the tables that call them, or for a
  /// device.
  virtual mlir::FailureOr<EmittedKernels> emitKernels(mlir::ModuleOp module,
                                                      const CodeOptions &options) const = 0;
  /// What plans are made from, as JSON.
  virtual void describe(llvm::raw_ostream &os) const = 0;

  /// The CPU that runs the artifact's tables and runtime, whatever runs the kernels.
  const CpuTarget &getHost() const { return host; }

protected:
  explicit Target(CpuTarget host) : host(std::move(host)) {}

private:
  CpuTarget host;
};

/// The target of these options. The error names the option that is wrong and what is expected.
llvm::Expected<std::unique_ptr<Target>> getTarget(const TargetOptions &options);

/// The precision of a name, if the target has it.
llvm::Expected<Precision> parsePrecision(llvm::StringRef name, const Target &target);

/// Makes the passes of all targets known by name.
void registerTargetPasses();

} // namespace girih
