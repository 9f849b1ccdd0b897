#ifndef GIRIH_HOST_PASSES
#define GIRIH_HOST_PASSES

include "mlir/Pass/PassBase.td"

def NarrowFloatsAsIntegers : Pass<"girih-narrow-floats-as-integers", "::mlir::ModuleOp"> {
  let summary = "bf16 and f16 are moved as i16";
  let description = [{
    On a machine without instructions for them, LLVM turns loads, selects and shuffles of vectors of `bf16` or `f16` into
    conversions to `f32` and back, by calls of the compiler's runtime, which an artifact does not have. So in llvm functions
    values of these types become `i16`, and are floats only for operations on floats, between two bitcasts.

    Pre-condition: the llvm stage has converted everything else. Example:
    ```mlir
    llvm.func @kernel(%p: !llvm.ptr, %q: !llvm.ptr) {
      %0 = llvm.load %p : !llvm.ptr -> vector<8xbf16>
      %1 = llvm.fpext %0 : vector<8xbf16> to vector<8xf32>
      llvm.store %1, %q : vector<8xf32>, !llvm.ptr
      llvm.return
    }
    // becomes
    llvm.func @kernel(%p: !llvm.ptr, %q: !llvm.ptr) {
      %0 = llvm.load %p : !llvm.ptr -> vector<8xi16>
      %f = llvm.bitcast %0 : vector<8xi16> to vector<8xbf16>
      %1 = llvm.fpext %f : vector<8xbf16> to vector<8xf32>
      llvm.store %1, %q : vector<8xf32>, !llvm.ptr
      llvm.return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
