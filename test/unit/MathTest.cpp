// The elementary functions of passes/Math against libm in double precision, for several instruction sets.
//
//     bin/MathTest                                  a sample of the floats
//     GIRIH_MATH_STRIDE=1 bin/MathTest              all 2^32 (half an hour a target); prints each function's
//     largest error
//
// A stride should be odd, so that all low bits occur.
#include "passes/Math/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace {

/// Instructions to test with: what the host has, and what older machines have.
struct Target {
  const char *name;
  const char *cpu; // empty: the host
  bool fma;
  int lanes;
};
const Target targets[] = {{"Host", "", true, 16},
                          {"V3", "x86-64-v3", true, 8},
                          {"V2", "x86-64-v2", false, 4},
                          {"Scalar", "", true, 0}};

/// A function `void kernel(const T *x, const T *y, T *result, int64_t n)`, compiled from one operation. n is
/// a multiple of 16.
class Kernel {
public:
  Kernel(StringRef op, StringRef element, bool binary, const Target &target) {
    DialectRegistry registry;
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadDialect<func::FuncDialect, arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                        memref::MemRefDialect, vector::VectorDialect, LLVM::LLVMDialect, DLTIDialect>();
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source(op, element, binary, target.lanes), &context);
    if (!module) return;

    PassManager pm(&context);
    girih::ExpandMathOptions options;
    options.fma = target.fma;
    pm.addPass(girih::createExpandMath(options));
    pm.addPass(createSCFToControlFlowPass());
    pm.addPass(createConvertVectorToLLVMPass());
    pm.addPass(createConvertMathToLLVMPass());
    pm.addPass(createFinalizeMemRefToLLVMConversionPass());
    pm.addPass(createArithToLLVMConversionPass());
    pm.addPass(createConvertControlFlowToLLVMPass());
    pm.addPass(createConvertFuncToLLVMPass());
    pm.addPass(createReconcileUnrealizedCastsPass());
    if (failed(pm.run(*module))) return;
    compile(*module, target);
  }

  explicit operator bool() const { return descriptorFn; }

  /// n is a multiple of 16.
  void run(const void *x, const void *y, void *result, int64_t n) const {
    auto describe = [n](const void *p) {
      void *data = const_cast<void *>(p);
      return Descriptor{data, data, 0, n, 1};
    };
    Descriptor a = describe(x), b = describe(y), r = describe(result);
    descriptorFn(&a, &b, &r);
  }

private:
  /// With lanes = 0, a loop over scalars.
  static std::string source(StringRef op, StringRef element, bool binary, int lanes) {
    std::string type = lanes ? llvm::formatv("vector<{0}x{1}>", lanes, element).str() : element.str();
    auto access = [&](StringRef buffer) {
      return llvm::formatv("%{0}[%i] : memref<?x{1}>", buffer, element).str();
    };
    auto load = [&](StringRef name, StringRef buffer) {
      return lanes ? llvm::formatv("%{0} = vector.load {1}, {2}\n", name, access(buffer), type).str()
                   : llvm::formatv("%{0} = memref.load {1}\n", name, access(buffer)).str();
    };
    std::string store = lanes ? llvm::formatv("vector.store %r, {0}, {1}\n", access("result"), type).str()
                              : llvm::formatv("memref.store %r, {0}\n", access("result")).str();
    return llvm::formatv(R"mlir(
      func.func @kernel(%x: memref<?x{0}>, %y: memref<?x{0}>, %result: memref<?x{0}>) attributes {{llvm.emit_c_interface} {{
        %zero = arith.constant 0 : index
        %step = arith.constant {1} : index
        %n = memref.dim %x, %zero : memref<?x{0}>
        scf.for %i = %zero to %n step %step {{
          {2} {3}
          %r = {4} %a{5} : {6}
          {7}
        }
        return
      })mlir",
                         element, lanes ? lanes : 1, load("a", "x"), binary ? load("b", "y") : "", op,
                         binary ? ", %b" : "", type, store);
  }

  void compile(ModuleOp module, const Target &target) {
    auto context = std::make_unique<llvm::LLVMContext>();
    std::unique_ptr<llvm::Module> ir = translateModuleToLLVMIR(module, *context);
    if (!ir) return;
    auto machine = llvm::orc::JITTargetMachineBuilder::detectHost();
    if (!machine) return llvm::consumeError(machine.takeError());
    if (*target.cpu) {
      machine->setCPU(target.cpu);
      machine->getFeatures() = llvm::SubtargetFeatures();
    }
    machine->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
    auto targetMachine = llvm::cantFail(machine->createTargetMachine());
    ir->setDataLayout(targetMachine->createDataLayout());
    ir->setTargetTriple(targetMachine->getTargetTriple());
    // As the compiler does: optimisations must not lose a sign of zero or a NaN.
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager sccs;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder(targetMachine.get());
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(sccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, sccs, modules);
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(*ir, modules);

    jit = llvm::cantFail(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(*machine).create());
    llvm::cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(ir), std::move(context))));
    descriptorFn = llvm::cantFail(jit->lookup("_mlir_ciface_kernel")).toPtr<DescriptorFn>();
  }

  struct Descriptor {
    void *allocated, *aligned;
    int64_t offset, size, stride;
  };
  using DescriptorFn = void (*)(Descriptor *, Descriptor *, Descriptor *);
  std::unique_ptr<llvm::orc::LLJIT> jit;
  DescriptorFn descriptorFn = nullptr;
};

/// The distance in units in the last place of the exact result; infinite for a wrong NaN, infinity or sign.
template <typename T, typename Exact> double ulps(T got, Exact exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : INFINITY;
  if (std::signbit(got) != std::signbit(exact)) return INFINITY;
  if (std::isinf(exact) || T(exact) == got) return T(exact) == got ? 0 : INFINITY;
  int exponent = std::clamp(exact == 0 ? Limits::min_exponent : std::ilogb(exact), Limits::min_exponent - 1,
                            Limits::max_exponent - 1);
  Exact value =
      std::isinf(got) ? std::copysign(std::ldexp(Exact(1), Limits::max_exponent), exact) : Exact(got);
  return double(std::ldexp(std::abs(value - exact), Limits::digits - 1 - exponent));
}

struct Unary {
  const char *op;
  double (*exact)(double);
};

uint64_t stride() {
  const char *text = std::getenv("GIRIH_MATH_STRIDE");
  return text ? std::max(1ull, std::strtoull(text, nullptr, 10)) : 4099;
}

class MathTest : public testing::TestWithParam<std::tuple<Target, Unary>> {};

TEST_P(MathTest, FloatRange) {
  auto [target, function] = GetParam();
  Kernel kernel(std::string("math.") + function.op, "f32", false, target);
  ASSERT_TRUE(kernel);
  constexpr int block = 4096;
  std::vector<float> x(block), result(block);
  double worst = 0;
  float worstAt = 0;
  auto flush = [&] {
    kernel.run(x.data(), x.data(), result.data(), block);
    for (int i = 0; i < block; ++i) {
      double error = ulps(result[i], function.exact(x[i]));
      if (error > worst) worst = error, worstAt = x[i];
    }
  };
  int fill = 0;
  auto add = [&](uint32_t bits) {
    std::memcpy(&x[fill], &bits, 4);
    if (++fill == block) flush(), fill = 0;
  };
  for (uint64_t bits = 0; bits < 1ull << 32; bits += stride())
    add(uint32_t(bits));
  // Every power of two with its neighbours: zeros, subnormals, infinities and the borders of ranges are among
  // them.
  for (uint32_t exponent = 0; exponent < 512; ++exponent)
    for (int32_t d : {-2, -1, 0, 1, 2})
      add((exponent << 23) + uint32_t(d));
  while (fill)
    add(0x7fc00000);
  RecordProperty("ulp", std::to_string(worst));
  if (std::getenv("GIRIH_MATH_STRIDE"))
    llvm::outs() << llvm::formatv("{0,-8} {1,-8} {2:F3} ulp at {3}\n", target.name, function.op, worst,
                                  llvm::format("%a", worstAt));
  EXPECT_LE(worst, 4.0) << "at " << llvm::formatv("{0}", llvm::format("%a", worstAt)).str();
}

double rsqrtOf(double x) {
  return 1 / std::sqrt(x);
}
const Unary functions[] = {
    {"exp", std::exp},     {"exp2", std::exp2},   {"expm1", std::expm1}, {"log", std::log},
    {"log2", std::log2},   {"log10", std::log10}, {"log1p", std::log1p}, {"sin", std::sin},
    {"cos", std::cos},     {"tan", std::tan},     {"asin", std::asin},   {"acos", std::acos},
    {"atan", std::atan},   {"sinh", std::sinh},   {"cosh", std::cosh},   {"tanh", std::tanh},
    {"asinh", std::asinh}, {"acosh", std::acosh}, {"atanh", std::atanh}, {"erf", std::erf},
    {"erfc", std::erfc},   {"cbrt", std::cbrt},   {"rsqrt", rsqrtOf}};

INSTANTIATE_TEST_SUITE_P(All, MathTest,
                         testing::Combine(testing::ValuesIn(targets), testing::ValuesIn(functions)),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::get<1>(info.param).op;
                         });
} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  return RUN_ALL_TESTS();
}
