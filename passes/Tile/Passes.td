#ifndef GIRIH_TILE_PASSES
#define GIRIH_TILE_PASSES

include "mlir/Pass/PassBase.td"

def ReadSchedules : Pass<"girih-read-schedules", "::mlir::ModuleOp"> {
  let summary = "give kernels the schedules that a file states";
  let description = [{
    The file is a module as `--stop-after=plan` prints it, perhaps edited: the schedule of each `girih.kernel` in it, with its
    variants, goes to the kernel of the same name (kernels that share a name are taken in order). Kernels that the file leaves out, or has without a schedule, are planned
    as usual. A name that the module lacks is an error: the file was made for another model, or with other options.

    Pre-condition: comes after girih-plan-places, which adds kernels, and before a target's plan, which leaves alone what has a schedule.

    No example: a schedule goes from a file to a kernel as it is (test/Driver/schedule.test).
  }];
  let options = [Option<"file", "file", "std::string", "", "the file">];
}

def SplitReductions : Pass<"girih-split-reductions", "::mlir::ModuleOp"> {
  let summary = "make two kernels of a long reduction with few results: its blocks, which are tasks, and their combination";
  let description = [{
    Only loops of results become tasks, so a sum of a million numbers would be one thread's. Where the iterations are many (2^18), the results few (less than 4),
    and partial results combine (by the last operation of the body, or by girih.combine), a reduced loop that divides is split into blocks of equal size, at most 64, of
    2^15 iterations or more: a kernel of its own gives the state of each, and the old kernel combines these. A sum, and one of squares about the mean that
    it makes, are split together: each block has its sum, and then, while it is in the cache, squares about its own mean, of which those about the
    mean of all follow (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances). Where more than 4096 iterations follow in the
    old kernel, such as a normalised image after its mean, the combination is a kernel, too, so that the rest has no reduction, and becomes tasks.
    Sizes that only a run knows are left as they are: that sizes alone decide makes results the same on any number of threads.

    Pre-condition: kernels are at the linalg stage, and have neither places nor schedules.

    ```mlir
    func.func @main(%x: tensor<1048576xf32>) -> tensor<f32> {
      %r = girih.kernel "sum"(%x) : (tensor<1048576xf32>) -> tensor<f32> {
      ^bb0(%a: tensor<1048576xf32>):
        %zero = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<f32>
        %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
        %0 = linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
          ins(%a : tensor<1048576xf32>) outs(%f : tensor<f32>) {
        ^bb0(%in: f32, %out: f32):
          %s = arith.addf %out, %in : f32
          linalg.yield %s : f32
        } -> tensor<f32>
        girih.yield %0 : tensor<f32>
      }
      return %r : tensor<f32>
    }
    // becomes
    func.func @main(%x: tensor<1048576xf32>) -> tensor<f32> {
      %b = girih.kernel "sum (blocks)"(%x) : (tensor<1048576xf32>) -> tensor<32xf32> {
        ...
        linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0 * 32768 + d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>],
          iterator_types = ["parallel", "reduction"]}
        ...
      }
      %r = girih.kernel "sum"(%b) : (tensor<32xf32>) -> tensor<f32> {
        ...
        linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
        ...
      }
      return %r : tensor<f32>
    }
    ```
  }];
  let dependentDialects = ["::girih::GirihDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "num-split", "kernels split">];
}

def PrintDomains : Pass<"girih-print-domains", "::mlir::ModuleOp"> {
  let summary = "write what each kernel's schedule is about: its loops, reductions and accesses";
  let description = [{
    One block of text for each domain, to the standard output: loops as schedules name them (`d0`, and `k0` in a reduction), with their sizes; adjacent
    dimensions that all accesses walk as one are one loop, those of size 1 are none. Then what is read and written, as sums of loops times
    strides, in elements; of a constant that the schedule packs, inside of a block.

    Pre-condition: kernels are at the linalg stage; `girih compile --stop-after=plan` prints them so. It changes nothing.

    No example: the result is no IR (test/Tile/domains.mlir).
  }];
}

def TileKernels : Pass<"girih-tile-kernels", "::mlir::ModuleOp"> {
  let summary = "turn every kernel into a function of loops, register tiles and vectors";
  let description = [{
    Pre-condition: kernels are at the linalg stage and carry `#girih.schedule`; the schedule is verified, then obeyed.

    Each `girih.kernel` becomes a `func.func` on flat memrefs whose tasks are an `scf.forall`, and a `girih.launch` of it. What a schedule
    stores is in views of one more argument, `memref<?xi8> {girih.scratch}`, which the map stage takes from the thread. Where a task is a team's, `girih.threads` on the
    function says of how many threads, and `gpu.thread_id x`, `gpu.shuffle`, `gpu.barrier` and memory in `#gpu.address_space<workgroup>` are the team's. Kernels that are
    equal in body, places and schedule share one function. Constants are packed here, at compile time, in the layouts
    that schedules say; what gathers from such a constant in another kernel reads it there, through its place's `layout`.

    ```mlir
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.kernel "relu"(%x) attributes {schedule = [#girih.schedule<width = 16, fma = true, nest = [<d0, 32, task>, <d0, 16, lanes>]>]}
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
    func.func @main(%x: tensor<64xf32>) -> tensor<64xf32> {
      %r = girih.launch @kernel_relu(%x) {bytes = #girih.dims<512>, dims = #girih.dims<>, flops = #girih.dims<64>, name = "relu",
        tasks = #girih.dims<2>} : (tensor<64xf32>) -> tensor<64xf32>
      return %r : tensor<64xf32>
    }
    func.func private @kernel_relu(%in: memref<?xf32>, %out: memref<?xf32>) {
      ...
      scf.forall (%task) in (%tasks) {
        ...
        scf.for %i = %begin to %end step %width {
          ...
          %v = vector.load %in[%i] : memref<?xf32>, vector<16xf32>
          ...
          %m = arith.maximumf %v, %zeros : vector<16xf32>
          vector.store %m, %out[%i] : memref<?xf32>, vector<16xf32>
        }
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"functions", "functions", "kernel functions emitted">,
                    Statistic<"shared", "shared", "kernels that share the function of an equal one">,
                    Statistic<"packedConstants", "packed", "constants packed">];
}

#endif
