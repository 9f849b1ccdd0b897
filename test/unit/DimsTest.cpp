// Symbolic dimensions: text, canonical forms, and arithmetic at the edge of int64_t.
#include "dialects/Graph/Dims.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Inference.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <random>

using namespace mlir;
using namespace girih;

namespace {
struct DimsTest : testing::Test {
  MLIRContext ctx;
  DimsTest() { ctx.loadDialect<GirihDialect>(); }

  DimExpr parse(StringRef text) {
    std::string error;
    DimExpr e = dimParse(&ctx, text, error);
    EXPECT_TRUE(e) << text.str() << ": " << error;
    return e;
  }
  /// What is printed for `text` after parsing; the error if it does not parse.
  std::string print(StringRef text) {
    std::string error;
    DimExpr e = dimParse(&ctx, text, error);
    return e ? dimToString(e) : "error: " + error;
  }
};

TEST_F(DimsTest, PrintsCanonicalForms) {
  EXPECT_EQ(print("s + s"), "s * 2");
  EXPECT_EQ(print("past + 1 - past"), "1");
  EXPECT_EQ(print("(2 * w - 1) floordiv 2 + 1"), "w");
  EXPECT_EQ(print("(a + b) * 3"), print("a * 3 + 3 * b"));
  EXPECT_EQ(print("min(n + 1, n)"), "n");
  EXPECT_EQ(print("max(n, n + 1)"), "n + 1");
  EXPECT_EQ(print("min(past + 1, 512)"), "min(past + 1, 512)");
  EXPECT_EQ(print("\"x[3]\" * 2"), "\"x[3]\" * 2");
  EXPECT_EQ(print("\"a\\\"b\""), "\"a\\22b\"");
}

TEST_F(DimsTest, RoundTrips) {
  for (StringRef text : {"s", "s * 2 + 1", "-s + 4", "(s + 1) floordiv 2", "(a * b + 3) mod 7",
                         "a floordiv (b + 1)", "a mod (b * 2)", "min(max(a, b), c * -1)",
                         "(a ceildiv 3) * (b + 2)", "a floordiv (b floordiv 2)", "(a mod b) mod c"}) {
    DimExpr e = parse(text);
    ASSERT_TRUE(e);
    EXPECT_EQ(parse(dimToString(e)), e) << text.str() << " is printed as " << dimToString(e);
  }
}

TEST_F(DimsTest, RejectsBadText) {
  EXPECT_EQ(print(""), "error: expected a number, a name or '('");
  EXPECT_EQ(print("1 +"), "error: expected a number, a name or '('");
  EXPECT_EQ(print("a b"), "error: unexpected 'b'");
  EXPECT_EQ(print("(a"), "error: expected ')'");
  EXPECT_EQ(print("min(a)"), "error: expected ','");
  EXPECT_EQ(print("\"a"), "error: unterminated name");
  EXPECT_EQ(print("a floordiv 0"), "error: division needs a positive divisor");
  EXPECT_EQ(print("a mod -3"), "error: division needs a positive divisor");
  EXPECT_EQ(print("99999999999999999999"), "error: integer out of range");
  EXPECT_EQ(print(std::string(5000, '(')), "error: expression nested too deeply");
  EXPECT_EQ(print(std::string(5000, '-') + "a"), "error: expression nested too deeply");
}

TEST_F(DimsTest, Substitutes) {
  llvm::StringMap<DimExpr> values;
  values["n"] = dimConstant(&ctx, 7);
  values["m"] = dimNamed(&ctx, "k");
  EXPECT_EQ(dimToString(dimSubstitute(parse("n * 2 + m"), values)), "k + 14");
  EXPECT_EQ(dimValue(dimSubstitute(parse("min(n, 3 * n)"), values)), 7);
  EXPECT_EQ(dimValue(dimSubstitute(parse("max(min(n, 5), 2) mod 4"), values)), 1);
  // A divisor that becomes zero leaves an expression without a value, not a crash.
  values["n"] = dimConstant(&ctx, 0);
  EXPECT_EQ(dimValue(dimSubstitute(parse("8 floordiv n"), values)), std::nullopt);
  EXPECT_EQ(dimValue(dimSubstitute(parse("8 mod n"), values)), std::nullopt);
}

TEST_F(DimsTest, CollectsSymbolsInsideMinAndMax) {
  llvm::SetVector<unsigned> symbols;
  dimCollectSymbols(parse("min(a, b + 1) * c"), symbols);
  EXPECT_EQ(symbols.size(), 3u);
}

TEST_F(DimsTest, DividesExactly) {
  auto divide = [&](StringRef a, StringRef b) {
    DimExpr r = dimExactDiv(parse(a), parse(b));
    return r ? dimToString(r) : "";
  };
  EXPECT_EQ(divide("12", "4"), "3");
  EXPECT_EQ(divide("12", "5"), "");
  EXPECT_EQ(divide("12", "0"), "");
  EXPECT_EQ(divide("n * 6", "3"), "n * 2");
  EXPECT_EQ(divide("n * 6", "n"), "6");
  EXPECT_EQ(divide("n * m * 4", "n * 2"), "m * 2");
  EXPECT_EQ(divide("n + 1", "n"), "");
  EXPECT_EQ(divide("n * 12 + 24", "6"), "n * 2 + 4");
  EXPECT_EQ(divide("n", "m * 2"), "");
}

TEST_F(DimsTest, SurvivesOverflow) {
  constexpr StringLiteral huge = "9223372036854775807";
  for (std::string text : {huge.str() + " + n + " + huge.str(), huge.str() + " * " + huge.str() + " * n",
                           "-" + huge.str() + " - 2", huge.str() + " * 2 floordiv 3",
                           "(n * " + huge.str() + " + " + huge.str() + ") mod 7",
                           "min(" + huge.str() + " + n, n - 2)", "(-" + huge.str() + " - 1) floordiv 1"}) {
    std::string error;
    if (DimExpr e = dimParse(&ctx, text, error)) dimToString(e);
  }
  DimExpr big = dimConstant(&ctx, INT64_MAX);
  EXPECT_FALSE(dimValue(dimProduct(&ctx, {big, big})).has_value());
  EXPECT_FALSE(dimExactDiv(dimConstant(&ctx, INT64_MIN), dimConstant(&ctx, -1)));
}

// Whatever the text, parsing ends in an error or in an expression that prints, parses back to itself, and can
// be computed with.
TEST_F(DimsTest, SurvivesDamagedText) {
  constexpr StringLiteral originals[] = {
      "min(past + 1, 512) * (h floordiv 2) - 3", "\"x[3]\" mod (b * 4 + 1) ceildiv 9223372036854775807",
      "max(-a, (b + 2) * (b - 2)) floordiv max(c, 1)", "((a * 2 + b) * 4294967296) mod 7"};
  constexpr StringLiteral pieces[] = {
      "(",         ")",    "-", "*", " floordiv ",          " mod ",
      " ceildiv ", "min(", ",", "0", "9223372036854775807", "4611686018427387904",
      "a",         "\"",   "+", "b"};
  std::mt19937 random(7);
  unsigned parsed = 0;
  for (unsigned n = 0; n < 20000; ++n) {
    std::string text = originals[random() % std::size(originals)].str();
    for (unsigned step = 1 + random() % 4; step--;) {
      size_t at = random() % text.size();
      switch (random() % 4) {
      case 0:
        text[at] = char(random() % 96 + 32);
        break;
      case 1:
        text.erase(at, random() % 6 + 1);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), random() % 12));
        break;
      case 3:
        text.insert(at, pieces[random() % std::size(pieces)]);
        break;
      }
      if (text.empty()) text = "a";
    }
    std::string error;
    DimExpr e = dimParse(&ctx, text, error);
    if (!e) {
      EXPECT_FALSE(error.empty()) << text;
      continue;
    }
    ++parsed;
    DimExpr back = dimParse(&ctx, dimToString(e), error);
    EXPECT_EQ(back, e) << text << " is printed as " << dimToString(e) << ", which is "
                       << (back ? dimToString(back) : error);
    llvm::StringMap<DimExpr> values;
    constexpr int64_t edges[] = {0, 1, -1, 7, INT64_MAX, INT64_MIN};
    for (StringRef name : {"a", "b", "c", "h", "past"})
      values[name] = dimConstant(&ctx, edges[random() % std::size(edges)]);
    dimToString(dimSubstitute(e, values));
    DimExpr other = parse(originals[random() % 3]);
    dimExactDiv(e, other), dimExactDiv(other, e), dimExactDiv(e, dimConstant(&ctx, 6));
    (void)broadcastDim(e, dimConstant(&ctx, 6));
    dimToString(windowOutputDim(e, other, 2, 1, 1, 1, true));
    dimToString(sliceOutputDim(e, other, -3));
  }
  EXPECT_GT(parsed, 1000u);
}

// Each step doubles the text; sizes stay bounded, and the type is refused.
TEST_F(DimsTest, RefusesExplodingExpressions) {
  DimExpr e = dimNamed(&ctx, "n");
  for (unsigned i = 0; i < 200; ++i)
    e = dimMin(e.floorDiv(2) + i, e * 3);
  EXPECT_TRUE(dimIsTooLarge(e));
  EXPECT_LT(dimToString(e).size(), 100u);
  EXPECT_FALSE(isGraphTensor(getTensorType(ArrayRef<DimExpr>{e}, Float32Type::get(&ctx))));
}

TEST_F(DimsTest, WindowsAndSlices) {
  DimExpr n = dimNamed(&ctx, "n"), k = dimConstant(&ctx, 3);
  EXPECT_EQ(dimToString(windowOutputDim(n * 2, k, 2, 1, 1, 1)), "n");
  EXPECT_EQ(dimValue(windowOutputDim(dimConstant(&ctx, 7), dimConstant(&ctx, 2), 2, 1, 0, 0)), 3);
  EXPECT_EQ(dimValue(windowOutputDim(dimConstant(&ctx, 7), dimConstant(&ctx, 2), 2, 1, 0, 0, /*ceil=*/true)),
            4);
  // A window that would begin behind the input does not count.
  EXPECT_EQ(dimValue(windowOutputDim(dimConstant(&ctx, 2), dimConstant(&ctx, 1), 3, 1, 0, 2, /*ceil=*/true)),
            1);
  EXPECT_EQ(dimToString(convTransposeOutputDim(n, k, 2, 1, 1, 1, 1)), "n * 2");
  EXPECT_EQ(dimValue(sliceOutputDim(dimConstant(&ctx, 1), dimConstant(&ctx, 8), 3)), 3);
  EXPECT_EQ(dimValue(sliceOutputDim(dimConstant(&ctx, 8), dimConstant(&ctx, 1), 3)), 0);
  EXPECT_EQ(dimValue(sliceOutputDim(dimConstant(&ctx, 7), dimConstant(&ctx, -1), -2)), 4);
  EXPECT_EQ(dimToString(sliceOutputDim(n, n + 4, 1)), "4");
}

TEST_F(DimsTest, Broadcasts) {
  auto broadcast = [&](StringRef a, StringRef b) {
    auto r = broadcastDim(parse(a), parse(b));
    return succeeded(r) ? dimToString(*r) : "no";
  };
  EXPECT_EQ(broadcast("1", "n"), "n");
  EXPECT_EQ(broadcast("n", "1"), "n");
  EXPECT_EQ(broadcast("n", "n"), "n");
  EXPECT_EQ(broadcast("n", "8"), "8");
  EXPECT_EQ(broadcast("min(n, 8)", "n"), "n");
  EXPECT_EQ(broadcast("n", "min(n, 8)"), "n");
  EXPECT_EQ(broadcast("min(n, m)", "n"), "broadcast(min(n, m), n)");
  EXPECT_EQ(broadcast("3", "4"), "no");
  EXPECT_EQ(broadcast("6 * n", "7"), "no");
  EXPECT_EQ(broadcast("n", "n + 1"), "broadcast(n, n + 1)"); // n may be 1
  // The run tells which of two is 1, whatever their order and however often they meet.
  EXPECT_EQ(broadcast("n", "m"), "broadcast(m, n)");
  EXPECT_EQ(broadcast("m", "n"), "broadcast(m, n)");
  EXPECT_EQ(broadcast("broadcast(n, m)", "n"), "broadcast(m, n)");
  EXPECT_EQ(broadcast("broadcast(n, k)", "m"), "broadcast(broadcast(k, m), n)");
  // A name that says what is computed.
  EXPECT_EQ(broadcast("past + 1", "\"past + 1\""), "past + 1");
}

TEST_F(DimsTest, ElementsAreNoDimensions) {
  EXPECT_EQ(dimToString(parse("k[3] + 1")), "k[3] + 1");
  EXPECT_EQ(dimToString(parse("\"a b\"[0]")), "\"a b\"[0]");
  EXPECT_NE(parse("\"k[3]\""), parse("k[3]"));
  EXPECT_TRUE(dimHasData(parse("min(n, k[3])")));
  EXPECT_FALSE(dimHasData(parse("\"k[3]\"")));
  EXPECT_TRUE(dimNonNegative(parse("\"k[3]\"")));
  EXPECT_FALSE(dimNonNegative(parse("k[3]")));
}

TEST_F(DimsTest, Selects) {
  EXPECT_EQ(dimToString(parse("select(k[0], n, m)")), "select(k[0], n, m)");
  EXPECT_EQ(dimToString(parse("select(n, a, b)")), "b");
  EXPECT_EQ(dimToString(parse("select(-n - 1, a, b)")), "a");
  EXPECT_EQ(dimToString(parse("select(k[0], n, n)")), "n");
}

TEST_F(DimsTest, Proves) {
  auto proves = [&](StringRef text) { return dimNonNegative(parse(text)); };
  EXPECT_TRUE(proves("n + 2 * m"));
  EXPECT_FALSE(proves("n - 1"));
  EXPECT_TRUE(proves("max(n - 1, 0)"));
  EXPECT_TRUE(proves("n - min(n, k[0])"));
  EXPECT_FALSE(proves("n - max(n, k[0])"));
  EXPECT_TRUE(proves("max(n, k[0]) - n"));
  EXPECT_TRUE(proves("n - min(max(k[0], 0), n) - max(min(k[1], n) - min(max(k[0], 0), n), 0)"));
  EXPECT_TRUE(proves("select(k[0], 3, n) * 2"));
  EXPECT_FALSE(proves("select(k[0], 3, n) - 1"));
}
} // namespace
