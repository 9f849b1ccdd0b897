// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// Kept dimensions appear only where the kernel yields; what follows the reduction stays in its shape.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<4x?x8xf32, #girih.dims<4, seq, 8>>) -> tensor<4x1x8xf32> {
  // CHECK: linalg.fill {{.*}} tensor<4x8xf32>
  // CHECK: iterator_types = ["parallel", "reduction", "parallel"]
  // CHECK: arith.addf %out, %in
  // CHECK: linalg.generic
  // CHECK: girih.dim <seq>
  // CHECK: arith.divf
  // CHECK: math.sqrt
  // CHECK: -> tensor<4x8xf32>
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2]] {{.*}} into tensor<4x1x8xf32>
  %r = girih.kernel "k"(%x) : (tensor<4x?x8xf32, #girih.dims<4, seq, 8>>) -> tensor<4x1x8xf32> {
  ^bb0(%a: tensor<4x?x8xf32, #girih.dims<4, seq, 8>>):
    %0 = girih.reduce mean %a {axes = array<i64: 1>, keepdims = true} : (tensor<4x?x8xf32, #girih.dims<4, seq, 8>>) -> tensor<4x1x8xf32>
    %1 = girih.unary sqrt %0 : (tensor<4x1x8xf32>) -> tensor<4x1x8xf32>
    girih.yield %1 : tensor<4x1x8xf32>
  }
  return %r : tensor<4x1x8xf32>
}

// CHECK-LABEL: func.func @softmax
func.func @softmax(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: arith.constant 0xFF800000 : f32
  // CHECK: arith.maximumf %out, %in
  // CHECK: arith.subf
  // CHECK: math.exp
  // CHECK: arith.addf %out, %in
  // CHECK: arith.divf
  // CHECK: arith.mulf
  %r = girih.kernel "k"(%x) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
  ^bb0(%a: tensor<4x16xf32>):
    %0 = girih.softmax %a {axis = 1 : i64} : (tensor<4x16xf32>) -> tensor<4x16xf32>
    girih.yield %0 : tensor<4x16xf32>
  }
  return %r : tensor<4x16xf32>
}

// The extreme value and its index in one pass; NaN counts as the extreme. A later element is taken if it is more extreme, a later state also if it is
// as extreme and has the smaller index.
// CHECK-LABEL: func.func @argmax
func.func @argmax(%x: tensor<4x16xf32>) -> tensor<4xi64> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xi32>)
  // CHECK: ^bb0(%[[X:.*]]: f32, %[[M:.*]]: f32, %[[I:.*]]: i32):
  // CHECK: linalg.index 1
  // CHECK: %[[MORE:.*]] = arith.cmpf ugt, %[[X]], %[[M]]
  // CHECK: %[[NUMBER:.*]] = arith.cmpf ord, %[[M]], %[[M]]
  // CHECK: arith.andi %[[MORE]], %[[NUMBER]]
  // CHECK: girih.combine(%{{.*}}, %{{.*}}) : f32, i32
  // CHECK: arith.cmpi slt
  // CHECK: arith.extsi %{{.*}} : i32 to i64
  %r = girih.kernel "k"(%x) : (tensor<4x16xf32>) -> tensor<4xi64> {
  ^bb0(%a: tensor<4x16xf32>):
    %0 = girih.arg_reduce %a {axis = 1 : i64, keepdims = false} : (tensor<4x16xf32>) -> tensor<4xi64>
    girih.yield %0 : tensor<4xi64>
  }
  return %r : tensor<4xi64>
}

// Windows take their loops' sizes from an operand without data.
// CHECK-LABEL: func.func @pool
func.func @pool(%x: tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32> {
  // CHECK: %[[WINDOW:.*]] = tensor.empty() : tensor<2x2xf32>
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[WINDOW]] : tensor<1x8x8x16xf32>, tensor<2x2xf32>)
  // CHECK: arith.maximumf
  %r = girih.kernel "k"(%x) : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32> {
  ^bb0(%a: tensor<1x8x8x16xf32>):
    %0 = girih.pool max %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
    girih.yield %0 : tensor<1x4x4x16xf32>
  }
  return %r : tensor<1x4x4x16xf32>
}

// The variance is that of the differences from the mean.
// CHECK-LABEL: func.func @layer_norm
func.func @layer_norm(%x: tensor<4x16xf32>, %s: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  // CHECK: arith.addf %out, %in
  // CHECK: %[[D:.*]] = arith.subf
  // CHECK: %[[SQ:.*]] = arith.mulf %[[D]], %[[D]]
  // CHECK: arith.addf %out, %[[SQ]]
  // CHECK: math.rsqrt
  // CHECK: arith.subf
  %r = girih.kernel "k"(%x, %s, %b) : (tensor<4x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<4x16xf32> {
  ^bb0(%a: tensor<4x16xf32>, %c: tensor<16xf32>, %d: tensor<16xf32>):
    %0 = girih.layer_norm %a scale %c bias %d {axis = 1 : i64, epsilon = 1.0e-5 : f32} : (tensor<4x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    girih.yield %0 : tensor<4x16xf32>
  }
  return %r : tensor<4x16xf32>
}
