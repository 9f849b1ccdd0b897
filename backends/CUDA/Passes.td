#ifndef GIRIH_CUDA_PASSES
#define GIRIH_CUDA_PASSES

include "mlir/Pass/PassBase.td"

def PlanCuda : Pass<"girih-plan-cuda", "::mlir::ModuleOp"> {
  let summary = "give every kernel a schedule for a GPU";
  let description = [{
    Pre-condition: kernels are at the linalg stage. Sets `schedule` on each kernel that has none; kernels that came with a schedule keep it. A task is
    what one thread computes, in scalars (`width = 1`): an element, or a register tile of a product; or what a team of threads does (`threads = 64`), where a reduction is
    long. The last loop of tasks, which neighbouring threads walk, is along the
    dimension in which the result is contiguous. Constants that a product reads are packed so that neighbouring threads read neighbouring elements.
    Scatters, cumulative sums and top-k get `girih.by_element` where tasks by outer indices would be few.

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
    %r = girih.kernel "relu"(%x) attributes {schedule = [#girih.schedule<width = 1, fma = true, nest = [<d0, 1, task>, <d0, 1>]>]}
      : (tensor<64xf32>) -> tensor<64xf32> {
    ```
  }];
  let options = [Option<"sm", "sm", "unsigned", "80", "the least compute capability that the kernels run on: 80">];
}

def MapCuda : Pass<"girih-map-cuda", "::mlir::ModuleOp"> {
  let summary = "make threads of the tasks of a GPU's kernels";
  let description = [{
    Pre-condition: the tile stage has made functions of kernels, each with one `scf.forall`; launches have `refs`. A thread takes the task of its number in the grid, if
    there is one. Where the tile stage has set `girih.threads`, a team of so many does: 32 are a warp, more are a block. `gpu.thread_id x` is then the thread in its team, `gpu.barrier` and
    `gpu.shuffle` are instructions, and each `memref.alloca` in the workgroup's address space is a variable in shared memory. The function's arguments become those of a `.entry`: pointers into global memory, one a buffer, then 64-bit integers, one for each of the launch's
    `dims`, and last, where there is `girih.scratch`, a pointer to that: each thread has its part. `girih.threads` says from now on how many threads a block has. A launch's `tasks` become
    the number of blocks, `scratch` the bytes of a block; the bytes of a thread are one more of its `dims`. Maxima and minima of f32 become LLVM's, which PTX has.

    ```mlir
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.launch @kernel_relu(%x) {bytes = #girih.dims<512>, dims = #girih.dims<>, flops = #girih.dims<64>, name = "relu",
        tasks = #girih.dims<64>} : (tensor<64xf32>) -> tensor<64xf32>
      return %r : tensor<64xf32>
    }
    func.func private @kernel_relu(%in: memref<?xf32>, %out: memref<?xf32>) {
      scf.forall (%task) in (64) {
        %zero = arith.constant 0.0 : f32
        %v = memref.load %in[%task] : memref<?xf32>
        %m = arith.maximumf %v, %zero : f32
        memref.store %m, %out[%task] : memref<?xf32>
      }
      return
    }
    // becomes
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.launch @kernel_relu(%x) {bytes = #girih.dims<512>, dims = #girih.dims<>, flops = #girih.dims<64>, name = "relu",
        tasks = #girih.dims<1>} : (tensor<64xf32>) -> tensor<64xf32>
      return %r : tensor<64xf32>
    }
    func.func @kernel_relu(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) attributes {girih.threads = 64 : i64} {
      %t = nvvm.read.ptx.sreg.tid.x : i32
      ...
      %b = nvvm.read.ptx.sreg.ctaid.x : i32
      ...
      %isTask = arith.cmpi ult, %task, %tasks : index
      scf.if %isTask {
        ...
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

#endif
