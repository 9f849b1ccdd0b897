// RUN: girih-opt %s --girih-tile-kernels --canonicalize | FileCheck %s
// RUN: sed "s/<k0, 3, unroll>/<k0, 1>/" %s | girih-opt --girih-tile-kernels --canonicalize | FileCheck %s --check-prefix=LOOP

// A matrix of constants inside a kernel. With its loops written out, its entries are numbers in the code: x0 - x1; 2 x1 + x2; and nothing for 0.
// CHECK-LABEL: func.func private @kernel_matrix(
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2.000000e+00> : vector<8xf32>
// CHECK: scf.for
// CHECK: %[[X0:.*]] = vector.load %{{.*}}[%{{.*}}]
// CHECK: %[[X1:.*]] = vector.load
// CHECK: %[[N:.*]] = arith.negf %[[X1]]
// CHECK: %[[Y0:.*]] = arith.addf %[[X0]], %[[N]]
// CHECK: %[[P:.*]] = arith.mulf %[[X1]], %[[TWO]]
// CHECK: %[[X2:.*]] = vector.load
// CHECK: %[[Y1:.*]] = arith.addf %[[P]], %[[X2]]
// CHECK-NOT: arith.mulf
// CHECK-NOT: math.fma
// CHECK: vector.store %[[Y0]]
// CHECK: vector.store %[[Y1]]

// In a loop, an entry is looked up.
// LOOP-LABEL: func.func private @kernel_matrix(
// LOOP: scf.for %[[K:.*]] = %c0 to %c3 step %c1
// LOOP: arith.cmpi eq, %[[K]], %c1
// LOOP: arith.select
// LOOP: math.fma

// Without flags that say so, 0 times infinity is NaN, and -0 + 0 is 0: only a product with 1 or -1 needs no multiplication.
// CHECK-LABEL: func.func private @kernel_strict(
// CHECK: math.fma %{{.*}}, %cst{{.*}}, %cst
// LOOP-LABEL: func.func private @kernel_strict(
#x = affine_map<(r, c, k) -> (k, c)>
#t = affine_map<(r, c, k) -> (r, k)>
#y = affine_map<(r, c, k) -> (r, c)>
func.func @main(%x: tensor<3x64xf32> {girih.name = "x"}) -> (tensor<2x64xf32> {girih.name = "y"}, tensor<2x64xf32> {girih.name = "z"}) {
  %y = girih.kernel "matrix"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 2, rows>, <d1, 8, lanes>], reductions = [<at = 2, nest = [<k0, 3, unroll>]>]>]} : (tensor<3x64xf32>) -> tensor<2x64xf32> {
  ^bb0(%a: tensor<3x64xf32>):
    %t = arith.constant dense<[[1.0, -1.0, 0.0], [0.0, 2.0, 1.0]]> : tensor<2x3xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<2x64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x64xf32>) -> tensor<2x64xf32>
    %0 = linalg.generic {indexing_maps = [#x, #t, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %t : tensor<3x64xf32>, tensor<2x3xf32>) outs(%f : tensor<2x64xf32>) {
    ^bb0(%in: f32, %entry: f32, %sum: f32):
      %p = arith.mulf %in, %entry fastmath<nnan,ninf,nsz> : f32
      %s = arith.addf %sum, %p fastmath<nnan,ninf,nsz> : f32
      linalg.yield %s : f32
    } -> tensor<2x64xf32>
    girih.yield %0 : tensor<2x64xf32>
  }
  %z = girih.kernel "strict"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 2, rows>, <d1, 8, lanes>], reductions = [<at = 2, nest = [<k0, 3, unroll>]>]>]} : (tensor<3x64xf32>) -> tensor<2x64xf32> {
  ^bb0(%a: tensor<3x64xf32>):
    %t = arith.constant dense<[[0.0, 3.0, 0.0], [0.0, 3.0, 3.0]]> : tensor<2x3xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<2x64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x64xf32>) -> tensor<2x64xf32>
    %0 = linalg.generic {indexing_maps = [#x, #t, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %t : tensor<3x64xf32>, tensor<2x3xf32>) outs(%f : tensor<2x64xf32>) {
    ^bb0(%in: f32, %entry: f32, %sum: f32):
      %p = arith.mulf %in, %entry : f32
      %s = arith.addf %sum, %p : f32
      linalg.yield %s : f32
    } -> tensor<2x64xf32>
    girih.yield %0 : tensor<2x64xf32>
  }
  return %y, %z : tensor<2x64xf32>, tensor<2x64xf32>
}
