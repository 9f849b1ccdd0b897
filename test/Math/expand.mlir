// RUN: girih-opt %s --girih-expand-math | FileCheck %s
// RUN: girih-opt %s --girih-expand-math=fma=false | FileCheck %s --check-prefix=NOFMA
// RUN: girih-opt %s --girih-expand-math=libm=false | FileCheck %s --check-prefix=NOLIBM

// CHECK-LABEL: func @rsqrt
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK: %[[ROOT:.*]] = math.sqrt %{{.*}} : vector<16xf32>
// CHECK: arith.divf %[[ONE]], %[[ROOT]] : vector<16xf32>
func.func @rsqrt(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.rsqrt %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// No branch, no division, no conversion between integers and floats.
// CHECK-LABEL: func @exp
// CHECK-NOT: {{scf|divf|sitofp|fptosi}}
// CHECK-COUNT-10: math.fma
// CHECK-NOT: math.fma
// CHECK: return
// NOFMA-LABEL: func @exp
// NOFMA-NOT: math.fma
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func @scalar
// CHECK-NOT: {{math.log|vector}}
// CHECK: return %{{.*}} : f32
func.func @scalar(%x: f32) -> f32 {
  %0 = math.log %x : f32
  return %0 : f32
}

// bf16 is computed in f32.
// CHECK-LABEL: func @narrow
// CHECK: arith.extf %{{.*}} : vector<2x8xbf16> to vector<2x8xf32>
// CHECK-NOT: math.tanh
// CHECK: arith.truncf %{{.*}} : vector<2x8xf32> to vector<2x8xbf16>
func.func @narrow(%x: vector<2x8xbf16>) -> vector<2x8xbf16> {
  %0 = math.tanh %x : vector<2x8xbf16>
  return %0 : vector<2x8xbf16>
}

// Huge arguments take a branch that is skipped where no lane is huge.
// CHECK-LABEL: func @sin
// CHECK: %[[HUGE:.*]] = vector.reduction <or>, %{{.*}} : vector<32xi1> into i1
// CHECK: scf.if %[[HUGE]] -> (vector<4x8xf32>, vector<4x8xi32>)
func.func @sin(%x: vector<4x8xf32>) -> vector<4x8xf32> {
  %0 = math.sin %x : vector<4x8xf32>
  return %0 : vector<4x8xf32>
}

// What is an instruction anyway stays.
// CHECK-LABEL: func @native
// CHECK-NEXT: math.sqrt
// CHECK-NEXT: math.floor
// CHECK-NEXT: math.absf
// CHECK-NEXT: return
func.func @native(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.sqrt %x : vector<16xf32>
  %1 = math.floor %0 : vector<16xf32>
  %2 = math.absf %1 : vector<16xf32>
  return %2 : vector<16xf32>
}

// libm's fmod, or steps that are exact.
// CHECK-LABEL: func @remainder
// CHECK-NEXT: arith.remf
// NOLIBM-LABEL: func @remainder
// NOLIBM-NOT: arith.remf
// NOLIBM: scf.while
// NOLIBM: %[[QUOTIENT:.*]] = arith.divf
// NOLIBM: math.trunc %[[QUOTIENT]]
// NOLIBM: math.fma
func.func @remainder(%x: f64, %y: f64) -> f64 {
  %0 = arith.remf %x, %y : f64
  return %0 : f64
}
