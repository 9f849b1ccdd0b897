// RUN: girih-opt %s -girih-form-assembles | FileCheck %s

// A pad is its interior and four slabs that one kernel fills; outer slabs span the inner dimensions.
// CHECK-LABEL: @pad_of_concat
// CHECK: %[[C:.*]] = girih.assemble %arg0, %arg1 {offsets = [#girih.dims<0, 0, 0, 0>, #girih.dims<0, 0, 0, 8>]}
// CHECK: %[[K:.*]]:4 = girih.kernel "pad"() : () -> (tensor<1x1x6x16xf32>, tensor<1x1x6x16xf32>, tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>)
// CHECK: %[[V:.*]] = girih.constant dense<1.0
// CHECK: girih.expand %[[V]] : (tensor<f32>) -> tensor<1x1x6x16xf32>
// CHECK: girih.assemble %[[C]], %[[K]]#0, %[[K]]#1, %[[K]]#2, %[[K]]#3
// CHECK-SAME: offsets = [#girih.dims<0, 1, 1, 0>, #girih.dims<0, 0, 0, 0>, #girih.dims<0, 5, 0, 0>, #girih.dims<0, 1, 0, 0>, #girih.dims<0, 1, 5, 0>]
func.func @pad_of_concat(%x: tensor<1x4x4x8xf32>, %y: tensor<1x4x4x8xf32>) -> tensor<1x6x6x16xf32> {
  %0 = girih.constant dense<1.0> : tensor<f32>
  %1 = girih.concat %x, %y {axis = 3 : i64} : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x16xf32>
  %2 = girih.pad constant %1, %0 {low = #girih.dims<0, 1, 1, 0>} : (tensor<1x4x4x16xf32>, tensor<f32>) -> tensor<1x6x6x16xf32>
  return %2 : tensor<1x6x6x16xf32>
}

// CHECK-LABEL: @symbolic
// CHECK: girih.assemble %arg0, %arg1 {offsets = [#girih.dims<0, 0>, #girih.dims<past, 0>]}
// CHECK: girih.assemble {{.*}}offsets = [#girih.dims<2, 0>, #girih.dims<0, 0>, #girih.dims<past + 3, 0>]
func.func @symbolic(%x: tensor<?x8xf32, #girih.dims<past, 8>>, %y: tensor<1x8xf32>) -> tensor<?x8xf32, #girih.dims<past + 4, 8>> {
  %0 = girih.concat %x, %y {axis = 0 : i64} : (tensor<?x8xf32, #girih.dims<past, 8>>, tensor<1x8xf32>) -> tensor<?x8xf32, #girih.dims<past + 1, 8>>
  %1 = girih.pad constant %0 {low = #girih.dims<2, 0>} : (tensor<?x8xf32, #girih.dims<past + 1, 8>>) -> tensor<?x8xf32, #girih.dims<past + 4, 8>>
  return %1 : tensor<?x8xf32, #girih.dims<past + 4, 8>>
}

// Short runs; a pad that crops; a border that is no constant.
// CHECK-LABEL: @by_reading
// CHECK-NOT: girih.assemble
func.func @by_reading(%x: tensor<4x1xf32>, %y: tensor<16x8xf32>, %v: tensor<f32>) -> (tensor<4x2xf32>, tensor<15x8xf32>, tensor<18x8xf32>) {
  %0 = girih.concat %x, %x {axis = 1 : i64} : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %1 = girih.pad constant %y {low = #girih.dims<-1, 0>} : (tensor<16x8xf32>) -> tensor<15x8xf32>
  %2 = girih.pad constant %y, %v {low = #girih.dims<1, 0>} : (tensor<16x8xf32>, tensor<f32>) -> tensor<18x8xf32>
  return %0, %1, %2 : tensor<4x2xf32>, tensor<15x8xf32>, tensor<18x8xf32>
}

// Parts that interleave element by element: stacked, then transposed.
// CHECK-LABEL: @interleaved
// CHECK-DAG: %[[A:.*]] = girih.reshape %arg0 : (tensor<64x32x1xf32>) -> tensor<1x64x32xf32>
// CHECK-DAG: %[[B:.*]] = girih.reshape %arg1 : (tensor<64x32x1xf32>) -> tensor<1x64x32xf32>
// CHECK: %[[S:.*]] = girih.assemble %[[A]], %[[B]] {offsets = [#girih.dims<0, 0, 0>, #girih.dims<1, 0, 0>]}
// CHECK: girih.transpose %[[S]] {permutation = array<i64: 1, 2, 0>} : (tensor<2x64x32xf32>) -> tensor<64x32x2xf32>
func.func @interleaved(%x: tensor<64x32x1xf32>, %y: tensor<64x32x1xf32>) -> tensor<64x32x2xf32> {
  %0 = girih.concat %x, %y {axis = 2 : i64} : (tensor<64x32x1xf32>, tensor<64x32x1xf32>) -> tensor<64x32x2xf32>
  return %0 : tensor<64x32x2xf32>
}
