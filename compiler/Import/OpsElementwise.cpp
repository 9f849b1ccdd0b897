// Element-wise operators, casts and activations.
#include "compiler/Import/Handlers.h"

using namespace mlir;

namespace girih {

LogicalResult importLeakyRelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::leaky_relu, n.operand(0), n.floatAttr("alpha", 0.01f)));
}
LogicalResult importElu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::elu, n.operand(0), n.floatAttr("alpha", 1)));
}
LogicalResult importCelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::celu, n.operand(0), n.floatAttr("alpha", 1)));
}
LogicalResult importSelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::selu, n.operand(0), n.floatAttr("alpha", 1.67326319217681884765625f),
                          n.floatAttr("gamma", 1.05070102214813232421875f)));
}
LogicalResult importHardSigmoid(NodeImporter &n) {
  return n.result(
      n.unary(UnaryFn::hard_sigmoid, n.operand(0), n.floatAttr("alpha", 0.2f), n.floatAttr("beta", 0.5f)));
}
LogicalResult importThresholdedRelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::thresholded_relu, n.operand(0), n.floatAttr("alpha", 1)));
}
LogicalResult importShrink(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::shrink, n.operand(0), n.floatAttr("lambd", 0.5f), n.floatAttr("bias", 0)));
}
LogicalResult importSwish(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::silu, n.operand(0), n.floatAttr("alpha", 1)));
}
LogicalResult importSwiGLU(NodeImporter &n) {
  if (n.rank(0) != n.rank(1))
    return n.fail("its inputs must have one shape, but have " + Twine(n.rank(0)) + " and " +
                  Twine(n.rank(1)) + " dimensions");
  for (auto [i, a, b] : llvm::enumerate(n.dims(0), n.dims(1)))
    if (failed(n.requireEqual(a, b,
                              "its inputs must have one shape, but dimension " + Twine(i) + " is " +
                                  dimToString(a) + " and " + dimToString(b))))
      return failure();
  return n.result(
      n.binary(BinaryFn::mul, n.unary(UnaryFn::silu, n.operand(0), n.floatAttr("alpha", 1)), n.operand(1)));
}
LogicalResult importGelu(NodeImporter &n) {
  StringRef approximate = n.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.fail("attribute 'approximate' must be none or tanh");
  return n.result(n.unary(approximate == "tanh" ? UnaryFn::gelu_tanh : UnaryFn::gelu, n.operand(0)));
}
LogicalResult importIsInf(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::isinf, n.operand(0), n.flagAttr("detect_negative", true),
                          n.flagAttr("detect_positive", true)));
}

LogicalResult importMod(NodeImporter &n) {
  Value x = n.operand(0), y = n.operand(1);
  bool isFloat = isa<FloatType>(n.element(0));
  if (n.flagAttr("fmod", false)) return n.result(n.binary(BinaryFn::fmod, x, y));
  if (!isFloat) return n.result(n.binary(BinaryFn::mod, x, y));
  // Of floats: the remainder takes the divisor's sign.
  Value r = n.binary(BinaryFn::fmod, x, y), zero = n.scalar(0, n.element(0));
  Value differs =
      n.binary(BinaryFn::logical_xor, n.binary(BinaryFn::less, r, zero), n.binary(BinaryFn::less, y, zero));
  Value isExact = n.binary(BinaryFn::equal, r, zero);
  Value shifts = n.binary(BinaryFn::logical_and, differs, n.unary(UnaryFn::logical_not, isExact));
  return n.result(n.create<WhereOp>(shifts, n.binary(BinaryFn::add, r, y), r));
}

LogicalResult importBitShift(NodeImporter &n) {
  StringRef direction = n.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.fail("attribute 'direction' must be LEFT or RIGHT");
  return n.result(n.binary(direction == "LEFT" ? BinaryFn::shift_left : BinaryFn::shift_right, n.operand(0),
                           n.operand(1)));
}

/// Sum, Mean, Max and Min of any number of operands, from left to right.
static Value fold(NodeImporter &n, BinaryFn fn) {
  SmallVector<Value> operands = n.operandsFrom(0);
  if (n.hasFailed()) return {};
  Value out = operands[0];
  for (Value v : ArrayRef(operands).drop_front())
    out = n.binary(fn, out, v);
  return out;
}
LogicalResult importSum(NodeImporter &n) {
  return n.result(fold(n, BinaryFn::add));
}
LogicalResult importMax(NodeImporter &n) {
  return n.result(fold(n, BinaryFn::max));
}
LogicalResult importMin(NodeImporter &n) {
  return n.result(fold(n, BinaryFn::min));
}
LogicalResult importMean(NodeImporter &n) {
  Value sum = fold(n, BinaryFn::add);
  return n.result(n.numInputs() == 1 ? sum
                                     : n.binary(BinaryFn::div, sum, n.scalar(n.numInputs(), n.element(0))));
}

LogicalResult importClip(NodeImporter &n) {
  Value x = n.operand(0), low, high;
  if (n.since() < 11) {
    if (n.hasAttribute("min")) low = n.scalar(n.floatAttr("min", 0), n.element(0));
    if (n.hasAttribute("max")) high = n.scalar(n.floatAttr("max", 0), n.element(0));
  } else {
    // The bounds are scalars, which some exporters write as [1].
    if (n.has(1)) low = n.reshape(n.operand(1), {});
    if (n.has(2)) high = n.reshape(n.operand(2), {});
  }
  if (low) x = n.binary(BinaryFn::max, x, low);
  if (high) x = n.binary(BinaryFn::min, x, high);
  return n.result(x);
}

LogicalResult importWhere(NodeImporter &n) {
  return n.result(n.create<WhereOp>(n.operand(0), n.operand(1), n.operand(2)));
}

LogicalResult importCast(NodeImporter &n) {
  if (!n.hasAttribute("to")) return n.fail("attribute 'to' is missing");
  auto to = static_cast<model::DType>(n.intAttr("to", 0));
  Type type = getElementType(n.context(), to);
  if (!type) return n.fail("casts to " + model::dtypeName(to) + " are not supported");
  return n.result(n.cast(n.operand(0), type));
}
LogicalResult importBitCast(NodeImporter &n) {
  if (!n.hasAttribute("to")) return n.fail("attribute 'to' is missing");
  auto to = static_cast<model::DType>(n.intAttr("to", 0));
  Type type = getElementType(n.context(), to);
  if (!type) return n.fail("casts to " + model::dtypeName(to) + " are not supported");
  return n.result(type == n.element(0) ? n.operand(0) : n.create<BitcastOp>(n.operand(0), type));
}
LogicalResult importCastLike(NodeImporter &n) {
  return n.result(n.cast(n.operand(0), n.element(1)));
}

/// In training mode with nothing to drop it is the identity, too.
LogicalResult importDropout(NodeImporter &n) {
  bool isTraining = false;
  if (n.since() >= 12 && n.has(2)) {
    auto mode = n.known(2);
    auto value = mode ? mode->constants() : std::nullopt;
    isTraining = !value || value->size() != 1 || (*value)[0];
    auto ratio = isTraining ? n.constantTensor(1) : std::nullopt;
    bool dropsNothing = ratio && ratio->getNumElements() == 1 && isa<FloatType>(ratio->getElementType()) &&
                        ratio->getFloat(0) == 0;
    if (isTraining && !dropsNothing)
      return n.fail(
          Twine("it ") + (value ? "is" : "may be") +
          " in training mode (input 2) and drops elements at random: export the model for inference "
          "(model.eval() in PyTorch), or make its ratio (input 1) a constant 0");
  }
  if (n.wants(1)) {
    Type mask = n.since() < 10 ? n.element(0) : n.b.getI1Type();
    if (failed(n.result(1, n.expand(n.scalar(1, mask), n.dims(0))))) return failure();
  }
  return n.result(n.operand(0));
}

} // namespace girih
