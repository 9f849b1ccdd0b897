#ifndef GIRIH_CPU_PASSES
#define GIRIH_CPU_PASSES

include "mlir/Pass/PassBase.td"

def PlanKernels : Pass<"girih-plan-cpu", "::mlir::ModuleOp"> {
  let summary = "give every kernel a schedule for a CPU";
  let description = [{
    Pre-condition: kernels are at the linalg stage. Sets `schedule` on each kernel that has none, from its domain and the machine's vector width,
    registers and caches; kernels that came with a schedule keep it. Sizes that only a run knows are guessed (`dialects/Graph/Guesses.h`). Where one of
    these may be small, and a schedule for that is predicted to be faster then, it becomes one of the kernel's `variants`.

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
    %r = girih.kernel "relu"(%x) attributes {schedule = [#girih.schedule<width = 16, fma = true, nest = [<d0, 64, lanes>]>]}
      : (tensor<64xf32>) -> tensor<64xf32> {
    ```
  }];
  let options = [ListOption<"numbers", "machine", "std::string",
                            "what differs from a common machine, as 'girih machine' names it: l2_bytes=524288,ghz=2.5">];
}

def SumOnline : Pass<"girih-sum-online-cpu", "::mlir::ModuleOp"> {
  let summary = "find the maximum and the sum of a softmax's long rows in one pass";
  let description = [{
    Pre-condition: kernels are at the linalg stage, have no places, and long reductions are not split yet. A maximum and the sum of exponentials of
    differences from it become one reduction, if the plan of that, split as girih-split-reductions will, is predicted to take less time on one
    core. Its state is the largest element so far, and the sum of exponentials of differences from it; of each element one exponential
    is taken, by which the sum is multiplied where the element is the largest. So rows are gone through once before results are computed, and what these
    are made of is computed again instead of stored.

    The state begins with the lowest number, so that elements of -inf add nothing. As before, rows of nothing but -inf, and those with +inf or NaN, are NaN.

    ```mlir
    func.func @main(%x: tensor<4x16777216xf32>) -> tensor<4xf32> {
      %r = girih.kernel "sum"(%x) : (tensor<4x16777216xf32>) -> tensor<4xf32> {
      ^bb0(%a: tensor<4x16777216xf32>):
        %least = arith.constant 0xFF800000 : f32
        %zero = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<4xf32>
        %f = linalg.fill ins(%least : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
        %g = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
          ins(%a : tensor<4x16777216xf32>) outs(%f : tensor<4xf32>) {
        ^bb0(%in: f32, %out: f32):
          %m = arith.maximumf %out, %in : f32
          linalg.yield %m : f32
        } -> tensor<4xf32>
        %1 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i)>],
                             iterator_types = ["parallel", "reduction"]}
          ins(%a, %0 : tensor<4x16777216xf32>, tensor<4xf32>) outs(%g : tensor<4xf32>) {
        ^bb0(%in: f32, %max: f32, %out: f32):
          %d = arith.subf %in, %max : f32
          %x1 = math.exp %d : f32
          %s = arith.addf %out, %x1 : f32
          linalg.yield %s : f32
        } -> tensor<4xf32>
        girih.yield %1 : tensor<4xf32>
      }
      return %r : tensor<4xf32>
    }
    // becomes
    %r = girih.kernel "sum"(%x) : (tensor<4x16777216xf32>) -> tensor<4xf32> {
      ...
      %0:2 = linalg.generic
      ...
        %s:2 = girih.combine(%m, %t) : f32, f32
      ...
    ```
  }];
  let options = [ListOption<"numbers", "machine", "std::string",
                            "what differs from a common machine, as 'girih machine' names it: l2_bytes=524288,ghz=2.5">];
  let statistics = [Statistic<"numOnline", "online", "kernels whose softmaxes are computed so">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def JoinKernels : Pass<"girih-join-cpu", "::mlir::ModuleOp"> {
  let summary = "join kernels where what lies between them would go beyond the cache";
  let description = [{
    Pre-condition: kernels are at the linalg stage and have no places. A kernel and the only one that reads its result, directly or through a pad,
    become one, if the plan of that is predicted to take less time on the machine's cores: then what one computes and the other reads is stored
    between the loops of the result, a strip at a time (docs/schedule.md). Sizes that only a run knows are guessed.

    ```mlir
    func.func @main(%x: tensor<4096x4096xf32>) -> tensor<4096xf32> {
      %r = girih.kernel "square"(%x) : (tensor<4096x4096xf32>) -> tensor<4096x4096xf32> {
      ^bb0(%a: tensor<4096x4096xf32>):
        %e = tensor.empty() : tensor<4096x4096xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i, k)>], iterator_types = ["parallel", "parallel"]}
          ins(%a : tensor<4096x4096xf32>) outs(%e : tensor<4096x4096xf32>) {
        ^bb0(%in: f32, %out: f32):
          %m = arith.mulf %in, %in : f32
          linalg.yield %m : f32
        } -> tensor<4096x4096xf32>
        girih.yield %0 : tensor<4096x4096xf32>
      }
      %s = girih.kernel "sum"(%r) : (tensor<4096x4096xf32>) -> tensor<4096xf32> {
      ^bb0(%a: tensor<4096x4096xf32>):
        %zero = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<4096xf32>
        %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4096xf32>) -> tensor<4096xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
          ins(%a : tensor<4096x4096xf32>) outs(%f : tensor<4096xf32>) {
        ^bb0(%in: f32, %out: f32):
          %m = arith.addf %out, %in : f32
          linalg.yield %m : f32
        } -> tensor<4096xf32>
        girih.yield %0 : tensor<4096xf32>
      }
      return %s : tensor<4096xf32>
    }
    // becomes
    %s = girih.kernel "square+sum"(%x) : (tensor<4096x4096xf32>) -> tensor<4096xf32> {
      ...
      %0 = linalg.generic
      ...
      %1 = linalg.generic
      ...
      girih.yield %1 : tensor<4096xf32>
    ```
  }];
  let options = [ListOption<"numbers", "machine", "std::string",
                            "what differs from a common machine, as 'girih machine' names it: l2_bytes=524288,ghz=2.5">];
  let statistics = [Statistic<"numJoined", "joined", "pairs of kernels that became one">];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def PredictTimes : Pass<"girih-predict-cpu", "::mlir::ModuleOp"> {
  let summary = "say how long every kernel will take on a CPU";
  let description = [{
    Pre-condition: kernels have schedules. Sets `predicted` on each kernel whose sizes are known: nanoseconds of one run on one thread, as
    `backends/CPU/Cost.h` computes them. It becomes a part of the artifact, for `girih bench --profile` to show beside what is measured.

    ```mlir
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.kernel "relu"(%x) attributes {schedule = [#girih.schedule<width = 16, fma = true, nest = [<d0, 64, lanes>]>]}
        : (tensor<64xf32>) -> tensor<64xf32> {
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
    %r = girih.kernel "relu"(%x) attributes {predicted = ... : i64, schedule = ...} : (tensor<64xf32>) -> tensor<64xf32> {
    ```
  }];
  let options = [ListOption<"numbers", "machine", "std::string",
                            "what differs from a common machine, as 'girih machine' names it: l2_bytes=524288,ghz=2.5">];
}

def MapTasks : Pass<"girih-map-cpu", "::mlir::ModuleOp"> {
  let summary = "turn kernel functions into task functions of the runtime's ABI";
  let description = [{
    A kernel function on memrefs with one `scf.forall` becomes
    `func.func @kernel(%buffers: !llvm.ptr, %dims: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr)`, which runs the tasks from
    %begin to %end (`girih_kernel_fn` in `runtime/abi.h`).

    ```mlir
    func.func private @kernel(%in: memref<?xf32>, %out: memref<?xf32>, %n: index) {
      scf.forall (%i) in (%n) {
        %v = memref.load %in[%i] : memref<?xf32>
        memref.store %v, %out[%i] : memref<?xf32>
      }
      return
    }
    // becomes
    func.func @kernel(%buffers: !llvm.ptr, %dims: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
      ...
      %from = arith.index_cast %begin : i64 to index
      %to = arith.index_cast %end : i64 to index
      %one = arith.constant 1 : index
      scf.for %i = %from to %to step %one {
        %v = memref.load %in[%i] : memref<?xf32>
        memref.store %v, %out[%i] : memref<?xf32>
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

#endif
