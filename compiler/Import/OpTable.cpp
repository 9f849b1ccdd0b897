// Every operator that is imported: one row for each version that differs. To add an operator, write its
// handler in an Ops*.cpp, declare it in Handlers.h and add its row here; the table's order is that of names
// and versions.
#include "compiler/Import/Handlers.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace girih {

static constexpr unsigned any = UINT32_MAX;

// clang-format off
static constexpr OpRow table[] = {
    // domain, operator, since, handler, attributes, fewest and most inputs, most outputs, shape arithmetic
    {"", "Abs", 6, importUnary<UnaryFn::abs>, "", 1, 1, 1, knownAbs},
    {"", "Acos", 7, importUnary<UnaryFn::acos>, "", 1, 1, 1},
    {"", "Acosh", 9, importUnary<UnaryFn::acosh>, "", 1, 1, 1},
    {"", "Add", 7, importBinary<BinaryFn::add>, "", 2, 2, 1, knownAdd},
    {"", "AffineGrid", 20, importAffineGrid, "align_corners", 2, 2, 1},
    {"", "And", 7, importBinary<BinaryFn::logical_and>, "", 2, 2, 1, knownAnd},
    {"", "ArgMax", 1, importArgReduce<false>, "axis keepdims", 1, 1, 1},
    {"", "ArgMax", 12, importArgReduce<false>, "axis keepdims select_last_index", 1, 1, 1},
    {"", "ArgMin", 1, importArgReduce<true>, "axis keepdims", 1, 1, 1},
    {"", "ArgMin", 12, importArgReduce<true>, "axis keepdims select_last_index", 1, 1, 1},
    {"", "Asin", 7, importUnary<UnaryFn::asin>, "", 1, 1, 1},
    {"", "Asinh", 9, importUnary<UnaryFn::asinh>, "", 1, 1, 1},
    {"", "Atan", 7, importUnary<UnaryFn::atan>, "", 1, 1, 1},
    {"", "Atanh", 9, importUnary<UnaryFn::atanh>, "", 1, 1, 1},
    {"", "Attention", 23, importAttention, "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision", 3, 6, 4},
    {"", "Attention", 24, importAttention, "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision", 3, 7, 4},
    {"", "Attention", 25, importAttention, "is_causal kv_num_heads left_window_size q_num_heads qk_matmul_output_mode right_window_size scale softcap softmax_precision", 3, 7, 4},
    {"", "AveragePool", 7, importAveragePool, "auto_pad count_include_pad kernel_shape pads strides", 1, 1, 1},
    {"", "AveragePool", 10, importAveragePool, "auto_pad ceil_mode count_include_pad kernel_shape pads strides", 1, 1, 1},
    {"", "AveragePool", 19, importAveragePool, "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides", 1, 1, 1},
    {"", "BatchNormalization", 7, importBatchNorm, "epsilon momentum spatial", 5, 5, 5},
    {"", "BatchNormalization", 9, importBatchNorm, "epsilon momentum", 5, 5, 5},
    {"", "BatchNormalization", 14, importBatchNorm, "epsilon momentum training_mode", 5, 5, 3},
    {"", "BitCast", 26, importBitCast, "to", 1, 1, 1},
    {"", "BitShift", 11, importBitShift, "direction", 2, 2, 1},
    {"", "BitwiseAnd", 18, importBinary<BinaryFn::bitwise_and>, "", 2, 2, 1},
    {"", "BitwiseNot", 18, importUnary<UnaryFn::bitwise_not>, "", 1, 1, 1},
    {"", "BitwiseOr", 18, importBinary<BinaryFn::bitwise_or>, "", 2, 2, 1},
    {"", "BitwiseXor", 18, importBinary<BinaryFn::bitwise_xor>, "", 2, 2, 1},
    {"", "BlackmanWindow", 17, importBlackmanWindow, "output_datatype periodic", 1, 1, 1},
    {"", "Cast", 6, importCast, "to", 1, 1, 1, knownCast},
    {"", "Cast", 19, importCast, "saturate to", 1, 1, 1, knownCast},
    {"", "Cast", 24, importCast, "round_mode saturate to", 1, 1, 1, knownCast},
    {"", "CastLike", 15, importCastLike, "", 2, 2, 1, knownCast},
    {"", "CastLike", 19, importCastLike, "saturate", 2, 2, 1, knownCast},
    {"", "CastLike", 24, importCastLike, "round_mode saturate", 2, 2, 1, knownCast},
    {"", "CausalConvWithState", 27, importCausalConvWithState, "activation", 2, 4, 2},
    {"", "Ceil", 6, importUnary<UnaryFn::ceil>, "", 1, 1, 1, knownCeil},
    {"", "Celu", 12, importCelu, "alpha", 1, 1, 1},
    {"", "CenterCropPad", 18, importCenterCropPad, "axes", 2, 2, 1},
    {"", "Clip", 6, importClip, "max min", 1, 1, 1, knownClip},
    {"", "Clip", 11, importClip, "", 1, 3, 1, knownClip},
    {"", "Compress", 9, importCompress, "axis", 2, 2, 1},
    {"", "Concat", 4, importConcat, "axis", 1, any, 1, knownConcat},
    {"", "Constant", 1, importConstant, "value", 0, 0, 1},
    {"", "Constant", 11, importConstant, "sparse_value value", 0, 0, 1},
    {"", "Constant", 12, importConstant, "sparse_value value value_float value_floats value_int value_ints value_string value_strings", 0, 0, 1},
    {"", "ConstantOfShape", 9, importConstantOfShape, "value", 1, 1, 1, knownConstantOfShape},
    {"", "Conv", 1, importConv, "auto_pad dilations group kernel_shape pads strides", 2, 3, 1},
    {"", "ConvTranspose", 1, importConvTranspose, "auto_pad dilations group kernel_shape output_padding output_shape pads strides", 2, 3, 1},
    {"", "Cos", 7, importUnary<UnaryFn::cos>, "", 1, 1, 1},
    {"", "Cosh", 9, importUnary<UnaryFn::cosh>, "", 1, 1, 1},
    {"", "CumProd", 26, importCumulative<true>, "exclusive reverse", 2, 2, 1},
    {"", "CumSum", 11, importCumulative<false>, "exclusive reverse", 2, 2, 1},
    {"", "DepthToSpace", 1, importDepthToSpace, "blocksize", 1, 1, 1},
    {"", "DepthToSpace", 11, importDepthToSpace, "blocksize mode", 1, 1, 1},
    {"", "Div", 7, importBinary<BinaryFn::div>, "", 2, 2, 1, knownDiv},
    {"", "Dropout", 7, importDropout, "ratio", 1, 1, 2},
    {"", "Dropout", 12, importDropout, "seed", 1, 3, 2},
    {"", "Einsum", 12, importEinsum, "equation", 1, any, 1},
    {"", "Elu", 6, importElu, "alpha", 1, 1, 1},
    {"", "Equal", 7, importBinary<BinaryFn::equal>, "", 2, 2, 1, knownEqual},
    {"", "Erf", 9, importUnary<UnaryFn::erf>, "", 1, 1, 1},
    {"", "Exp", 6, importUnary<UnaryFn::exp>, "", 1, 1, 1},
    {"", "Expand", 8, importExpand, "", 2, 2, 1, knownExpand},
    {"", "EyeLike", 9, importEyeLike, "dtype k", 1, 1, 1},
    {"", "Flatten", 1, importFlatten, "axis", 1, 1, 1, knownFlatten},
    {"", "Floor", 6, importUnary<UnaryFn::floor>, "", 1, 1, 1, knownFloor},
    {"", "Gather", 1, importGather, "axis", 2, 2, 1, knownGather},
    {"", "GatherElements", 11, importGatherElements, "axis", 2, 2, 1},
    {"", "GatherND", 11, importGatherND, "", 2, 2, 1},
    {"", "GatherND", 12, importGatherND, "batch_dims", 2, 2, 1},
    {"", "Gelu", 20, importGelu, "approximate", 1, 1, 1},
    {"", "Gemm", 7, importGemm, "alpha beta transA transB", 3, 3, 1},
    {"", "Gemm", 11, importGemm, "alpha beta transA transB", 2, 3, 1},
    {"", "GlobalAveragePool", 1, importGlobalPool<ReduceFn::mean>, "", 1, 1, 1},
    {"", "GlobalLpPool", 2, importGlobalLpPool, "p", 1, 1, 1},
    {"", "GlobalMaxPool", 1, importGlobalPool<ReduceFn::max>, "", 1, 1, 1},
    {"", "Greater", 7, importBinary<BinaryFn::greater>, "", 2, 2, 1, knownGreater},
    {"", "GreaterOrEqual", 12, importBinary<BinaryFn::greater_or_equal>, "", 2, 2, 1, knownGreaterOrEqual},
    {"", "GridSample", 16, importGridSample, "align_corners mode padding_mode", 2, 2, 1},
    {"", "GridSample", 20, importGridSample, "align_corners mode padding_mode", 2, 2, 1},
    {"", "GroupNormalization", 18, importGroupNorm, "epsilon num_groups", 3, 3, 1},
    {"", "GroupNormalization", 21, importGroupNorm, "epsilon num_groups stash_type", 3, 3, 1},
    {"", "HammingWindow", 17, importHammingWindow, "output_datatype periodic", 1, 1, 1},
    {"", "HannWindow", 17, importHannWindow, "output_datatype periodic", 1, 1, 1},
    {"", "HardSigmoid", 6, importHardSigmoid, "alpha beta", 1, 1, 1},
    {"", "HardSwish", 14, importUnary<UnaryFn::hard_swish>, "", 1, 1, 1},
    {"", "Hardmax", 1, importHardmax, "axis", 1, 1, 1},
    {"", "Hardmax", 13, importHardmax, "axis", 1, 1, 1},
    {"", "Identity", 1, importIdentity, "", 1, 1, 1, knownIdentity},
    {"", "InstanceNormalization", 6, importInstanceNorm, "epsilon", 3, 3, 1},
    {"", "IsInf", 10, importIsInf, "detect_negative detect_positive", 1, 1, 1},
    {"", "IsNaN", 9, importUnary<UnaryFn::isnan>, "", 1, 1, 1},
    {"", "LRN", 1, importLrn, "alpha beta bias size", 1, 1, 1},
    {"", "LayerNormalization", 1, importLayerNorm, "axis epsilon stash_type", 2, 3, 3},
    {"", "LeakyRelu", 6, importLeakyRelu, "alpha", 1, 1, 1},
    {"", "Less", 7, importBinary<BinaryFn::less>, "", 2, 2, 1, knownLess},
    {"", "LessOrEqual", 12, importBinary<BinaryFn::less_or_equal>, "", 2, 2, 1, knownLessOrEqual},
    {"", "Log", 6, importUnary<UnaryFn::log>, "", 1, 1, 1},
    {"", "LogSoftmax", 1, importLogSoftmax, "axis", 1, 1, 1},
    {"", "LogSoftmax", 13, importLogSoftmax, "axis", 1, 1, 1},
    {"", "LpNormalization", 1, importLpNorm, "axis p", 1, 1, 1},
    {"", "LpPool", 2, importLpPool, "auto_pad kernel_shape p pads strides", 1, 1, 1},
    {"", "LpPool", 18, importLpPool, "auto_pad ceil_mode dilations kernel_shape p pads strides", 1, 1, 1},
    {"", "MatMul", 1, importMatMul, "", 2, 2, 1},
    {"", "Max", 6, importMax, "", 1, any, 1, knownMax},
    {"", "MaxPool", 1, importMaxPool, "auto_pad kernel_shape pads strides", 1, 1, 1},
    {"", "MaxPool", 8, importMaxPool, "auto_pad kernel_shape pads storage_order strides", 1, 1, 2},
    {"", "MaxPool", 10, importMaxPool, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", 1, 1, 2},
    {"", "MaxUnpool", 9, importMaxUnpool, "kernel_shape pads strides", 2, 3, 1},
    {"", "Mean", 6, importMean, "", 1, any, 1},
    {"", "MeanVarianceNormalization", 9, importMeanVarianceNorm, "axes", 1, 1, 1},
    {"", "Min", 6, importMin, "", 1, any, 1, knownMin},
    {"", "Mish", 18, importUnary<UnaryFn::mish>, "", 1, 1, 1},
    {"", "Mod", 10, importMod, "fmod", 2, 2, 1, knownMod},
    {"", "Mul", 7, importBinary<BinaryFn::mul>, "", 2, 2, 1, knownMul},
    {"", "Neg", 6, importUnary<UnaryFn::neg>, "", 1, 1, 1, knownNeg},
    {"", "NonZero", 9, importNonZero, "", 1, 1, 1},
    {"", "Not", 1, importUnary<UnaryFn::logical_not>, "", 1, 1, 1, knownNot},
    {"", "OneHot", 9, importOneHot, "axis", 3, 3, 1},
    {"", "Or", 7, importBinary<BinaryFn::logical_or>, "", 2, 2, 1, knownOr},
    {"", "PRelu", 7, importBinary<BinaryFn::prelu>, "", 2, 2, 1},
    {"", "Pad", 2, importPad, "mode pads value", 1, 1, 1},
    {"", "Pad", 11, importPad, "mode", 2, 3, 1},
    {"", "Pad", 18, importPad, "mode", 2, 4, 1},
    {"", "Pow", 7, importBinary<BinaryFn::pow>, "", 2, 2, 1},
    {"", "RMSNormalization", 23, importRmsNorm, "axis epsilon stash_type", 2, 2, 1},
    {"", "Range", 11, importRange, "", 3, 3, 1, knownRange},
    {"", "Range", 27, importRange, "stash_type", 3, 3, 1, knownRange},
    {"", "Reciprocal", 6, importUnary<UnaryFn::reciprocal>, "", 1, 1, 1},
    {"", "ReduceL1", 1, importReduce<ReduceFn::l1>, "axes keepdims", 1, 1, 1},
    {"", "ReduceL1", 18, importReduce<ReduceFn::l1>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "ReduceL2", 1, importReduce<ReduceFn::l2>, "axes keepdims", 1, 1, 1},
    {"", "ReduceL2", 18, importReduce<ReduceFn::l2>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "ReduceLogSum", 1, importReduce<ReduceFn::log_sum>, "axes keepdims", 1, 1, 1},
    {"", "ReduceLogSum", 18, importReduce<ReduceFn::log_sum>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "ReduceLogSumExp", 1, importReduce<ReduceFn::log_sum_exp>, "axes keepdims", 1, 1, 1},
    {"", "ReduceLogSumExp", 18, importReduce<ReduceFn::log_sum_exp>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "ReduceMax", 1, importReduce<ReduceFn::max>, "axes keepdims", 1, 1, 1, knownReduceMax},
    {"", "ReduceMax", 18, importReduce<ReduceFn::max>, "keepdims noop_with_empty_axes", 1, 2, 1, knownReduceMax},
    {"", "ReduceMean", 1, importReduce<ReduceFn::mean>, "axes keepdims", 1, 1, 1},
    {"", "ReduceMean", 18, importReduce<ReduceFn::mean>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "ReduceMin", 1, importReduce<ReduceFn::min>, "axes keepdims", 1, 1, 1, knownReduceMin},
    {"", "ReduceMin", 18, importReduce<ReduceFn::min>, "keepdims noop_with_empty_axes", 1, 2, 1, knownReduceMin},
    {"", "ReduceProd", 1, importReduce<ReduceFn::prod>, "axes keepdims", 1, 1, 1, knownReduceProd},
    {"", "ReduceProd", 18, importReduce<ReduceFn::prod>, "keepdims noop_with_empty_axes", 1, 2, 1, knownReduceProd},
    {"", "ReduceSum", 1, importReduce<ReduceFn::sum>, "axes keepdims", 1, 1, 1, knownReduceSum},
    {"", "ReduceSum", 13, importReduce<ReduceFn::sum>, "keepdims noop_with_empty_axes", 1, 2, 1, knownReduceSum},
    {"", "ReduceSumSquare", 1, importReduce<ReduceFn::sum_square>, "axes keepdims", 1, 1, 1},
    {"", "ReduceSumSquare", 18, importReduce<ReduceFn::sum_square>, "keepdims noop_with_empty_axes", 1, 2, 1},
    {"", "Relu", 6, importUnary<UnaryFn::relu>, "", 1, 1, 1},
    {"", "Reshape", 5, importReshape, "", 2, 2, 1, knownReshape},
    {"", "Reshape", 14, importReshape, "allowzero", 2, 2, 1, knownReshape},
    {"", "Resize", 10, importUpsample, "mode", 2, 2, 1},
    {"", "Resize", 11, importResize, "coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode nearest_mode", 3, 4, 1},
    {"", "Resize", 13, importResize, "coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode nearest_mode", 1, 4, 1},
    {"", "Resize", 18, importResize, "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy mode nearest_mode", 1, 4, 1},
    {"", "ReverseSequence", 10, importReverseSequence, "batch_axis time_axis", 2, 2, 1},
    {"", "RoiAlign", 10, importRoiAlign, "mode output_height output_width sampling_ratio spatial_scale", 3, 3, 1},
    {"", "RoiAlign", 16, importRoiAlign, "coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale", 3, 3, 1},
    {"", "RotaryEmbedding", 23, importRotaryEmbedding, "interleaved num_heads rotary_embedding_dim", 3, 4, 1},
    {"", "Round", 11, importUnary<UnaryFn::round>, "", 1, 1, 1, knownRound},
    {"", "Scatter", 9, importScatterElements, "axis", 3, 3, 1},
    {"", "ScatterElements", 11, importScatterElements, "axis", 3, 3, 1},
    {"", "ScatterElements", 16, importScatterElements, "axis reduction", 3, 3, 1},
    {"", "ScatterND", 11, importScatterND, "", 3, 3, 1, knownScatterND},
    {"", "ScatterND", 16, importScatterND, "reduction", 3, 3, 1, knownScatterND},
    {"", "Selu", 6, importSelu, "alpha gamma", 1, 1, 1},
    {"", "Shape", 1, importKnown, "", 1, 1, 1, knownShape},
    {"", "Shape", 15, importKnown, "end start", 1, 1, 1, knownShape},
    {"", "Shrink", 9, importShrink, "bias lambd", 1, 1, 1},
    {"", "Sigmoid", 6, importUnary<UnaryFn::sigmoid>, "", 1, 1, 1},
    {"", "Sign", 9, importUnary<UnaryFn::sign>, "", 1, 1, 1, knownSign},
    {"", "Sin", 7, importUnary<UnaryFn::sin>, "", 1, 1, 1},
    {"", "Sinh", 9, importUnary<UnaryFn::sinh>, "", 1, 1, 1},
    {"", "Size", 1, importKnown, "", 1, 1, 1, knownSize},
    {"", "Slice", 1, importSlice, "axes ends starts", 1, 1, 1, knownSlice},
    {"", "Slice", 10, importSlice, "", 3, 5, 1, knownSlice},
    {"", "Softmax", 1, importSoftmax, "axis", 1, 1, 1},
    {"", "Softmax", 13, importSoftmax, "axis", 1, 1, 1},
    {"", "Softplus", 1, importUnary<UnaryFn::softplus>, "", 1, 1, 1},
    {"", "Softsign", 1, importUnary<UnaryFn::softsign>, "", 1, 1, 1},
    {"", "SpaceToDepth", 1, importSpaceToDepth, "blocksize", 1, 1, 1},
    {"", "SpaceToDepth", 28, importSpaceToDepth, "blocksize mode", 1, 1, 1},
    {"", "Split", 2, importSplit, "axis split", 1, 1, any, knownSplit},
    {"", "Split", 13, importSplit, "axis", 1, 2, any, knownSplit},
    {"", "Split", 18, importSplit, "axis num_outputs", 1, 2, any, knownSplit},
    {"", "Sqrt", 6, importUnary<UnaryFn::sqrt>, "", 1, 1, 1},
    {"", "Squeeze", 1, importSqueeze, "axes", 1, 1, 1, knownSqueeze},
    {"", "Squeeze", 13, importSqueeze, "", 1, 2, 1, knownSqueeze},
    {"", "Sub", 7, importBinary<BinaryFn::sub>, "", 2, 2, 1, knownSub},
    {"", "Sum", 6, importSum, "", 1, any, 1, knownAdd},
    {"", "SwiGLU", 28, importSwiGLU, "alpha", 2, 2, 1},
    {"", "Swish", 24, importSwish, "alpha", 1, 1, 1},
    {"", "Tan", 7, importUnary<UnaryFn::tan>, "", 1, 1, 1},
    {"", "Tanh", 6, importUnary<UnaryFn::tanh>, "", 1, 1, 1},
    {"", "TensorScatter", 24, importTensorScatter, "axis mode", 2, 3, 1},
    {"", "ThresholdedRelu", 10, importThresholdedRelu, "alpha", 1, 1, 1},
    {"", "Tile", 6, importTile, "", 2, 2, 1},
    {"", "TopK", 1, importTopK, "axis k", 1, 1, 2},
    {"", "TopK", 10, importTopK, "axis", 2, 2, 2},
    {"", "TopK", 11, importTopK, "axis largest sorted", 2, 2, 2},
    {"", "Transpose", 1, importTranspose, "perm", 1, 1, 1, knownTranspose},
    {"", "Trilu", 14, importTrilu, "upper", 1, 2, 1},
    {"", "Unsqueeze", 1, importUnsqueeze, "axes", 1, 1, 1, knownUnsqueeze},
    {"", "Unsqueeze", 13, importUnsqueeze, "", 2, 2, 1, knownUnsqueeze},
    {"", "Upsample", 7, importUpsample, "mode scales", 1, 1, 1},
    {"", "Upsample", 9, importUpsample, "mode", 2, 2, 1},
    {"", "Where", 9, importWhere, "", 3, 3, 1, knownWhere},
    {"", "Xor", 7, importBinary<BinaryFn::logical_xor>, "", 2, 2, 1},
    // ONNX Runtime's own operators. It writes the two layer norms into ONNX's domain, where one of them came later.
    {"", "SimplifiedLayerNormalization", 1, importRmsNorm, "axis epsilon stash_type", 2, 2, 1},
    {"com.microsoft", "BiasGelu", 1, importBiasGelu, "", 2, 2, 1},
    {"com.microsoft", "FastGelu", 1, importFastGelu, "", 1, 2, 1},
    {"com.microsoft", "FusedConv", 1, importFusedConv, "activation activation_params auto_pad dilations group kernel_shape pads strides", 2, 4, 1},
    {"com.microsoft", "FusedMatMul", 1, importFusedMatMul, "alpha transA transB transBatchA transBatchB", 2, 2, 1},
    {"com.microsoft", "Gelu", 1, importUnary<UnaryFn::gelu>, "", 1, 1, 1},
    {"com.microsoft", "QuickGelu", 1, importQuickGelu, "alpha", 1, 1, 1},
    {"com.microsoft", "SkipLayerNormalization", 1, importSkipLayerNorm<false>, "epsilon", 3, 5, 4},
    {"com.microsoft", "SkipSimplifiedLayerNormalization", 1, importSkipLayerNorm<true>, "epsilon", 3, 4, 4},
};
// clang-format on

ArrayRef<OpRow> allOps() {
  return table;
}

const OpRow *findOp(StringRef domain, StringRef op, int64_t opset) {
  // Rows of one operator lie side by side: the map holds where each begins.
  static const llvm::StringMap<const OpRow *> first = [] {
    llvm::StringMap<const OpRow *> map;
    for (const OpRow &row : table)
      map.try_emplace((row.domain + ":" + row.op).str(), &row);
    return map;
  }();
  auto it = first.find((domain + ":" + op).str());
  if (it == first.end()) return nullptr;
  const OpRow *found = nullptr;
  for (const OpRow *row = it->second;
       row != std::end(table) && row->op == op && row->domain == domain && row->since <= opset; ++row)
    found = row;
  return found;
}

StringRef whyUnsupported(StringRef domain, StringRef op) {
  if (!domain.empty()) return domain == "ai.onnx.ml" ? "classical machine learning" : "";
  return llvm::StringSwitch<StringRef>(op)
      .Cases({"LSTM", "GRU", "RNN"}, "recurrent layers are not supported yet")
      .Cases({"If", "Loop", "Scan", "SequenceMap"}, "control flow is not supported yet")
      .Cases({"SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert",
              "SequenceLength", "SplitToSequence", "ConcatFromSequence"},
             "sequences are not supported yet")
      .Cases({"Optional", "OptionalGetElement", "OptionalHasElement"},
             "optional values are not supported yet")
      .Cases({"StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer"},
             "strings are not supported")
      .Cases({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul",
              "ConvInteger", "MatMulInteger"},
             "quantised models are not supported yet")
      .Cases({"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli",
              "Multinomial"},
             "random numbers are not supported: results would not be reproducible")
      .Cases({"NonMaxSuppression", "Unique"}, "the size of its result depends on data")
      .Default("");
}

} // namespace girih
