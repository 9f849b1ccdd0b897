// The girih dialect: deep-learning graph operators on ranked tensors with symbolic dimensions.

#ifndef GIRIH_GRAPH_OPS
#define GIRIH_GRAPH_OPS

include "dialects/Graph/GraphBase.td"
include "dialects/Graph/Places.td"
include "dialects/Graph/Schedule.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===-- Types -------------------------------------------------------------===//

def Girih_Tensor : Type<
    And<[AnyRankedTensor.predicate, CPred<"::girih::isGraphTensor(::llvm::cast<::mlir::RankedTensorType>($_self))">]>,
    "ranked tensor of i1, i8 to i64, ui8 to ui64, f16, bf16, f32 or f64, whose dynamic dimensions are stated by "
    "#girih.dims and whose size is an int64_t",
    "::mlir::RankedTensorType">;

//===-- Op classes --------------------------------------------------------===//

/// What the op is in a kernel, an OpRole of Graph.h; grouping and lowering ask for it by getRole. Ops without one stay outside.
class Role<string role> : ParamNativeOpTrait<"KernelRole", "::girih::OpRole::" # role> {
  let cppNamespace = "::girih";
}

/// Operand `operand` holds coordinates: girih-set-precision leaves them in f32, of which f16 has too few digits for the pixels of an image.
class Coordinates<int operand> : ParamNativeOpTrait<"HasCoordinates", !cast<string>(operand)> {
  let cppNamespace = "::girih";
}

class Girih_Op<string mnemonic, list<Trait> traits = []> : Op<Girih_Dialect, mnemonic, traits>;

/// An op whose result types follow from operands and attributes; `inferReturnTypes` serves builder, shape inference and verifier.
class Girih_InferredOp<string mnemonic, list<Trait> traits = []> :
    Girih_Op<mnemonic, !listconcat([Pure, InferTypeOpAdaptorWithIsCompatible], traits)> {
  let results = (outs Girih_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// An op whose result type is stated (it holds dimensions that no operand has) and checked by a verifier.
class Girih_TypedOp<string mnemonic, list<Trait> traits = []> : Girih_Op<mnemonic, !listconcat([Pure], traits)> {
  let results = (outs Girih_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

defvar Axis = I64Attr;

//===-- Structure ---------------------------------------------------------===//

def Girih_ConstantOp : Girih_Op<"constant", [Pure, ConstantLike, InferTypeOpAdaptorWithIsCompatible]> {
  let summary = "a weight or any other constant tensor";
  let description = [{
    Large values are `DenseResourceElementsAttr` whose blobs point into the model's file; small ones (up to 1 KiB, and
    all that shape arithmetic reads) are dense. ONNX source: initializers, Constant, ConstantOfShape.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Girih_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def Girih_ShapeOp : Girih_Op<"shape", [Role<"Indexed">, Pure, InferTypeOpAdaptorWithIsCompatible]> {
  let summary = "a 1-D i64 tensor of symbolic integers";
  let description = [{
    `girih.shape #girih.dims<1, seq>` is `tensor<2xi64>`. ONNX source: Shape and Size, and arithmetic on them, where
    the integers are used as data (where they are shapes, they are in types). `girih.shape scalar <seq>` is a 0-D tensor.
  }];
  let arguments = (ins Girih_DimsAttr:$dims, UnitAttr:$scalar);
  let results = (outs Girih_Tensor:$result);
  let assemblyFormat = "(`scalar` $scalar^)? $dims attr-dict";
}

def Girih_DimOp : Girih_Op<"dim", [Pure]> {
  let summary = "the value of one symbolic integer, inside a kernel";
  let description = [{ `girih.dim #girih.dims<past + 1>` is an `index`. Made by the linalg stage, an argument after the tile stage. }];
  let arguments = (ins Girih_DimsAttr:$expr);
  let results = (outs Index:$result);
  let assemblyFormat = "$expr attr-dict";
}

def Girih_KernelOp : Girih_Op<"kernel", [IsolatedFromAbove, SingleBlockImplicitTerminator<"::girih::YieldOp">,
                                         RecursiveMemoryEffects]> {
  let summary = "operators that run as one loop nest";
  let description = [{
    Made by the group stage: one root (a contraction, a convolution, a reduction, ...) with its producers and its
    epilogue. The region sees operands only as block arguments. It holds graph ops after the group stage, and linalg,
    tensor, arith and math ops after the linalg stage, where block arguments and yielded values have storage types:
    `i1` is `i8` and `uiN` is `iN`. The plan stage sets `schedule`, `places` (one for each input and then each result) and, where result 0 may
    be written over inputs, their numbers as `in_place`; a target that can tell adds `predicted`, the nanoseconds of one run on one thread. `variants` are
    other schedules for some sizes.

    ```mlir
    %r = girih.kernel "conv1"(%x, %w, %b) : (tensor<1x8x8x16xf32>, ...) -> tensor<1x8x8x32xf32> {
    ^bb0(%x: ..., %w: ..., %b: ...):
      ...
      girih.yield %y : tensor<1x8x8x32xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$kernel_name, Variadic<Girih_Tensor>:$inputs, OptionalAttr<Girih_PlaceArrayAttr>:$places,
                   OptionalAttr<DenseI64ArrayAttr>:$in_place, OptionalAttr<Girih_ScheduleArrayAttr>:$schedule,
                   OptionalAttr<Girih_VariantArrayAttr>:$variants, OptionalAttr<I64Attr>:$predicted);
  let results = (outs Variadic<Girih_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$kernel_name `(` $inputs `)` attr-dict-with-keyword `:` functional-type($inputs, $results) $body";
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::llvm::StringRef":$kernel_name, "::mlir::ValueRange":$inputs),
                            [{ build($_builder, $_state, results, kernel_name, inputs, nullptr, nullptr, nullptr, nullptr, nullptr); }]>];
  let hasVerifier = 1;
}

def Girih_YieldOp : Girih_Op<"yield", [Pure, Terminator, ParentOneOf<["KernelOp", "CombineOp"]>]> {
  let summary = "the results of a kernel, or of a combination";
  let arguments = (ins Variadic<AnyTypeOf<[Girih_Tensor, AnyFloat, AnySignlessInteger]>>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def Girih_CombineOp : Girih_Op<"combine", [Pure, IsolatedFromAbove, InferTypeOpAdaptor,
                                           SingleBlockImplicitTerminator<"::girih::YieldOp">]> {
  let summary = "the state of a reduction after a step, with how two partial states combine";
  let description = [{
    The last operation in the body of a linalg.generic that reduces, whose yielded values are all results of it. They are the operands, passed through:
    the state after one more element. The region takes two states, each of elements that the other has not seen, and yields the state of all of these
    elements; it is associative, and the generic's initial values are neutral to it. So each lane of a vector, or each part of a long reduction, may
    have a state of its own that begins with the initial values. The first state is of the same lane's or of earlier elements; elements of lanes
    alternate, so a state that depends on the order of elements holds their indices.
    A reduction whose body ends in one operation on its only accumulator (`a + b`, `max`) needs none.

    ```mlir
    // The first index of the largest element: the state is (element, index).
    ^bb0(%x: f32, %most: f32, %at: i32):
      %i = linalg.index 1 : index
      %n = arith.index_cast %i : index to i32
      %more = arith.cmpf ogt, %x, %most : f32
      %m = arith.select %more, %x, %most : f32
      %j = arith.select %more, %n, %at : i32
      %r:2 = girih.combine(%m, %j) : f32, i32 {
      ^bb0(%m1: f32, %j1: i32, %m2: f32, %j2: i32):
        %gt = arith.cmpf ogt, %m2, %m1 : f32
        %eq = arith.cmpf oeq, %m2, %m1 : f32
        %before = arith.cmpi slt, %j2, %j1 : i32
        %tie = arith.andi %eq, %before : i1
        %second = arith.ori %gt, %tie : i1
        %m3 = arith.select %second, %m2, %m1 : f32
        %j3 = arith.select %second, %j2, %j1 : i32
        girih.yield %m3, %j3 : f32, i32
      }
      linalg.yield %r#0, %r#1 : f32, i32
    ```
  }];
  let arguments = (ins Variadic<AnyTypeOf<[AnyFloat, AnySignlessInteger]>>:$state);
  let results = (outs Variadic<AnyTypeOf<[AnyFloat, AnySignlessInteger]>>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $state `)` attr-dict-with-keyword `:` type($state) $body";
  let hasVerifier = 1;
}

def Girih_AssembleOp : Girih_TypedOp<"assemble"> {
  let summary = "a tensor made of disjoint parts, each at its offset";
  let description = [{
    What concatenations and constant pads become in the group stage: `offsets[i]` (`#girih.dims`) is where part i begins; parts cover the
    result. It is no kernel: the plan stage lets each part's producer write in place, and inserts copies where that cannot be.
    `border` is there where it is a pad of the first part: what the others hold, a scalar of the element type.
  }];
  let arguments = (ins Variadic<Girih_Tensor>:$parts, ArrayAttr:$offsets, OptionalAttr<TypedAttrInterface>:$border);
}

def Girih_LaunchOp : Girih_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one run of a compiled kernel";
  let description = [{
    Made by the tile stage from girih.kernel, whose name, `places`, `in_place` and `predicted` it keeps. `dims` are the integers the kernel takes, `tasks`
    (one expression) how many independent tasks it has, `flops` and `bytes` (one expression each) what it costs, `scratch` how many bytes of a
    thread's own memory it uses; `variants` what is run instead for some sizes. The buffers stage adds `refs`: one `#girih.ref` for each input and then
    each result.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Girih_Tensor>:$inputs, OptionalAttr<StrAttr>:$name, Girih_DimsAttr:$dims,
                   Girih_DimAttr:$tasks, Girih_DimAttr:$flops, Girih_DimAttr:$bytes, OptionalAttr<Girih_DimAttr>:$scratch,
                   OptionalAttr<Girih_PlaceArrayAttr>:$places, OptionalAttr<DenseI64ArrayAttr>:$in_place,
                   OptionalAttr<Girih_LaunchVariantArrayAttr>:$variants, OptionalAttr<I64Attr>:$predicted,
                   OptionalAttr<Girih_RefArrayAttr>:$refs);
  let results = (outs Variadic<Girih_Tensor>:$results);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
  let hasVerifier = 1;
}

//===-- Element-wise ------------------------------------------------------===//

def Girih_UnaryOp : Girih_InferredOp<"unary", [Role<"Elementwise">]> {
  let summary = "element-wise function of one operand";
  let description = [{
    ONNX source: the operator of the same name. `alpha` and `beta` are those of ONNX for leaky_relu, elu, selu (`alpha`,
    gamma as `beta`), celu, hard_sigmoid, thresholded_relu, and lambd/bias for shrink; isinf: detect_negative and
    detect_positive as 0 or 1; hard_swish, silu and gelu have fixed constants (silu: x * sigmoid(alpha * x)).
    The result has the operand's type, `i1` for isnan and isinf.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_UnaryFnAttr:$fn,
                   DefaultValuedAttr<F32Attr, "0.0f">:$alpha, DefaultValuedAttr<F32Attr, "0.0f">:$beta);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::girih::UnaryFn":$fn, CArg<"float", "0.0f">:$alpha,
                             CArg<"float", "0.0f">:$beta), [{
    build($_builder, $_state, operand, fn, ::llvm::APFloat(alpha), ::llvm::APFloat(beta));
  }]>];
  let assemblyFormat = "custom<Enum>($fn) $operand attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Girih_BinaryOp : Girih_InferredOp<"binary", [Role<"Elementwise">]> {
  let summary = "element-wise function of two operands with NumPy broadcasting";
  let description = [{
    ONNX source: the operator of the same name (mod: Mod with fmod=0, fmod: with fmod=1). Operands have one element
    type (pow: the exponent may differ); comparisons and logical functions give `i1`.
  }];
  let arguments = (ins Girih_Tensor:$lhs, Girih_Tensor:$rhs, Girih_BinaryFnAttr:$fn);
  let assemblyFormat = "custom<Enum>($fn) $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Girih_WhereOp : Girih_InferredOp<"where", [Role<"Elementwise">]> {
  let summary = "element-wise choice with NumPy broadcasting; ONNX source: Where";
  let arguments = (ins Girih_Tensor:$condition, Girih_Tensor:$x, Girih_Tensor:$y);
}

def Girih_CastOp : Girih_InferredOp<"cast", [Role<"Elementwise">]> {
  let summary = "element type conversion; ONNX source: Cast, CastLike";
  let description = [{
    Floats to integers truncate towards zero; to `i1`, everything but zero is true. With `saturate`, floats beyond the range of the float type `to`,
    infinities among them, become its largest, of their sign.
  }];
  let arguments = (ins Girih_Tensor:$operand, TypeAttr:$to, UnitAttr:$saturate);
  let hasFolder = 1;
}

def Girih_BitcastOp : Girih_InferredOp<"bitcast", [Role<"Elementwise">]> {
  let summary = "the same bits as another element type of the same width; ONNX source: BitCast";
  let arguments = (ins Girih_Tensor:$operand, TypeAttr:$to);
}

//===-- Contractions ------------------------------------------------------===//

def Girih_MatMulOp : Girih_InferredOp<"matmul", [Role<"Contraction">]> {
  let summary = "matrix product with NumPy batch broadcasting";
  let description = [{
    `lhs` [..., M, K] and `rhs` [..., K, N] give [..., M, N]; with `transpose_lhs` (`transpose_rhs`) the last two dimensions of
    that operand are swapped first. 1-D operands as in NumPy. `bias`, broadcastable to the result, is added.
    ONNX source: MatMul, Gemm, Einsum.
  }];
  let arguments = (ins Girih_Tensor:$lhs, Girih_Tensor:$rhs, Optional<Girih_Tensor>:$bias,
                   UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs);
}

def Girih_ConvOp : Girih_InferredOp<"conv", [Role<"Contraction">]> {
  let summary = "convolution with any number of spatial dimensions";
  let description = [{
    `x` [N, C, spatial...] (`channels_last`: [N, spatial..., C]), `w` [M, C/group, kernel...] in both layouts, `bias` [M].
    `pads` is [begin..., end...] as in ONNX, zero. ONNX source: Conv.
  }];
  let arguments = (ins Girih_Tensor:$x, Girih_Tensor:$w, Optional<Girih_Tensor>:$bias,
                   DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$group,
                   UnitAttr:$channels_last);
}

def Girih_WinogradConvOp : Girih_TypedOp<"winograd_conv", [Role<"Contraction">]> {
  let summary = "convolution with a kernel of 3x3 by tiles, of which each takes fewer multiplications than by definition";
  let description = [{
    `x` [N, height, width, C] gives [N, H, W, M] in tiles of `tile` by `tile` pixels (2 or 4); `bias` [M]. What the last tiles have beyond the result is
    left out, but read: height is 2 more than H rounded up to whole tiles, width likewise. With A = `tile` + 2, `u` [A, A, C, M] holds G g G^T for each
    kernel g of 3x3, and a tile is A^T (u * (B^T d B)) A of the A by A pixels d that it reads, summed over C. What is 0 in A and B multiplies
    nothing: an infinity or NaN reaches all of a tile. The matrices are those of `getWinograd` (dialects/Graph/Winograd.h). Made by girih-use-winograd.
  }];
  let arguments = (ins Girih_Tensor:$x, Girih_Tensor:$u, Optional<Girih_Tensor>:$bias, I64Attr:$tile);
}

def Girih_ConvTransposeOp : Girih_InferredOp<"conv_transpose", [Role<"Contraction">]> {
  let summary = "transposed convolution";
  let description = [{
    `x` [N, C, spatial...] (`channels_last`: [N, spatial..., C]), `w` [C, M/group, kernel...], `bias` [M]. `pads` crop the
    result; auto_pad and output_shape are resolved into them on import. ONNX source: ConvTranspose.
  }];
  let arguments = (ins Girih_Tensor:$x, Girih_Tensor:$w, Optional<Girih_Tensor>:$bias,
                   DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                   DenseI64ArrayAttr:$output_padding, I64Attr:$group, UnitAttr:$channels_last);
}

//===-- Windows, reductions, normalisations -------------------------------===//

def Girih_PoolOp : Girih_TypedOp<"pool", [Role<"Pool">]> {
  let summary = "reduction over a sliding window";
  let description = [{
    `x` [N, C, spatial...] (`channels_last`: [N, spatial..., C]). `pads` is [begin..., end...]; the spatial sizes are those of the
    result type, so ceil_mode needs no attribute: windows that reach past the padded input read nothing there.
    average divides by the elements inside the input, or inside the padded input with `count_include_pad`; lp uses `p`.
    ONNX source: MaxPool, AveragePool, LpPool.
  }];
  let arguments = (ins Girih_Tensor:$x, Girih_PoolFnAttr:$fn, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                   DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, UnitAttr:$count_include_pad,
                   DefaultValuedAttr<I64Attr, "2">:$p, UnitAttr:$channels_last);
  let assemblyFormat = "custom<Enum>($fn) $x attr-dict `:` functional-type(operands, results)";
}

def Girih_MaxPoolIndicesOp : Girih_TypedOp<"max_pool_indices", [Role<"Pool">]> {
  let summary = "flat index of each window's maximum";
  let description = [{
    Second result of ONNX's MaxPool: the index into the flattened NCHW input (`column_major`: storage_order = 1) as `i64`.
    Attributes as in girih.pool; always channels first.
  }];
  let arguments = (ins Girih_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                   DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, UnitAttr:$column_major);
}

def Girih_ReduceOp : Girih_InferredOp<"reduce", [Role<"Row">]> {
  let summary = "reduction over axes";
  let description = [{
    `axes` is sorted. An empty sum is 0, an empty max -inf or the least integer. ONNX source: Reduce*, GlobalAveragePool, GlobalMaxPool.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_ReduceFnAttr:$fn, DenseI64ArrayAttr:$axes, BoolAttr:$keepdims);
  let assemblyFormat = "custom<Enum>($fn) $operand attr-dict `:` functional-type(operands, results)";
}

def Girih_ArgReduceOp : Girih_InferredOp<"arg_reduce", [Role<"Row">]> {
  let summary = "index of the largest (or smallest) element along an axis, as i64; ONNX source: ArgMax, ArgMin";
  let arguments = (ins Girih_Tensor:$operand, UnitAttr:$minimum, Axis:$axis, BoolAttr:$keepdims, UnitAttr:$select_last_index);
}

def Girih_SoftmaxOp : Girih_InferredOp<"softmax", [Role<"Row">]> {
  let summary = "softmax along an axis, or its logarithm with `log`; ONNX source: Softmax, LogSoftmax";
  let arguments = (ins Girih_Tensor:$operand, Axis:$axis, UnitAttr:$log);
}

def Girih_BatchNormOp : Girih_InferredOp<"batch_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias a channel (dimension 1); ONNX source: BatchNormalization";
  let arguments = (ins Girih_Tensor:$x, Girih_Tensor:$scale, Girih_Tensor:$bias, Girih_Tensor:$mean,
                   Girih_Tensor:$variance, F32Attr:$epsilon);
}

def Girih_LayerNormOp : Girih_InferredOp<"layer_norm", [Role<"Row">, AttrSizedOperandSegments]> {
  let summary = "normalisation over the dimensions from `axis` on";
  let description = [{
    (x - mean) / sqrt(variance + epsilon) * scale + bias; scale and bias broadcast to x. With `rms`, x / sqrt(mean(x * x) + epsilon).
    ONNX source: LayerNormalization, RMSNormalization, and their decompositions.
  }];
  let arguments = (ins Girih_Tensor:$x, Optional<Girih_Tensor>:$scale, Optional<Girih_Tensor>:$bias,
                   Axis:$axis, F32Attr:$epsilon, UnitAttr:$rms);
  let assemblyFormat = "$x (`scale` $scale^)? (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
}

def Girih_GroupNormOp : Girih_InferredOp<"group_norm", [Role<"Row">]> {
  let summary = "normalisation over groups of channels and all spatial dimensions";
  let description = [{
    `x` [N, C, spatial...] (`channels_last`: [N, spatial..., C]), `scale` and `bias` [C]. ONNX source: GroupNormalization, InstanceNormalization (groups = C).
  }];
  let arguments = (ins Girih_Tensor:$x, Girih_Tensor:$scale, Girih_Tensor:$bias, I64Attr:$groups, F32Attr:$epsilon,
                   UnitAttr:$channels_last);
}

def Girih_LrnOp : Girih_InferredOp<"lrn", [Role<"Row">]> {
  let summary = "local response normalisation over channels (dimension 1); ONNX source: LRN";
  let arguments = (ins Girih_Tensor:$x, F32Attr:$alpha, F32Attr:$beta, F32Attr:$bias, I64Attr:$size);
}

//===-- Data movement -----------------------------------------------------===//

def Girih_TransposeOp : Girih_InferredOp<"transpose", [Role<"Movement">]> {
  let summary = "result dimension i is operand dimension permutation[i]; ONNX source: Transpose";
  let arguments = (ins Girih_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Girih_ReshapeOp : Girih_TypedOp<"reshape"> {
  let summary = "the same elements in another shape; ONNX source: Reshape, Flatten, Squeeze, Unsqueeze";
  let arguments = (ins Girih_Tensor:$operand);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Girih_ExpandOp : Girih_TypedOp<"expand", [Role<"Movement">]> {
  let summary = "NumPy broadcast to the result's shape; ONNX source: Expand";
  let arguments = (ins Girih_Tensor:$operand);
  let hasFolder = 1;
}

def Girih_SliceOp : Girih_TypedOp<"slice", [Role<"Movement">]> {
  let summary = "a strided part of a tensor";
  let description = [{
    Result element i of a dimension is operand element starts + i * steps (steps may be negative). Starts are clamped on import.
    ONNX source: Slice, Split, SplitToSequence's pieces.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_DimsAttr:$starts, DenseI64ArrayAttr:$steps);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Girih_PadOp : Girih_TypedOp<"pad", [Role<"Indexed">]> {
  let summary = "a tensor with a border; negative pads crop";
  let description = [{
    `low` and the result type give the border; `value` (0-D) is what `constant` mode fills with, zero where absent. ONNX source: Pad.
  }];
  let arguments = (ins Girih_Tensor:$operand, Optional<Girih_Tensor>:$value, Girih_DimsAttr:$low, Girih_PadModeAttr:$mode);
  let assemblyFormat = "custom<Enum>($mode) operands attr-dict `:` functional-type(operands, results)";
}

def Girih_CheckIndexOp : Girih_Op<"check_index"> {
  let summary = "a run whose `worst` index is `size` or more ends in an error";
  let description = [{
    `worst` is a 0-D i64, computed from all indices that an operator reads at: the largest of i and -1 - i, which is below the size where i is in
    [-size, size). Checked when the run's kernels are done; until then indices are clamped where they are used. The location names the
    operator. The plan stage sets `place`, the buffers stage `ref`: where `worst` is.
  }];
  let arguments = (ins Girih_Tensor:$worst, Girih_DimsAttr:$size, OptionalAttr<Girih_PlaceAttr>:$place,
                   OptionalAttr<Girih_RefAttr>:$ref);
  let assemblyFormat = "$worst `below` $size attr-dict `:` type($worst)";
  let extraClassDeclaration = [{
    /// Makes the ops that check integers of any type and shape: [-size, size) `fromEnd`, else [0, size).
    static void createFor(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value indices, DimExpr size, bool fromEnd);
  }];
  let hasVerifier = 1;
}

def Girih_ConcatOp : Girih_InferredOp<"concat", [Role<"Indexed">]> {
  let summary = "tensors one after the other along an axis; ONNX source: Concat";
  let arguments = (ins Variadic<Girih_Tensor>:$inputs, Axis:$axis);
  let hasFolder = 1;
}

def Girih_TileOp : Girih_TypedOp<"tile", [Role<"Indexed">]> {
  let summary = "a tensor repeated along its dimensions, to the result's shape; ONNX source: Tile";
  let arguments = (ins Girih_Tensor:$operand);
}

def Girih_GatherOp : Girih_InferredOp<"gather", [Role<"Indexed">]> {
  let summary = "slices of `data` along `axis` at `indices`";
  let description = [{
    Negative indices count from the end. Others outside are clamped, so that nothing else is read, as in all ops that read or write at indices; that
    they are an error is what `girih.check_index` is for. ONNX source: Gather.
  }];
  let arguments = (ins Girih_Tensor:$data, Girih_Tensor:$indices, Axis:$axis);
}

def Girih_GatherElementsOp : Girih_InferredOp<"gather_elements", [Role<"Indexed">]> {
  let summary = "one element of `data` along `axis` for each element of `indices`; ONNX source: GatherElements";
  let arguments = (ins Girih_Tensor:$data, Girih_Tensor:$indices, Axis:$axis);
}

def Girih_GatherNDOp : Girih_InferredOp<"gather_nd", [Role<"Indexed">]> {
  let summary = "slices of `data` at index tuples; ONNX source: GatherND";
  let arguments = (ins Girih_Tensor:$data, Girih_Tensor:$indices, I64Attr:$batch_dims);
}

def Girih_ScatterElementsOp : Girih_InferredOp<"scatter_elements", [Role<"Alone">]> {
  let summary = "`data` with `updates` written at `indices` along `axis`, in order; ONNX source: ScatterElements";
  let arguments = (ins Girih_Tensor:$data, Girih_Tensor:$indices, Girih_Tensor:$updates, Axis:$axis, Girih_ScatterFnAttr:$fn);
}

def Girih_ScatterNDOp : Girih_InferredOp<"scatter_nd", [Role<"Alone">]> {
  let summary = "`data` with `updates` written at index tuples, in order; ONNX source: ScatterND";
  let arguments = (ins Girih_Tensor:$data, Girih_Tensor:$indices, Girih_Tensor:$updates, Girih_ScatterFnAttr:$fn);
}

def Girih_ResizeOp : Girih_TypedOp<"resize", [Role<"Indexed">]> {
  let summary = "interpolation to the result's shape";
  let description = [{
    `scales`: one factor a dimension where ONNX gives scales; empty where it gives sizes (then scale = result / operand).
    `roi` [start..., end...] for tf_crop_and_resize. `antialias` widens the filter when shrinking. ONNX source: Resize, Upsample.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_ResizeModeAttr:$mode, Girih_CoordModeAttr:$coord, Girih_NearestModeAttr:$nearest,
                   DenseF64ArrayAttr:$scales, DenseF64ArrayAttr:$roi, F32Attr:$cubic_a, F32Attr:$extrapolation,
                   UnitAttr:$exclude_outside, UnitAttr:$antialias);
  let assemblyFormat = "custom<Enum>($mode) $operand attr-dict `:` functional-type(operands, results)";
}

def Girih_GridSampleOp : Girih_InferredOp<"grid_sample", [Role<"Indexed">, Coordinates<1>]> {
  let summary = "interpolation at the points of a grid";
  let description = [{
    `operand` is [batch, spatial..., channels], `grid` [batch, points..., spatial rank], its last element along the innermost spatial
    dimension: -1 and 1 are the outer edges of a dimension, or the centres of its outermost elements with `align_corners`.
    The result is [batch, points..., channels]. `outside` says what lies beyond: zeros (constant), the border (edge) or
    the mirrored operand (reflect). ONNX source: GridSample.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_Tensor:$grid, Girih_ResizeModeAttr:$mode, Girih_PadModeAttr:$outside,
                   UnitAttr:$align_corners);
}

def Girih_RoiAlignOp : Girih_InferredOp<"roi_align", [Role<"Pool">, Coordinates<1>]> {
  let summary = "pooling of regions of an image at interpolated points";
  let description = [{
    `operand` is [batch, height, width, channels], `rois` [regions, 4] as (x1, y1, x2, y2), `batch_indices` [regions] the image of each. A region is
    divided into `height` by `width` bins, and a bin is the mean (with `maximum` the maximum of the weighted neighbours) of `samples` by `samples`
    points; the result is [regions, height, width, channels]. `half_pixel`: elements have their centres at 0.5. ONNX source: RoiAlign.
  }];
  let arguments = (ins Girih_Tensor:$operand, Girih_Tensor:$rois, Girih_Tensor:$batch_indices, I64Attr:$height, I64Attr:$width,
                   I64Attr:$samples, F32Attr:$spatial_scale, UnitAttr:$half_pixel, UnitAttr:$maximum);
}

def Girih_CumSumOp : Girih_InferredOp<"cumsum", [Role<"Alone">]> {
  let summary = "running sum (or `product`) along an axis; ONNX source: CumSum, CumProd";
  let arguments = (ins Girih_Tensor:$operand, Axis:$axis, UnitAttr:$exclusive, UnitAttr:$reverse, UnitAttr:$product);
}

def Girih_TopKOp : Girih_Op<"topk", [Role<"Alone">, Pure]> {
  let summary = "the k largest (or smallest) elements along an axis and their indices (i64)";
  let description = [{ k is the result's size. Ties: the lower index first. Results are sorted always. ONNX source: TopK. }];
  let arguments = (ins Girih_Tensor:$operand, Axis:$axis, UnitAttr:$smallest);
  let results = (outs Girih_Tensor:$values, Girih_Tensor:$indices);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Girih_OneHotOp : Girih_TypedOp<"one_hot", [Role<"Indexed">]> {
  let summary = "on/off values along a new axis; `values` is [off, on]; ONNX source: OneHot";
  let description = [{ Indices outside [-depth, depth) give a row of off values. depth is the result's size along `axis`. }];
  let arguments = (ins Girih_Tensor:$indices, Girih_Tensor:$values, Axis:$axis);
}

def Girih_RangeOp : Girih_TypedOp<"range", [Role<"Indexed">]> {
  let summary = "start + i * delta; both 0-D; ONNX source: Range";
  let arguments = (ins Girih_Tensor:$start, Girih_Tensor:$delta);
}

def Girih_TriluOp : Girih_InferredOp<"trilu", [Role<"Indexed">]> {
  let summary = "the upper or lower triangle of the last two dimensions, the rest zero; ONNX source: Trilu";
  let arguments = (ins Girih_Tensor:$operand, I64Attr:$k, UnitAttr:$upper);
}

#endif
