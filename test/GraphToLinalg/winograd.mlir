// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// Four transforms by constant matrices, two on each side of a product a point; what is 0 in a matrix multiplies nothing. The result is in
// tiles, 6 by 6 of 2x2 pixels, through the epilogue, which clamps what it reads of other values beyond their edges. Where the kernel yields it is one image,
// without what is beyond its edge.
// CHECK-DAG: #[[$ROWS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d2 * 2 + d5, d3, d4)>
// CHECK-DAG: #[[$COLUMNS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2, d3, d4 * 2 + d6, d5)>
// CHECK-LABEL: func.func @tiles
func.func @tiles(%x: tensor<1x14x14x8xf32>, %u: tensor<4x4x8x16xf32>, %r: tensor<1x11x12x16xf32>) -> tensor<1x11x12x16xf32> {
  // CHECK-DAG: %[[IN:.*]] = arith.constant dense<{{.*}}> : tensor<4x4xf32>
  // CHECK-DAG: %[[OUT:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 1.000000e+00, 1.000000e+00, 0.000000e+00], [0.000000e+00, 1.000000e+00, -1.000000e+00, 1.000000e+00]]> : tensor<2x4xf32>
  // CHECK: %[[P:.*]] = linalg.generic {indexing_maps = [#[[$ROWS]],{{.*}} ins(%{{.*}}, %[[IN]] :
  // CHECK: arith.mulf {{.*}} fastmath<nnan,ninf,nsz>
  // CHECK: -> tensor<4x1x6x14x8xf32>
  // CHECK: %[[V:.*]] = linalg.generic {indexing_maps = [#[[$COLUMNS]],{{.*}} ins(%[[P]], %[[IN]] :
  // CHECK: -> tensor<4x4x1x6x6x8xf32>
  // CHECK: %[[M:.*]] = linalg.generic {{.*}} ins(%[[V]], %{{.*}} :
  // CHECK-NOT: fastmath
  // CHECK: -> tensor<4x4x1x6x6x16xf32>
  // CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins(%[[M]], %[[OUT]] :
  // CHECK: -> tensor<2x4x1x6x6x16xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[Z]], %[[OUT]] :
  // CHECK: -> tensor<1x6x2x6x2x16xf32>
  // CHECK: arith.minsi
  // CHECK: tensor.extract
  // CHECK: %[[S:.*]] = arith.addf
  // CHECK: %[[C:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0], [1, 2], [3, 4], [5]] : tensor<1x6x2x6x2x16xf32> into tensor<1x12x12x16xf32>
  // CHECK: %[[R:.*]] = tensor.extract_slice %[[C]][0, 0, 0, 0] [1, 11, 12, 16] [1, 1, 1, 1]
  // CHECK-NEXT: girih.yield %[[R]]
  %k = girih.kernel "k"(%x, %u, %r) : (tensor<1x14x14x8xf32>, tensor<4x4x8x16xf32>, tensor<1x11x12x16xf32>) -> tensor<1x11x12x16xf32> {
  ^bb0(%a: tensor<1x14x14x8xf32>, %b: tensor<4x4x8x16xf32>, %c: tensor<1x11x12x16xf32>):
    %0 = girih.winograd_conv %a, %b {tile = 2 : i64} : (tensor<1x14x14x8xf32>, tensor<4x4x8x16xf32>) -> tensor<1x11x12x16xf32>
    %1 = girih.binary add %0, %c : (tensor<1x11x12x16xf32>, tensor<1x11x12x16xf32>) -> tensor<1x11x12x16xf32>
    girih.yield %1 : tensor<1x11x12x16xf32>
  }
  return %k : tensor<1x11x12x16xf32>
}
