// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// A broadcast is a constant in the map, a splat constant is written into the body.
// CHECK-DAG: #[[$ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-LABEL: func.func @broadcast
func.func @broadcast(%x: tensor<4x8xf32>, %y: tensor<1x8xf32>) -> tensor<4x8xf32> {
  // CHECK: girih.kernel "k"
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<4x8xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[$ID]], #[[$ROW]], #[[$ID]]], iterator_types = ["parallel", "parallel"]}
  // CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<1x8xf32>) outs(%[[E]]
  // CHECK: arith.addf
  // CHECK: linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]]
  // CHECK: %[[C:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK: arith.mulf %{{.*}}, %[[C]]
  %r = girih.kernel "k"(%x, %y) : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<1x8xf32>):
    %0 = girih.binary add %a, %b : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
    %c = girih.constant dense<2.0> : tensor<f32>
    %1 = girih.binary mul %0, %c : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    girih.yield %1 : tensor<4x8xf32>
  }
  return %r : tensor<4x8xf32>
}

// Bools are bytes inside kernels; the kernel's own types stay.
// CHECK-LABEL: func.func @bools
func.func @bools(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  // CHECK: (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1> {
  // CHECK: arith.cmpf olt
  // CHECK: arith.extui %{{.*}} : i1 to i8
  // CHECK: girih.yield %{{.*}} : tensor<4xi8>
  %r = girih.kernel "k"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = girih.binary less %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    girih.yield %0 : tensor<4xi1>
  }
  return %r : tensor<4xi1>
}

// Unsignedness decides operations; divisors that trap are replaced.
// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  // CHECK: ^bb0(%{{.*}}: tensor<4xi8>, %{{.*}}: tensor<4xi8>):
  // CHECK: %[[ZERO:.*]] = arith.cmpi eq, %[[B:.*]], %{{.*}} : i8
  // CHECK: %[[D:.*]] = arith.select %[[ZERO]], %{{.*}}, %[[B]] : i8
  // CHECK: arith.divui %{{.*}}, %[[D]] : i8
  %r = girih.kernel "k"(%x, %y) : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8> {
  ^bb0(%a: tensor<4xui8>, %b: tensor<4xui8>):
    %0 = girih.binary div %a, %b : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
    girih.yield %0 : tensor<4xui8>
  }
  return %r : tensor<4xui8>
}

// Half precision is computed in f32.
// CHECK-LABEL: func.func @half
func.func @half(%x: tensor<4xf16>) -> tensor<4xf16> {
  // CHECK: %[[X:.*]] = arith.extf %{{.*}} : f16 to f32
  // CHECK: math.absf %[[X]] : f32
  // CHECK: math.exp %{{.*}} : f32
  // CHECK: %[[Y:.*]] = arith.divf
  // CHECK: arith.truncf %[[Y]] : f32 to f16
  %r = girih.kernel "k"(%x) : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%a: tensor<4xf16>):
    %0 = girih.unary sigmoid %a : (tensor<4xf16>) -> tensor<4xf16>
    girih.yield %0 : tensor<4xf16>
  }
  return %r : tensor<4xf16>
}

// A conversion to integers is defined for every float.
// CHECK-LABEL: func.func @cast
func.func @cast(%x: tensor<4xf32>) -> tensor<4xi32> {
  // CHECK: arith.cmpf oge
  // CHECK: arith.cmpf olt
  // CHECK: arith.fptosi
  // CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : i32
  %r = girih.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xi32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = girih.cast %a {to = i32} : (tensor<4xf32>) -> tensor<4xi32>
    girih.yield %0 : tensor<4xi32>
  }
  return %r : tensor<4xi32>
}
