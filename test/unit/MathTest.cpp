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
#include <functional>
#include <gtest/gtest.h>
#include <random>

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

bool hostHas(StringRef feature) {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  return features.lookup(feature);
}

bool isRunnable(const Target &target) {
  return StringRef(target.cpu) != "x86-64-v3" || (hostHas("avx2") && hostHas("fma"));
}

/// A function of arrays, `result[i] = op(x[i], y[i])`, compiled from operations that define %r by %a and %b.
/// In their text, `$T` is their type and `$I` that of as many i32.
class Kernel {
public:
  Kernel(StringRef op, StringRef element, const Target &target) {
    DialectRegistry registry;
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadDialect<func::FuncDialect, arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                        memref::MemRefDialect, vector::VectorDialect, LLVM::LLVMDialect, DLTIDialect>();
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source(op, element, target.lanes), &context);
    if (!module) return;

    PassManager pm(&context);
    girih::ExpandMathOptions options;
    options.fma = target.fma && (*target.cpu || hostHas("fma"));
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
  static std::string source(StringRef op, StringRef element, int lanes) {
    std::string text = R"mlir(
      func.func @kernel(%x: $M, %y: $M, %result: $M) attributes {llvm.emit_c_interface} {
        %zero = arith.constant 0 : index
        %step = arith.constant $N : index
        %n = memref.dim %x, %zero : $M
        scf.for %i = %zero to %n step %step {
          %a = $L %x[%i] : $M
          %b = $L %y[%i] : $M
          $O
          $S %r, %result[%i] : $M
        }
        return
      })mlir";
    auto replace = [&](StringRef from, const std::string &to) {
      for (size_t at = 0; (at = text.find(from.str(), at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    };
    auto typeOf = [&](StringRef e) {
      return lanes ? llvm::formatv("vector<{0}x{1}>", lanes, e).str() : e.str();
    };
    std::string buffer = llvm::formatv("memref<?x{0}>", element).str(), type = typeOf(element);
    replace("$O", op.str());
    if (lanes) {
      replace("$L %x[%i] : $M", "vector.load %x[%i] : $M, $T");
      replace("$L %y[%i] : $M", "vector.load %y[%i] : $M, $T");
      replace("$S %r, %result[%i] : $M", "vector.store %r, %result[%i] : $M, $T");
    }
    replace("$L", "memref.load");
    replace("$S", "memref.store");
    replace("$N", std::to_string(lanes ? lanes : 1));
    replace("$M", buffer);
    replace("$T", type);
    replace("$I", typeOf("i32"));
    return text;
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

uint64_t stride() {
  const char *text = std::getenv("GIRIH_MATH_STRIDE");
  return text ? std::max(1ull, std::strtoull(text, nullptr, 10)) : 4099;
}

constexpr size_t block = 4096;

/// Collects arguments, runs the kernel on a block of them at a time, and keeps the largest error. `Exact` is
/// a wider type.
template <typename T, typename Exact> class Measure {
public:
  Measure(const Kernel &kernel, std::function<Exact(Exact, Exact)> exact)
      : kernel(kernel), exact(std::move(exact)), x(block), y(block), result(block) {}

  void add(T a, T b = 0) {
    x[fill] = a, y[fill] = b;
    if (++fill == block) flush();
  }
  double finish() {
    while (fill)
      add(x[0], y[0]);
    return worst;
  }
  std::string where() const {
    return llvm::formatv("({0}, {1})", llvm::format("%a", double(at[0])), llvm::format("%a", double(at[1])))
        .str();
  }

private:
  void flush() {
    fill = 0;
    kernel.run(x.data(), y.data(), result.data(), block);
    for (size_t i = 0; i < block; ++i) {
      double error = ulps(result[i], exact(x[i], y[i]));
      if (error > worst) worst = error, at[0] = x[i], at[1] = y[i];
    }
  }

  const Kernel &kernel;
  std::function<Exact(Exact, Exact)> exact;
  std::vector<T> x, y, result;
  size_t fill = 0;
  double worst = 0;
  T at[2] = {};
};

float floatOf(uint32_t bits) {
  return llvm::bit_cast<float>(bits);
}

/// Every power of two with its neighbours: zeros, subnormals, infinities and the borders of ranges are among
/// them.
template <typename Add> void addBorders(Add add) {
  for (uint32_t exponent = 0; exponent < 512; ++exponent)
    for (int32_t d : {-2, -1, 0, 1, 2})
      add(floatOf((exponent << 23) + uint32_t(d)));
}

struct Unary {
  const char *op;
  double (*exact)(double);
};

class UnaryTest : public testing::TestWithParam<std::tuple<Target, Unary>> {};

TEST_P(UnaryTest, FloatRange) {
  auto [target, function] = GetParam();
  if (!isRunnable(target)) GTEST_SKIP() << "needs AVX2 and FMA";
  Kernel kernel(std::string("%r = math.") + function.op + " %a : $T", "f32", target);
  ASSERT_TRUE(kernel);
  double (*exact)(double) = function.exact;
  Measure<float, double> measure(kernel, [=](double x, double) { return exact(x); });
  for (uint64_t bits = 0; bits < 1ull << 32; bits += stride())
    measure.add(floatOf(uint32_t(bits)));
  addBorders([&](float x) { measure.add(x); });
  double worst = measure.finish();
  if (std::getenv("GIRIH_MATH_STRIDE"))
    llvm::errs() << llvm::formatv("{0,-8} {1,-8} {2:F3} ulp at {3}\n", target.name, function.op, worst,
                                  measure.where());
  EXPECT_LE(worst, 4.0) << "at " << measure.where();
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

INSTANTIATE_TEST_SUITE_P(All, UnaryTest,
                         testing::Combine(testing::ValuesIn(targets), testing::ValuesIn(functions)),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::get<1>(info.param).op;
                         });

class BinaryTest : public testing::TestWithParam<Target> {
protected:
  /// All pairs of special values, and pairs that `random` makes of uniform numbers in [0, 1).
  double worst(StringRef op, double (*exact)(double, double),
               std::pair<float, float> (*random)(double, double)) {
    Kernel kernel(op, "f32", GetParam());
    if (!kernel) return INFINITY;
    Measure<float, double> measure(kernel, exact);
    std::vector<float> special;
    for (float x : {0.0f,
                    0x1p-149f,
                    0x1p-126f,
                    1e-20f,
                    0.5f,
                    0x1.fffffep-1f,
                    1.0f,
                    0x1.000002p+0f,
                    1.5f,
                    2.0f,
                    3.0f,
                    4.5f,
                    5.0f,
                    127.0f,
                    128.0f,
                    149.0f,
                    0x1.fffffep+22f,
                    0x1.fffffep+23f,
                    0x1p+24f,
                    1e20f,
                    0x1.fffffep+127f,
                    INFINITY,
                    NAN})
      special.push_back(x), special.push_back(-x);
    for (float x : special)
      for (float y : special)
        measure.add(x, y);
    std::mt19937_64 engine(1);
    auto uniform = [&] { return double(engine() >> 11) * 0x1p-53; };
    for (int i = 0; i < 400000; ++i) {
      double a = uniform(), b = uniform();
      auto [x, y] = random(a, b);
      measure.add(x, y);
    }
    double result = measure.finish();
    if (std::getenv("GIRIH_MATH_STRIDE"))
      llvm::errs() << llvm::formatv("{0,-8} {1} {2:F3} ulp at {3}\n", GetParam().name, op, result,
                                    measure.where());
    return result;
  }
};

TEST_P(BinaryTest, Pow) {
  if (!isRunnable(GetParam())) GTEST_SKIP() << "needs AVX2 and FMA";
  auto inRange = [](double a, double b) {
    double x = std::exp2(300 * a - 150);
    return std::pair(float(x), float((280 * b - 150) / std::log2(x)));
  };
  auto nearOne = [](double a, double b) { return std::pair(float(0.5 + a), float(200 * b - 100)); };
  EXPECT_LE(worst("%r = math.powf %a, %b : $T", std::pow, inRange), 4.0);
  EXPECT_LE(worst("%r = math.powf %a, %b : $T", std::pow, nearOne), 4.0);
}

TEST_P(BinaryTest, IntegerPower) {
  if (!isRunnable(GetParam())) GTEST_SKIP() << "needs AVX2 and FMA";
  auto exact = [](double x, double n) {
    return std::pow(x, double(int32_t(std::clamp(std::isnan(n) ? 0 : n, -999.0, 999.0))));
  };
  auto random = [](double a, double b) { return std::pair(float(4 * a - 2), float(200 * b - 100)); };
  StringRef op = R"mlir(
    %low = arith.constant $D-999.0$E : $T
    %high = arith.constant $D999.0$E : $T
    %m = arith.maxnumf %b, %low : $T
    %k = arith.minnumf %m, %high : $T
    %ordered = arith.cmpf ord, %b, %b : $T
    %zero_ = arith.subf %high, %high : $T
    %l = arith.select %ordered, %k, %zero_ : $C, $T
    %n_ = arith.fptosi %l : $T to $I
    %r = math.fpowi %a, %n_ : $T, $I)mlir";
  bool scalar = GetParam().lanes == 0;
  std::string text = op.str();
  auto replace = [&](StringRef from, StringRef to) {
    for (size_t at = 0; (at = text.find(from.str(), at)) != std::string::npos;)
      text.replace(at, from.size(), to.str());
  };
  replace("$D", scalar ? "" : "dense<");
  replace("$E", scalar ? "" : ">");
  replace("$C", scalar ? "i1" : llvm::formatv("vector<{0}xi1>", GetParam().lanes).str());
  EXPECT_LE(worst(text, exact, random), 4.0);
}

TEST_P(BinaryTest, Atan2) {
  if (!isRunnable(GetParam())) GTEST_SKIP() << "needs AVX2 and FMA";
  auto random = [](double a, double b) {
    return std::pair(float(std::ldexp(std::remainder(a * 64, 2), int(a * 60) - 30)),
                     float(std::remainder(b * 32, 2)));
  };
  EXPECT_LE(worst("%r = math.atan2 %a, %b : $T", std::atan2, random), 4.0);
}

INSTANTIATE_TEST_SUITE_P(All, BinaryTest, testing::ValuesIn(targets),
                         [](const auto &info) { return std::string(info.param.name); });

struct UnaryF64 {
  const char *op;
  long double (*exact)(long double);
};

class DoubleTest : public testing::TestWithParam<UnaryF64> {};

TEST_P(DoubleTest, Sample) {
  Kernel kernel(std::string("%r = math.") + GetParam().op + " %a : $T", "f64", {"Host", "", true, 8});
  ASSERT_TRUE(kernel);
  auto exact = GetParam().exact;
  Measure<double, long double> measure(kernel, [=](long double x, long double) { return exact(x); });
  addBorders([&](float x) { measure.add(x); });
  for (double x : {0x1p-1074, 0x1p-1022, 0x1p-1021, 0x1.fffffffffffffp+1023, 709.5, -745.1, 26.5, 27.2})
    measure.add(x), measure.add(-x);
  std::mt19937_64 engine(2);
  for (int i = 0; i < 40000; ++i) {
    double x = double(engine() >> 11) * 0x1p-52 - 1;
    for (double scale : {0x1p-20, 1.0, 4.0, 30.0, 0x1p+40})
      measure.add(scale * x);
  }
  EXPECT_LE(measure.finish(), 8.0) << "at " << measure.where();
}

long double rsqrtOfLong(long double x) {
  return 1 / std::sqrt(x);
}
INSTANTIATE_TEST_SUITE_P(All, DoubleTest,
                         testing::Values(UnaryF64{"expm1", std::expm1}, UnaryF64{"log1p", std::log1p},
                                         UnaryF64{"asinh", std::asinh}, UnaryF64{"acosh", std::acosh},
                                         UnaryF64{"atanh", std::atanh}, UnaryF64{"erf", std::erf},
                                         UnaryF64{"erfc", std::erfc}, UnaryF64{"cbrt", std::cbrt},
                                         UnaryF64{"rsqrt", rsqrtOfLong}),
                         [](const auto &info) { return std::string(info.param.op); });
} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  return RUN_ALL_TESTS();
}
