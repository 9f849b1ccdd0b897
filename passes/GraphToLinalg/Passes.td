#ifndef GIRIH_GRAPH_TO_LINALG_PASSES
#define GIRIH_GRAPH_TO_LINALG_PASSES

include "mlir/Pass/PassBase.td"

def ConvertGirihToLinalg : Pass<"convert-girih-to-linalg", "::mlir::ModuleOp"> {
  let summary = "graph ops in kernels become linalg, tensor, arith and math";
  let description = [{
    The only lowering of graph ops, for every target and for the naive path. What it promises to the tile stage is in
    docs/architecture.md, "Kernels at the linalg stage". Scatter, TopK and CumSum stay graph ops, alone in their kernels,
    on storage types.

    Pre-condition: every graph op that computes is in a girih.kernel (girih-form-kernels).

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %r = girih.kernel "relu"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%a: tensor<4xf32>):
        %0 = girih.unary relu %a : (tensor<4xf32>) -> tensor<4xf32>
        girih.yield %0 : tensor<4xf32>
      }
      return %r : tensor<4xf32>
    }
    // becomes
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %r = girih.kernel "relu"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%a: tensor<4xf32>):
        %e = tensor.empty() : tensor<4xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
          ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
        ^bb0(%in: f32, %out: f32):
          %c = arith.constant 0.0 : f32
          %m = arith.maximumf %in, %c : f32
          linalg.yield %m : f32
        } -> tensor<4xf32>
        girih.yield %0 : tensor<4xf32>
      }
      return %r : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::girih::GirihDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [Statistic<"numOps", "num-ops", "graph ops lowered">];
}

#endif
