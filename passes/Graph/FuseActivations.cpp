// Activation functions recognised in the element-wise chains that exporters write.
#include "passes/Graph/FusePatterns.h"

using namespace mlir;
using namespace girih;

namespace {

/// `v` is `x` plus a constant near `c`.
bool isPlusConstant(Value v, double c, Value &x) {
  BinaryOp add = getBinary(v, BinaryFn::add);
  if (!add) return false;
  auto [operand, constant] = constantLast(add);
  x = operand;
  return isSplatNear(constant, c);
}

bool isNear(double a, double b, double tolerance = 1e-4) {
  return std::abs(a - b) <= tolerance * std::abs(b);
}

/// `v` is clip(x, low, high), written as a minimum and a maximum in either order.
bool isClip(Value v, double low, double high, Value &x) {
  auto bound = [](Value v, BinaryFn fn, double c, Value &x) {
    if (BinaryOp op = getBinary(v, fn)) {
      auto [operand, constant] = constantLast(op);
      x = operand;
      std::optional<double> value = splatValue(constant);
      return value && *value == c;
    }
    return false;
  };
  auto relu = [](Value v, Value &x) {
    UnaryOp op = getUnary(v, UnaryFn::relu);
    if (op) x = op.getOperand();
    return static_cast<bool>(op);
  };
  Value inner;
  if (bound(v, BinaryFn::min, high, inner))
    return bound(inner, BinaryFn::max, low, x) || (low == 0.0 && relu(inner, x));
  if (bound(v, BinaryFn::max, low, inner) || (low == 0.0 && relu(v, inner)))
    return bound(inner, BinaryFn::min, high, x);
  return false;
}

/// `v` is x * k with a factor k; x itself has k = 1.
std::pair<Value, double> scaled(Value v) {
  Product product = flattenProduct(v);
  if (product.factors.size() == 1) return {product.factors[0], product.constant};
  return {v, 1.0};
}

/// `inner` is sqrt(2 / pi) * (x + 0.044715 * x^3), in any order of the factors.
bool isTanhGeluArgument(Value inner, Value x) {
  Product outer = flattenProduct(inner);
  if (!isNear(outer.constant, 0.7978845608)) return false;
  if (outer.factors.size() == 1) {
    BinaryOp add = getBinary(outer.factors[0], BinaryFn::add);
    if (!add) return false;
    for (auto [a, b] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
      Product cube = flattenProduct(b);
      if (a == x && isNear(cube.constant, 0.044715) && cube.factors.size() == 3 &&
          llvm::all_of(cube.factors, [&](Value f) { return f == x; }))
        return true;
    }
    return false;
  }
  // x * (1 + 0.044715 * x * x)
  if (outer.factors.size() != 2) return false;
  for (auto [a, b] :
       {std::pair(outer.factors[0], outer.factors[1]), std::pair(outer.factors[1], outer.factors[0])}) {
    Value rest;
    if (a != x || !isPlusConstant(b, 1.0, rest)) continue;
    Product square = flattenProduct(rest);
    if (isNear(square.constant, 0.044715) && square.factors.size() == 2 && square.factors[0] == x &&
        square.factors[1] == x)
      return true;
  }
  return false;
}

struct Activation {
  UnaryFn fn;
  Value x;
  float alpha = 0.0f;
};

/// x * g(x) * constant as an activation, for the two factors in this order.
std::optional<Activation> matchProduct(Value x, Value gate, double constant) {
  // g = 1 + erf(x / sqrt(2)), constant 1/2
  Value inner;
  if (isNear(constant, 0.5) && isPlusConstant(gate, 1.0, inner)) {
    if (UnaryOp erf = getUnary(inner, UnaryFn::erf)) {
      auto [operand, k] = scaled(erf.getOperand());
      if (operand == x && isNear(k, 0.7071067812)) return Activation{UnaryFn::gelu, x};
    }
    if (UnaryOp tanh = getUnary(inner, UnaryFn::tanh); tanh && isTanhGeluArgument(tanh.getOperand(), x))
      return Activation{UnaryFn::gelu_tanh, x};
  }
  if (isNear(constant, 1.0, 1e-6)) {
    if (UnaryOp sigmoid = getUnary(gate, UnaryFn::sigmoid)) {
      auto [operand, k] = scaled(sigmoid.getOperand());
      if (operand == x) return Activation{UnaryFn::silu, x, static_cast<float>(k)};
    }
    if (UnaryOp tanh = getUnary(gate, UnaryFn::tanh))
      if (UnaryOp softplus = getUnary(tanh.getOperand(), UnaryFn::softplus);
          softplus && softplus.getOperand() == x)
        return Activation{UnaryFn::mish, x};
    if (UnaryOp hard = getUnary(gate, UnaryFn::hard_sigmoid); hard && hard.getOperand() == x)
      if (isNear(hard.getAlpha().convertToDouble(), 1.0 / 6) && isNear(hard.getBeta().convertToDouble(), 0.5))
        return Activation{UnaryFn::hard_swish, x};
  }
  // g = clip(x + 3, 0, 6), constant 1/6
  Value plus;
  if (isNear(constant, 1.0 / 6) && isClip(gate, 0.0, 6.0, plus) && isPlusConstant(plus, 3.0, inner) &&
      inner == x)
    return Activation{UnaryFn::hard_swish, x};
  return std::nullopt;
}

struct FuseGatedActivation : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getFn() != BinaryFn::mul && op.getFn() != BinaryFn::div)
      return rewriter.notifyMatchFailure(op, "no product");
    Product product = flattenProduct(op.getResult());
    if (product.factors.size() != 2) return rewriter.notifyMatchFailure(op, "not two factors");
    for (auto [x, gate] : {std::pair(product.factors[0], product.factors[1]),
                           std::pair(product.factors[1], product.factors[0])}) {
      std::optional<Activation> activation = matchProduct(x, gate, product.constant);
      if (!activation || x.getType() != op.getType()) continue;
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, activation->fn, activation->alpha);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no known activation");
  }
};

/// log(1 + exp(x)) is softplus(x).
struct FuseSoftplus : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    Value inner;
    if (op.getFn() != UnaryFn::log || !isPlusConstant(op.getOperand(), 1.0, inner))
      return rewriter.notifyMatchFailure(op, "no logarithm of 1 + y");
    UnaryOp exp = getUnary(inner, UnaryFn::exp);
    if (!exp || exp.getType() != op.getType()) return rewriter.notifyMatchFailure(op, "no exponential");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, exp.getOperand(), UnaryFn::softplus);
    return success();
  }
};

/// 1 / (1 + exp(-x)) is sigmoid(x).
struct FuseSigmoid : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    Value inner;
    if (op.getFn() != UnaryFn::reciprocal || !isPlusConstant(op.getOperand(), 1.0, inner))
      return rewriter.notifyMatchFailure(op, "no reciprocal of 1 + y");
    UnaryOp exp = getUnary(inner, UnaryFn::exp);
    UnaryOp neg = exp ? getUnary(exp.getOperand(), UnaryFn::neg) : UnaryOp();
    if (!neg || neg.getType() != op.getType()) return rewriter.notifyMatchFailure(op, "no exponential of -x");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, neg.getOperand(), UnaryFn::sigmoid);
    return success();
  }
};

/// 1 / x is reciprocal(x).
struct FuseReciprocal : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getFn() != BinaryFn::div || splatValue(op.getLhs()) != 1.0 ||
        op.getRhs().getType() != op.getType() || !isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return rewriter.notifyMatchFailure(op, "no reciprocal");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, op.getRhs(), UnaryFn::reciprocal);
    return success();
  }
};

/// max(x, 0) is relu(x); clip(x + 3, 0, 6) / 6 is a hard sigmoid.
struct FuseClip : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return rewriter.notifyMatchFailure(op, "no floats");
    if (op.getFn() == BinaryFn::max) {
      auto [x, zero] = constantLast(op);
      if (splatValue(zero) != 0.0 || x.getType() != op.getType())
        return rewriter.notifyMatchFailure(op, "no max(x, 0)");
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::relu);
      return success();
    }
    if (op.getFn() != BinaryFn::div && op.getFn() != BinaryFn::mul)
      return rewriter.notifyMatchFailure(op, "no scale");
    Product product = flattenProduct(op.getResult());
    Value plus, x;
    if (product.factors.size() != 1 || !isNear(product.constant, 1.0 / 6) ||
        !isClip(product.factors[0], 0.0, 6.0, plus) || !isPlusConstant(plus, 3.0, x) ||
        x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no hard sigmoid");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::hard_sigmoid, 1.0f / 6, 0.5f);
    return success();
  }
};

} // namespace

void girih::populateActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseGatedActivation, FuseSoftplus, FuseSigmoid, FuseReciprocal, FuseClip>(
      patterns.getContext());
}
