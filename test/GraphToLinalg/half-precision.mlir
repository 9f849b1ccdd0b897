// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// f16 and bf16 are types of memory. Products are of f32 and accumulate in f32, what follows in the kernel reads that sum, and the kernel's result is
// rounded once.

// CHECK-LABEL: func.func @gemm
func.func @gemm(%x: tensor<8x16xf16>, %w: tensor<16x4xf16>, %b: tensor<4xf16>, %residual: tensor<8x4xf16>) -> tensor<8x4xf16> {
  // CHECK-NOT: truncf
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8x16xf16>, tensor<16x4xf16>) outs(%{{.*}} : tensor<8x4xf32>)
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f16, %[[W:.*]]: f16, %[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[X32:.*]] = arith.extf %[[X]]
  // CHECK-NEXT: %[[W32:.*]] = arith.extf %[[W]]
  // CHECK-NEXT: %[[P:.*]] = arith.mulf %[[X32]], %[[W32]] : f32
  // CHECK-NEXT: %[[A:.*]] = arith.addf %[[ACC]], %[[P]] : f32
  // CHECK-NEXT: linalg.yield %[[A]] : f32
  // CHECK-NOT: truncf
  // CHECK: ins(%[[SUM]], %{{.*}} : tensor<8x4xf32>, tensor<4xf16>)
  // CHECK-NOT: truncf
  // CHECK: arith.maximumf
  // CHECK-NOT: truncf
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8x4xf32>, tensor<8x4xf16>) outs(%{{.*}} : tensor<8x4xf16>)
  // CHECK: %[[LAST:.*]] = arith.addf
  // CHECK-NEXT: %[[ROUNDED:.*]] = arith.truncf %[[LAST]] : f32 to f16
  // CHECK-NEXT: linalg.yield %[[ROUNDED]] : f16
  // CHECK-NOT: truncf
  %r = girih.kernel "k"(%x, %w, %b, %residual) : (tensor<8x16xf16>, tensor<16x4xf16>, tensor<4xf16>, tensor<8x4xf16>) -> tensor<8x4xf16> {
  ^bb0(%i: tensor<8x16xf16>, %j: tensor<16x4xf16>, %k: tensor<4xf16>, %l: tensor<8x4xf16>):
    %0 = girih.matmul %i, %j, %k : (tensor<8x16xf16>, tensor<16x4xf16>, tensor<4xf16>) -> tensor<8x4xf16>
    %1 = girih.unary relu %0 : (tensor<8x4xf16>) -> tensor<8x4xf16>
    %2 = girih.binary add %1, %l : (tensor<8x4xf16>, tensor<8x4xf16>) -> tensor<8x4xf16>
    girih.yield %2 : tensor<8x4xf16>
  }
  return %r : tensor<8x4xf16>
}

// Nothing follows: the rounding is a loop of its own behind the sum. So it is with batches that broadcast.
// CHECK-LABEL: func.func @batched
func.func @batched(%x: tensor<3x1x8x?xbf16, #girih.dims<3, 1, 8, k>>, %w: tensor<5x4x?xbf16, #girih.dims<5, 4, k>>) -> tensor<3x5x8x4xbf16> {
  // CHECK: ^bb0(%[[X:.*]]: bf16, %[[W:.*]]: bf16, %{{.*}}: f32):
  // CHECK-NEXT: arith.extf %[[X]] : bf16 to f32
  // CHECK-NEXT: arith.extf %[[W]] : bf16 to f32
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.addf
  // CHECK-NEXT: linalg.yield %{{.*}} : f32
  // CHECK: ^bb0(%[[SUM:.*]]: f32, %{{.*}}: bf16):
  // CHECK-NEXT: arith.truncf %[[SUM]] : f32 to bf16
  %r = girih.kernel "k"(%x, %w) : (tensor<3x1x8x?xbf16, #girih.dims<3, 1, 8, k>>, tensor<5x4x?xbf16, #girih.dims<5, 4, k>>) -> tensor<3x5x8x4xbf16> {
  ^bb0(%i: tensor<3x1x8x?xbf16, #girih.dims<3, 1, 8, k>>, %j: tensor<5x4x?xbf16, #girih.dims<5, 4, k>>):
    %0 = girih.matmul %i, %j {transpose_rhs} : (tensor<3x1x8x?xbf16, #girih.dims<3, 1, 8, k>>, tensor<5x4x?xbf16, #girih.dims<5, 4, k>>) -> tensor<3x5x8x4xbf16>
    girih.yield %0 : tensor<3x5x8x4xbf16>
  }
  return %r : tensor<3x5x8x4xbf16>
}

// CHECK-LABEL: func.func @grouped
func.func @grouped(%x: tensor<1x8x8x16xf16>, %w: tensor<32x4x3x3xf16>, %b: tensor<32xf16>) -> tensor<1x6x6x32xf16> {
  // CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x8x8x4x4xf16>, tensor<4x8x4x3x3xf16>) outs(%{{.*}} : tensor<1x6x6x4x8xf32>)
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.addf
  // CHECK-NOT: truncf
  // CHECK: arith.maximumf
  // CHECK-NEXT: arith.truncf
  // CHECK: tensor.collapse_shape %{{.*}} : tensor<1x6x6x4x8xf16> into tensor<1x6x6x32xf16>
  %r = girih.kernel "k"(%x, %w, %b) : (tensor<1x8x8x16xf16>, tensor<32x4x3x3xf16>, tensor<32xf16>) -> tensor<1x6x6x32xf16> {
  ^bb0(%i: tensor<1x8x8x16xf16>, %j: tensor<32x4x3x3xf16>, %k: tensor<32xf16>):
    %0 = girih.conv %i, %j, %k {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 4 : i64, channels_last} : (tensor<1x8x8x16xf16>, tensor<32x4x3x3xf16>, tensor<32xf16>) -> tensor<1x6x6x32xf16>
    %1 = girih.unary relu %0 : (tensor<1x6x6x32xf16>) -> tensor<1x6x6x32xf16>
    girih.yield %1 : tensor<1x6x6x32xf16>
  }
  return %r : tensor<1x6x6x32xf16>
}

// CHECK-LABEL: func.func @depthwise
func.func @depthwise(%x: tensor<1x9x9x16xf16>, %w: tensor<16x1x3x3xf16>) -> tensor<1x4x4x16xf16> {
  // CHECK: ins(%{{.*}}, %{{.*}} : tensor<1x9x9x16xf16>, tensor<16x1x3x3xf16>) outs(%{{.*}} : tensor<1x4x4x16xf32>)
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.addf
  // CHECK: arith.truncf
  // CHECK-NOT: truncf
  %r = girih.kernel "k"(%x, %w) : (tensor<1x9x9x16xf16>, tensor<16x1x3x3xf16>) -> tensor<1x4x4x16xf16> {
  ^bb0(%i: tensor<1x9x9x16xf16>, %j: tensor<16x1x3x3xf16>):
    %0 = girih.conv %i, %j {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 16 : i64, channels_last} : (tensor<1x9x9x16xf16>, tensor<16x1x3x3xf16>) -> tensor<1x4x4x16xf16>
    girih.yield %0 : tensor<1x4x4x16xf16>
  }
  return %r : tensor<1x4x4x16xf16>
}

// A softmax is of the f32 scores; what the second product reads is rounded, as its operands in memory would be.
// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<2x4x8xf16>, %k: tensor<2x6x8xf16>, %v: tensor<2x6x8xf16>, %mask: tensor<2x4x6xf16>) -> tensor<2x4x8xf16> {
  // CHECK: ins(%{{.*}}, %{{.*}} : tensor<2x4x8xf16>, tensor<2x6x8xf16>) outs(%{{.*}} : tensor<2x4x6xf32>)
  // CHECK-NOT: truncf
  // CHECK: arith.subf %{{.*}}, %{{.*}} : f32
  // CHECK-NEXT: math.exp %{{.*}} : f32
  // CHECK-NOT: truncf
  // CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2x4x6xf16>)
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: %[[S:.*]] = arith.mulf
  // CHECK-NEXT: arith.truncf %[[S]] : f32 to f16
  // CHECK: ins(%[[P]], %{{.*}} : tensor<2x4x6xf16>, tensor<2x6x8xf16>) outs(%{{.*}} : tensor<2x4x8xf32>)
  // CHECK: arith.truncf
  // CHECK-NOT: truncf
  %r = girih.kernel "k"(%q, %k, %v, %mask) : (tensor<2x4x8xf16>, tensor<2x6x8xf16>, tensor<2x6x8xf16>, tensor<2x4x6xf16>) -> tensor<2x4x8xf16> {
  ^bb0(%a: tensor<2x4x8xf16>, %b: tensor<2x6x8xf16>, %c: tensor<2x6x8xf16>, %d: tensor<2x4x6xf16>):
    %0 = girih.matmul %a, %b {transpose_rhs} : (tensor<2x4x8xf16>, tensor<2x6x8xf16>) -> tensor<2x4x6xf16>
    %1 = girih.binary add %0, %d : (tensor<2x4x6xf16>, tensor<2x4x6xf16>) -> tensor<2x4x6xf16>
    %2 = girih.softmax %1 {axis = 2 : i64} : (tensor<2x4x6xf16>) -> tensor<2x4x6xf16>
    %3 = girih.matmul %2, %c : (tensor<2x4x6xf16>, tensor<2x6x8xf16>) -> tensor<2x4x8xf16>
    girih.yield %3 : tensor<2x4x8xf16>
  }
  return %r : tensor<2x4x8xf16>
}

// What a kernel yields through a transpose is rounded in the loop that writes it.
// CHECK-LABEL: func.func @transposed
func.func @transposed(%x: tensor<4x8xf16>) -> tensor<8x4xf16> {
  // CHECK: outs(%{{.*}} : tensor<4x8xf32>)
  // CHECK-NOT: truncf
  // CHECK: ^bb0(%[[V:.*]]: f32, %{{.*}}: f16):
  // CHECK-NEXT: arith.truncf %[[V]]
  %r = girih.kernel "k"(%x) : (tensor<4x8xf16>) -> tensor<8x4xf16> {
  ^bb0(%i: tensor<4x8xf16>):
    %0 = girih.unary exp %i : (tensor<4x8xf16>) -> tensor<4x8xf16>
    %1 = girih.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x8xf16>) -> tensor<8x4xf16>
    girih.yield %1 : tensor<8x4xf16>
  }
  return %r : tensor<8x4xf16>
}

// A cast of the model's rounds, whatever follows; a result that it makes f32 was never f16.
// CHECK-LABEL: func.func @casts
func.func @casts(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[NARROW:.*]] = arith.truncf %{{.*}} : f32 to f16
  // CHECK-NEXT: linalg.yield %[[NARROW]]
  // CHECK: arith.extf
  // CHECK: math.exp
  // CHECK-NOT: truncf
  %r = girih.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<4xf32>):
    %0 = girih.cast %i {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
    %1 = girih.unary exp %0 : (tensor<4xf16>) -> tensor<4xf16>
    %2 = girih.cast %1 {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
    girih.yield %2 : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
