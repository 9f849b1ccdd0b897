// The girih dialect, its attributes and the enums of its ops.

#ifndef GIRIH_GRAPH_BASE
#define GIRIH_GRAPH_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

def Girih_Dialect : Dialect {
  let name = "girih";
  let cppNamespace = "::girih";
  let summary = "deep-learning graph operators on ranked tensors with symbolic dimensions";
  let description = [{
    Every value is a ranked tensor. Shapes are part of the type: a tensor whose dimensions are not all constant carries
    `#girih.dims<...>` as its encoding, one expression a dimension, over the model's named symbols. Operands that ONNX
    uses to pass shapes at run time (Reshape's target, Slice's starts, ...) do not exist here: they are expressions in
    result types and attributes. `axis` attributes are normalised to `[0, rank)`.

    Data is row-major. `i1` is ONNX's bool (one byte in memory); unsigned integers are `ui8` ... `ui64`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The names behind the symbols of every `#girih.dims` of this context.
    DimSymbols &getDimSymbols() { return dimSymbols; }
  private:
    DimSymbols dimSymbols;
  public:
  }];
}

//===-- Attributes --------------------------------------------------------===//

class Girih_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Girih_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Girih_DimsAttr : Girih_Attr<"Dims", "dims", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "a list of symbolic integers";
  let description = [{
    Expressions over named symbols with `+ - * floordiv ceildiv mod min max`:
    `#girih.dims<1, seq, 2 * h, min(past + 1, 512)>`. Names that are no identifiers are quoted. `name` is a dimension of an input, `name[i]` an
    element of an integer input called so; `broadcast(a, b)` is the size that both broadcast to, `select(c, a, b)` is a where c is negative, else b.
    Used as the encoding of dynamic tensor types and wherever ONNX takes integers at run time.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::AffineExpr">:$dims);
  let hasCustomAssemblyFormat = 1;
}

def Girih_DimAttr : ConfinedAttr<Girih_DimsAttr, [AttrConstraint<
    CPred<"::llvm::cast<::girih::DimsAttr>($_self).getDims().size() == 1">, "of one expression">]>;

class Girih_Enum<string name, string summary, list<string> cases> :
    I32EnumAttr<name, summary,
      !foreach(i, !range(!size(cases)), I32EnumAttrCase<cases[i], i>)> {
  let cppNamespace = "::girih";
  let genSpecializedAttr = 0;
}
class Girih_EnumAttr<I32EnumAttr e, string m> : EnumAttr<Girih_Dialect, e, m>;

def Girih_CheckKind : Girih_Enum<"CheckKind", "a relation of two sizes", ["equal", "at_most", "broadcast", "broadcast_to"]>;

def Girih_CheckAttr : Girih_Attr<"Check", "check"> {
  let summary = "a relation of two sizes that only a run's inputs tell";
  let description = [{
    `#girih.check<at_most, <k, n>, "TopK_3">`: the runtime refuses inputs for which k > n, in the name of the model's node. `equal` sizes; the first
    is `at_most` the second; both `broadcast` (they are equal, or one is 1); the first can `broadcast_to` the second (it is 1 or equal).
    The module's `girih.checks` is a list of these.
  }];
  let parameters = (ins EnumParameter<Girih_CheckKind>:$kind, "DimsAttr":$sizes, "::mlir::StringAttr":$node);
  let assemblyFormat = "`<` $kind `,` $sizes `,` $node `>`";
  let genVerifyDecl = 1;
}

def Girih_UnaryFn : Girih_Enum<"UnaryFn", "element-wise function of one operand", [
  "abs", "neg", "sign", "floor", "ceil", "round", "reciprocal", "sqrt", "exp", "log",
  "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
  "relu", "leaky_relu", "elu", "selu", "celu", "sigmoid", "hard_sigmoid", "hard_swish", "silu", "mish",
  "softplus", "softsign", "gelu", "gelu_tanh", "thresholded_relu", "shrink",
  "logical_not", "bitwise_not", "isnan", "isinf"]>;
def Girih_UnaryFnAttr : Girih_EnumAttr<Girih_UnaryFn, "unary_fn">;

def Girih_BinaryFn : Girih_Enum<"BinaryFn", "element-wise function of two operands", [
  "add", "sub", "mul", "div", "mod", "fmod", "pow", "min", "max", "prelu",
  "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right",
  "equal", "less", "less_or_equal", "greater", "greater_or_equal"]>;
def Girih_BinaryFnAttr : Girih_EnumAttr<Girih_BinaryFn, "binary_fn">;

def Girih_ReduceFn : Girih_Enum<"ReduceFn", "reduction", [
  "sum", "mean", "prod", "max", "min", "l1", "l2", "log_sum", "log_sum_exp", "sum_square"]>;
def Girih_ReduceFnAttr : Girih_EnumAttr<Girih_ReduceFn, "reduce_fn">;

def Girih_PoolFn : Girih_Enum<"PoolFn", "reduction over a sliding window", ["max", "average", "lp"]>;
def Girih_PoolFnAttr : Girih_EnumAttr<Girih_PoolFn, "pool_fn">;

def Girih_PadMode : Girih_Enum<"PadMode", "what is read outside a tensor", ["constant", "reflect", "edge", "wrap"]>;
def Girih_PadModeAttr : Girih_EnumAttr<Girih_PadMode, "pad_mode">;

def Girih_ScatterFn : Girih_Enum<"ScatterFn", "how a scattered update meets the old value",
  ["none", "add", "mul", "min", "max"]>;
def Girih_ScatterFnAttr : Girih_EnumAttr<Girih_ScatterFn, "scatter_fn">;

def Girih_ResizeMode : Girih_Enum<"ResizeMode", "interpolation", ["nearest", "linear", "cubic"]>;
def Girih_ResizeModeAttr : Girih_EnumAttr<Girih_ResizeMode, "resize_mode">;
def Girih_CoordMode : Girih_Enum<"CoordMode", "from an output coordinate to an input coordinate", [
  "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
  "tf_half_pixel_for_nn"]>;
def Girih_CoordModeAttr : Girih_EnumAttr<Girih_CoordMode, "coord_mode">;
def Girih_NearestMode : Girih_Enum<"NearestMode", "rounding of a nearest coordinate", [
  "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]>;
def Girih_NearestModeAttr : Girih_EnumAttr<Girih_NearestMode, "nearest_mode">;

#endif
