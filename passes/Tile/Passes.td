#ifndef GIRIH_TILE_PASSES
#define GIRIH_TILE_PASSES

include "mlir/Pass/PassBase.td"

def ReadSchedules : Pass<"girih-read-schedules", "::mlir::ModuleOp"> {
  let summary = "give kernels the schedules that a file states";
  let description = [{
    The file is a module as `--stop-after=plan` prints it, perhaps edited: the schedule of each `girih.kernel` in it goes to the kernel of the
    same name (kernels that share a name are taken in order). Kernels that the file leaves out, or has without a schedule, are planned
    as usual. A name that the module lacks is an error: the file was made for another model, or with other options.

    Pre-condition: comes after girih-plan-places, which adds kernels, and before a target's plan, which leaves alone what has a schedule.
  }];
  let options = [Option<"file", "file", "std::string", "", "the file">];
}

def TileKernels : Pass<"girih-tile-kernels", "::mlir::ModuleOp"> {
  let summary = "turn every kernel into a function of loops, register tiles and vectors";
  let description = [{
    Pre-condition: kernels are at the linalg stage and carry `#girih.schedule`; the schedule is verified, then obeyed.

    Each `girih.kernel` becomes a `func.func` on flat memrefs whose tasks are an `scf.forall`, and a `girih.launch` of it. Kernels that are
    equal in body, places and schedule share one function. Constants that a contraction reads are packed here, at compile time, into
    the order in which its register tiles read them.

    ```mlir
    %r = girih.kernel "fc"(%x, %w) {schedule = #girih.schedule<...>} : (...) -> tensor<4x64xf32> { ... linalg.generic ... }
    // becomes
    %r = girih.launch @kernel_fc(%x, %packed) {dims = ..., tasks = #girih.dims<2>, ...} : (...) -> tensor<4x64xf32>
    func.func private @kernel_fc(...) { scf.forall (%task) in (2) { scf.for ... vector.load ... math.fma ... } }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"functions", "functions", "kernel functions emitted">,
                    Statistic<"shared", "shared", "kernels that share the function of an equal one">,
                    Statistic<"packedConstants", "packed", "constants packed">];
}

#endif
