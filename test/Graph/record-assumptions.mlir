// RUN: girih-opt %s -girih-record-assumptions -split-input-file | FileCheck %s

// CHECK: module attributes {girih.checks = {{\[}}["Add_0", #girih.dims<8, n>], ["Reshape_2", #girih.dims<n * 6, m * 4>]]}
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

// CHECK: module {
module {
  func.func @main(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %y: tensor<1x6xf32>) {
    %0 = girih.binary add %x, %y : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<1x6xf32>) -> tensor<?x6xf32, #girih.dims<n, 6>>
    return
  }
}

// -----

// Results' sizes that an input could make negative, each once; not those that only add to dimensions.
// CHECK: module attributes {girih.checks = {{\[}}["Conv_7", #girih.dims<t + -2>], ["Expand_9", #girih.dims<"shape[0]">]]}
module {
  func.func @main(%x: tensor<1x4x?xf32, #girih.dims<1, 4, t>>, %w: tensor<8x4x3xf32>, %y: tensor<1x?xf32, #girih.dims<1, 2 * n + 1>>, %shape: tensor<1xi64>) {
    %0 = girih.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x4x?xf32, #girih.dims<1, 4, t>>, tensor<8x4x3xf32>) -> tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>> loc("Conv_7"("Conv"))
    %1 = girih.unary relu %0 : (tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>>) -> tensor<1x8x?xf32, #girih.dims<1, 8, t - 2>> loc("Relu_8"("Relu"))
    %2 = girih.expand %y : (tensor<1x?xf32, #girih.dims<1, 2 * n + 1>>) -> tensor<?x?xf32, #girih.dims<"shape[0]", 2 * n + 1>> loc("Expand_9"("Expand"))
    return
  }
}

// -----

// The last element has to exist.
// CHECK: module attributes {girih.checks = {{\[}}["Slice_3", #girih.dims<n + -1>]]}
module {
  func.func @main(%x: tensor<?x6xf32, #girih.dims<n, 6>>) {
    %0 = girih.slice %x {starts = #girih.dims<n - 1, 0>, steps = array<i64: 1, 1>} : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<1x6xf32> loc("Slice_3"("Slice"))
    return
  }
}
