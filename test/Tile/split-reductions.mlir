// Long reductions with few results: which are split, where, and into what.
// RUN: girih-opt %s --convert-girih-to-linalg --girih-split-reductions --split-input-file -mlir-print-local-scope | FileCheck %s

// Rows that divide: 25 blocks of 40 rows. The old kernel combines and divides.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<1000x1000xf32>) -> tensor<f32> {
  // CHECK: %[[SUMS:.*]] = girih.kernel "k (blocks)"(%{{.*}}) : (tensor<1000x1000xf32>) -> tensor<25xf32>
  // CHECK: linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0 * 40 + d1, d2)>, affine_map<(d0, d1, d2) -> (d1)>, affine_map<(d0, d1, d2) -> (d0)>], iterator_types = ["parallel", "reduction", "reduction"]}
  // CHECK: arith.addf
  // CHECK: girih.kernel "k"(%[[SUMS]]) : (tensor<25xf32>) -> tensor<f32>
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]}
  // CHECK: arith.addf
  // CHECK: arith.divf
  %r = girih.kernel "k"(%x) : (tensor<1000x1000xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<1000x1000xf32>):
    %0 = girih.reduce mean %a {axes = array<i64: 0, 1>, keepdims = false} : (tensor<1000x1000xf32>) -> tensor<f32>
    girih.yield %0 : tensor<f32>
  }
  return %r : tensor<f32>
}

// -----

// A state of two values: both are stored, and combined as the body says. Indices count through all blocks.
// CHECK-LABEL: func.func @argmax
func.func @argmax(%x: tensor<2x262144xf32>) -> tensor<2xi64> {
  // CHECK: %[[STATE:.*]]:2 = girih.kernel "k (blocks)"(%{{.*}}) : (tensor<2x262144xf32>) -> (tensor<8x2xf32>, tensor<8x2xi32>)
  // CHECK: %[[I:.*]] = linalg.index 2
  // CHECK: %[[B:.*]] = linalg.index 0
  // CHECK: %[[FIRST:.*]] = arith.muli %[[B]], %c32768
  // CHECK: arith.addi %[[FIRST]], %[[I]]
  // CHECK: girih.combine
  // CHECK: girih.kernel "k"(%[[STATE]]#0, %[[STATE]]#1) : (tensor<8x2xf32>, tensor<8x2xi32>) -> tensor<2xi64>
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]}
  // CHECK: arith.cmpi slt
  // CHECK: girih.combine
  // CHECK: arith.extsi
  %r = girih.kernel "k"(%x) : (tensor<2x262144xf32>) -> tensor<2xi64> {
  ^bb0(%a: tensor<2x262144xf32>):
    %0 = girih.arg_reduce %a {axis = 1 : i64, keepdims = false} : (tensor<2x262144xf32>) -> tensor<2xi64>
    girih.yield %0 : tensor<2xi64>
  }
  return %r : tensor<2xi64>
}

// -----

// Moments: blocks of 64 rows have their sum, and squares about their own mean, which both are computed while a block is in the cache. About the mean of
// all, squares are more by the squared distance of the means, for each of 32768 elements. What is large behind the reductions gets a kernel without any.
// CHECK-LABEL: func.func @instance_norm
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x512x512xf32>, %[[S:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<2xf32>)
func.func @instance_norm(%x: tensor<1x2x512x512xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<1x2x512x512xf32> {
  // CHECK: %[[PARTS:.*]]:2 = girih.kernel "k (blocks)"(%[[X]]) : (tensor<1x2x512x512xf32>) -> (tensor<8x1x2xf32>, tensor<8x1x2xf32>)
  // CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
  // CHECK: arith.addf
  // CHECK: %[[MEANS:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[SUMS]]
  // CHECK: arith.constant 3.05175781E-5
  // CHECK: linalg.generic {indexing_maps = [{{.*}}d0 * 64 + {{.*}}, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2)>, {{.*}}"parallel", "reduction", "reduction"]} ins(%{{.*}}, %[[MEANS]]
  // CHECK: arith.subf
  // CHECK: %[[MOMENTS:.*]]:2 = girih.kernel "k (combined)"(%[[PARTS]]#0, %[[PARTS]]#1) : (tensor<8x1x2xf32>, tensor<8x1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>)
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel", "parallel"]}
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel", "parallel"]}
  // CHECK: %[[D:.*]] = arith.subf
  // CHECK-DAG: arith.constant 3.276800e+04
  // CHECK-DAG: %[[SQUARE:.*]] = arith.mulf %[[D]], %[[D]]
  // CHECK: arith.mulf %[[SQUARE]], %cst{{.*}}
  // CHECK: rsqrt
  // CHECK: girih.kernel "k"(%[[X]], %[[S]], %[[B]], %[[MOMENTS]]#0, %[[MOMENTS]]#1)
  // CHECK-NOT: "reduction"
  %r = girih.kernel "k"(%x, %s, %b) : (tensor<1x2x512x512xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x512x512xf32> {
  ^bb0(%a: tensor<1x2x512x512xf32>, %c: tensor<2xf32>, %d: tensor<2xf32>):
    %0 = girih.group_norm %a, %c, %d {epsilon = 1.0e-5 : f32, groups = 2 : i64} : (tensor<1x2x512x512xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x512x512xf32>
    girih.yield %0 : tensor<1x2x512x512xf32>
  }
  return %r : tensor<1x2x512x512xf32>
}

// -----

// As they were: enough results, too few elements, a prime number of them, a number that only a run knows.
// CHECK-LABEL: func.func @rows
// CHECK-COUNT-4: girih.kernel "k"
// CHECK-NOT: girih.kernel
func.func @rows(%x: tensor<4x131072xf32>, %y: tensor<131072xf32>, %z: tensor<1000003xf32>, %w: tensor<?xf32, #girih.dims<n>>)
    -> (tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %0 = girih.kernel "k"(%x) : (tensor<4x131072xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4x131072xf32>):
    %r = girih.reduce sum %a {axes = array<i64: 1>, keepdims = false} : (tensor<4x131072xf32>) -> tensor<4xf32>
    girih.yield %r : tensor<4xf32>
  }
  %1 = girih.kernel "k"(%y) : (tensor<131072xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<131072xf32>):
    %r = girih.reduce sum %a {axes = array<i64: 0>, keepdims = false} : (tensor<131072xf32>) -> tensor<f32>
    girih.yield %r : tensor<f32>
  }
  %2 = girih.kernel "k"(%z) : (tensor<1000003xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<1000003xf32>):
    %r = girih.reduce sum %a {axes = array<i64: 0>, keepdims = false} : (tensor<1000003xf32>) -> tensor<f32>
    girih.yield %r : tensor<f32>
  }
  %3 = girih.kernel "k"(%w) : (tensor<?xf32, #girih.dims<n>>) -> tensor<f32> {
  ^bb0(%a: tensor<?xf32, #girih.dims<n>>):
    %r = girih.reduce sum %a {axes = array<i64: 0>, keepdims = false} : (tensor<?xf32, #girih.dims<n>>) -> tensor<f32>
    girih.yield %r : tensor<f32>
  }
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// -----

// A contraction's weights are packed for all of it.
// CHECK-LABEL: func.func @product
// CHECK-COUNT-1: girih.kernel "k"
// CHECK-NOT: girih.kernel
func.func @product(%x: tensor<1x131072xf32>) -> tensor<1x4xf32> {
  %w = girih.constant dense_resource<weights> : tensor<131072x4xf32>
  %0 = girih.kernel "k"(%x, %w) : (tensor<1x131072xf32>, tensor<131072x4xf32>) -> tensor<1x4xf32> {
  ^bb0(%a: tensor<1x131072xf32>, %b: tensor<131072x4xf32>):
    %r = girih.matmul %a, %b : (tensor<1x131072xf32>, tensor<131072x4xf32>) -> tensor<1x4xf32>
    girih.yield %r : tensor<1x4xf32>
  }
  return %0 : tensor<1x4xf32>
}
