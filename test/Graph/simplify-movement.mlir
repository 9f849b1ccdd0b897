// RUN: girih-opt %s -girih-simplify-movement | FileCheck %s

// Of one query, products with keys as they lie: what the flag does not say stays a transpose that keeps the
// minor dimension.
// CHECK-LABEL: @attention_keys
// CHECK: %[[T:.*]] = girih.transpose %arg1 {permutation = array<i64: 0, 2, 1, 3>}
// CHECK: girih.matmul %arg0, %[[T]] {transpose_rhs}
func.func @attention_keys(%q: tensor<1x2x1x4xf32>, %k: tensor<1x5x2x4xf32>) -> tensor<1x2x1x5xf32> {
  %0 = girih.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x4x5xf32>
  %1 = girih.matmul %q, %0 : (tensor<1x2x1x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x1x5xf32>
  return %1 : tensor<1x2x1x5xf32>
}

// Of many queries, the keys are turned once.
// CHECK-LABEL: @many_queries
// CHECK: %[[T:.*]] = girih.transpose %arg1 {permutation = array<i64: 0, 2, 3, 1>}
// CHECK: girih.matmul %arg0, %[[T]] : (tensor<1x2x9x4xf32>, tensor<1x2x4x5xf32>)
func.func @many_queries(%q: tensor<1x2x9x4xf32>, %k: tensor<1x5x2x4xf32>) -> tensor<1x2x9x5xf32> {
  %0 = girih.transpose %k {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %1 = girih.matmul %q, %0 {transpose_rhs} : (tensor<1x2x9x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x9x5xf32>
  return %1 : tensor<1x2x9x5xf32>
}

// CHECK-LABEL: @cancelled
// CHECK-NEXT: girih.matmul %arg0, %arg1 : (tensor<3x4xf32>, tensor<4x5xf32>)
func.func @cancelled(%x: tensor<3x4xf32>, %y: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %0 = girih.transpose %x {permutation = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = girih.matmul %0, %y {transpose_lhs} : (tensor<4x3xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %1 : tensor<3x5xf32>
}

// CHECK-LABEL: @moves_nothing
// CHECK-NEXT: girih.reshape %arg0 : (tensor<1x4x1x5xf32>) -> tensor<4x1x1x5xf32>
func.func @moves_nothing(%x: tensor<1x4x1x5xf32>) -> tensor<4x1x1x5xf32> {
  %0 = girih.transpose %x {permutation = array<i64: 1, 0, 2, 3>} : (tensor<1x4x1x5xf32>) -> tensor<4x1x1x5xf32>
  return %0 : tensor<4x1x1x5xf32>
}
