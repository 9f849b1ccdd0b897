// Handlers of all operators, for the table, and the shape rules that they share with shape arithmetic.
#pragma once

#include "compiler/Import/NodeImporter.h"

namespace girih {

//===-- Shape rules: each reads the node's attributes and operands, and fails with a message ----===//

mlir::FailureOr<NodeImporter::Dims> reshapeDims(NodeImporter &n);
mlir::FailureOr<NodeImporter::Dims> flattenDims(NodeImporter &n);
mlir::FailureOr<NodeImporter::Dims> squeezeDims(NodeImporter &n);
mlir::FailureOr<NodeImporter::Dims> unsqueezeDims(NodeImporter &n);
/// Sizes of the parts of a Split along `axis`.
mlir::FailureOr<NodeImporter::Dims> splitSizes(NodeImporter &n, int64_t axis);
/// Sorted axes of a Reduce operator: all where none are given, none for a no-op.
mlir::FailureOr<NodeImporter::Ints> reduceAxes(NodeImporter &n);

/// Begin, size and step of a Slice in every dimension.
struct SliceParameters {
  NodeImporter::Dims starts, sizes;
  NodeImporter::Ints steps;
};
mlir::FailureOr<SliceParameters> sliceParameters(NodeImporter &n);

//===-- Handlers ----------------------------------------------------------===//

template <UnaryFn fn> mlir::LogicalResult importUnary(NodeImporter &n) {
  return n.result(n.unary(fn, n.operand(0)));
}
template <BinaryFn fn> mlir::LogicalResult importBinary(NodeImporter &n) {
  return n.result(n.binary(fn, n.operand(0), n.operand(1)));
}
mlir::LogicalResult importReduceOf(NodeImporter &n, ReduceFn fn);
template <ReduceFn fn> mlir::LogicalResult importReduce(NodeImporter &n) {
  return importReduceOf(n, fn);
}
template <ReduceFn fn> mlir::LogicalResult importGlobalPool(NodeImporter &n);
template <bool minimum> mlir::LogicalResult importArgReduce(NodeImporter &n);
template <bool rms> mlir::LogicalResult importSkipLayerNorm(NodeImporter &n);
mlir::LogicalResult importBiasGelu(NodeImporter &n);
mlir::LogicalResult importFastGelu(NodeImporter &n);
mlir::LogicalResult importQuickGelu(NodeImporter &n);
mlir::LogicalResult importFusedMatMul(NodeImporter &n);
mlir::LogicalResult importFusedConv(NodeImporter &n);
mlir::LogicalResult importAffineGrid(NodeImporter &n);
mlir::LogicalResult importAttention(NodeImporter &n);
mlir::LogicalResult importAveragePool(NodeImporter &n);
mlir::LogicalResult importBatchNorm(NodeImporter &n);
mlir::LogicalResult importBitCast(NodeImporter &n);
mlir::LogicalResult importBitShift(NodeImporter &n);
mlir::LogicalResult importBlackmanWindow(NodeImporter &n);
mlir::LogicalResult importCast(NodeImporter &n);
mlir::LogicalResult importCastLike(NodeImporter &n);
mlir::LogicalResult importCausalConvWithState(NodeImporter &n);
mlir::LogicalResult importCelu(NodeImporter &n);
mlir::LogicalResult importCenterCropPad(NodeImporter &n);
mlir::LogicalResult importClip(NodeImporter &n);
mlir::LogicalResult importCompress(NodeImporter &n);
mlir::LogicalResult importConcat(NodeImporter &n);
mlir::LogicalResult importConstant(NodeImporter &n);
mlir::LogicalResult importConstantOfShape(NodeImporter &n);
mlir::LogicalResult importConv(NodeImporter &n);
mlir::LogicalResult importConvTranspose(NodeImporter &n);
template <bool product> mlir::LogicalResult importCumulative(NodeImporter &n);
mlir::LogicalResult importDepthToSpace(NodeImporter &n);
mlir::LogicalResult importDropout(NodeImporter &n);
mlir::LogicalResult importEinsum(NodeImporter &n);
mlir::LogicalResult importElu(NodeImporter &n);
mlir::LogicalResult importExpand(NodeImporter &n);
mlir::LogicalResult importEyeLike(NodeImporter &n);
mlir::LogicalResult importFlatten(NodeImporter &n);
mlir::LogicalResult importGather(NodeImporter &n);
mlir::LogicalResult importGatherElements(NodeImporter &n);
mlir::LogicalResult importGatherND(NodeImporter &n);
mlir::LogicalResult importGridSample(NodeImporter &n);
mlir::LogicalResult importGelu(NodeImporter &n);
mlir::LogicalResult importGemm(NodeImporter &n);
mlir::LogicalResult importGlobalLpPool(NodeImporter &n);
mlir::LogicalResult importGroupNorm(NodeImporter &n);
mlir::LogicalResult importHammingWindow(NodeImporter &n);
mlir::LogicalResult importHannWindow(NodeImporter &n);
mlir::LogicalResult importHardSigmoid(NodeImporter &n);
mlir::LogicalResult importHardmax(NodeImporter &n);
mlir::LogicalResult importIdentity(NodeImporter &n);
mlir::LogicalResult importInstanceNorm(NodeImporter &n);
mlir::LogicalResult importIsInf(NodeImporter &n);
mlir::LogicalResult importKnown(NodeImporter &n);
mlir::LogicalResult importLayerNorm(NodeImporter &n);
mlir::LogicalResult importLeakyRelu(NodeImporter &n);
mlir::LogicalResult importLogSoftmax(NodeImporter &n);
mlir::LogicalResult importLpNorm(NodeImporter &n);
mlir::LogicalResult importLpPool(NodeImporter &n);
mlir::LogicalResult importLrn(NodeImporter &n);
mlir::LogicalResult importMatMul(NodeImporter &n);
mlir::LogicalResult importMax(NodeImporter &n);
mlir::LogicalResult importMaxPool(NodeImporter &n);
mlir::LogicalResult importMaxUnpool(NodeImporter &n);
mlir::LogicalResult importMean(NodeImporter &n);
mlir::LogicalResult importMeanVarianceNorm(NodeImporter &n);
mlir::LogicalResult importMin(NodeImporter &n);
mlir::LogicalResult importMod(NodeImporter &n);
mlir::LogicalResult importNonZero(NodeImporter &n);
mlir::LogicalResult importOneHot(NodeImporter &n);
mlir::LogicalResult importPad(NodeImporter &n);
mlir::LogicalResult importRange(NodeImporter &n);
mlir::LogicalResult importReshape(NodeImporter &n);
mlir::LogicalResult importResize(NodeImporter &n);
mlir::LogicalResult importReverseSequence(NodeImporter &n);
mlir::LogicalResult importRmsNorm(NodeImporter &n);
mlir::LogicalResult importRoiAlign(NodeImporter &n);
mlir::LogicalResult importRotaryEmbedding(NodeImporter &n);
mlir::LogicalResult importScatterElements(NodeImporter &n);
mlir::LogicalResult importScatterND(NodeImporter &n);
mlir::LogicalResult importSelu(NodeImporter &n);
mlir::LogicalResult importShrink(NodeImporter &n);
mlir::LogicalResult importSlice(NodeImporter &n);
mlir::LogicalResult importSoftmax(NodeImporter &n);
mlir::LogicalResult importSpaceToDepth(NodeImporter &n);
mlir::LogicalResult importSplit(NodeImporter &n);
mlir::LogicalResult importSqueeze(NodeImporter &n);
mlir::LogicalResult importSum(NodeImporter &n);
mlir::LogicalResult importSwiGLU(NodeImporter &n);
mlir::LogicalResult importSwish(NodeImporter &n);
mlir::LogicalResult importTensorScatter(NodeImporter &n);
mlir::LogicalResult importThresholdedRelu(NodeImporter &n);
mlir::LogicalResult importTile(NodeImporter &n);
mlir::LogicalResult importTopK(NodeImporter &n);
mlir::LogicalResult importTranspose(NodeImporter &n);
mlir::LogicalResult importTrilu(NodeImporter &n);
mlir::LogicalResult importUnsqueeze(NodeImporter &n);
mlir::LogicalResult importUpsample(NodeImporter &n);
mlir::LogicalResult importWhere(NodeImporter &n);

bool knownAbs(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownAdd(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownAnd(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownCast(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownCeil(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownClip(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownConcat(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownConstantOfShape(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownDiv(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownEqual(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownExpand(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownFlatten(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownFloor(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownGather(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownGreater(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownGreaterOrEqual(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownIdentity(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownLess(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownLessOrEqual(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownMax(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownMin(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownMod(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownMul(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownNeg(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownNot(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownOr(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownRange(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownReduceMax(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownReduceMin(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownReduceProd(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownReduceSum(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownReshape(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownRound(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownScatterND(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownShape(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSign(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSize(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSlice(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSplit(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSqueeze(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownSub(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownTranspose(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownUnsqueeze(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);
bool knownWhere(NodeImporter &n, llvm::SmallVectorImpl<Known> &results);

} // namespace girih
