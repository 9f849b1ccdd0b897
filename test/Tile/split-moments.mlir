// RUN: girih-opt %s --girih-split-reductions | FileCheck %s

// Which sums of squares are split together with the sum that their mean is of.
// Squares about anything else than the mean of the same elements are split by themselves: each block needs the first reduction's value.
#all = affine_map<(k) -> (k)>
#none = affine_map<(k) -> ()>
#one = affine_map<() -> ()>
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1048576xf32>, %y: tensor<1048576xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  // CHECK: girih.kernel "mean (blocks)"({{.*}} -> (tensor<32xf32>, tensor<32xf32>)
  // CHECK: girih.kernel "mean"
  %0 = girih.kernel "mean"(%x, %y) : (tensor<1048576xf32>, tensor<1048576xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<1048576xf32>, %b: tensor<1048576xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<f32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
    %sum = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction"]} ins(%a : tensor<1048576xf32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    %center = linalg.generic {indexing_maps = [#one, #one], iterator_types = []} ins(%sum : tensor<f32>) outs(%e : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.constant 1048576.0 : f32
      %m = arith.divf %in, %n : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %squares = linalg.generic {indexing_maps = [#all, #none, #none], iterator_types = ["reduction"]} ins(%a, %center : tensor<1048576xf32>, tensor<f32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %c: f32, %out: f32):
      %d = arith.subf %in, %c : f32
      %q = arith.mulf %d, %d : f32
      %s = arith.addf %out, %q : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    girih.yield %squares : tensor<f32>
  }
  // CHECK: girih.kernel "half (blocks)"({{.*}} -> tensor<32xf32>
  // CHECK: girih.kernel "half (blocks)"({{.*}} -> tensor<32xf32>
  // CHECK: girih.kernel "half"
  %1 = girih.kernel "half"(%x, %y) : (tensor<1048576xf32>, tensor<1048576xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<1048576xf32>, %b: tensor<1048576xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<f32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
    %sum = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction"]} ins(%a : tensor<1048576xf32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    %center = linalg.generic {indexing_maps = [#one, #one], iterator_types = []} ins(%sum : tensor<f32>) outs(%e : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.constant 0.5 : f32
      %m = arith.mulf %in, %n : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %squares = linalg.generic {indexing_maps = [#all, #none, #none], iterator_types = ["reduction"]} ins(%a, %center : tensor<1048576xf32>, tensor<f32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %c: f32, %out: f32):
      %d = arith.subf %in, %c : f32
      %q = arith.mulf %d, %d : f32
      %s = arith.addf %out, %q : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    girih.yield %squares : tensor<f32>
  }
  // CHECK: girih.kernel "other (blocks)"({{.*}} -> tensor<32xf32>
  // CHECK: girih.kernel "other (blocks)"({{.*}} -> tensor<32xf32>
  // CHECK: girih.kernel "other"
  %2 = girih.kernel "other"(%x, %y) : (tensor<1048576xf32>, tensor<1048576xf32>) -> tensor<f32> {
  ^bb0(%a: tensor<1048576xf32>, %b: tensor<1048576xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<f32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
    %sum = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction"]} ins(%a : tensor<1048576xf32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    %center = linalg.generic {indexing_maps = [#one, #one], iterator_types = []} ins(%sum : tensor<f32>) outs(%e : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.constant 1048576.0 : f32
      %m = arith.divf %in, %n : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %squares = linalg.generic {indexing_maps = [#all, #none, #none], iterator_types = ["reduction"]} ins(%b, %center : tensor<1048576xf32>, tensor<f32>) outs(%f : tensor<f32>) {
    ^bb0(%in: f32, %c: f32, %out: f32):
      %d = arith.subf %in, %c : f32
      %q = arith.mulf %d, %d : f32
      %s = arith.addf %out, %q : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    girih.yield %squares : tensor<f32>
  }
  return %0, %1, %2 : tensor<f32>, tensor<f32>, tensor<f32>
}
