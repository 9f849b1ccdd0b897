// RUN: girih-opt %s --girih-tile-kernels | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: girih.launch @kernel_cumsum{{.*}} tasks = #girih.dims<6>
// CHECK: girih.launch @kernel_scatter{{.*}} tasks = #girih.dims<1>
// CHECK: girih.launch @kernel_topk{{.*}} tasks = #girih.dims<n>

// Rows before the axis are tasks; the sum stays in a register.
// CHECK-LABEL: func.func private @kernel_cumsum
// CHECK: scf.forall
// CHECK: scf.for %{{.*}} iter_args(%{{.*}}) -> (f32)
// CHECK: memref.load
// CHECK: memref.store

// The dimension along the axis may be empty: then there is nothing to update.
// CHECK-LABEL: func.func private @kernel_scatter
// CHECK: scf.forall
// CHECK: arith.cmpi sgt
// CHECK: arith.maxui
// CHECK-NOT: arith.maxsi {{.*}} : i8

// Heap of the first k, the others offered to it, sorted at last.
// CHECK-LABEL: func.func private @kernel_topk
// CHECK: scf.forall
// CHECK-COUNT-3: scf.while
// CHECK-NOT: scf.while

func.func @main(%x: tensor<2x3x8xf32>, %d: tensor<?x4xui8, #girih.dims<n, 4>>, %i: tensor<2x4xi64>, %u: tensor<2x4xui8>,
                %r: tensor<?x9xf16, #girih.dims<n, 9>>)
    -> (tensor<2x3x8xf32>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>) {
  %0 = girih.kernel "cumsum"(%x) : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  ^bb0(%a: tensor<2x3x8xf32>):
    %s = girih.cumsum %a {axis = 2 : i64} : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
    girih.yield %s : tensor<2x3x8xf32>
  }
  %1 = girih.kernel "scatter"(%d, %i, %u) : (tensor<?x4xui8, #girih.dims<n, 4>>, tensor<2x4xi64>, tensor<2x4xui8>) -> tensor<?x4xui8, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xi8, #girih.dims<n, 4>>, %b: tensor<2x4xi64>, %c: tensor<2x4xi8>):
    %s = girih.scatter_elements %a, %b, %c {axis = 0 : i64, fn = #girih<scatter_fn max>, girih.unsigned} : (tensor<?x4xi8, #girih.dims<n, 4>>, tensor<2x4xi64>, tensor<2x4xi8>) -> tensor<?x4xi8, #girih.dims<n, 4>>
    girih.yield %s : tensor<?x4xi8, #girih.dims<n, 4>>
  }
  %2:2 = girih.kernel "topk"(%r) : (tensor<?x9xf16, #girih.dims<n, 9>>) -> (tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>) {
  ^bb0(%a: tensor<?x9xf16, #girih.dims<n, 9>>):
    %v, %w = girih.topk %a {axis = 1 : i64} : (tensor<?x9xf16, #girih.dims<n, 9>>) -> (tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>)
    girih.yield %v, %w : tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>
  }
  return %0, %1, %2#0, %2#1 : tensor<2x3x8xf32>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>
}
