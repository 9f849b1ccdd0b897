// RUN: girih-opt %s -convert-girih-to-linalg | FileCheck %s

// Transposes and slices are how the next loop reads.
// CHECK-DAG: #[[$READ:.*]] = affine_map<(d0, d1) -> (d1 * 2 + 1, d0)>
// CHECK-DAG: #[[$BACK:.*]] = affine_map<(d0) -> (-d0 + 7)>
// CHECK-LABEL: func.func @views
func.func @views(%x: tensor<8x4xf32>) -> tensor<4x3xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[$READ]], #{{.*}}]
  // CHECK: math.absf
  // CHECK-NOT: linalg.generic
  // CHECK: girih.yield
  %r = girih.kernel "k"(%x) : (tensor<8x4xf32>) -> tensor<4x3xf32> {
  ^bb0(%a: tensor<8x4xf32>):
    %0 = girih.transpose %a {permutation = array<i64: 1, 0>} : (tensor<8x4xf32>) -> tensor<4x8xf32>
    %1 = girih.slice %0 {starts = #girih.dims<0, 1>, steps = array<i64: 1, 2>} : (tensor<4x8xf32>) -> tensor<4x3xf32>
    %2 = girih.unary abs %1 : (tensor<4x3xf32>) -> tensor<4x3xf32>
    girih.yield %2 : tensor<4x3xf32>
  }
  return %r : tensor<4x3xf32>
}

// A view that is yielded is one copy.
// CHECK-LABEL: func.func @reverse
func.func @reverse(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[$BACK]], #{{.*}}]
  %r = girih.kernel "k"(%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %0 = girih.slice %a {starts = #girih.dims<7>, steps = array<i64: -1>} : (tensor<8xf32>) -> tensor<8xf32>
    girih.yield %0 : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// Indices count from the end where they are negative, and are never out of bounds.
// CHECK-LABEL: func.func @gather
func.func @gather(%x: tensor<?x8xf32, #girih.dims<n, 8>>, %i: tensor<3xi64>) -> tensor<3x8xf32> {
  // CHECK: %[[N:.*]] = girih.dim <n>
  // CHECK: %[[I:.*]] = arith.index_cast
  // CHECK: arith.cmpi slt
  // CHECK: arith.select
  // CHECK: arith.minsi
  // CHECK: %[[AT:.*]] = arith.maxsi
  // CHECK: tensor.extract %{{.*}}[%[[AT]], %{{.*}}]
  %r = girih.kernel "k"(%x, %i) : (tensor<?x8xf32, #girih.dims<n, 8>>, tensor<3xi64>) -> tensor<3x8xf32> {
  ^bb0(%a: tensor<?x8xf32, #girih.dims<n, 8>>, %b: tensor<3xi64>):
    %0 = girih.gather %a, %b {axis = 0 : i64} : (tensor<?x8xf32, #girih.dims<n, 8>>, tensor<3xi64>) -> tensor<3x8xf32>
    girih.yield %0 : tensor<3x8xf32>
  }
  return %r : tensor<3x8xf32>
}

// Upscaling by a whole factor repeats elements in loops of their own: nothing is gathered, and what follows joins in.
// CHECK-LABEL: func.func @upsample
func.func @upsample(%x: tensor<1x4x4x8xf32>, %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  // CHECK-NOT: tensor.extract
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x2x4x2x8xf32>)
  // CHECK: arith.addf
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1, 2], [3, 4], [5]]
  %r = girih.kernel "k"(%x, %y) : (tensor<1x4x4x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  ^bb0(%a: tensor<1x4x4x8xf32>, %b: tensor<1x8x8x8xf32>):
    %0 = girih.resize nearest %a {coord = #girih<coord_mode asymmetric>, nearest = #girih<nearest_mode floor>, scales = array<f64: 1.0, 2.0, 2.0, 1.0>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<1x4x4x8xf32>) -> tensor<1x8x8x8xf32>
    %1 = girih.binary add %0, %b : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
    girih.yield %1 : tensor<1x8x8x8xf32>
  }
  return %r : tensor<1x8x8x8xf32>
}

// Constants that are not one repeated value become operands.
// CHECK-LABEL: func.func @constants
func.func @constants(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: %[[C:.*]] = girih.constant dense<[1.000000e+00, 2.000000e+00]>
  // CHECK: girih.kernel "k"(%{{.*}}, %[[C]])
  %r = girih.kernel "k"(%x) : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%a: tensor<2xf32>):
    %c = girih.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %0 = girih.binary add %a, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    girih.yield %0 : tensor<2xf32>
  }
  return %r : tensor<2xf32>
}

// What no loop nest says keeps its form, on storage types.
// CHECK-LABEL: func.func @scatter
func.func @scatter(%x: tensor<4xui8>, %i: tensor<2xi64>, %u: tensor<2xui8>) -> tensor<4xui8> {
  // CHECK: girih.scatter_elements {{.*}} : (tensor<4xi8>, tensor<2xi64>, tensor<2xi8>) -> tensor<4xi8>
  %r = girih.kernel "k"(%x, %i, %u) : (tensor<4xui8>, tensor<2xi64>, tensor<2xui8>) -> tensor<4xui8> {
  ^bb0(%a: tensor<4xui8>, %b: tensor<2xi64>, %c: tensor<2xui8>):
    %0 = girih.scatter_elements %a, %b, %c {axis = 0 : i64, fn = #girih<scatter_fn none>} : (tensor<4xui8>, tensor<2xi64>, tensor<2xui8>) -> tensor<4xui8>
    girih.yield %0 : tensor<4xui8>
  }
  return %r : tensor<4xui8>
}

// The beginning of a tensor is read by extraction: an indexing map would give the loop the tensor's size.
// CHECK-LABEL: func.func @prefix
func.func @prefix(%x: tensor<8xf32>) -> tensor<3xf32> {
  // CHECK: %[[I:.*]] = linalg.index 0
  // CHECK: tensor.extract %{{.*}}[%[[I]]]
  %r = girih.kernel "k"(%x) : (tensor<8xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<8xf32>):
    %0 = girih.slice %a {starts = #girih.dims<0>, steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<3xf32>
    girih.yield %0 : tensor<3xf32>
  }
  return %r : tensor<3xf32>
}

// Nearest neighbours of known sizes are a multiplication and a shift, exact at ties:
// floor((20 (2 i + 1) - 6) / 12 + 1/2).
// CHECK-LABEL: func.func @nearest
// CHECK: %[[I:.*]] = arith.index_cast {{.*}} : index to i32
// CHECK: %[[SLOPE:.*]] = arith.constant 107 : i32
// CHECK: %[[M:.*]] = arith.muli %[[I]], %[[SLOPE]]
// CHECK: %[[OFFSET:.*]] = arith.constant 54 : i32
// CHECK: %[[A:.*]] = arith.addi %[[M]], %[[OFFSET]]
// CHECK: %[[SHIFT:.*]] = arith.constant 5 : i32
// CHECK: arith.shrsi %[[A]], %[[SHIFT]]
// CHECK-NOT: arith.divf
func.func @nearest(%x: tensor<20xf32>) -> tensor<6xf32> {
  %r = girih.kernel "k"(%x) : (tensor<20xf32>) -> tensor<6xf32> {
  ^bb0(%a: tensor<20xf32>):
    %0 = girih.resize nearest %a {coord = #girih<coord_mode half_pixel>, nearest = #girih<nearest_mode round_prefer_ceil>, scales = array<f64>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<20xf32>) -> tensor<6xf32>
    girih.yield %0 : tensor<6xf32>
  }
  return %r : tensor<6xf32>
}

// Of sizes of a run: a quotient in f64, one larger where the remainder, in i64, says so.
// CHECK-LABEL: func.func @nearest_dynamic
// CHECK: %[[N:.*]] = arith.index_cast {{.*}} : index to i64
// CHECK: %[[M:.*]] = arith.index_cast {{.*}} : index to i64
// CHECK: %[[P:.*]] = arith.muli
// CHECK: arith.divf
// CHECK: %[[Q:.*]] = arith.subi
// CHECK: %[[B:.*]] = arith.muli %[[Q]]
// CHECK: %[[REST:.*]] = arith.subi %[[P]], %[[B]]
// CHECK: %[[SMALL:.*]] = arith.cmpi sge, %[[REST]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[Q]]
// CHECK: arith.select %[[SMALL]], %[[NEXT]], %[[Q]]
func.func @nearest_dynamic(%x: tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<m>> {
  %r = girih.kernel "k"(%x) : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<m>> {
  ^bb0(%a: tensor<?xf32, #girih.dims<n>>):
    %0 = girih.resize nearest %a {coord = #girih<coord_mode asymmetric>, nearest = #girih<nearest_mode floor>, scales = array<f64>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<m>>
    girih.yield %0 : tensor<?xf32, #girih.dims<m>>
  }
  return %r : tensor<?xf32, #girih.dims<m>>
}
