// RUN: girih-opt %s -girih-sink-reshapes | FileCheck %s

// The product's bias, the activation and the residual meet it; the reshape comes last.
// CHECK-LABEL: @behind_matmul
// CHECK: %[[M:.*]] = girih.matmul
// CHECK: %[[B:.*]] = girih.binary add %[[M]], %arg2 : (tensor<6x4xf32>, tensor<4xf32>)
// CHECK: %[[U:.*]] = girih.unary gelu %[[B]]
// CHECK: %[[Y:.*]] = girih.reshape %arg3 : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
// CHECK: %[[R:.*]] = girih.binary add %[[U]], %[[Y]]
// CHECK: girih.reshape %[[R]] : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
func.func @behind_matmul(%x: tensor<6x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>, %y: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = girih.matmul %x, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  %1 = girih.reshape %0 : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %2 = girih.binary add %1, %b : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %3 = girih.unary gelu %2 : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %4 = girih.binary add %3, %y : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %4 : tensor<2x3x4xf32>
}

// The other operand varies along a dimension that the reshape makes.
// CHECK-LABEL: @stays
// CHECK: %[[R:.*]] = girih.reshape
// CHECK: girih.binary add %[[R]], %arg2
func.func @stays(%x: tensor<6x4xf32>, %w: tensor<4x4xf32>, %y: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %0 = girih.matmul %x, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  %1 = girih.reshape %0 : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %2 = girih.binary add %1, %y : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// -----

// Both operands are reshaped: one reshape moves, the other stays, and that is the end of it.
// CHECK-LABEL: func.func @both
func.func @both(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> tensor<16xf32> {
  // CHECK: %[[A:.*]] = girih.unary exp
  // CHECK: %[[B:.*]] = girih.unary log
  // CHECK: %[[S:.*]] = girih.binary add %[[A]], %[[B]]
  // CHECK: girih.reshape %[[S]]
  %0 = girih.unary exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = girih.reshape %0 : (tensor<2x8xf32>) -> tensor<16xf32>
  %2 = girih.unary log %y : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = girih.reshape %2 : (tensor<2x8xf32>) -> tensor<16xf32>
  %4 = girih.binary add %1, %3 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %4 : tensor<16xf32>
}

// -----

// One operand has no reshape to move: it gets one of its own, which stays.
// CHECK-LABEL: func.func @one
func.func @one(%x: tensor<2x8xf32>, %y: tensor<16xf32>) -> tensor<16xf32> {
  // CHECK: %[[A:.*]] = girih.unary exp
  // CHECK: %[[B:.*]] = girih.unary log
  // CHECK: %[[R:.*]] = girih.reshape %[[B]] : {{.*}} -> tensor<2x8xf32>
  // CHECK: %[[S:.*]] = girih.binary add %[[A]], %[[R]]
  // CHECK: girih.reshape %[[S]]
  %0 = girih.unary exp %x : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = girih.reshape %0 : (tensor<2x8xf32>) -> tensor<16xf32>
  %2 = girih.unary log %y : (tensor<16xf32>) -> tensor<16xf32>
  %3 = girih.binary add %1, %2 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %3 : tensor<16xf32>
}
