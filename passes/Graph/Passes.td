// The passes of the graph and group stages.

#ifndef GIRIH_PASSES_GRAPH
#define GIRIH_PASSES_GRAPH

include "mlir/Pass/PassBase.td"

class GraphPass<string argument> : Pass<argument, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::girih::GirihDialect"];
}

def RecordAssumptions : Pass<"girih-record-assumptions", "::mlir::ModuleOp"> {
  let summary = "keep what the model's ops take for granted of sizes, for the runtime to check";
  let description = [{
    Where an op needs a relation of sizes that cannot be proved (equal inner sizes of a product, k at most the size, shapes that
    broadcast, an element where one is read), its inference or verifier takes it to hold. Each such relation goes into the module's attribute
    `girih.checks`, with the node that needs it, and the artifact refuses inputs for which it does not hold. So does each size of a result that
    some input could make negative: an image smaller than a window, say, which nothing else would notice in a model that ends in a global
    pooling. Runs first, on the ops as the model has them.

    ```mlir
    func.func @main(%x: tensor<?xf32, #girih.dims<n>>, %y: tensor<8xf32>) -> tensor<8xf32> {
      %r = girih.binary add %x, %y : (tensor<?xf32, #girih.dims<n>>, tensor<8xf32>) -> tensor<8xf32> loc("Add_0")
      return %r : tensor<8xf32>
    }
    // becomes
    module attributes {girih.checks = [#girih.check<broadcast_to, <n, 8>, "Add_0">]} {
      func.func @main(...
    ```
  }];
  let statistics = [Statistic<"numChecks", "checks", "relations of sizes that the runtime checks">];
}

def CheckIndices : Pass<"girih-check-indices", "::mlir::ModuleOp"> {
  let summary = "see to it that an index outside of its tensor is an error";
  let description = [{
    For each gather, scatter and region of interest. Indices that lie inside for all sizes (constants, what TopK and ArgMax give) need nothing, and what is
    outside for all sizes is an error. Ranges and constants into dimensions that are not known become checks of sizes (`girih.checks`). For all
    other indices, ops compute the worst of them, which `girih.check_index` holds against the size when the run is done; kernels clamp, so that
    nothing outside is read before. Equal indices into equal sizes are checked once.

    ```mlir
    func.func @main(%x: tensor<9x4xf32>, %i: tensor<5xi64>) -> tensor<5x4xf32> {
      %r = girih.gather %x, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<5xi64>) -> tensor<5x4xf32>
      return %r : tensor<5x4xf32>
    }
    // becomes
    func.func @main(%x: tensor<9x4xf32>, %i: tensor<5xi64>) -> tensor<5x4xf32> {
      %0 = girih.unary bitwise_not %i : (tensor<5xi64>) -> tensor<5xi64>
      %1 = girih.binary max %i, %0 : (tensor<5xi64>, tensor<5xi64>) -> tensor<5xi64>
      %2 = girih.reduce max %1 {axes = array<i64: 0>, keepdims = false} : (tensor<5xi64>) -> tensor<i64>
      girih.check_index %2 below <9> : tensor<i64>
      %r = girih.gather %x, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<5xi64>) -> tensor<5x4xf32>
      return %r : tensor<5x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::girih::GirihDialect"];
  let statistics = [Statistic<"numSizes", "sizes", "operators whose indices became checks of sizes">,
                    Statistic<"numRuns", "runs", "indices that are checked in each run">];
}

def FoldConstants : GraphPass<"girih-fold-constants"> {
  let summary = "evaluate ops whose operands are all constant";
  let description = [{
    Works in one sweep, so a chain of constant ops costs one evaluation an op. A result larger than `growth-limit` bytes is
    only computed if it is at most twice as large as its operands: an Expand or Tile of a small constant stays, since the
    artifact would carry its result. Ops that nothing reads are erased.

    ```mlir
    func.func @main() -> tensor<4xf32> {
      %a = girih.constant dense<2.0> : tensor<4xf32>
      %r = girih.unary neg %a : (tensor<4xf32>) -> tensor<4xf32>
      return %r : tensor<4xf32>
    }
    // becomes
    func.func @main() -> tensor<4xf32> {
      %r = girih.constant dense<-2.0> : tensor<4xf32>
      return %r : tensor<4xf32>
    }
    ```
  }];
  let options = [
    Option<"growthLimit", "growth-limit", "int64_t", "65536", "bytes that a result may take whatever its operands take">
  ];
  let statistics = [Statistic<"numFolded", "folded", "ops evaluated at compile time">];
}

def FoldBatchNorm : GraphPass<"girih-fold-batch-norm"> {
  let summary = "fold per-channel scales and shifts into weights and biases";
  let description = [{
    A batch norm with constant statistics, or a multiplication or addition by per-channel constants, that alone reads
    a convolution, transposed convolution or matrix product, goes into that op's weights and bias (f32, computed in f64).
    Any other batch norm becomes a multiplication and an addition.

    ```mlir
    func.func @main(%x: tensor<1x1x4xf32>) -> tensor<1x2x3xf32> {
      %w = girih.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
      %scale = girih.constant dense<[2.0, 3.0]> : tensor<2xf32>
      %bias = girih.constant dense<[0.5, 1.0]> : tensor<2xf32>
      %mean = girih.constant dense<0.0> : tensor<2xf32>
      %variance = girih.constant dense<1.0> : tensor<2xf32>
      %c = girih.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64}
        : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
      %r = girih.batch_norm %c, %scale, %bias, %mean, %variance {epsilon = 0.0 : f32}
        : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
      return %r : tensor<1x2x3xf32>
    }
    // becomes
    func.func @main(%x: tensor<1x1x4xf32>) -> tensor<1x2x3xf32> {
      %w = girih.constant dense<[[[2.0, 4.0]], [[9.0, 12.0]]]> : tensor<2x1x2xf32>
      %b = girih.constant dense<[0.5, 1.0]> : tensor<2xf32>
      %r = girih.conv %x, %w, %b {...} : (tensor<1x1x4xf32>, tensor<2x1x2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
      return %r : tensor<1x2x3xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numFolded", "folded", "scales and shifts folded into weights and biases">];
}

def FusePatterns : GraphPass<"girih-fuse-patterns"> {
  let summary = "recognise layer norm, softmax, gelu and others in what exporters decompose them into";
  let description = [{
    Layer norm (and RMS norm) with scale and bias, softmax, gelu in both forms, silu, hard-swish, mish, softplus and sigmoid from
    element-wise chains; powers with small constant exponents; broadcasts that the reader does itself;
    products with one-hot rows, which are lookups.

    ```mlir
    func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
      %s = girih.unary sigmoid %x : (tensor<8xf32>) -> tensor<8xf32>
      %r = girih.binary mul %x, %s : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      return %r : tensor<8xf32>
    }
    // becomes
    func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
      %r = girih.unary silu %x {alpha = 1.0 : f32} : (tensor<8xf32>) -> tensor<8xf32>
      return %r : tensor<8xf32>
    }
    ```
  }];
}

def ChooseLayout : GraphPass<"girih-choose-layout"> {
  let summary = "channels last for windows and group norms; transposes pushed down and cancelled";
  let description = [{
    One sweep from inputs to outputs. A transposed value is kept as the pair (source, permutation) and only written out where an op
    needs it so: convolutions, pools and group norms take channels-last sources; element-wise ops, concatenations, pads, slices,
    reductions, softmax, resizes and many reshapes are rewritten onto the sources. A transpose that moves only
    dimensions of size 1 is a reshape.

    ```mlir
    func.func @main(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32> {
      %c = girih.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64}
        : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
      %r = girih.unary relu %c : (tensor<1x16x6x6xf32>) -> tensor<1x16x6x6xf32>
      return %r : tensor<1x16x6x6xf32>
    }
    // becomes
    func.func @main(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32> {
      %t = girih.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
      %c = girih.conv %t, %w {channels_last, ...} : (tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32>) -> tensor<1x6x6x16xf32>
      %u = girih.unary relu %c : (tensor<1x6x6x16xf32>) -> tensor<1x6x6x16xf32>
      %r = girih.transpose %u {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x6x6x16xf32>) -> tensor<1x16x6x6xf32>
      return %r : tensor<1x16x6x6xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numTransposes", "transposes", "transposes written out">];
}

def SimplifyMovement : GraphPass<"girih-simplify-movement"> {
  let summary = "transposes into matrix products' flags, and transposes that move nothing into reshapes";
  let description = [{
    A right side that is no weight and meets many rows is the exception: it is transposed once if need be, so that the
    product's lanes run along columns that lie side by side.

    ```mlir
    func.func @main(%q: tensor<2x1x4xf32>, %k: tensor<2x8x4xf32>) -> tensor<2x1x8xf32> {
      %t = girih.transpose %k {permutation = array<i64: 0, 2, 1>} : (tensor<2x8x4xf32>) -> tensor<2x4x8xf32>
      %s = girih.matmul %q, %t : (tensor<2x1x4xf32>, tensor<2x4x8xf32>) -> tensor<2x1x8xf32>
      return %s : tensor<2x1x8xf32>
    }
    // becomes
    func.func @main(%q: tensor<2x1x4xf32>, %k: tensor<2x8x4xf32>) -> tensor<2x1x8xf32> {
      %s = girih.matmul %q, %k {transpose_rhs} : (tensor<2x1x4xf32>, tensor<2x8x4xf32>) -> tensor<2x1x8xf32>
      return %s : tensor<2x1x8xf32>
    }
    ```
  }];
}

def PadWindows : GraphPass<"girih-pad-windows"> {
  let summary = "explicit pads in front of windows";
  let description = [{
    Convolutions read padded data: a window then never asks where it is. So do max pools (the border holds the lowest value) and
    average pools that count the border. Borders that no window reads are left out.
    Where kernels read in place, only convolutions that are matrix products are padded: each result of a depthwise one, or of a pool, is
    computed from few elements, and asks of each whether it is there.
    Pre-condition: channels-last windows.

    ```mlir
    func.func @main(%x: tensor<1x8x8x4xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<1x8x8x8xf32> {
      %r = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64}
        : (tensor<1x8x8x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x8x8x8xf32>
      return %r : tensor<1x8x8x8xf32>
    }
    // becomes
    func.func @main(%x: tensor<1x8x8x4xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<1x8x8x8xf32> {
      %p = girih.pad constant %x {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x8x8x4xf32>) -> tensor<1x10x10x4xf32>
      %r = girih.conv %p, %w {channels_last, ..., pads = array<i64: 0, 0, 0, 0>, ...}
        : (tensor<1x10x10x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x8x8x8xf32>
      return %r : tensor<1x8x8x8xf32>
    }
    ```
  }];
  let options = [Option<"readsInPlace", "reads-in-place", "bool", "false", "leave borders of windows that are no products to their kernels">];
  let statistics = [Statistic<"numPads", "pads", "pads made explicit">];
}

def WidenChannels : GraphPass<"girih-widen-channels"> {
  let summary = "several pixels at a time where output channels are few";
  let description = [{
    Vectors run along output channels. Where these are few, p neighbouring pixels of a row become p times the channels of a
    convolution with p times the stride, whose kernel holds each pixel's at its place: channels-last, that result is the old one
    reshaped. Done where filled lanes are worth more than the kernel's zeros cost.
    Pre-condition: channels-last convolutions without pads.

    ```mlir
    func.func @main(%x: tensor<1x8x18x4xf32>) -> tensor<1x6x16x8xf32> {
      %w = girih.constant dense<0.5> : tensor<8x4x3x3xf32>
      %r = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64}
        : (tensor<1x8x18x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x6x16x8xf32>
      return %r : tensor<1x6x16x8xf32>
    }
    // becomes
    func.func @main(%x: tensor<1x8x18x4xf32>) -> tensor<1x6x16x8xf32> {
      ...
      %w2 = girih.constant dense_resource<folded> : tensor<16x4x3x4xf32>
      %c = girih.conv %x, %w2 {channels_last, ..., strides = array<i64: 1, 2>}
        : (tensor<1x8x18x4xf32>, tensor<16x4x3x4xf32>) -> tensor<1x6x8x16xf32>
      %r = girih.reshape %c : (tensor<1x6x8x16xf32>) -> tensor<1x6x16x8xf32>
      return %r : tensor<1x6x16x8xf32>
    }
    ```
  }];
  let options = [Option<"lanes", "lanes", "int64_t", "16", "results that the target computes at once along channels; 1: there is nothing to fill">];
  let statistics = [Statistic<"numWidened", "widened", "convolutions of several pixels at a time">];
}

def UseWinograd : GraphPass<"girih-use-winograd"> {
  let summary = "fewer multiplications for convolutions of 3x3";
  let description = [{
    By Winograd's algorithm, a tile of 2x2 pixels takes 16 multiplications for each pair of channels instead of 36, one of 4x4 takes 36 instead of
    144. What it costs counts, too: the additions of the transforms, which are once a channel, and weights that are 16/9 or 4 times as many.
    Weights are transformed here, in double precision.
    Pre-condition: channels-last convolutions without pads. Constant weights, steps of 1, one group; others are left as they are. What is beyond the
    result's edge is dropped, and sizes that only a run knows are guessed.

    ```mlir
    func.func @main(%x: tensor<1x18x18x32xf32>) -> tensor<1x16x16x32xf32> {
      %w = girih.constant dense<0.5> : tensor<32x32x3x3xf32>
      %r = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64}
        : (tensor<1x18x18x32xf32>, tensor<32x32x3x3xf32>) -> tensor<1x16x16x32xf32>
      return %r : tensor<1x16x16x32xf32>
    }
    // becomes
    func.func @main(%x: tensor<1x18x18x32xf32>) -> tensor<1x16x16x32xf32> {
      ...
      %u = girih.constant dense_resource<folded> : tensor<6x6x32x32xf32>
      %r = girih.winograd_conv %x, %u {tile = 4 : i64} : (tensor<1x18x18x32xf32>, tensor<6x6x32x32xf32>) -> tensor<1x16x16x32xf32>
      return %r : tensor<1x16x16x32xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numTiled", "tiled", "convolutions by tiles">];
}

def SinkReshapes : GraphPass<"girih-sink-reshapes"> {
  let summary = "reshapes below element-wise ops";
  let description = [{
    A reshape between a contraction and its element-wise consumers would keep them apart, since kernels hold no reshapes
    between their ops. It moves below: f(reshape(x), y) is reshape(f(x, reshape(y))).

    ```mlir
    func.func @main(%x: tensor<8x4xf32>) -> tensor<2x4x4xf32> {
      %c = girih.unary exp %x : (tensor<8x4xf32>) -> tensor<8x4xf32>
      %r = girih.reshape %c : (tensor<8x4xf32>) -> tensor<2x4x4xf32>
      %u = girih.unary relu %r : (tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
      return %u : tensor<2x4x4xf32>
    }
    // becomes
    func.func @main(%x: tensor<8x4xf32>) -> tensor<2x4x4xf32> {
      %c = girih.unary exp %x : (tensor<8x4xf32>) -> tensor<8x4xf32>
      %u = girih.unary relu %c : (tensor<8x4xf32>) -> tensor<8x4xf32>
      %r = girih.reshape %u : (tensor<8x4xf32>) -> tensor<2x4x4xf32>
      return %r : tensor<2x4x4xf32>
    }
    ```
  }];
}

def FormAssembles : GraphPass<"girih-form-assembles"> {
  let summary = "concatenations and constant pads that producers can write in place";
  let description = [{
    A concatenation or a constant pad becomes a `girih.assemble`: each part's producer writes to its offset, and the plan stage copies
    the parts that cannot be had that way. The border of a pad is one kernel without inputs that fills its slabs. Parts in runs
    shorter than 32 bytes are stacked and then transposed if they have size 1 along the axis; otherwise they, and pads of
    unknown sign, stay ops that a kernel computes by reading.

    ```mlir
    func.func @main(%a: tensor<1x4x4x16xf32>, %b: tensor<1x4x4x8xf32>) -> tensor<1x4x4x24xf32> {
      %r = girih.concat %a, %b {axis = 3 : i64} : (tensor<1x4x4x16xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x24xf32>
      return %r : tensor<1x4x4x24xf32>
    }
    // becomes
    func.func @main(%a: tensor<1x4x4x16xf32>, %b: tensor<1x4x4x8xf32>) -> tensor<1x4x4x24xf32> {
      %r = girih.assemble %a, %b {offsets = [#girih.dims<0, 0, 0, 0>, #girih.dims<0, 0, 0, 16>]} : ...
      return %r : tensor<1x4x4x24xf32>
    }
    ```
  }];
  let statistics = [Statistic<"numAssembles", "assembles", "tensors written part by part">];
}

def FormKernels : GraphPass<"girih-form-kernels"> {
  let summary = "partition the graph into kernels";
  let description = [{
    A kernel is a root with what fuses to it. Roots: contractions (matmul, conv, conv_transpose), pools, rows (reduce, arg_reduce, softmax,
    norms), maps (element-wise and data movement), and ops that are alone (scatter, topk, cumsum).

    - Epilogue: element-wise readers of the root's result that have its shape, as far as they meet again in one value; for a
      contraction also a last transpose that keeps the minor dimension.
    - Producers: element-wise ops, transposes and slices that only the kernel reads go into rows and maps; transposes that keep the
      minor dimension go into the operands of matrix products.
    - Splat constants are cloned into kernels.
    - Where kernels read in place, any transpose goes into a matrix product's operand, gathers go into rows, and what computes the indices of
      a gather, or a cast of what it reads, goes into that.

    Fused groups have one result and take nothing that depends on it, so kernels form no cycle.

    ```mlir
    func.func @main(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<8x4xf32> {
      %m = girih.matmul %x, %w, %b : (tensor<8x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<8x4xf32> loc("fc")
      %r = girih.unary relu %m : (tensor<8x4xf32>) -> tensor<8x4xf32> loc("act")
      return %r : tensor<8x4xf32>
    }
    // becomes
    func.func @main(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<8x4xf32> {
      %r = girih.kernel "fc+act"(%x, %w, %b) : (tensor<8x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<8x4xf32> {
      ^bb0(%i: tensor<8x4xf32>, %j: tensor<4x4xf32>, %k: tensor<4xf32>):
        %m = girih.matmul %i, %j, %k : (tensor<8x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
        %u = girih.unary relu %m : (tensor<8x4xf32>) -> tensor<8x4xf32>
        girih.yield %u : tensor<8x4xf32>
      }
      return %r : tensor<8x4xf32>
    }
    ```
  }];
  let options = [Option<"readsInPlace", "reads-in-place", "bool", "false", "compute what only moves elements where it is read">];
  let statistics = [
    Statistic<"numContractions", "contractions", "kernels around a matmul, conv or conv_transpose">,
    Statistic<"numPools", "pools", "kernels around a pool">,
    Statistic<"numRows", "rows", "kernels around a reduction, softmax or norm">,
    Statistic<"numMaps", "maps", "kernels of element-wise ops and data movement">,
    Statistic<"numAlone", "alone", "kernels of one op that fuses with nothing">,
  ];
}

def SetPrecision : Pass<"girih-set-precision", "::mlir::ModuleOp"> {
  let summary = "tensors between kernels in f16 or bf16";
  let description = [{
    Narrow floats are types of memory. What f32 kernels read and write becomes narrow, what they compute stays in f32: casts stand where a kernel reads its arguments
    and where it yields, and nothing between them changes. So nothing is rounded within a kernel, and scalars in it, the smallest epsilon and the lowest number of
    a mask, are what they were. A cast that narrows saturates, unless elements are only moved: an overflow is the largest number of the type, and no NaN comes of it.

    Factors of sums of products are narrow whatever they are, as the machine's matrix products want them: those that a kernel computes are rounded, a tensor that has to stay f32 is
    cast by a kernel of its own, and constants saturate. f32 stay
    - inputs and outputs of the model;
    - operands and results of ops that are alone in their kernels (scatter, running sums, top-k), where no cast has a place;
    - coordinates (`Coordinates` in GraphOps.td);
    - numbers that are made of integers and scalars without data (positions, counts, masks), sums over dimensions, and what is made of these alone;
    - constants whose largest element is out of the range of the narrow type's normal numbers.

    ```mlir
    func.func @main(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %w = girih.constant dense<0.1> : tensor<4x4xf32>
      %e = girih.kernel "exp"(%x) : (tensor<8x4xf32>) -> tensor<8x4xf32> {
      ^bb0(%i: tensor<8x4xf32>):
        %0 = girih.unary exp %i : (tensor<8x4xf32>) -> tensor<8x4xf32>
        girih.yield %0 : tensor<8x4xf32>
      }
      %r = girih.kernel "product"(%e, %w) : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> {
      ^bb0(%i: tensor<8x4xf32>, %j: tensor<4x4xf32>):
        %0 = girih.matmul %i, %j : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
        girih.yield %0 : tensor<8x4xf32>
      }
      return %r : tensor<8x4xf32>
    }
    // becomes
    module attributes {girih.precision = "f16"} {
      func.func @main(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
        %w = girih.constant dense<9.997550e-02> : tensor<4x4xf16>
        %e = girih.kernel "exp"(%x) : (tensor<8x4xf32>) -> tensor<8x4xf16> {
        ^bb0(%i: tensor<8x4xf32>):
          %0 = girih.unary exp %i : (tensor<8x4xf32>) -> tensor<8x4xf32>
          %1 = girih.cast %0 {saturate, to = f16} : (tensor<8x4xf32>) -> tensor<8x4xf16>
          girih.yield %1 : tensor<8x4xf16>
        }
        %r = girih.kernel "product"(%e, %w) : (tensor<8x4xf16>, tensor<4x4xf16>) -> tensor<8x4xf32> {
        ^bb0(%i: tensor<8x4xf16>, %j: tensor<4x4xf16>):
          %0 = girih.cast %i {to = f32} : (tensor<8x4xf16>) -> tensor<8x4xf32>
          %1 = girih.cast %j {to = f32} : (tensor<4x4xf16>) -> tensor<4x4xf32>
          %2 = girih.matmul %0, %1 : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
          girih.yield %2 : tensor<8x4xf32>
        }
        return %r : tensor<8x4xf32>
      }
    }
    ```
  }];
  let dependentDialects = ["::girih::GirihDialect"];
  let options = [Option<"type", "type", "std::string", "\"f16\"", "f16 or bf16">];
  let statistics = [
    Statistic<"numTensors", "tensors", "results of kernels that became narrow">,
    Statistic<"numCasts", "casts", "kernels that only cast">,
  ];
}

#endif
