// RUN: girih-opt %s -girih-fuse-patterns -girih-fold-constants | FileCheck %s

// One-hot rows times weights, plus bias, through an activation: one lookup in a table that the compiler has made. Rows beyond
// the weights are zero, so such indices find the bias alone.
// CHECK-LABEL: @one_hot
// CHECK-DAG: %[[T:.*]] = girih.constant dense<{{\[\[}}2.000000e+00, 0.000000e+00], [0.000000e+00, 3.000000e+00], [1.000000e+00, 0.000000e+00]]> : tensor<3x2xf32>
// CHECK-DAG: %[[I:.*]] = girih.reshape %arg0 : (tensor<4x1xi32>) -> tensor<4xi32>
// CHECK-DAG: %[[C:.*]] = girih.where
// CHECK: %[[R:.*]] = girih.gather %[[T]], %[[C]] {axis = 0 : i64}
// CHECK: return %[[R]]
func.func @one_hot(%i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  %iota = girih.constant dense<[[0, 1]]> : tensor<1x2xi32>
  %w = girih.constant dense<[[1.0, -7.0], [-4.0, 5.0]]> : tensor<2x2xf32>
  %b = girih.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %0 = girih.binary equal %i, %iota : (tensor<4x1xi32>, tensor<1x2xi32>) -> tensor<4x2xi1>
  %1 = girih.cast %0 {to = f32} : (tensor<4x2xi1>) -> tensor<4x2xf32>
  %2 = girih.matmul %1, %w, %b : (tensor<4x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  %3 = girih.unary relu %2 : (tensor<4x2xf32>) -> tensor<4x2xf32>
  return %3 : tensor<4x2xf32>
}

// Other constants than 0, 1, ... select no rows.
// CHECK-LABEL: @no_iota
// CHECK: girih.matmul
func.func @no_iota(%i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  %iota = girih.constant dense<[[0, 2]]> : tensor<1x2xi32>
  %w = girih.constant dense<[[1.0, 2.0], [4.0, 5.0]]> : tensor<2x2xf32>
  %0 = girih.binary equal %i, %iota : (tensor<4x1xi32>, tensor<1x2xi32>) -> tensor<4x2xi1>
  %1 = girih.cast %0 {to = f32} : (tensor<4x2xi1>) -> tensor<4x2xf32>
  %2 = girih.matmul %1, %w : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  return %2 : tensor<4x2xf32>
}
