// RUN: girih-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @unary(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xi1>)
func.func @unary(%x: tensor<4xf32>, %b: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) {
  %0 = girih.unary neg %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = girih.unary neg %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = girih.unary logical_not %b : (tensor<4xi1>) -> tensor<4xi1>
  %3 = girih.unary logical_not %2 : (tensor<4xi1>) -> tensor<4xi1>
  // CHECK: %[[RELU:.*]] = girih.unary relu %[[X]]
  %4 = girih.unary relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %5 = girih.unary relu %4 : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[ABS:.*]] = girih.unary abs %[[X]]
  %6 = girih.unary abs %0 : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: return %[[X]], %[[B]], %[[RELU]], %[[ABS]]
  return %1, %3, %5, %6 : tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @identities(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xi32>)
func.func @identities(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>) {
  %one = girih.constant dense<1.0> : tensor<f32>
  %zero = girih.constant dense<0.0> : tensor<f32>
  %negZero = girih.constant dense<-0.0> : tensor<4xf32>
  %inf = girih.constant dense<0x7F800000> : tensor<1xf32>
  %0 = girih.binary mul %one, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = girih.binary sub %0, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = girih.binary add %1, %negZero : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = girih.binary div %2, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = girih.binary min %3, %inf : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  %5 = girih.binary max %4, %4 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %iz = girih.constant dense<0> : tensor<i32>
  %6 = girih.binary add %i, %iz : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  %7 = girih.binary shift_left %6, %iz : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  // CHECK-NOT: girih
  // CHECK: return %[[X]], %[[I]]
  return %5, %7 : tensor<4xf32>, tensor<4xi32>
}

// What would change a bit, or the shape, stays.
// CHECK-LABEL: func @not_identities
func.func @not_identities(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x4xf32>, tensor<4xf32>) {
  %zero = girih.constant dense<0.0> : tensor<f32>
  %ones = girih.constant dense<1.0> : tensor<2x1xf32>
  // CHECK: girih.binary add
  %0 = girih.binary add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: girih.binary mul
  %1 = girih.binary mul %x, %ones : (tensor<4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  // CHECK: girih.binary sub
  %2 = girih.binary sub %zero, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<2x4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @constant_second(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
func.func @constant_second(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) {
  %c = girih.constant dense<8.0> : tensor<f32>
  %three = girih.constant dense<3.0> : tensor<f32>
  // CHECK-DAG: %[[EIGHTH:.*]] = girih.constant dense<1.250000e-01>
  // CHECK-DAG: %[[EIGHT:.*]] = girih.constant dense<8.000000e+00>
  // CHECK: girih.binary add %[[X]], %[[EIGHT]]
  %0 = girih.binary add %c, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: girih.binary greater %[[X]], %[[EIGHT]]
  %1 = girih.binary less %c, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: girih.binary mul %[[X]], %[[EIGHTH]]
  %2 = girih.binary div %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: girih.binary div
  %3 = girih.binary div %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xi1>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @casts(
// CHECK-SAME: %[[X:.*]]: tensor<4xi32>, %[[F:.*]]: tensor<4xf32>, %[[H:.*]]: tensor<4xf16>)
func.func @casts(%x: tensor<4xi32>, %f: tensor<4xf32>, %h: tensor<4xf16>) -> (tensor<4xi32>, tensor<4xi32>, tensor<4xf32>, tensor<4xi64>) {
  %0 = girih.cast %x {to = i32} : (tensor<4xi32>) -> tensor<4xi32>
  %1 = girih.cast %x {to = i64} : (tensor<4xi32>) -> tensor<4xi64>
  %2 = girih.cast %1 {to = i32} : (tensor<4xi64>) -> tensor<4xi32>
  // CHECK: %[[NARROW:.*]] = girih.cast %[[F]] {to = f16}
  // CHECK: %[[BACK:.*]] = girih.cast %[[NARROW]] {to = f32}
  %3 = girih.cast %f {to = f16} : (tensor<4xf32>) -> tensor<4xf16>
  %4 = girih.cast %3 {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
  // CHECK: %[[DIRECT:.*]] = girih.cast %[[H]] {to = i64}
  %5 = girih.cast %h {to = f32} : (tensor<4xf16>) -> tensor<4xf32>
  %6 = girih.cast %5 {to = i64} : (tensor<4xf32>) -> tensor<4xi64>
  // CHECK: return %[[X]], %[[X]], %[[BACK]], %[[DIRECT]]
  return %0, %2, %4, %6 : tensor<4xi32>, tensor<4xi32>, tensor<4xf32>, tensor<4xi64>
}

// CHECK-LABEL: func @transposes(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>, %[[Y:.*]]: tensor<1x?x4xf32, #girih.dims<1, n, 4>>)
func.func @transposes(%x: tensor<2x3x4xf32>, %y: tensor<1x?x4xf32, #girih.dims<1, n, 4>>) -> (tensor<2x3x4xf32>, tensor<4x3x2xf32>, tensor<?x4x1xf32, #girih.dims<n, 4, 1>>) {
  %0 = girih.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = girih.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  // CHECK: %[[T:.*]] = girih.transpose %[[X]] {permutation = array<i64: 2, 1, 0>}
  %2 = girih.transpose %0 {permutation = array<i64: 1, 0, 2>} : (tensor<3x4x2xf32>) -> tensor<4x3x2xf32>
  // Only a dimension of size 1 moves.
  // CHECK: %[[R:.*]] = girih.reshape %[[Y]]
  %3 = girih.transpose %y {permutation = array<i64: 1, 2, 0>} : (tensor<1x?x4xf32, #girih.dims<1, n, 4>>) -> tensor<?x4x1xf32, #girih.dims<n, 4, 1>>
  // CHECK: return %[[X]], %[[T]], %[[R]]
  return %1, %2, %3 : tensor<2x3x4xf32>, tensor<4x3x2xf32>, tensor<?x4x1xf32, #girih.dims<n, 4, 1>>
}

// CHECK-LABEL: func @reshapes(
// CHECK-SAME: %[[X:.*]]: tensor<?x6xf32, #girih.dims<n, 6>>)
func.func @reshapes(%x: tensor<?x6xf32, #girih.dims<n, 6>>) -> (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<?x3xf32, #girih.dims<n * 2, 3>>, tensor<?xf32, #girih.dims<n * 6>>) {
  %0 = girih.reshape %x : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?xf32, #girih.dims<n * 6>>
  %1 = girih.reshape %0 : (tensor<?xf32, #girih.dims<n * 6>>) -> tensor<?x6xf32, #girih.dims<n, 6>>
  // CHECK: %[[R:.*]] = girih.reshape %[[X]] {{.*}} -> tensor<?x3xf32, #girih.dims<n * 2, 3>>
  %2 = girih.reshape %0 : (tensor<?xf32, #girih.dims<n * 6>>) -> tensor<?x3xf32, #girih.dims<n * 2, 3>>
  // An expand to unit dimensions repeats nothing.
  // CHECK: %[[E:.*]] = girih.reshape %[[X]] {{.*}} -> tensor<?xf32, #girih.dims<n * 6>>
  %3 = girih.expand %x : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<1x?x6xf32, #girih.dims<1, n, 6>>
  %4 = girih.reshape %3 : (tensor<1x?x6xf32, #girih.dims<1, n, 6>>) -> tensor<?xf32, #girih.dims<n * 6>>
  // CHECK: return %[[X]], %[[R]], %[[E]]
  return %1, %2, %4 : tensor<?x6xf32, #girih.dims<n, 6>>, tensor<?x3xf32, #girih.dims<n * 2, 3>>, tensor<?xf32, #girih.dims<n * 6>>
}

// CHECK-LABEL: func @expands(
// CHECK-SAME: %[[X:.*]]: tensor<1x4xf32>)
func.func @expands(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<3x2x4xf32>) {
  %0 = girih.expand %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = girih.expand %x : (tensor<1x4xf32>) -> tensor<2x4xf32>
  // CHECK: %[[E:.*]] = girih.expand %[[X]] : (tensor<1x4xf32>) -> tensor<3x2x4xf32>
  %2 = girih.expand %1 : (tensor<2x4xf32>) -> tensor<3x2x4xf32>
  // CHECK: return %[[X]], %[[E]]
  return %0, %2 : tensor<1x4xf32>, tensor<3x2x4xf32>
}

// CHECK-LABEL: func @slices(
// CHECK-SAME: %[[X:.*]]: tensor<20x4xf32>, %[[Y:.*]]: tensor<?x4xf32, #girih.dims<n, 4>>)
func.func @slices(%x: tensor<20x4xf32>, %y: tensor<?x4xf32, #girih.dims<n, 4>>) -> (tensor<20x4xf32>, tensor<3x4xf32>, tensor<?x4xf32, #girih.dims<n, 4>>, tensor<2x4xf32>) {
  %0 = girih.slice %x {starts = #girih.dims<0, 0>, steps = array<i64: 1, 1>} : (tensor<20x4xf32>) -> tensor<20x4xf32>
  %1 = girih.slice %x {starts = #girih.dims<1, 3>, steps = array<i64: 2, -1>} : (tensor<20x4xf32>) -> tensor<10x4xf32>
  // CHECK: %[[S:.*]] = girih.slice %[[X]] {starts = #girih.dims<19, 0>, steps = array<i64: -6, 1>}
  %2 = girih.slice %1 {starts = #girih.dims<9, 3>, steps = array<i64: -3, -1>} : (tensor<10x4xf32>) -> tensor<3x4xf32>
  // Slices that undo a concatenation.
  %3 = girih.concat %y, %x {axis = 0} : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<20x4xf32>) -> tensor<?x4xf32, #girih.dims<n + 20, 4>>
  %4 = girih.slice %3 {starts = #girih.dims<0, 0>, steps = array<i64: 1, 1>} : (tensor<?x4xf32, #girih.dims<n + 20, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  // CHECK: %[[P:.*]] = girih.slice %[[X]] {starts = #girih.dims<5, 0>, steps = array<i64: 1, 1>}
  %5 = girih.slice %3 {starts = #girih.dims<n + 5, 0>, steps = array<i64: 1, 1>} : (tensor<?x4xf32, #girih.dims<n + 20, 4>>) -> tensor<2x4xf32>
  // CHECK: return %[[X]], %[[S]], %[[Y]], %[[P]]
  return %0, %2, %4, %5 : tensor<20x4xf32>, tensor<3x4xf32>, tensor<?x4xf32, #girih.dims<n, 4>>, tensor<2x4xf32>
}

// CHECK-LABEL: func @concats(
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>, %[[E:.*]]: tensor<0xf32>)
func.func @concats(%x: tensor<2xf32>, %e: tensor<0xf32>) -> (tensor<2xf32>, tensor<4xf32>) {
  %0 = girih.concat %e, %x {axis = 0} : (tensor<0xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK: %[[C:.*]] = girih.concat %[[X]], %[[X]] {axis = 0 : i64}
  %1 = girih.concat %x, %e, %x {axis = 0} : (tensor<2xf32>, tensor<0xf32>, tensor<2xf32>) -> tensor<4xf32>
  // CHECK: return %[[X]], %[[C]]
  return %0, %1 : tensor<2xf32>, tensor<4xf32>
}
