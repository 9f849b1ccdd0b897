#ifndef GIRIH_CPU_PASSES
#define GIRIH_CPU_PASSES

include "mlir/Pass/PassBase.td"

def PlanKernels : Pass<"girih-plan-cpu", "::mlir::ModuleOp"> {
  let summary = "give every kernel a schedule for a CPU";
  let description = [{
    Pre-condition: kernels are at the linalg stage. Sets `schedule` on each kernel that has none, from its domain and the machine's vector width,
    registers and caches; kernels that came with a schedule keep it.

    ```mlir
    girih.kernel "conv1"(...) { ... }
    // becomes
    girih.kernel "conv1"(...) attributes {schedule = #girih.schedule<width = 16, vectorDim = 2, vectors = 2, rowDim = 1, rows = array<i64: 14>, ...>}
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "512", "bits of a vector register">,
                 Option<"registers", "registers", "int64_t", "32", "number of vector registers">,
                 Option<"fma", "fma", "bool", "true", "the machine has fused multiply-add">,
                 Option<"l2", "l2", "int64_t", "1 << 20", "bytes of second-level cache a core">];
}

def MapTasks : Pass<"girih-map-cpu", "::mlir::ModuleOp"> {
  let summary = "turn kernel functions into task functions of the runtime's ABI";
  let description = [{
    A kernel function on memrefs with one `scf.forall` becomes
    `func.func @kernel(%buffers: !llvm.ptr, %dims: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr)`, which runs the tasks from
    %begin to %end (`girih_kernel_fn` in `runtime/abi.h`).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

#endif
