// RUN: girih-opt %s -girih-fuse-patterns | FileCheck %s

// CHECK-LABEL: @layer_norm
// CHECK: %[[R:.*]] = girih.layer_norm %arg0 scale %arg1 bias %arg2 {axis = 1 : i64, epsilon = 9.99999974E-6 : f32}
// CHECK-NEXT: return %[[R]]
func.func @layer_norm(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
  %two = girih.constant dense<2.0> : tensor<f32>
  %eps = girih.constant dense<1.0e-5> : tensor<f32>
  %m = girih.reduce mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %d = girih.binary sub %x, %m : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %0 = girih.binary pow %d, %two : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %1 = girih.reduce mean %0 {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = girih.binary add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = girih.unary sqrt %2 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %4 = girih.binary div %d, %3 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %5 = girih.binary mul %4, %g : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %6 = girih.binary add %5, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return %6 : tensor<2x8xf32>
}

// TensorFlow's batchnorm-like form.
// CHECK-LABEL: @affine_form
// CHECK: %[[R:.*]] = girih.layer_norm %arg0 scale %arg1 bias %arg2 {axis = 1 : i64
// CHECK-NEXT: return %[[R]]
func.func @affine_form(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
  %eps = girih.constant dense<1.0e-5> : tensor<f32>
  %m = girih.reduce mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %d = girih.binary sub %x, %m : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %0 = girih.binary mul %d, %d : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = girih.reduce mean %0 {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = girih.binary add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = girih.unary sqrt %2 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %4 = girih.unary reciprocal %3 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %s = girih.binary mul %4, %g : (tensor<2x1xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %5 = girih.binary mul %x, %s : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = girih.binary mul %m, %s : (tensor<2x1xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = girih.binary sub %b, %6 : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %8 = girih.binary add %5, %7 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %8 : tensor<2x8xf32>
}

// CHECK-LABEL: @rms_norm
// CHECK: girih.layer_norm %arg0 scale %arg1 {axis = 1 : i64, epsilon = 9.99999974E-6 : f32, rms}
func.func @rms_norm(%x: tensor<2x8xf32>, %g: tensor<8xf32>) -> tensor<2x8xf32> {
  %eps = girih.constant dense<1.0e-5> : tensor<f32>
  %power = girih.constant dense<-0.5> : tensor<f32>
  %0 = girih.binary mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = girih.reduce mean %0 {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = girih.binary add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = girih.binary pow %2, %power : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %4 = girih.binary mul %x, %3 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %5 = girih.binary mul %g, %4 : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %5 : tensor<2x8xf32>
}

// Over the channels of an image there is no layer norm.
// CHECK-LABEL: @other_axis
// CHECK-NOT: girih.layer_norm
func.func @other_axis(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %eps = girih.constant dense<1.0e-5> : tensor<f32>
  %0 = girih.binary mul %x, %x : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %1 = girih.reduce mean %0 {axes = array<i64: 1>, keepdims = true} : (tensor<1x4x8xf32>) -> tensor<1x1x8xf32>
  %2 = girih.binary add %1, %eps : (tensor<1x1x8xf32>, tensor<f32>) -> tensor<1x1x8xf32>
  %3 = girih.unary sqrt %2 : (tensor<1x1x8xf32>) -> tensor<1x1x8xf32>
  %4 = girih.binary div %x, %3 : (tensor<1x4x8xf32>, tensor<1x1x8xf32>) -> tensor<1x4x8xf32>
  return %4 : tensor<1x4x8xf32>
}

// CHECK-LABEL: @softmax
// CHECK: %[[R:.*]] = girih.softmax %arg0 {axis = 1 : i64}
// CHECK-NEXT: return %[[R]]
func.func @softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = girih.reduce max %x {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = girih.binary sub %x, %0 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = girih.unary exp %1 : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = girih.reduce sum %2 {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = girih.binary div %2, %3 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}

// Reductions that drop their dimension, which a reshape puts back.
// CHECK-LABEL: @softmax_dropped
// CHECK: %[[R:.*]] = girih.softmax %arg0 {axis = 1 : i64}
// CHECK-NEXT: return %[[R]]
func.func @softmax_dropped(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = girih.reduce max %x {axes = array<i64: 1>, keepdims = false} : (tensor<2x8xf32>) -> tensor<2xf32>
  %1 = girih.reshape %0 : (tensor<2xf32>) -> tensor<2x1xf32>
  %2 = girih.binary sub %x, %1 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %3 = girih.unary exp %2 : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = girih.reduce sum %3 {axes = array<i64: 1>, keepdims = false} : (tensor<2x8xf32>) -> tensor<2xf32>
  %5 = girih.reshape %4 : (tensor<2xf32>) -> tensor<2x1xf32>
  %6 = girih.binary div %3, %5 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %6 : tensor<2x8xf32>
}

// x^0.5 is not sqrt(x): at -0 and -inf they differ. A sum of squares has neither.
// CHECK-LABEL: @roots
// CHECK: girih.binary pow %arg0
// CHECK: girih.unary sqrt
// CHECK: girih.unary reciprocal
func.func @roots(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>) {
  %half = girih.constant dense<0.5> : tensor<f32>
  %minus = girih.constant dense<-0.5> : tensor<f32>
  %two = girih.constant dense<2.0> : tensor<f32>
  %0 = girih.binary pow %x, %half : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %1 = girih.binary pow %x, %two : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = girih.reduce sum %1 {axes = array<i64: 1>, keepdims = true} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %3 = girih.binary pow %2, %minus : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  return %0, %3 : tensor<2x8xf32>, tensor<2x1xf32>
}
