// RUN: girih-opt %s -girih-fold-constants=growth-limit=64 | FileCheck %s

// CHECK-LABEL: @chain
// CHECK-NEXT: %[[C:.*]] = girih.constant dense<-3.000000e+00> : tensor<4xf32>
// CHECK-NEXT: return %[[C]]
func.func @chain() -> tensor<4xf32> {
  %a = girih.constant dense<1.0> : tensor<4xf32>
  %b = girih.constant dense<2.0> : tensor<f32>
  %0 = girih.binary add %a, %b : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = girih.unary neg %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// The result would be much larger than what it is made of.
// CHECK-LABEL: @growing
// CHECK: girih.expand
func.func @growing() -> tensor<64x4xf32> {
  %a = girih.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %0 = girih.expand %a : (tensor<4xf32>) -> tensor<64x4xf32>
  return %0 : tensor<64x4xf32>
}

// CHECK-LABEL: @shape
// CHECK: girih.constant dense<[2, 5]> : tensor<2xi64>
// CHECK-NOT: girih.unary
func.func @shape(%x: tensor<8xf32>) -> tensor<2xi64> {
  %0 = girih.shape #girih.dims<2, 5>
  %1 = girih.unary relu %x : (tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<2xi64>
}

// CHECK-LABEL: @symbolic
// CHECK: girih.shape
func.func @symbolic() -> tensor<2xi64> {
  %0 = girih.shape #girih.dims<2, s>
  return %0 : tensor<2xi64>
}
