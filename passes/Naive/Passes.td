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
    %r = girih.kernel "relu"(%x) : (tensor<4xf32>) -> tensor<4xf32> { ... }
    ```
    becomes
    ```mlir
    %r = girih.launch @kernel_relu(%x) {tasks = #girih.dims<1>, ...} : (tensor<4xf32>) -> tensor<4xf32>
    func.func private @kernel_relu(%in: memref<?xf32>, %out: memref<?xf32>) {
      %a = memref.reinterpret_cast %in ...
      scf.forall (%task) in (1) { scf.for %i = ... { memref.load, arith.maximumf, memref.store } }
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
