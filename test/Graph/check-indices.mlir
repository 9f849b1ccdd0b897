// RUN: girih-opt %s -girih-check-indices -split-input-file -verify-diagnostics | FileCheck %s

// The worst of all indices is computed, once for equal uses, and held against the size.
// CHECK-LABEL: @data
// CHECK: %[[N:.*]] = girih.unary bitwise_not %[[I:[a-z0-9]+]] :
// CHECK: %[[W:.*]] = girih.binary max %[[I]], %[[N]]
// CHECK: %[[R:.*]] = girih.reduce max %[[W]] {axes = array<i64: 0, 1>
// CHECK: girih.check_index %[[R]] below <9>
// CHECK: girih.gather %
// CHECK-NOT: check_index
// CHECK: return
module {
  func.func @data(%x: tensor<9x4xf32>, %i: tensor<2x5xi64>) {
    %0 = girih.gather %x, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<2x5xi64>) -> tensor<2x5x4xf32>
    %1 = girih.gather %x, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<2x5xi64>) -> tensor<2x5x4xf32>
    return
  }
}

// -----

// Each column of index tuples; i32 indices; images of regions do not count from the end.
// CHECK-LABEL: @tuples
// CHECK: %[[C0:.*]] = girih.slice %{{.*}} {starts = #girih.dims<0, 0>
// CHECK: girih.cast %[[C0]] {to = i64}
// CHECK: girih.check_index %{{.*}} below <n>
// CHECK: girih.slice %{{.*}} {starts = #girih.dims<0, 1>
// CHECK: girih.check_index %{{.*}} below <4>
// CHECK: girih.scatter_nd
// CHECK: girih.where
// CHECK: girih.check_index %{{.*}} below <2>
// CHECK: girih.roi_align
module {
  func.func @tuples(%x: tensor<?x4x3xf32, #girih.dims<n, 4, 3>>, %i: tensor<5x2xi32>, %u: tensor<5x3xf32>, %y: tensor<2x8x8x3xf32>, %r: tensor<6x4xf32>, %b: tensor<6xi64>) {
    %0 = girih.scatter_nd %x, %i, %u {fn = #girih<scatter_fn none>} : (tensor<?x4x3xf32, #girih.dims<n, 4, 3>>, tensor<5x2xi32>, tensor<5x3xf32>) -> tensor<?x4x3xf32, #girih.dims<n, 4, 3>>
    %1 = girih.roi_align %y, %r, %b {height = 2 : i64, width = 2 : i64, samples = 1 : i64, spatial_scale = 1.0 : f32} : (tensor<2x8x8x3xf32>, tensor<6x4xf32>, tensor<6xi64>) -> tensor<6x2x2x3xf32>
    return
  }
}

// -----

// What follows from sizes is a check of sizes, or nothing.
// CHECK: module attributes {girih.checks = [#girih.check<at_most, <n, 9>, "Gather_0">, #girih.check<at_most, <2, m>, "Gather_2">]}
// CHECK-NOT: check_index
module {
  func.func @sizes(%x: tensor<9x4xf32>, %y: tensor<?xf32, #girih.dims<m>>, %z: tensor<?xf32, #girih.dims<n>>) {
    %zero = girih.constant dense<0> : tensor<i64>
    %one = girih.constant dense<1> : tensor<i64>
    %i = girih.range %zero, %one : (tensor<i64>, tensor<i64>) -> tensor<?xi64, #girih.dims<n>>
    %j = girih.reshape %i : (tensor<?xi64, #girih.dims<n>>) -> tensor<1x?xi64, #girih.dims<1, n>>
    %0 = girih.gather %x, %j {axis = 0 : i64} : (tensor<9x4xf32>, tensor<1x?xi64, #girih.dims<1, n>>) -> tensor<1x?x4xf32, #girih.dims<1, n, 4>> loc("Gather_0"("Gather"))
    %k = girih.arg_reduce %z {axis = 0 : i64, keepdims = true} : (tensor<?xf32, #girih.dims<n>>) -> tensor<1xi64>
    %1 = girih.gather %z, %k {axis = 0 : i64} : (tensor<?xf32, #girih.dims<n>>, tensor<1xi64>) -> tensor<1xf32> loc("Gather_1"("Gather"))
    %c = girih.constant dense<[-2, 1]> : tensor<2xi64>
    %2 = girih.gather %y, %c {axis = 0 : i64} : (tensor<?xf32, #girih.dims<m>>, tensor<2xi64>) -> tensor<2xf32> loc("Gather_2"("Gather"))
    return
  }
}

// -----

module {
  func.func @constant(%x: tensor<9x4xf32>) {
    %c = girih.constant dense<[-9, 9]> : tensor<2xi64>
    // expected-error@+1 {{has an index of 9, which is outside of a dimension of size 9}}
    %0 = girih.gather %x, %c {axis = 0 : i64} : (tensor<9x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
    return
  }
}
