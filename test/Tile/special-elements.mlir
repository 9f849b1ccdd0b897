// RUN: girih-opt %s --girih-tile-kernels | FileCheck %s
// RUN: sed 's/, girih.by_element//' %s | girih-opt --girih-plan-cuda | FileCheck %s --check-prefix=PLAN

// By elements: each looks for what concerns it. Lines of a sum are independent behind the axis as well.
// CHECK-LABEL: func.func @main
// CHECK: girih.launch @kernel_cumsum{{.*}} tasks = #girih.dims<16>
// CHECK: girih.launch @kernel_scatter{{.*}} tasks = #girih.dims<n * 4>
// CHECK: girih.launch @kernel_tuples{{.*}} tasks = #girih.dims<n * 4>
// CHECK: girih.launch @kernel_topk{{.*}} tasks = #girih.dims<n * 9>

// CHECK-LABEL: func.func private @kernel_cumsum
// CHECK: scf.forall
// CHECK: scf.for %{{.*}} iter_args(%{{.*}}) -> (f32)
// CHECK: memref.store

// The data, then the updates of this element in their order; those are fewer than the columns.
// CHECK-LABEL: func.func private @kernel_scatter
// CHECK: scf.forall
// CHECK: arith.cmpi slt
// CHECK: %[[R:.*]] = scf.for %{{.*}} iter_args(%[[OLD:.*]] = %{{.*}}) -> (i8) {
// CHECK:   %[[HERE:.*]] = arith.cmpi eq
// CHECK:   scf.if %[[HERE]] -> (i8) {
// CHECK:     arith.maxui %[[OLD]]
// CHECK: memref.store %[[R]]
// CHECK-NOT: memref.store

// CHECK-LABEL: func.func private @kernel_tuples
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: %[[ROW:.*]] = arith.cmpi eq
// CHECK: %[[COLUMN:.*]] = arith.cmpi eq
// CHECK: scf.if
// CHECK: memref.store
// CHECK-NOT: memref.store

// How many are better is where an element goes, if that is among the results.
// CHECK-LABEL: func.func private @kernel_topk
// CHECK: scf.forall
// CHECK: %[[RANK:.*]] = scf.for %{{.*}} iter_args(%{{.*}} = %c0{{.*}}) -> (index)
// CHECK: %[[IS:.*]] = arith.cmpi slt, %[[RANK]]
// CHECK: scf.if %[[IS]] {
// CHECK:   memref.store
// CHECK:   memref.store

// A GPU's plan says so, but where what is before the axis is enough.
// PLAN: girih.cumsum {{.*}}girih.by_element
// PLAN: girih.scatter_elements {{.*}}girih.by_element
// PLAN: girih.scatter_nd {{.*}}girih.by_element
// PLAN: girih.topk {{.*}}girih.by_element
// PLAN: girih.scatter_elements %{{.*}} {axis = 1 : i64, fn = #girih<scatter_fn none>}
// PLAN: girih.topk %{{.*}} {axis = 1 : i64} :

func.func @main(%x: tensor<2x3x8xf32>, %d: tensor<?x4xui8, #girih.dims<n, 4>>, %i: tensor<2x3xi64>, %u: tensor<2x3xui8>, %t: tensor<5x2xi64>, %v: tensor<5xui8>,
                %r: tensor<?x9xf16, #girih.dims<n, 9>>, %m: tensor<20000x8xf32>, %j: tensor<20000x2xi64>, %w: tensor<20000x2xf32>, %z: tensor<8192x1024xf32>)
    -> (tensor<2x3x8xf32>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>,
        tensor<20000x8xf32>, tensor<8192x2xf32>, tensor<8192x2xi64>) {
  %0 = girih.kernel "cumsum"(%x) : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  ^bb0(%a: tensor<2x3x8xf32>):
    %s = girih.cumsum %a {axis = 1 : i64, girih.by_element} : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
    girih.yield %s : tensor<2x3x8xf32>
  }
  %1 = girih.kernel "scatter"(%d, %i, %u) : (tensor<?x4xui8, #girih.dims<n, 4>>, tensor<2x3xi64>, tensor<2x3xui8>) -> tensor<?x4xui8, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xi8, #girih.dims<n, 4>>, %b: tensor<2x3xi64>, %c: tensor<2x3xi8>):
    %s = girih.scatter_elements %a, %b, %c {axis = 0 : i64, fn = #girih<scatter_fn max>, girih.by_element, girih.unsigned} : (tensor<?x4xi8, #girih.dims<n, 4>>, tensor<2x3xi64>, tensor<2x3xi8>) -> tensor<?x4xi8, #girih.dims<n, 4>>
    girih.yield %s : tensor<?x4xi8, #girih.dims<n, 4>>
  }
  %2 = girih.kernel "tuples"(%d, %t, %v) : (tensor<?x4xui8, #girih.dims<n, 4>>, tensor<5x2xi64>, tensor<5xui8>) -> tensor<?x4xui8, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xi8, #girih.dims<n, 4>>, %b: tensor<5x2xi64>, %c: tensor<5xi8>):
    %s = girih.scatter_nd %a, %b, %c {fn = #girih<scatter_fn add>, girih.by_element, girih.unsigned} : (tensor<?x4xi8, #girih.dims<n, 4>>, tensor<5x2xi64>, tensor<5xi8>) -> tensor<?x4xi8, #girih.dims<n, 4>>
    girih.yield %s : tensor<?x4xi8, #girih.dims<n, 4>>
  }
  %3:2 = girih.kernel "topk"(%r) : (tensor<?x9xf16, #girih.dims<n, 9>>) -> (tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>) {
  ^bb0(%a: tensor<?x9xf16, #girih.dims<n, 9>>):
    %b, %c = girih.topk %a {axis = 1 : i64, girih.by_element} : (tensor<?x9xf16, #girih.dims<n, 9>>) -> (tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>)
    girih.yield %b, %c : tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>
  }
  %4 = girih.kernel "rows"(%m, %j, %w) : (tensor<20000x8xf32>, tensor<20000x2xi64>, tensor<20000x2xf32>) -> tensor<20000x8xf32> {
  ^bb0(%a: tensor<20000x8xf32>, %b: tensor<20000x2xi64>, %c: tensor<20000x2xf32>):
    %s = girih.scatter_elements %a, %b, %c {axis = 1 : i64, fn = #girih<scatter_fn none>} : (tensor<20000x8xf32>, tensor<20000x2xi64>, tensor<20000x2xf32>) -> tensor<20000x8xf32>
    girih.yield %s : tensor<20000x8xf32>
  }
  %5:2 = girih.kernel "top"(%z) : (tensor<8192x1024xf32>) -> (tensor<8192x2xf32>, tensor<8192x2xi64>) {
  ^bb0(%a: tensor<8192x1024xf32>):
    %b, %c = girih.topk %a {axis = 1 : i64} : (tensor<8192x1024xf32>) -> (tensor<8192x2xf32>, tensor<8192x2xi64>)
    girih.yield %b, %c : tensor<8192x2xf32>, tensor<8192x2xi64>
  }
  return %0, %1, %2, %3#0, %3#1, %4, %5#0, %5#1 : tensor<2x3x8xf32>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x4xui8, #girih.dims<n, 4>>, tensor<?x2xf16, #girih.dims<n, 2>>, tensor<?x2xi64, #girih.dims<n, 2>>,
    tensor<20000x8xf32>, tensor<8192x2xf32>, tensor<8192x2xi64>
}
