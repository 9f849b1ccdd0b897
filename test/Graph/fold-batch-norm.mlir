// RUN: girih-opt %s -girih-fold-batch-norm | FileCheck %s

// scale / sqrt(variance + epsilon) = 2, shift = 1 - 3 * 2 = -5; the old bias 1 is scaled too.
// CHECK-LABEL: @conv
// CHECK-DAG: %[[W:.*]] = girih.constant dense<[{{\[\[}}6.000000e+00]], {{\[\[}}8.000000e+00]]]> : tensor<2x1x1xf32>
// CHECK-DAG: %[[B:.*]] = girih.constant dense<-3.000000e+00> : tensor<2xf32>
// CHECK: %[[R:.*]] = girih.conv %{{.*}}, %[[W]], %[[B]]
// CHECK: return %[[R]]
func.func @conv(%x: tensor<1x1x4xf32>) -> tensor<1x2x4xf32> {
  %w = girih.constant dense<[[[3.0]], [[4.0]]]> : tensor<2x1x1xf32>
  %b = girih.constant dense<1.0> : tensor<2xf32>
  %scale = girih.constant dense<4.0> : tensor<2xf32>
  %mean = girih.constant dense<3.0> : tensor<2xf32>
  %variance = girih.constant dense<3.0> : tensor<2xf32>
  %0 = girih.conv %x, %w, %b {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x1x4xf32>, tensor<2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  %1 = girih.batch_norm %0, %scale, %b, %mean, %variance {epsilon = 1.0 : f32} : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %1 : tensor<1x2x4xf32>
}

// A row of a transposed convolution's weights holds its group's output channels.
// CHECK-LABEL: @conv_transpose
// CHECK: girih.constant dense<[{{\[\[}}1.000000e+00], [2.000000e+00]], {{\[\[}}3.000000e+00], [4.000000e+00]]]> : tensor<2x2x1xf32>
// CHECK-NOT: girih.binary
func.func @conv_transpose(%x: tensor<1x2x4xf32>) -> tensor<1x4x4xf32> {
  %w = girih.constant dense<1.0> : tensor<2x2x1xf32>
  %scale = girih.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %0 = girih.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, output_padding = array<i64: 0>, group = 2 : i64} : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x4x4xf32>
  %1 = girih.binary mul %0, %scale : (tensor<1x4x4xf32>, tensor<4x1xf32>) -> tensor<1x4x4xf32>
  return %1 : tensor<1x4x4xf32>
}

// Scale and bias of a matrix product; a subtraction from a constant flips the sign.
// CHECK-LABEL: @matmul
// CHECK-DAG: %[[W:.*]] = girih.constant dense<{{\[\[}}-1.000000e+00, -2.000000e+00]]> : tensor<1x2xf32>
// CHECK-DAG: %[[B:.*]] = girih.constant dense<[5.000000e+00, 6.000000e+00]> : tensor<2xf32>
// CHECK: girih.matmul %{{.*}}, %[[W]], %[[B]]
// CHECK-NOT: girih.binary
func.func @matmul(%x: tensor<3x1xf32>) -> tensor<3x2xf32> {
  %w = girih.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %b = girih.constant dense<[[5.0, 6.0]]> : tensor<1x2xf32>
  %0 = girih.matmul %x, %w : (tensor<3x1xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %1 = girih.binary sub %b, %0 : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// CHECK-LABEL: @lone
// CHECK-DAG: %[[S:.*]] = girih.constant dense<2.000000e+00> : tensor<2x1xf32>
// CHECK-DAG: %[[T:.*]] = girih.constant dense<-5.000000e+00> : tensor<2x1xf32>
// CHECK: %[[M:.*]] = girih.binary mul %{{.*}}, %[[S]]
// CHECK: girih.binary add %[[M]], %[[T]]
func.func @lone(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %b = girih.constant dense<1.0> : tensor<2xf32>
  %scale = girih.constant dense<4.0> : tensor<2xf32>
  %mean = girih.constant dense<3.0> : tensor<2xf32>
  %0 = girih.batch_norm %x, %scale, %b, %mean, %mean {epsilon = 1.0 : f32} : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

// The product has another reader.
// CHECK-LABEL: @shared
// CHECK: girih.matmul
// CHECK: girih.binary add
func.func @shared(%x: tensor<3x1xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = girih.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %b = girih.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %0 = girih.matmul %x, %w : (tensor<3x1xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %1 = girih.binary add %0, %b : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x2xf32>
}

// What the parameters say of a symbolic number of channels is the result's type, too.
// CHECK-LABEL: @symbolic_channels
// CHECK-SAME: -> tensor<?x3x2xf32, #girih.dims<n, 3, 2>>
// CHECK: %[[R:.*]] = girih.binary add {{.*}} -> tensor<?x3x2xf32, #girih.dims<n, 3, 2>>
// CHECK: return %[[R]] : tensor<?x3x2xf32, #girih.dims<n, 3, 2>>
func.func @symbolic_channels(%x: tensor<?x?x2xf32, #girih.dims<n, c, 2>>) -> tensor<?x?x2xf32, #girih.dims<n, c, 2>> {
  %p = girih.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = girih.batch_norm %x, %p, %p, %p, %p {epsilon = 1.0 : f32} : (tensor<?x?x2xf32, #girih.dims<n, c, 2>>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x?x2xf32, #girih.dims<n, c, 2>>
  return %0 : tensor<?x?x2xf32, #girih.dims<n, c, 2>>
}

// Empty weights have nothing to scale; the shift is a bias as ever.
// CHECK-LABEL: @empty
// CHECK: %[[B:.*]] = girih.constant dense<[2.500000e+01, 3.600000e+01]>
// CHECK: girih.conv %arg0, %{{.*}}, %[[B]]
func.func @empty(%x: tensor<1x0x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = girih.constant dense<> : tensor<2x0x1x1xf32>
  %bias = girih.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %s = girih.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32>
  %0 = girih.conv %x, %w, %bias {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x0x4x4xf32>, tensor<2x0x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %1 = girih.binary mul %0, %s : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}
