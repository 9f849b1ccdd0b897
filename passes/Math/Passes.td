#ifndef GIRIH_MATH_PASSES
#define GIRIH_MATH_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"girih-expand-math"> {
  let summary = "elementary functions as inline arithmetic";
  let description = [{
    Rewrites the elementary functions of the math dialect on `f32` scalars and vectors of any static shape into arith
    and `math.fma`: bit manipulation and minimax polynomials, at most 4 ulp from the exact result over all floats, with
    IEEE 754's special values. `f16` and `bf16` are computed in `f32`. `f64` functions that LLVM has an intrinsic for
    are left to libm, if there is one; the others (`expm1`, `log1p`, `erf`, ...) are expanded too. Without libm
    `arith.remf` is a loop of exact steps.

    Also left alone is what is an instruction or an intrinsic anyway: `absf`, `floor`, `ceil`, `round`, `roundeven`,
    `trunc`, `copysign`, `sqrt`, `fma`, `isnan`, and other classifications. Fast-math flags have no influence.

    Without `fma`, products and sums are rounded separately: for targets where `math.fma` would be a call.

    ```mlir
    func.func @f(%x: vector<16xf32>) -> vector<16xf32> {
      %y = math.rsqrt %x : vector<16xf32>
      return %y : vector<16xf32>
    }
    // becomes
    func.func @f(%x: vector<16xf32>) -> vector<16xf32> {
      %one = arith.constant dense<1.0> : vector<16xf32>
      %root = math.sqrt %x : vector<16xf32>
      %y = arith.divf %one, %root : vector<16xf32>
      return %y : vector<16xf32>
    }
    ```
    sin, cos and tan hold an `scf.if` for arguments of 2^20 and more. `math.ipowi` (exponents >= 0) is a loop over the exponent's bits.
  }];
  let options = [Option<"fma", "fma", "bool", "true", "the target has a fused multiply-add instruction">,
                 Option<"libm", "libm", "bool", "true", "kernels may call libm for f64 functions">];
  let statistics = [Statistic<"numExpanded", "expanded", "functions expanded">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif
