// Fused operators that ONNX Runtime's optimizer writes (domain com.microsoft).
#include "compiler/Import/Handlers.h"

using namespace mlir;

namespace girih {

LogicalResult importBiasGelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::gelu, n.binary(BinaryFn::add, n.operand(0), n.operand(1))));
}

LogicalResult importFastGelu(NodeImporter &n) {
  Value x = n.operand(0);
  if (n.has(1)) x = n.binary(BinaryFn::add, x, n.operand(1));
  return n.result(n.unary(UnaryFn::gelu_tanh, x));
}

LogicalResult importQuickGelu(NodeImporter &n) {
  return n.result(n.unary(UnaryFn::silu, n.operand(0), n.floatAttr("alpha", 1.702f)));
}

LogicalResult importFusedMatMul(NodeImporter &n) {
  if (n.flagAttr("transBatchA", false) || n.flagAttr("transBatchB", false))
    return n.fail("attributes 'transBatchA' and 'transBatchB' are not supported");
  // As in ONNX Runtime, a vector has nothing to transpose.
  bool transA = n.flagAttr("transA", false) && n.rank(0) > 1,
       transB = n.flagAttr("transB", false) && n.rank(1) > 1;
  float alpha = n.floatAttr("alpha", 1);
  Value y = n.create<MatMulOp>(n.operand(0), n.operand(1), Value(), transA, transB);
  return n.result(alpha == 1 ? y : n.binary(BinaryFn::mul, y, n.scalar(alpha, n.element(0))));
}

/// A convolution, plus input 3, through the function that `activation` names.
LogicalResult importFusedConv(NodeImporter &n) {
  if (failed(importConv(n))) return failure();
  Value y = n.results[0];
  if (n.has(3)) y = n.binary(BinaryFn::add, y, n.operand(3));
  StringRef name = n.stringAttr("activation", "");
  SmallVector<float> p = n.floatsAttr("activation_params").value_or(SmallVector<float>());
  auto parameter = [&](size_t i, float otherwise) { return i < p.size() ? p[i] : otherwise; };
  if (name == "Relu") {
    y = n.unary(UnaryFn::relu, y);
  } else if (name == "Sigmoid") {
    y = n.unary(UnaryFn::sigmoid, y);
  } else if (name == "Tanh") {
    y = n.unary(UnaryFn::tanh, y);
  } else if (name == "LeakyRelu") {
    y = n.unary(UnaryFn::leaky_relu, y, parameter(0, 0.01f));
  } else if (name == "HardSigmoid") {
    y = n.unary(UnaryFn::hard_sigmoid, y, parameter(0, 0.2f), parameter(1, 0.5f));
  } else if (name == "Clip" && p.size() == 2) {
    y = n.binary(BinaryFn::max, y, n.scalar(p[0], n.element(0)));
    y = n.binary(BinaryFn::min, y, n.scalar(p[1], n.element(0)));
  } else if (!name.empty()) {
    return n.fail(
        "attribute 'activation' is " + model::quote(name) +
        ", expected Relu, Sigmoid, Tanh, LeakyRelu, HardSigmoid, or Clip with two activation_params");
  }
  return n.result(y);
}

/// Normalises the sum of its inputs, which is the fourth result. Without the mean (`rms`), there is no beta.
template <bool rms> LogicalResult importSkipLayerNorm(NodeImporter &n) {
  unsigned biasInput = rms ? 3 : 4;
  Value sum = n.binary(BinaryFn::add, n.operand(0), n.operand(1));
  if (n.has(biasInput)) sum = n.binary(BinaryFn::add, sum, n.operand(biasInput));
  for (unsigned i : {1, 2})
    if (n.wants(i))
      return n.fail("its outputs for training are not supported: export the model for inference");
  if (n.wants(3) && failed(n.result(3, sum))) return failure();
  Value beta = rms ? Value() : n.operand(3);
  return n.result(n.create<LayerNormOp>(sum, n.operand(2), beta, n.rank(0) - 1,
                                        APFloat(n.floatAttr("epsilon", 1e-12f)), rms));
}
template LogicalResult importSkipLayerNorm<true>(NodeImporter &);
template LogicalResult importSkipLayerNorm<false>(NodeImporter &);

} // namespace girih
