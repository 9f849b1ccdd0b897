// Constant evaluation: each case is a line of IR whose operands are constants.
#include "dialects/Graph/Evaluate.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/HostTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Format.h"
#include "gtest/gtest.h"
#include <map>

using namespace mlir;
using namespace girih;

namespace {
struct EvaluateTest : testing::Test {
  MLIRContext ctx;
  EvaluateTest() { ctx.loadDialect<GirihDialect>(); }

  FailureOr<ElementsAttr> run(const std::string &text) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &ctx);
    EXPECT_TRUE(module) << text;
    if (!module) return failure();
    Operation &op = module->getBody()->back();
    SmallVector<ElementsAttr> operands;
    for (Value v : op.getOperands())
      operands.push_back(v.getDefiningOp<ConstantOp>().getValue());
    return evaluateConstant(&op, operands);
  }
  /// The elements of the last op's result, as printed: "[1, 2]".
  std::string evaluate(const std::string &text) {
    FailureOr<ElementsAttr> value = run(text);
    if (failed(value)) return "failure";
    FailureOr<HostTensor> t = HostTensor::read(*value);
    std::string out;
    llvm::raw_string_ostream os(out);
    HostTensor dense = t->toRowMajor();
    os << "[";
    for (int64_t i = 0; i < dense.getNumElements(); ++i) {
      if (i) os << ", ";
      if (dense.access().isFloat)
        os << llvm::format("%.7g", dense.getFloat(i));
      else if (dense.access().isUnsigned)
        os << uint64_t(dense.getInt(i));
      else
        os << dense.getInt(i);
    }
    os << "]";
    return out;
  }
  /// `fn` on constants given as "dense<...> : type", with result type `type`.
  std::string unary(StringRef fn, StringRef x, StringRef type, StringRef attributes = "") {
    StringRef from = x.split(" : ").second;
    return evaluate(("%x = girih.constant " + x + "\n%r = girih.unary " + fn + " %x " + attributes + " : (" +
                     from + ") -> " + type)
                        .str());
  }
  std::string binary(StringRef fn, StringRef x, StringRef y, StringRef type) {
    return evaluate(("%x = girih.constant " + x + "\n%y = girih.constant " + y + "\n%r = girih.binary " + fn +
                     " %x, %y : (" + x.split(" : ").second + ", " + y.split(" : ").second + ") -> " + type)
                        .str());
  }
  std::string cast(StringRef x, StringRef element) {
    StringRef from = x.split(" : ").second;
    std::string to = (from.take_front(from.rfind('x') + 1) + element + ">").str();
    return evaluate(
        ("%x = girih.constant " + x + "\n%r = girih.cast %x {to = " + element + "} : (" + from + ") -> " + to)
            .str());
  }
};

TEST_F(EvaluateTest, Unary) {
  EXPECT_EQ(unary("neg", "dense<[1.0, -0.0]> : tensor<2xf32>", "tensor<2xf32>"), "[-1, 0]");
  EXPECT_EQ(unary("neg", "dense<-128> : tensor<2xi8>", "tensor<2xi8>"), "[-128, -128]");
  EXPECT_EQ(unary("round", "dense<[0.5, 1.5, -2.5]> : tensor<3xf32>", "tensor<3xf32>"), "[0, 2, -2]");
  EXPECT_EQ(unary("relu", "dense<[-1.0, 0x7FC00000]> : tensor<2xf32>", "tensor<2xf32>"), "[0, nan]");
  EXPECT_EQ(unary("sigmoid", "dense<[0.0, 100.0, -1000.0]> : tensor<3xf32>", "tensor<3xf32>"), "[0.5, 1, 0]");
  EXPECT_EQ(unary("softplus", "dense<[1000.0, 0.0]> : tensor<2xf64>", "tensor<2xf64>"), "[1000, 0.6931472]");
  EXPECT_EQ(unary("leaky_relu", "dense<[-2.0, 3.0]> : tensor<2xf16>", "tensor<2xf16>", "{alpha = 0.5 : f32}"),
            "[-1, 3]");
  EXPECT_EQ(unary("isinf", "dense<[0xFF800000, 0x7F800000]> : tensor<2xf32>", "tensor<2xi1>",
                  "{alpha = 1.0 : f32}"),
            "[1, 0]");
  EXPECT_EQ(unary("logical_not", "dense<[true, false]> : tensor<2xi1>", "tensor<2xi1>"), "[0, 1]");
  EXPECT_EQ(unary("bitwise_not", "dense<[0, 255]> : tensor<2xui8>", "tensor<2xui8>"), "[255, 0]");
  EXPECT_EQ(unary("abs", "dense<[-3, 4]> : tensor<2xi64>", "tensor<2xi64>"), "[3, 4]");
}

TEST_F(EvaluateTest, BinaryBroadcasts) {
  EXPECT_EQ(binary("add", "dense<[[1], [10]]> : tensor<2x1xi32>", "dense<[1, 2, 3]> : tensor<3xi32>",
                   "tensor<2x3xi32>"),
            "[2, 3, 4, 11, 12, 13]");
  EXPECT_EQ(binary("mul", "dense<2.0> : tensor<f32>", "dense<[1.5, -0.5]> : tensor<2xf32>", "tensor<2xf32>"),
            "[3, -1]");
  EXPECT_EQ(binary("add", "dense<1> : tensor<0xi32>", "dense<1> : tensor<1xi32>", "tensor<0xi32>"), "[]");
}

TEST_F(EvaluateTest, Integers) {
  auto i8 = [&](StringRef fn, int a, int b) {
    return binary(fn, "dense<" + std::to_string(a) + "> : tensor<i8>",
                  "dense<" + std::to_string(b) + "> : tensor<i8>", "tensor<i8>");
  };
  EXPECT_EQ(i8("add", 127, 1), "[-128]");
  EXPECT_EQ(i8("div", -7, 2), "[-3]");
  EXPECT_EQ(i8("div", -128, -1), "[-128]");
  EXPECT_EQ(i8("div", 1, 0), "failure");
  EXPECT_EQ(i8("mod", -7, 3), "[2]");
  EXPECT_EQ(i8("mod", 7, -3), "[-2]");
  EXPECT_EQ(i8("fmod", -7, 3), "[-1]");
  EXPECT_EQ(i8("mod", 7, 0), "failure");
  EXPECT_EQ(i8("pow", 3, 4), "[81]");
  EXPECT_EQ(i8("pow", 2, -1), "[0]");
  EXPECT_EQ(i8("shift_right", -8, 1), "[-4]");
  EXPECT_EQ(i8("shift_left", 1, 8), "[0]");
  EXPECT_EQ(
      binary("div", "dense<18446744073709551615> : tensor<ui64>", "dense<2> : tensor<ui64>", "tensor<ui64>"),
      "[9223372036854775807]");
  EXPECT_EQ(binary("greater", "dense<18446744073709551615> : tensor<ui64>", "dense<2> : tensor<ui64>",
                   "tensor<i1>"),
            "[1]");
}

TEST_F(EvaluateTest, NotANumber) {
  StringRef nan = "dense<0x7FC00000> : tensor<f32>", one = "dense<1.0> : tensor<f32>";
  EXPECT_EQ(binary("max", nan, one, "tensor<f32>"), "[nan]");
  EXPECT_EQ(binary("min", one, nan, "tensor<f32>"), "[nan]");
  EXPECT_EQ(binary("equal", nan, nan, "tensor<i1>"), "[0]");
  EXPECT_EQ(binary("greater_or_equal", nan, one, "tensor<i1>"), "[0]");
  EXPECT_EQ(binary("pow", "dense<2.0> : tensor<f32>", "dense<3> : tensor<i64>", "tensor<f32>"), "[8]");
}

TEST_F(EvaluateTest, Casts) {
  EXPECT_EQ(cast("dense<[1.9, -1.9, 0.0]> : tensor<3xf32>", "i32"), "[1, -1, 0]");
  EXPECT_EQ(cast("dense<[0.5, 0.0, 0x7FC00000]> : tensor<3xf32>", "i1"), "[1, 0, 1]");
  EXPECT_EQ(cast("dense<[2, 0, -1]> : tensor<3xi64>", "i1"), "[1, 0, 1]");
  EXPECT_EQ(cast("dense<[true, false, true]> : tensor<3xi1>", "f32"), "[1, 0, 1]");
  EXPECT_EQ(cast("dense<[300, -1]> : tensor<2xi32>", "ui8"), "[44, 255]");
  EXPECT_EQ(cast("dense<[65519.0, 65520.0]> : tensor<2xf32>", "f16"), "[65504, inf]");
  EXPECT_EQ(cast("dense<[5.9604645e-08, 2.9802322e-08]> : tensor<2xf32>", "f16"), "[5.960464e-08, 0]");
  EXPECT_EQ(cast("dense<[1.00390625, 1.01171875]> : tensor<2xf32>", "bf16"), "[1, 1.015625]"); // ties to even
  EXPECT_EQ(cast("dense<9007199791611905> : tensor<1xi64>", "f32"), "[9.0072e+15]"); // rounded once, up
  EXPECT_EQ(cast("dense<18446744073709551615> : tensor<1xui64>", "f64"), "[1.844674e+19]");
  // Out of range, as kernels do it: through i32 or i64, whose nearest value is taken; NaN is the least.
  StringRef far = "dense<[1.0e10, -1.0e10, 0x7FC00000]> : tensor<3xf32>";
  EXPECT_EQ(cast(far, "i32"), "[2147483647, -2147483648, -2147483648]");
  EXPECT_EQ(cast(far, "i8"), "[-1, 0, 0]");
  EXPECT_EQ(cast(far, "ui16"), "[65535, 0, 0]");
  EXPECT_EQ(cast("dense<[1.0e20, -1.0, 0x7FC00000]> : tensor<3xf32>", "ui64"),
            "[18446744073709551615, 18446744073709551615, 9223372036854775808]");
  // f16 and bf16 come from f32: 1 + 2^-11 + 2^-40 is a tie there.
  EXPECT_EQ(cast("dense<1.00048828125090949> : tensor<1xf64>", "f16"), "[1]");
  EXPECT_EQ(cast("dense<9223372586610589697> : tensor<1xui64>", "f32"), "[9.223373e+18]"); // rounded once, up
}

TEST_F(EvaluateTest, Powers) {
  auto power = [&](StringRef x, StringRef y) {
    return evaluate(("%x = girih.constant " + x + "\n%y = girih.constant " + y +
                     "\n%r = girih.binary pow %x, %y : (" + x.split(" : ").second + ", " +
                     y.split(" : ").second + ") -> " + x.split(" : ").second)
                        .str());
  };
  EXPECT_EQ(power("dense<[3, 7, -3]> : tensor<3xi64>", "dense<[39, 22, 41]> : tensor<3xi64>"),
            "[4052555153018976267, 3909821048582988049, 420491770248316829]");
  EXPECT_EQ(power("dense<[2, -1, 1, -5]> : tensor<4xi32>", "dense<[-1, -3, -2, -9]> : tensor<4xi64>"),
            "[0, -1, 1, 0]");
  EXPECT_EQ(power("dense<[-1.0, -1.0]> : tensor<2xf32>",
                  "dense<[9007199254740993, 9007199254740992]> : tensor<2xi64>"),
            "[-1, 1]");
  EXPECT_EQ(power("dense<[0xFF800000, -0.0]> : tensor<2xf32>", "dense<0.5> : tensor<2xf32>"), "[inf, 0]");
}

TEST_F(EvaluateTest, Where) {
  EXPECT_EQ(evaluate(R"(%c = girih.constant dense<[[true], [false]]> : tensor<2x1xi1>
                        %x = girih.constant dense<[1, 2]> : tensor<2xi32>
                        %y = girih.constant dense<9> : tensor<i32>
                        %r = girih.where %c, %x, %y : (tensor<2x1xi1>, tensor<2xi32>, tensor<i32>) -> tensor<2x2xi32>)"),
            "[1, 2, 9, 9]");
}

TEST_F(EvaluateTest, Reductions) {
  auto reduce = [&](StringRef fn, StringRef x, StringRef axes, StringRef type) {
    return evaluate(("%x = girih.constant " + x + "\n%r = girih.reduce " + fn + " %x {axes = array<i64" +
                     (axes.empty() ? "" : ": " + axes).str() + ">, keepdims = false} : (" +
                     x.split(" : ").second + ") -> " + type)
                        .str());
  };
  StringRef x = "dense<[[1.0, -2.0], [3.0, 4.0]]> : tensor<2x2xf32>";
  EXPECT_EQ(reduce("sum", x, "0", "tensor<2xf32>"), "[4, 2]");
  EXPECT_EQ(reduce("mean", x, "1", "tensor<2xf32>"), "[-0.5, 3.5]");
  EXPECT_EQ(reduce("l1", x, "0, 1", "tensor<f32>"), "[10]");
  EXPECT_EQ(reduce("l2", x, "1", "tensor<2xf32>"), "[2.236068, 5]");
  EXPECT_EQ(reduce("prod", x, "0, 1", "tensor<f32>"), "[-24]");
  EXPECT_EQ(reduce("log_sum_exp", "dense<[1000.0, 1000.0]> : tensor<2xf32>", "0", "tensor<f32>"),
            "[1000.693]");
  EXPECT_EQ(reduce("max", "dense<[1, 255]> : tensor<2xui8>", "0", "tensor<ui8>"), "[255]");
  EXPECT_EQ(reduce("min", "dense<[true, true]> : tensor<2xi1>", "0", "tensor<i1>"), "[1]");
  EXPECT_EQ(reduce("sum", "dense<[100, 100]> : tensor<2xi8>", "0", "tensor<i8>"), "[-56]");
  EXPECT_EQ(reduce("max", "dense<0.0> : tensor<0xf32>", "0", "tensor<f32>"), "[-inf]");
  EXPECT_EQ(reduce("max", "dense<0> : tensor<0xi16>", "0", "tensor<i16>"), "[-32768]");
  EXPECT_EQ(reduce("mean", "dense<0> : tensor<0xi32>", "0", "tensor<i32>"), "failure");
  EXPECT_EQ(reduce("sum", "dense<1.0> : tensor<3x4xf32>", "1", "tensor<3xf32>"), "[4, 4, 4]"); // a splat
}

TEST_F(EvaluateTest, ArgReduceAndCumSum) {
  auto on = [&](StringRef op, StringRef x, StringRef attributes, StringRef type) {
    return evaluate(("%x = girih.constant " + x + "\n%r = girih." + op + " %x {" + attributes + "} : (" +
                     x.split(" : ").second + ") -> " + type)
                        .str());
  };
  StringRef x = "dense<[[3, 7, 7], [5, 1, 1]]> : tensor<2x3xi32>";
  EXPECT_EQ(on("arg_reduce", x, "axis = 1, keepdims = false", "tensor<2xi64>"), "[1, 0]");
  EXPECT_EQ(on("arg_reduce", x, "axis = 1, keepdims = false, select_last_index", "tensor<2xi64>"), "[2, 0]");
  EXPECT_EQ(on("arg_reduce", x, "axis = 0, keepdims = true, minimum", "tensor<1x3xi64>"), "[0, 1, 1]");
  EXPECT_EQ(on("cumsum", x, "axis = 1", "tensor<2x3xi32>"), "[3, 10, 17, 5, 6, 7]");
  EXPECT_EQ(on("cumsum", x, "axis = 1, exclusive, reverse", "tensor<2x3xi32>"), "[14, 7, 0, 2, 1, 0]");
  EXPECT_EQ(on("cumsum", x, "axis = 0", "tensor<2x3xi32>"), "[3, 7, 7, 8, 8, 8]");
}

TEST_F(EvaluateTest, MatMul) {
  EXPECT_EQ(evaluate(R"(%a = girih.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
                        %b = girih.constant dense<[[1.0, 1.0], [0.0, 2.0]]> : tensor<2x2xf32>
                        %c = girih.constant dense<[10.0, 20.0]> : tensor<2xf32>
                        %r = girih.matmul %a, %b, %c {transpose_rhs} : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>)"),
            "[13, 24, 17, 28]");
  EXPECT_EQ(evaluate(R"(%a = girih.constant dense<[1, 2]> : tensor<2xi32>
                        %b = girih.constant dense<[[[1, 2, 3], [4, 5, 6]], [[1, 0, 0], [0, 1, 0]]]> : tensor<2x2x3xi32>
                        %r = girih.matmul %a, %b : (tensor<2xi32>, tensor<2x2x3xi32>) -> tensor<2x3xi32>)"),
            "[9, 12, 15, 1, 2, 0]");
  EXPECT_EQ(evaluate(R"(%a = girih.constant dense<[1, 2]> : tensor<2xi32>
                        %r = girih.matmul %a, %a : (tensor<2xi32>, tensor<2xi32>) -> tensor<i32>)"),
            "[5]");
}

TEST_F(EvaluateTest, Movement) {
  auto on = [&](StringRef op, StringRef attributes, StringRef type) {
    return evaluate(("%x = girih.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi16>\n%r = girih." + op +
                     " %x " + attributes + " : (tensor<2x3xi16>) -> " + type)
                        .str());
  };
  EXPECT_EQ(on("transpose", "{permutation = array<i64: 1, 0>}", "tensor<3x2xi16>"), "[1, 4, 2, 5, 3, 6]");
  EXPECT_EQ(on("reshape", "", "tensor<3x1x2xi16>"), "[1, 2, 3, 4, 5, 6]");
  EXPECT_EQ(on("expand", "", "tensor<2x2x3xi16>"), "[1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]");
  EXPECT_EQ(on("tile", "", "tensor<2x6xi16>"), "[1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]");
  EXPECT_EQ(on("slice", "{starts = #girih.dims<1, 2>, steps = array<i64: 1, -2>}", "tensor<1x2xi16>"),
            "[6, 4]");
  EXPECT_EQ(on("slice", "{starts = #girih.dims<1, n>, steps = array<i64: 1, 1>}", "tensor<1x2xi16>"),
            "failure");
  EXPECT_EQ(on("pad constant", "{low = #girih.dims<0, -1>}", "tensor<2x3xi16>"), "[2, 3, 0, 5, 6, 0]");
  EXPECT_EQ(on("pad reflect", "{low = #girih.dims<0, 2>}", "tensor<2x6xi16>"),
            "[3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5]");
  EXPECT_EQ(on("pad edge", "{low = #girih.dims<1, 0>}", "tensor<3x3xi16>"), "[1, 2, 3, 1, 2, 3, 4, 5, 6]");
  EXPECT_EQ(on("pad wrap", "{low = #girih.dims<0, 1>}", "tensor<2x4xi16>"), "[3, 1, 2, 3, 6, 4, 5, 6]");
  EXPECT_EQ(on("trilu", "{k = 1, upper}", "tensor<2x3xi16>"), "[0, 2, 3, 0, 0, 6]");
  EXPECT_EQ(on("trilu", "{k = -1}", "tensor<2x3xi16>"), "[0, 0, 0, 4, 0, 0]");
  EXPECT_EQ(evaluate(R"(%x = girih.constant dense<[[true], [false]]> : tensor<2x1xi1>
                        %r = girih.concat %x, %x {axis = 1} : (tensor<2x1xi1>, tensor<2x1xi1>) -> tensor<2x2xi1>)"),
            "[1, 1, 0, 0]");
  EXPECT_EQ(evaluate("%r = girih.shape #girih.dims<3, 4 + 1>"), "[3, 5]");
  EXPECT_EQ(evaluate("%r = girih.shape #girih.dims<3, n>"), "failure");
  EXPECT_EQ(evaluate(R"(%a = girih.constant dense<1.0> : tensor<f32>
                        %b = girih.constant dense<0.5> : tensor<f32>
                        %r = girih.range %a, %b : (tensor<f32>, tensor<f32>) -> tensor<3xf32>)"),
            "[1, 1.5, 2]");
}

TEST_F(EvaluateTest, GatherAndScatter) {
  std::map<std::string, std::string> constants = {
      {"data", "dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>"}};
  auto on = [&](StringRef op, StringRef indices, StringRef updates, StringRef attributes, StringRef type) {
    std::string text =
        ("%d = girih.constant " + constants["data"] + "\n%i = girih.constant " + indices + "\n").str();
    std::string operands = "%d, %i", types = ("tensor<3x2xf32>, " + indices.split(" : ").second).str();
    if (!updates.empty()) {
      text += ("%u = girih.constant " + updates + "\n").str();
      operands += ", %u", types += (", " + updates.split(" : ").second).str();
    }
    return evaluate(
        text +
        ("%r = girih." + op + " " + operands + " {" + attributes + "} : (" + types + ") -> " + type).str());
  };
  EXPECT_EQ(on("gather", "dense<[-1, 0, 9]> : tensor<3xi64>", "", "axis = 0", "tensor<3x2xf32>"),
            "[5, 6, 1, 2, 5, 6]");
  EXPECT_EQ(on("gather", "dense<1> : tensor<i32>", "", "axis = 1", "tensor<3xf32>"), "[2, 4, 6]");
  EXPECT_EQ(
      on("gather_elements", "dense<[[2, 0], [0, 1]]> : tensor<2x2xi64>", "", "axis = 0", "tensor<2x2xf32>"),
      "[5, 2, 1, 4]");
  EXPECT_EQ(
      on("gather_nd", "dense<[[1, 0], [2, 1]]> : tensor<2x2xi64>", "", "batch_dims = 0", "tensor<2xf32>"),
      "[3, 6]");
  EXPECT_EQ(
      on("gather_nd", "dense<[[1], [0], [1]]> : tensor<3x1xi64>", "", "batch_dims = 1", "tensor<3xf32>"),
      "[2, 3, 6]");
  EXPECT_EQ(on("scatter_elements", "dense<[[0, 2]]> : tensor<1x2xi64>",
               "dense<[[8.0, 9.0]]> : tensor<1x2xf32>", "axis = 0, fn = #girih<scatter_fn add>",
               "tensor<3x2xf32>"),
            "[9, 2, 3, 4, 5, 15]");
  EXPECT_EQ(on("scatter_nd", "dense<[[1], [1]]> : tensor<2x1xi64>",
               "dense<[[8.0, 1.0], [7.0, 9.0]]> : tensor<2x2xf32>", "fn = #girih<scatter_fn max>",
               "tensor<3x2xf32>"),
            "[1, 2, 8, 9, 5, 6]");
  EXPECT_EQ(on("scatter_nd", "dense<[[7]]> : tensor<1x1xi64>", "dense<[[8.0, 1.0]]> : tensor<1x2xf32>",
               "fn = #girih<scatter_fn none>", "tensor<3x2xf32>"),
            "failure");
  EXPECT_EQ(evaluate(R"(%i = girih.constant dense<[1, -1, 5]> : tensor<3xi64>
                        %v = girih.constant dense<[0.5, 2.0]> : tensor<2xf32>
                        %r = girih.one_hot %i, %v {axis = 0} : (tensor<3xi64>, tensor<2xf32>) -> tensor<2x3xf32>)"),
            "[0.5, 0.5, 0.5, 2, 2, 0.5]");
}

TEST_F(EvaluateTest, Storage) {
  // Large results are resources, splats stay small, absurd ones are refused.
  auto value = run(R"(%a = girih.constant dense<0> : tensor<i32>
                      %b = girih.constant dense<1> : tensor<i32>
                      %r = girih.range %a, %b : (tensor<i32>, tensor<i32>) -> tensor<1000xi32>)");
  ASSERT_TRUE(succeeded(value));
  ASSERT_TRUE(isa<DenseResourceElementsAttr>(*value));
  EXPECT_EQ(HostTensor::read(*value)->getInt(999), 999);

  value = run(R"(%a = girih.constant dense<3.0> : tensor<1xf32>
                 %r = girih.expand %a : (tensor<1xf32>) -> tensor<1000x1000xf32>)");
  ASSERT_TRUE(succeeded(value));
  EXPECT_TRUE(cast<DenseElementsAttr>(*value).isSplat());

  EXPECT_EQ(evaluate(R"(%a = girih.constant dense<0> : tensor<i32>
                        %b = girih.constant dense<1> : tensor<i32>
                        %r = girih.range %a, %b : (tensor<i32>, tensor<i32>) -> tensor<17000000xi32>)"),
            "failure");
  EXPECT_EQ(evaluate(R"(%a = girih.constant dense_resource<missing> : tensor<2xf32>
                        %r = girih.unary neg %a : (tensor<2xf32>) -> tensor<2xf32>)"),
            "failure");
}
} // namespace
