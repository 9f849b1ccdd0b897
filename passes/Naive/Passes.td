#ifndef GIRIH_NAIVE_PASSES
#define GIRIH_NAIVE_PASSES

include "mlir/Pass/PassBase.td"

def NaiveKernels : Pass<"girih-naive-kernels", "::mlir::ModuleOp"> {
  let summary = "kernels become scalar loops, one loop nest a linalg.generic";
  let description = [{
    Takes the tile stage's place in differential tests: the same functions and launches, but every intermediate tensor
    is a buffer, every loop is scalar, and there is one task. What is right here and wrong after girih-tile-kernels is
    the tile stage's mistake. Kernels of ops that no linalg.generic can say (scatter, TopK, CumSum) are left to it.

    Pre-condition: kernels are at the linalg stage.

    ```mlir
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.kernel "relu"(%x) : (tensor<64xf32>) -> tensor<64xf32> {
      ^bb0(%a: tensor<64xf32>):
        %e = tensor.empty() : tensor<64xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
          ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) {
        ^bb0(%in: f32, %out: f32):
          %zero = arith.constant 0.0 : f32
          %m = arith.maximumf %in, %zero : f32
          linalg.yield %m : f32
        } -> tensor<64xf32>
        girih.yield %0 : tensor<64xf32>
      }
      return %r : tensor<64xf32>
    }
    // becomes
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.launch @kernel_relu(%x) {..., tasks = #girih.dims<1>} : (tensor<64xf32>) -> tensor<64xf32>
      return %r : tensor<64xf32>
    }
    func.func private @kernel_relu(%in: memref<?xf32>, %out: memref<?xf32>) {
      %a = memref.reinterpret_cast %in ...
      %b = memref.reinterpret_cast %out ...
      scf.forall (%task) in (1) {
        %buffer = memref.alloc() : memref<64xf32>
        ...
        scf.for %i = ... {
          %v = memref.load %a[%i] : memref<64xf32>
          ...
          %m = arith.maximumf %v, ...
          memref.store %m, %buffer[%i] : memref<64xf32>
        }
        ...
        memref.dealloc %buffer : memref<64xf32>
      }
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
  let statistics = [Statistic<"numKernels", "num-kernels", "kernels made into functions">];
}

#endif
