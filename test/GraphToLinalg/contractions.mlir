// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$BT:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
// CHECK-DAG: #[[$C:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func @matmul
func.func @matmul(%x: tensor<2x?x16xf32, #girih.dims<2, seq, 16>>, %w: tensor<8x16xf32>) -> tensor<2x?x8xf32, #girih.dims<2, seq, 8>> {
  // CHECK: %[[SEQ:.*]] = girih.dim <seq>
  // CHECK: %[[E:.*]] = tensor.empty(%[[SEQ]]) : tensor<2x?x8xf32, #girih.dims<2, seq, 8>>
  // CHECK: %[[ZERO:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[E]]
  // CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$BT]], #[[$C]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
  // CHECK: ^bb0(%[[X:.*]]: f32, %[[W:.*]]: f32, %[[ACC:.*]]: f32):
  // CHECK: %[[P:.*]] = arith.mulf %[[X]], %[[W]]
  // CHECK: arith.addf %[[ACC]], %[[P]]
  %r = girih.kernel "k"(%x, %w) : (tensor<2x?x16xf32, #girih.dims<2, seq, 16>>, tensor<8x16xf32>) -> tensor<2x?x8xf32, #girih.dims<2, seq, 8>> {
  ^bb0(%a: tensor<2x?x16xf32, #girih.dims<2, seq, 16>>, %b: tensor<8x16xf32>):
    %0 = girih.matmul %a, %b {transpose_rhs} : (tensor<2x?x16xf32, #girih.dims<2, seq, 16>>, tensor<8x16xf32>) -> tensor<2x?x8xf32, #girih.dims<2, seq, 8>>
    girih.yield %0 : tensor<2x?x8xf32, #girih.dims<2, seq, 8>>
  }
  return %r : tensor<2x?x8xf32, #girih.dims<2, seq, 8>>
}

// Groups are a loop of their own, through the epilogue; the channels are one dimension again where the kernel yields.
// CHECK-LABEL: func.func @grouped
func.func @grouped(%x: tensor<1x8x8x16xf32>, %w: tensor<32x4x3x3xf32>) -> tensor<1x6x6x32xf32> {
  // CHECK-DAG: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2], [3], [4]] output_shape [4, 8, 4, 3, 3]
  // CHECK-DAG: tensor.expand_shape %{{.*}} {{\[}}[0], [1], [2], [3, 4]] output_shape [1, 8, 8, 4, 4]
  // CHECK: outs(%{{.*}} : tensor<1x6x6x4x8xf32>)
  // CHECK: arith.maximumf
  // CHECK: -> tensor<1x6x6x4x8xf32>
  // CHECK: %[[R:.*]] = tensor.collapse_shape
  // CHECK-NEXT: girih.yield %[[R]]
  %r = girih.kernel "k"(%x, %w) : (tensor<1x8x8x16xf32>, tensor<32x4x3x3xf32>) -> tensor<1x6x6x32xf32> {
  ^bb0(%a: tensor<1x8x8x16xf32>, %b: tensor<32x4x3x3xf32>):
    %0 = girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 4 : i64, channels_last} : (tensor<1x8x8x16xf32>, tensor<32x4x3x3xf32>) -> tensor<1x6x6x32xf32>
    %1 = girih.unary relu %0 : (tensor<1x6x6x32xf32>) -> tensor<1x6x6x32xf32>
    girih.yield %1 : tensor<1x6x6x32xf32>
  }
  return %r : tensor<1x6x6x32xf32>
}

// Strides and dilations are in the window's map; a depthwise convolution has no loop over input channels.
// CHECK-LABEL: func.func @depthwise
func.func @depthwise(%x: tensor<1x9x9x16xf32>, %w: tensor<16x1x3x3xf32>) -> tensor<1x4x4x16xf32> {
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
  %r = girih.kernel "k"(%x, %w) : (tensor<1x9x9x16xf32>, tensor<16x1x3x3xf32>) -> tensor<1x4x4x16xf32> {
  ^bb0(%a: tensor<1x9x9x16xf32>, %b: tensor<16x1x3x3xf32>):
    %0 = girih.conv %a, %b {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 16 : i64, channels_last} : (tensor<1x9x9x16xf32>, tensor<16x1x3x3xf32>) -> tensor<1x4x4x16xf32>
    girih.yield %0 : tensor<1x4x4x16xf32>
  }
  return %r : tensor<1x4x4x16xf32>
}

// Padding that is still there is tested element by element.
// CHECK-LABEL: func.func @padded
func.func @padded(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32> {
  // CHECK: arith.cmpi ult
  // CHECK: arith.minsi
  // CHECK: arith.maxsi
  // CHECK: tensor.extract
  // CHECK: arith.select
  // CHECK: arith.mulf
  %r = girih.kernel "k"(%x, %w) : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32> {
  ^bb0(%a: tensor<1x4x8x8xf32>, %b: tensor<4x4x3x3xf32>):
    %0 = girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x8x8xf32>
    girih.yield %0 : tensor<1x4x8x8xf32>
  }
  return %r : tensor<1x4x8x8xf32>
}

// With stride = kernel a transposed convolution is one product; its result's pixels are split into (input, tap).
// CHECK-LABEL: func.func @disjoint
func.func @disjoint(%x: tensor<1x4x4x8xf32>, %w: tensor<8x16x2x2xf32>) -> tensor<1x8x8x16xf32> {
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]
  // CHECK-SAME: outs(%{{.*}} : tensor<1x4x2x4x2x16xf32>)
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1, 2], [3, 4], [5]]
  %r = girih.kernel "k"(%x, %w) : (tensor<1x4x4x8xf32>, tensor<8x16x2x2xf32>) -> tensor<1x8x8x16xf32> {
  ^bb0(%a: tensor<1x4x4x8xf32>, %b: tensor<8x16x2x2xf32>):
    %0 = girih.conv_transpose %a, %b {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, group = 1 : i64, channels_last} : (tensor<1x4x4x8xf32>, tensor<8x16x2x2xf32>) -> tensor<1x8x8x16xf32>
    girih.yield %0 : tensor<1x8x8x16xf32>
  }
  return %r : tensor<1x8x8x16xf32>
}
