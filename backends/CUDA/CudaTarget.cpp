#include "backends/CUDA/CudaTarget.h"
#include "backends/CUDA/EmitPtx.h"
#include "backends/CUDA/Passes.h"
#include "passes/Host/ToLLVM.h"
#include "llvm/Support/JSON.h"

using namespace mlir;

namespace girih {

namespace {

class Cuda : public Target {
public:
  Cuda(CpuTarget host, SmallVector<Gpu> gpus) : Target(std::move(host)), gpus(std::move(gpus)) {}

  ArrayRef<Precision> getPrecisions() const override {
    static constexpr Precision all[] = {Precision::F16, Precision::BF16, Precision::TF32};
    return all;
  }

  int64_t getLanes() const override { return 1; }

  // Between its products lie several times as much as they read, which threads would write out.
  bool wantsWinograd() const override { return false; }

  // A launch costs more than a few indices, and a thread reads scalars from anywhere.
  bool readsInPlace() const override { return true; }

  // What kernels compute, and where they end, is left as it is: no thread has memory near it for what is
  // between two.
  void addRewritePasses(OpPassManager &) const override {}
  void addJoinPasses(OpPassManager &) const override {}

  void addPlanPasses(OpPassManager &pm) const override { pm.addPass(createPlanCuda({gpus.front().sm})); }

  void addMapPasses(OpPassManager &pm) const override { pm.addPass(createMapCuda()); }

  void addLowerPasses(OpPassManager &pm) const override {
    buildKernelsToLLVM(pm, /*fma=*/true, /*libm=*/false);
  }

  FailureOr<EmittedKernels> emitKernels(ModuleOp module, const CodeOptions &options) const override {
    return emitPtx(module, gpus, options);
  }

  void describe(raw_ostream &os) const override {
    llvm::json::OStream json(os, 2);
    json.object([&] {
      json.attributeArray("sm", [&] {
        for (const Gpu &gpu : gpus)
          json.value(int64_t(gpu.sm));
      });
    });
    os << "\n";
  }

private:
  SmallVector<Gpu> gpus;
};

} // namespace

llvm::Expected<std::unique_ptr<Target>> createCudaTarget(const TargetOptions &options) {
  if (!options.machineFile.empty())
    return llvm::createStringError("--machine is of CPUs: plans for --target=cuda take no numbers");
  auto gpus = parseGpus(options.sm);
  if (!gpus) return gpus.takeError();
  auto host = resolveCpuTarget("", options.cpu, options.mattr);
  if (!host) return host.takeError();
  return std::make_unique<Cuda>(std::move(*host), std::move(*gpus));
}

} // namespace girih
