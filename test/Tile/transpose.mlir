// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// As many rows as lanes, read side by side: four loads along the rows and eight shuffles, no gather. Behind the last whole square of columns one
// lane exists: nothing is read for the others. Rows that make no square are gathered.
// CHECK-LABEL: func.func private @kernel_transpose
// CHECK:         scf.for %[[COLUMN:.*]] = %c0 to %c8 step %c4 {
// CHECK-COUNT-4:   vector.load %arg0[{{.*}}] : memref<?xf32>, vector<4xf32>
// CHECK-COUNT-8:   vector.shuffle
// CHECK-COUNT-4:   vector.store
// CHECK:         }
// CHECK:         vector.load %arg0
// CHECK-NOT:     vector.load %arg0
// CHECK-COUNT-4: vector.maskedstore
// CHECK:         scf.for
// CHECK:         vector.gather
// An operand without rows is read as it is beside one that is transposed.
// CHECK-LABEL: func.func private @kernel_beside
// CHECK-COUNT-8: vector.shuffle
// CHECK:         vector.store
func.func @main(%x: tensor<9x?xf32, #girih.dims<9, n>>, %y: tensor<8x12xf32>, %z: tensor<2x8xf32>) -> (tensor<?x9xf32, #girih.dims<n, 9>>, tensor<12x8xf32>) {
  %r = girih.kernel "transpose"(%x) attributes {schedule = [#girih.schedule<width = 4, fma = false, nest = [<d0, 4, rows>, <d1, 4, lanes>]>]}
    : (tensor<9x?xf32, #girih.dims<9, n>>) -> tensor<?x9xf32, #girih.dims<n, 9>> {
  ^bb0(%x0: tensor<9x?xf32, #girih.dims<9, n>>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x9xf32, #girih.dims<n, 9>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<9x?xf32, #girih.dims<9, n>>) outs(%e : tensor<?x9xf32, #girih.dims<n, 9>>) {
    ^bb0(%a: f32, %out: f32):
      linalg.yield %a : f32
    } -> tensor<?x9xf32, #girih.dims<n, 9>>
    girih.yield %p : tensor<?x9xf32, #girih.dims<n, 9>>
  }
  %q = girih.kernel "beside"(%y, %z) attributes {schedule = [#girih.schedule<width = 4, fma = false, nest = [<d0, 4, rows>, <d1, 4, lanes>]>]}
    : (tensor<8x12xf32>, tensor<2x8xf32>) -> tensor<12x8xf32> {
  ^bb0(%y0: tensor<8x12xf32>, %z0: tensor<2x8xf32>):
    %e = tensor.empty() : tensor<12x8xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (1, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%y0, %z0 : tensor<8x12xf32>, tensor<2x8xf32>) outs(%e : tensor<12x8xf32>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %s = arith.addf %a, %c : f32
      linalg.yield %s : f32
    } -> tensor<12x8xf32>
    girih.yield %p : tensor<12x8xf32>
  }
  return %r, %q : tensor<?x9xf32, #girih.dims<n, 9>>, tensor<12x8xf32>
}
