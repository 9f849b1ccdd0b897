// RUN: girih-opt %s -girih-fuse-patterns | FileCheck %s

// 0.5 * (x * (1 + erf(x / sqrt(2)))), as PyTorch writes it.
// CHECK-LABEL: @gelu
// CHECK: %[[R:.*]] = girih.unary gelu %arg0
// CHECK-NEXT: return %[[R]]
func.func @gelu(%x: tensor<8xf32>) -> tensor<8xf32> {
  %root = girih.constant dense<1.41421354> : tensor<f32>
  %one = girih.constant dense<1.0> : tensor<f32>
  %half = girih.constant dense<0.5> : tensor<f32>
  %0 = girih.binary div %x, %root : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = girih.unary erf %0 : (tensor<8xf32>) -> tensor<8xf32>
  %2 = girih.binary add %1, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = girih.binary mul %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = girih.binary mul %3, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// (0.5 * x) * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
// CHECK-LABEL: @gelu_tanh
// CHECK: %[[R:.*]] = girih.unary gelu_tanh %arg0
// CHECK-NEXT: return %[[R]]
func.func @gelu_tanh(%x: tensor<8xf32>) -> tensor<8xf32> {
  %three = girih.constant dense<3.0> : tensor<f32>
  %a = girih.constant dense<0.044715> : tensor<f32>
  %b = girih.constant dense<0.797884583> : tensor<f32>
  %one = girih.constant dense<1.0> : tensor<f32>
  %half = girih.constant dense<0.5> : tensor<f32>
  %0 = girih.binary pow %x, %three : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = girih.binary mul %a, %0 : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = girih.binary add %x, %1 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %3 = girih.binary mul %b, %2 : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = girih.unary tanh %3 : (tensor<8xf32>) -> tensor<8xf32>
  %5 = girih.binary add %one, %4 : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %6 = girih.binary mul %half, %x : (tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
  %7 = girih.binary mul %6, %5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %7 : tensor<8xf32>
}

// CHECK-LABEL: @silu
// CHECK: girih.unary silu %arg0 {alpha = 1.702000e+00 : f32}
func.func @silu(%x: tensor<8xf32>) -> tensor<8xf32> {
  %k = girih.constant dense<1.702> : tensor<f32>
  %0 = girih.binary mul %x, %k : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = girih.unary sigmoid %0 : (tensor<8xf32>) -> tensor<8xf32>
  %2 = girih.binary mul %1, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// x * clip(x + 3, 0, 6) / 6
// CHECK-LABEL: @hard_swish
// CHECK: %[[R:.*]] = girih.unary hard_swish %arg0
// CHECK-NEXT: return %[[R]]
func.func @hard_swish(%x: tensor<8xf32>) -> tensor<8xf32> {
  %zero = girih.constant dense<0.0> : tensor<f32>
  %three = girih.constant dense<3.0> : tensor<f32>
  %six = girih.constant dense<6.0> : tensor<f32>
  %0 = girih.binary add %x, %three : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = girih.binary max %0, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = girih.binary min %1, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = girih.binary mul %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = girih.binary div %3, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// CHECK-LABEL: @mish
// CHECK: %[[R:.*]] = girih.unary mish %arg0
// CHECK-NEXT: return %[[R]]
func.func @mish(%x: tensor<8xf32>) -> tensor<8xf32> {
  %one = girih.constant dense<1.0> : tensor<f32>
  %0 = girih.unary exp %x : (tensor<8xf32>) -> tensor<8xf32>
  %1 = girih.binary add %0, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = girih.unary log %1 : (tensor<8xf32>) -> tensor<8xf32>
  %3 = girih.unary tanh %2 : (tensor<8xf32>) -> tensor<8xf32>
  %4 = girih.binary mul %x, %3 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// The first Expand is what the addition does itself; without the second its result would shrink.
// CHECK-LABEL: @expand
// CHECK: girih.binary add %arg0, %arg1
// CHECK: %[[E:.*]] = girih.expand %arg1
// CHECK: girih.binary mul %{{.*}}, %[[E]]
func.func @expand(%x: tensor<4x8xf32>, %y: tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = girih.expand %y : (tensor<8xf32>) -> tensor<4x8xf32>
  %1 = girih.binary add %x, %0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = girih.expand %y : (tensor<8xf32>) -> tensor<4x8xf32>
  %3 = girih.unary exp %y : (tensor<8xf32>) -> tensor<8xf32>
  %4 = girih.binary mul %3, %2 : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1, %4 : tensor<4x8xf32>, tensor<4x8xf32>
}
