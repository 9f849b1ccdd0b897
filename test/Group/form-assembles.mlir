// RUN: girih-opt %s -girih-form-assembles | FileCheck %s

// A pad of a concatenation is one tensor of its parts and four slabs.
// CHECK-LABEL: @pad_of_concat
// CHECK-DAG: %[[A:.*]] = girih.unary relu
// CHECK-DAG: %[[B:.*]] = girih.unary exp
// CHECK: %[[K:.*]]:4 = girih.kernel "pad"() : () -> (tensor<1x1x6x16xf32>, tensor<1x1x6x16xf32>, tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>)
// CHECK: girih.assemble %[[A]], %[[B]], %[[K]]#0, %[[K]]#1, %[[K]]#2, %[[K]]#3
// CHECK-SAME: offsets = [#girih.dims<0, 1, 1, 0>, #girih.dims<0, 1, 1, 8>, #girih.dims<0, 0, 0, 0>, #girih.dims<0, 5, 0, 0>, #girih.dims<0, 1, 0, 0>, #girih.dims<0, 1, 5, 0>]
// CHECK-NOT: girih.assemble
func.func @pad_of_concat(%x: tensor<1x4x4x8xf32>) -> tensor<1x6x6x16xf32> {
  %0 = girih.unary relu %x : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %1 = girih.unary exp %x : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %2 = girih.concat %0, %1 {axis = 3 : i64} : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x16xf32>
  %3 = girih.pad constant %2 {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x4x4x16xf32>) -> tensor<1x6x6x16xf32>
  return %3 : tensor<1x6x6x16xf32>
}

// The same value at another offset, an output, an argument, and short runs are copied by a kernel.
// CHECK-LABEL: @copied
// CHECK: girih.assemble
// CHECK: girih.concat
// CHECK: girih.concat
// CHECK: girih.concat
// CHECK: girih.concat
func.func @copied(%x: tensor<4x8xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x4xf32>, tensor<4x8xf32>) {
  %0 = girih.unary relu %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = girih.unary exp %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = girih.concat %0, %1 {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
  %3 = girih.concat %1, %0 {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
  %4 = girih.unary tanh %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = girih.concat %4, %0 {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
  %6 = girih.concat %x, %x {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
  %7 = girih.reduce sum %x {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %8 = girih.reduce max %x {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %9 = girih.reduce min %x {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %10 = girih.reduce mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %11 = girih.concat %7, %8, %9, %10 {axis = 1 : i64} : (tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  return %2, %3, %5, %6, %11, %4 : tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x4xf32>, tensor<4x8xf32>
}
