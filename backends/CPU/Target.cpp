#include "backends/CPU/Target.h"
#include "backends/CPU/EmitKernels.h"
#include "backends/CPU/Machine.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Predict.h"
#include "passes/Host/ToLLVM.h"

using namespace mlir;

namespace girih {

namespace {

class Cpu : public Target {
public:
  Cpu(CpuTarget host, const Machine &machine) : Target(std::move(host)), machine(machine) {}

  int64_t getLanes() const override {
    // Where multiply-adds read scalars from memory, as AVX-512's do, one vector is as good as two; a scalar
    // that passes through a register had better meet two.
    bool readsScalars = machine.registers > 16 && machine.operands == 0;
    return (readsScalars ? 1 : 2) * machine.vectorBits / 32;
  }

  bool wantsWinograd() const override { return true; }
  bool readsInPlace() const override { return false; }

  void addRewritePasses(OpPassManager &pm) const override { pm.addPass(createSumOnline(machine)); }

  void addJoinPasses(OpPassManager &pm) const override { pm.addPass(createJoinKernels(machine)); }

  void addPlanPasses(OpPassManager &pm) const override {
    pm.addPass(createPlanKernels(machine));
    pm.addPass(createPredictTimes(machine));
  }

  void addMapPasses(OpPassManager &pm) const override { pm.addPass(createMapTasks()); }

  void addLowerPasses(OpPassManager &pm) const override { buildKernelsToLLVM(pm, machine.fma); }

  FailureOr<EmittedKernels> emitKernels(ModuleOp module, const CodeOptions &options) const override {
    auto objects = girih::emitKernels(module, getHost(), options);
    if (failed(objects)) return failure();
    return EmittedKernels{std::move(*objects), {}};
  }

  void describe(raw_ostream &os) const override { machine.print(os); }

private:
  Machine machine;
};

} // namespace

llvm::Expected<std::unique_ptr<Target>> createCpuTarget(const TargetOptions &options) {
  auto cpu = resolveCpuTarget(options.target, options.cpu, options.mattr);
  if (!cpu) return cpu.takeError();
  Machine machine = Machine::fromTarget(*cpu);
  for (const auto &[key, value] : options.measured)
    if (llvm::Error e = machine.set(key, value)) return e;
  if (!options.machineFile.empty()) {
    auto stated = machine.withFile(options.machineFile);
    if (!stated) return stated.takeError();
    machine = *stated;
  }
  return std::make_unique<Cpu>(std::move(*cpu), machine);
}

} // namespace girih
