// RUN: girih-opt %s -girih-record-assumptions -split-input-file | FileCheck %s

// CHECK: module attributes {girih.checks = [#girih.check<broadcast_to, <n, 8>, "Add_0">, #girih.check<equal, <n * 6, m * 4>, "Reshape_2">]}
module {
  func.func @main(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %y: tensor<8x6xf32>) {
    %0 = girih.binary add %x, %y : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<8x6xf32>) -> tensor<8x6xf32> loc("Add_0"("Add"))
    // The same pair needs no second check.
    %1 = girih.binary mul %y, %x : (tensor<8x6xf32>, tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<8x6xf32> loc("Mul_1"("Mul"))
    %2 = girih.reshape %x : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x4xf32, #girih.dims<m, 4>> loc("Reshape_2"("Reshape"))
    return
  }
}

// -----

// What can be proved needs no check.
// CHECK: module {
module {
  func.func @main(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %y: tensor<1x6xf32>) {
    %0 = girih.binary add %x, %y : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<1x6xf32>) -> tensor<?x6xf32, #girih.dims<n, 6>>
    // x[k:] with k from the run: it begins in the dimension, whatever k is.
    %1 = girih.slice %x {starts = #girih.dims<max(select(k[0], k[0] + n, k[0]), 0), 0>, steps = array<i64: 1, 1>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x6xf32, #girih.dims<max(max(select(k[0], k[0] + n, k[0]), 0) * -1 + n, 0), 6>>
    // x[k::-1]
    %2 = girih.slice %x {starts = #girih.dims<min(max(select(k[0], k[0] + n, k[0]), 0), n - 1), 0>, steps = array<i64: -1, 1>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x6xf32, #girih.dims<max(min(max(select(k[0], k[0] + n, k[0]), 0), n - 1) + 1, 0), 6>>
    // x[1::3]
    %3 = girih.slice %x {starts = #girih.dims<1, 0>, steps = array<i64: 3, 1>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<?x6xf32, #girih.dims<max((n - 1) ceildiv 3, 0), 6>>
    return
  }
}

// -----

// Which of two sizes is 1 may be seen when the model runs; a dimension that is named by what it must be is taken to be just that.
// CHECK: module attributes {girih.checks = [#girih.check<broadcast, <n, m>, "Add_0">, #girih.check<equal, <past + 1, "past + 1">, "Add_1">]}
module {
  func.func @main(%x: tensor<?xf32, #girih.dims<n>>, %y: tensor<?xf32, #girih.dims<m>>, %p: tensor<?xf32, #girih.dims<past + 1>>, %q: tensor<?xf32, #girih.dims<"past + 1">>) {
    %0 = girih.binary add %x, %y : (tensor<?xf32, #girih.dims<n>>, tensor<?xf32, #girih.dims<m>>) -> tensor<?xf32, #girih.dims<broadcast(m, n)>> loc("Add_0"("Add"))
    %1 = girih.binary add %p, %q : (tensor<?xf32, #girih.dims<past + 1>>, tensor<?xf32, #girih.dims<"past + 1">>) -> tensor<?xf32, #girih.dims<past + 1>> loc("Add_1"("Add"))
    return
  }
}

// -----

// Results' sizes that an input could make negative, each once; not those that only add to dimensions.
// CHECK: module attributes {girih.checks = [#girih.check<at_most, <3, t>, "Conv_7">, #girih.check<at_most, <0, t + -2>, "Conv_7">, #girih.check<at_most, <0, shape[0]>, "Expand_9">]}
module {
  func.func @main(%x: tensor<1x4x?xf32, #girih.dims<1, 4, t>>, %w: tensor<8x4x3xf32>, %y: tensor<1x?xf32, #girih.dims<1, 2 * n + 1>>, %shape: tensor<1xi64>) {
    %0 = girih.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x4x?xf32, #girih.dims<1, 4, t>>, tensor<8x4x3xf32>) -> tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>> loc("Conv_7"("Conv"))
    %1 = girih.unary relu %0 : (tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>>) -> tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>> loc("Relu_8"("Relu"))
    %2 = girih.expand %y : (tensor<1x?xf32, #girih.dims<1, 2 * n + 1>>) -> tensor<?x?xf32, #girih.dims<shape[0], 2 * n + 1>> loc("Expand_9"("Expand"))
    return
  }
}

// -----

// What is read has to exist.
// CHECK: #girih.check<at_most, <0, n + -1>, "Slice_3">
// CHECK-SAME: #girih.check<at_most, <5, n>, "TopK_4">
// CHECK-SAME: #girih.check<at_most, <min(r, 1), n>, "Gather_6">, #girih.check<at_most, <min(r * 3, 1), n>, "GatherElements_7">
// CHECK-SAME: #girih.check<at_most, <r, 6>, "GatherElements_7">
// CHECK-SAME: #girih.check<at_most, <1, m>, "Pad_8">
module {
  func.func @main(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %i: tensor<?xi64, #girih.dims<r>>, %j: tensor<3x?xi64, #girih.dims<3, r>>, %y: tensor<?xf32, #girih.dims<m>>) {
    %0 = girih.slice %x {starts = #girih.dims<n - 1, 0>, steps = array<i64: 1, 1>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<1x6xf32> loc("Slice_3"("Slice"))
    %1:2 = girih.topk %x {axis = 0 : i64} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> (tensor<5x6xf32>, tensor<5x6xi64>) loc("TopK_4"("TopK"))
    %3 = girih.gather %x, %i {axis = 0 : i64} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<?xi64, #girih.dims<r>>) -> tensor<?x6xf32, #girih.dims<r, 6>> loc("Gather_6"("Gather"))
    %4 = girih.gather_elements %x, %j {axis = 0 : i64} : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<3x?xi64, #girih.dims<3, r>>) -> tensor<3x?xf32, #girih.dims<3, r>> loc("GatherElements_7"("GatherElements"))
    %5 = girih.pad edge %y {low = #girih.dims<1>} : (tensor<?xf32, #girih.dims<m>>) -> tensor<?xf32, #girih.dims<m + 2>> loc("Pad_8"("Pad"))
    return
  }
}
