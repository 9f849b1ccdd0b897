// RUN: girih-opt %s -girih-widen-channels | FileCheck %s
// RUN: girih-opt %s -girih-widen-channels=lanes=8 | FileCheck %s --check-prefix=NARROW
// RUN: girih-opt %s -girih-widen-channels=lanes=1 | FileCheck %s --check-prefix=NONE --implicit-check-not=girih.reshape

// Where a vector has eight lanes, these fill one; a single channel is eight pixels then.
// NARROW-LABEL: @few
// NARROW-NOT: girih.reshape
// NARROW-LABEL: @strided
// NONE-LABEL: @strided

// Two pixels at a time: each has its kernel in a window one column wider. Eight lanes would be half a vector.
// CHECK-LABEL: @few
// CHECK: %[[W:.*]] = girih.constant dense_resource<{{.*}}> : tensor<16x4x3x6xf32>
// CHECK: %[[B:.*]] = girih.constant dense<1.000000e+00> : tensor<16xf32>
// CHECK: %[[C:.*]] = girih.conv %arg0, %[[W]], %[[B]] {{.*}}strides = array<i64: 1, 2>} : {{.*}} -> tensor<1x6x8x16xf32>
// CHECK: girih.reshape %[[C]] : (tensor<1x6x8x16xf32>) -> tensor<1x6x16x8xf32>
func.func @few(%x: tensor<1x8x20x4xf32>) -> tensor<1x6x16x8xf32> {
  %w = girih.constant dense<2.0> : tensor<8x4x3x5xf32>
  %b = girih.constant dense<1.0> : tensor<8xf32>
  %0 = girih.conv %x, %w, %b {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x20x4xf32>, tensor<8x4x3x5xf32>, tensor<8xf32>) -> tensor<1x6x16x8xf32>
  return %0 : tensor<1x6x16x8xf32>
}

// The kernel moves by the stride from pixel to pixel.
// CHECK-LABEL: @strided
// CHECK: girih.constant dense<{{\[\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 0.000000e+00, 0.000000e+00]], {{\[\[}}0.000000e+00, 0.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]]]> : tensor<2x1x6xf32>
// CHECK: girih.conv {{.*}}strides = array<i64: 4>
func.func @strided(%x: tensor<1x14x1xf32>) -> tensor<1x6x1xf32> {
  %w = girih.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x14x1xf32>, tensor<1x1x4xf32>) -> tensor<1x6x1xf32>
  return %0 : tensor<1x6x1xf32>
}

// A kernel of one column gains nothing; an odd width has no pairs of pixels.
// CHECK-LABEL: @as_is
// CHECK-NOT: girih.reshape
func.func @as_is(%x: tensor<1x8x16x4xf32>, %y: tensor<1x8x19x4xf32>) -> (tensor<1x8x16x8xf32>, tensor<1x6x17x8xf32>) {
  %w = girih.constant dense<2.0> : tensor<8x4x1x1xf32>
  %v = girih.constant dense<2.0> : tensor<8x4x3x3xf32>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x16x4xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x16x8xf32>
  %1 = girih.conv %y, %v {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x8x19x4xf32>, tensor<8x4x3x3xf32>) -> tensor<1x6x17x8xf32>
  return %0, %1 : tensor<1x8x16x8xf32>, tensor<1x6x17x8xf32>
}
