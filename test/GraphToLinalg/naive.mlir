// RUN: girih-opt %s -girih-naive-kernels | FileCheck %s

// Buffers come in flat; sizes and strides that are not constant are arguments.
// CHECK-LABEL: func.func @main
// CHECK: girih.launch @kernel_relu(%{{.*}}) {bytes = #girih.dims<n * 32>, dims = #girih.dims<n>, flops = #girih.dims<n * 4>, name = "relu", tasks = #girih.dims<1>}
func.func @main(%x: tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  %r = girih.kernel "relu"(%x) : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  ^bb0(%a: tensor<?x4xf32, #girih.dims<n, 4>>):
    %n = girih.dim <n>
    %e = tensor.empty(%n) : tensor<?x4xf32, #girih.dims<n, 4>>
    %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x4xf32, #girih.dims<n, 4>>) outs(%e : tensor<?x4xf32, #girih.dims<n, 4>>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    } -> tensor<?x4xf32, #girih.dims<n, 4>>
    girih.yield %0 : tensor<?x4xf32, #girih.dims<n, 4>>
  }
  return %r : tensor<?x4xf32, #girih.dims<n, 4>>
}

// CHECK: func.func private @kernel_relu(%[[IN:.*]]: memref<?xf32>, %[[OUT:.*]]: memref<?xf32>, %[[N:.*]]: index)
// CHECK: %[[X:.*]] = memref.reinterpret_cast %[[IN]] to offset: [0], sizes: [%[[N]], 4], strides: [4, 1] : memref<?xf32> to memref<?x4xf32>
// CHECK: scf.forall (%{{.*}}) in (1)
// CHECK: scf.for
// CHECK: %[[V:.*]] = memref.load %[[X]]
// CHECK: %[[M:.*]] = arith.maximumf %[[V]]
// CHECK: memref.store %[[M]]
