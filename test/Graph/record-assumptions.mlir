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
