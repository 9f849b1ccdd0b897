// RUN: girih-opt %s -girih-choose-layout -girih-simplify-movement -canonicalize | FileCheck %s

// The residual, the per-channel constant and the global mean follow the convolution; nothing is transposed behind it.
// CHECK-LABEL: @cnn
// CHECK: %[[T:.*]] = girih.transpose %arg0 {permutation = array<i64: 0, 2, 3, 1>}
// CHECK: %[[C:.*]] = girih.conv %[[T]], %arg1 {channels_last
// CHECK-SAME: -> tensor<1x6x6x4xf32>
// CHECK: %[[A:.*]] = girih.binary mul %[[C]], %{{.*}} : (tensor<1x6x6x4xf32>, tensor<1x1x1x4xf32>)
// CHECK: %[[M:.*]] = girih.reduce mean %[[A]] {axes = array<i64: 1, 2>, keepdims = true} : (tensor<1x6x6x4xf32>) -> tensor<1x1x1x4xf32>
// CHECK: %[[R:.*]] = girih.reshape %[[M]] : (tensor<1x1x1x4xf32>) -> tensor<1x4xf32>
// CHECK: return %[[R]]
func.func @cnn(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %s: tensor<4x1x1xf32>) -> tensor<1x4xf32> {
  %0 = girih.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  %1 = girih.binary mul %0, %s : (tensor<1x4x6x6xf32>, tensor<4x1x1xf32>) -> tensor<1x4x6x6xf32>
  %2 = girih.reduce mean %1 {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x4x6x6xf32>) -> tensor<1x4x1x1xf32>
  %3 = girih.reshape %2 : (tensor<1x4x1x1xf32>) -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}

// A model whose data is channels last between transposes loses them all.
// CHECK-LABEL: @from_nhwc
// CHECK-NOT: girih.transpose
// CHECK: girih.pool max %arg0 {channels_last
// CHECK-NOT: girih.transpose
func.func @from_nhwc(%x: tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32> {
  %0 = girih.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %1 = girih.pool max %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %2 = girih.unary relu %1 : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %3 = girih.transpose %2 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x3xf32>
  return %3 : tensor<1x4x4x3xf32>
}

// Attributes follow their dimensions; a result that is returned is transposed back.
// CHECK-LABEL: @attributes
// CHECK: %[[P:.*]] = girih.pool max
// CHECK: %[[C:.*]] = girih.concat %[[P]], %[[P]] {axis = 3 : i64}
// CHECK: %[[D:.*]] = girih.pad constant %[[C]] {low = #girih.dims<0, 1, 2, 0>} : (tensor<1x4x4x6xf32>) -> tensor<1x6x8x6xf32>
// CHECK: %[[S:.*]] = girih.slice %[[D]] {starts = #girih.dims<0, 0, 1, 2>, steps = array<i64: 1, 1, 2, 1>} : (tensor<1x6x8x6xf32>) -> tensor<1x6x3x4xf32>
// CHECK: %[[X:.*]] = girih.softmax %[[S]] {axis = 3 : i64}
// CHECK: %[[T:.*]] = girih.transpose %[[X]] {permutation = array<i64: 0, 3, 1, 2>}
// CHECK: return %[[T]]
func.func @attributes(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x6x3xf32> {
  %0 = girih.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %1 = girih.concat %0, %0 {axis = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x6x4x4xf32>
  %2 = girih.pad constant %1 {low = #girih.dims<0, 0, 1, 2>} : (tensor<1x6x4x4xf32>) -> tensor<1x6x6x8xf32>
  %3 = girih.slice %2 {starts = #girih.dims<0, 2, 0, 1>, steps = array<i64: 1, 1, 1, 2>} : (tensor<1x6x6x8xf32>) -> tensor<1x4x6x3xf32>
  %4 = girih.softmax %3 {axis = 1 : i64} : (tensor<1x4x6x3xf32>) -> tensor<1x4x6x3xf32>
  return %4 : tensor<1x4x6x3xf32>
}

// Patches as tokens (vision transformers): merging the spatial dimensions and swapping with the channels is a view.
// CHECK-LABEL: @tokens
// CHECK: %[[P:.*]] = girih.pool max
// CHECK: %[[R:.*]] = girih.reshape %[[P]] : (tensor<1x4x4x3xf32>) -> tensor<1x16x3xf32>
// CHECK: return %[[R]]
func.func @tokens(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x3xf32> {
  %0 = girih.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %1 = girih.reshape %0 : (tensor<1x3x4x4xf32>) -> tensor<1x3x16xf32>
  %2 = girih.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<1x3x16xf32>) -> tensor<1x16x3xf32>
  return %2 : tensor<1x16x3xf32>
}

// Channel shuffle between windows: one transpose, of the channels alone.
// CHECK-LABEL: @shuffle
// CHECK: %[[P:.*]] = girih.pool max
// CHECK: %[[S:.*]] = girih.reshape %[[P]] : (tensor<1x4x4x6xf32>) -> tensor<1x4x4x2x3xf32>
// CHECK: %[[T:.*]] = girih.transpose %[[S]] {permutation = array<i64: 0, 1, 2, 4, 3>}
// CHECK: %[[R:.*]] = girih.reshape %[[T]] : (tensor<1x4x4x3x2xf32>) -> tensor<1x4x4x6xf32>
// CHECK: girih.pool max %[[R]]
func.func @shuffle(%x: tensor<1x6x8x8xf32>) -> tensor<1x6x1x1xf32> {
  %0 = girih.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x6x8x8xf32>) -> tensor<1x6x4x4xf32>
  %1 = girih.reshape %0 : (tensor<1x6x4x4xf32>) -> tensor<1x2x3x4x4xf32>
  %2 = girih.transpose %1 {permutation = array<i64: 0, 2, 1, 3, 4>} : (tensor<1x2x3x4x4xf32>) -> tensor<1x3x2x4x4xf32>
  %3 = girih.reshape %2 : (tensor<1x3x2x4x4xf32>) -> tensor<1x6x4x4xf32>
  %4 = girih.pool max %3 {kernel = array<i64: 4, 4>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x6x4x4xf32>) -> tensor<1x6x1x1xf32>
  return %4 : tensor<1x6x1x1xf32>
}

// A residual between plain data and transposed data of the same size stays plain: one transpose, not two.
// CHECK-LABEL: @mixer
// CHECK: %[[M:.*]] = girih.matmul %arg0, %arg1 {transpose_lhs}
// CHECK: %[[T:.*]] = girih.transpose %[[M]]
// CHECK: girih.binary add %arg0, %[[T]]
func.func @mixer(%x: tensor<2x4x8xf32>, %w: tensor<4x4xf32>) -> tensor<2x4x8xf32> {
  %0 = girih.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x4x8xf32>) -> tensor<2x8x4xf32>
  %1 = girih.matmul %0, %w : (tensor<2x8x4xf32>, tensor<4x4xf32>) -> tensor<2x8x4xf32>
  %2 = girih.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<2x8x4xf32>) -> tensor<2x4x8xf32>
  %3 = girih.binary add %x, %2 : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return %3 : tensor<2x4x8xf32>
}

// One spatial dimension, of symbolic size.
// CHECK-LABEL: @signal
// CHECK: girih.transpose %arg0 {permutation = array<i64: 0, 2, 1>}
// CHECK: girih.conv {{.*}} -> tensor<1x?x8xf32, #girih.dims<1, t {{.*}}2, 8>>
func.func @signal(%x: tensor<1x4x?xf32, #girih.dims<1, 4, t>>, %w: tensor<8x4x3xf32>) -> tensor<1x8xf32> {
  %0 = girih.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x4x?xf32, #girih.dims<1, 4, t>>, tensor<8x4x3xf32>) -> tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>>
  %1 = girih.reduce max %0 {axes = array<i64: 2>, keepdims = false} : (tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>>) -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}
