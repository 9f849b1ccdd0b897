// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// What register tiles and their reductions become where all sizes are known: nothing asks for an end at run time.

// Ten rows in tiles of four, 24 columns in tiles of two vectors: what is left of each is written out, a tile of four rows by a vector inside of the
// loop, and two of two rows behind it. Without `fma`, products and sums are two operations.
// CHECK-LABEL: func.func private @kernel_tile(
// CHECK-NOT:     arith.min
// CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c4 {
// CHECK:           scf.for {{.*}} iter_args
// CHECK-COUNT-8:     arith.addf {{.*}} : vector<8xf32>
// CHECK:             scf.yield
// CHECK-COUNT-8:   vector.store
// CHECK:           scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-4:   vector.store
// CHECK:         scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-4: vector.store
// CHECK:         scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-2: vector.store
// CHECK-NOT:     math.fma

// With lanes outside, one panel of columns meets all rows; five divide ten, and the rest of the columns has a loop over rows of its own.
// CHECK-LABEL: func.func private @kernel_panels(
// CHECK:         scf.for %{{.*}} = %c0 to %c10 step %c5 {
// CHECK-NEXT:      scf.for {{.*}} iter_args
// CHECK-COUNT-10:    math.fma
// CHECK:             scf.yield
// CHECK-COUNT-10:  vector.store
// CHECK:         scf.for %{{.*}} = %c0 to %c10 step %c5 {
// CHECK-COUNT-5:     math.fma
// CHECK-COUNT-5:   vector.store
// CHECK-NEXT:    }
// CHECK-NEXT:    return

// Four rows of windows of three, written out: they read six vectors and not twelve.
// CHECK-LABEL: func.func private @kernel_window(
// CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c4 {
// CHECK-COUNT-6:   vector.load
// CHECK-NOT:       vector.load
// CHECK-COUNT-4:   vector.store
// CHECK-NOT:     scf.for

// Partial results of any type and kind, in two vectors, which begin with the neutral value; they are combined by what combines the elements.
// CHECK-LABEL: func.func private @kernel_integers(
// CHECK:         scf.for {{.*}} -> (vector<8xi32>, vector<8xi32>) {
// CHECK:         arith.addi {{.*}} : vector<8xi32>
// CHECK:         arith.addi {{.*}} : vector<4xi32>
// CHECK:         memref.store {{.*}} : memref<?xi32>
// CHECK-LABEL: func.func private @kernel_largest(
// CHECK:         %[[LOW:.*]] = arith.constant dense<0xFF800000> : vector<8xf32>
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[LOW]], %{{.*}} = %[[LOW]])
// CHECK:         arith.maximumf {{.*}} : vector<8xf32>
// CHECK:         arith.maximumf {{.*}} : vector<4xf32>
// CHECK:         arith.maximumf {{.*}} : vector<1xf32>
// CHECK-NOT:     arith.addf

// Rows with lanes along their sums: the rows of a tile have a vector each, in one loop.
// CHECK-LABEL: func.func private @kernel_squares(
// CHECK:         scf.for %{{.*}} = %c0 to %c6 step %c2 {
// CHECK:           scf.for %{{.*}} = %c0 to %c64 step %c8 iter_args
// CHECK-COUNT-2:     math.fma
// CHECK:           }
// CHECK-NOT:       scf.for
// CHECK-COUNT-2:   memref.store

// The sum of no elements is what it begins with.
// CHECK-LABEL: func.func private @kernel_nothing(
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         scf.for
// CHECK-NEXT:      memref.store %[[ZERO]], %arg1
// CHECK-NEXT:    }
// CHECK-NEXT:    return

// A reduction of two results keeps both; of these, one is stored.
// CHECK-LABEL: func.func private @kernel_position(
// CHECK:         %[[BEST:.*]]:2 = scf.for %{{.*}} = %c0 to %c64 step %c4 iter_args({{.*}}) -> (f32, i64) {
// CHECK-COUNT-4:   arith.cmpf
// CHECK:         }
// CHECK-NEXT:    memref.store %[[BEST]]#1, %arg1

// What no sum depends on is behind it: a loop over columns, inside of that over rows, which does not sum again.
// CHECK-LABEL: func.func private @kernel_shares(
// CHECK:         scf.for %[[ROW:.*]] = %c0 to %c6 step %c1 {
// CHECK:           scf.for %{{.*}} = %c0 to %c64 step %c16 iter_args
// CHECK:           %[[SUM:.*]] = vector.extract %{{.*}}[0] : f32
// CHECK-NEXT:      scf.for %{{.*}} = %c0 to %c64 step %c16 {
// CHECK-NOT:         arith.addf
// CHECK:             %[[SUMS:.*]] = vector.broadcast %[[SUM]]
// CHECK-COUNT-2:     arith.divf {{.*}}, %[[SUMS]]

// A row at an index is contiguous: the index is a number, and vectors are loaded behind it. Columns at indices have one for each lane. Of five columns
// the other lanes' indices do not exist, and nothing is read for them.
// CHECK-LABEL: func.func private @kernel_at_rows(
// CHECK:         memref.load %arg1
// CHECK-COUNT-2: vector.load %arg0
// CHECK-NOT:     vector.gather
// CHECK-LABEL: func.func private @kernel_at_columns(
// CHECK:         %[[FIVE:.*]] = vector.constant_mask [5] : vector<8xi1>
// CHECK:         vector.maskedload %arg1[%{{.*}}], %[[FIVE]]
// CHECK:         vector.gather %arg0[%{{.*}}] [%{{.*}}], %[[FIVE]]
// CHECK:         vector.maskedstore %arg2[%{{.*}}], %[[FIVE]]
func.func @main(%x: tensor<10x20xf32>, %w: tensor<20x24xf32>, %z: tensor<10x32xf32>, %i: tensor<6x64xi32>, %l: tensor<6x64xf32>,
                %em: tensor<6x0xf32>, %n: tensor<5xi64>)
    -> (tensor<10x24xf32>, tensor<10x24xf32>, tensor<8x24xf32>, tensor<6xi32>, tensor<6xf32>, tensor<6xf32>,
        tensor<6xf32>, tensor<6xi64>, tensor<6x64xf32>, tensor<5x64xf32>, tensor<6x5xf32>) {
  %r0 = girih.kernel "tile"(%x, %w) attributes {schedule = [#girih.schedule<width = 8, fma = false, nest = [<d0, 4, rows>, <d1, 16, lanes>], reductions = [<at = 2, nest = [<k0, 1>]>]>]}
    : (tensor<10x20xf32>, tensor<20x24xf32>) -> tensor<10x24xf32> {
  ^bb0(%x0: tensor<10x20xf32>, %w0: tensor<20x24xf32>):
    %init = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<10x24xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<10x24xf32>) -> tensor<10x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<10x20xf32>, tensor<20x24xf32>) outs(%f : tensor<10x24xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<10x24xf32>
    girih.yield %p : tensor<10x24xf32>
  }
  %r1 = girih.kernel "panels"(%x, %w) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d1, 16, lanes>, <d0, 5, rows>], reductions = [<at = 2, nest = [<k0, 1>]>]>]}
    : (tensor<10x20xf32>, tensor<20x24xf32>) -> tensor<10x24xf32> {
  ^bb0(%x0: tensor<10x20xf32>, %w0: tensor<20x24xf32>):
    %init = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<10x24xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<10x24xf32>) -> tensor<10x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<10x20xf32>, tensor<20x24xf32>) outs(%f : tensor<10x24xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<10x24xf32>
    girih.yield %p : tensor<10x24xf32>
  }
  %r2 = girih.kernel "window"(%z) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d1, 8, lanes>, <d0, 4, rows>], reductions = [<at = 2, nest = [<k0, 3, unroll>]>]>]}
    : (tensor<10x32xf32>) -> tensor<8x24xf32> {
  ^bb0(%z0: tensor<10x32xf32>):
    %init = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<8x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<8x24xf32>) -> tensor<8x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i + k, j + 2)>, affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%z0, %size : tensor<10x32xf32>, tensor<3xf32>) outs(%f : tensor<8x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<8x24xf32>
    girih.yield %p : tensor<8x24xf32>
  }
  %r3 = girih.kernel "integers"(%i) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k0, 16, lanes>]>]>]}
    : (tensor<6x64xi32>) -> tensor<6xi32> {
  ^bb0(%i0: tensor<6x64xi32>):
    %init = arith.constant 0 : i32
    %e = tensor.empty() : tensor<6xi32>
    %f = linalg.fill ins(%init : i32) outs(%e : tensor<6xi32>) -> tensor<6xi32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%i0 : tensor<6x64xi32>) outs(%f : tensor<6xi32>) {
    ^bb0(%a: i32, %acc: i32):
      %s = arith.addi %acc, %a : i32
      linalg.yield %s : i32
    } -> tensor<6xi32>
    girih.yield %p : tensor<6xi32>
  }
  %r4 = girih.kernel "largest"(%l) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k0, 16, lanes>]>]>]}
    : (tensor<6x64xf32>) -> tensor<6xf32> {
  ^bb0(%l0: tensor<6x64xf32>):
    %init = arith.constant 0xFF800000 : f32
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%l0 : tensor<6x64xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.maximumf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  %r5 = girih.kernel "squares"(%l) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 2, rows>], reductions = [<at = 1, nest = [<k0, 8, lanes>]>]>]}
    : (tensor<6x64xf32>) -> tensor<6xf32> {
  ^bb0(%l0: tensor<6x64xf32>):
    %init = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%l0 : tensor<6x64xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %q = arith.mulf %a, %a : f32
      %s = arith.addf %acc, %q : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  %r6 = girih.kernel "nothing"(%em) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k0, 8, lanes>]>]>]}
    : (tensor<6x0xf32>) -> tensor<6xf32> {
  ^bb0(%em0: tensor<6x0xf32>):
    %init = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%init : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%em0 : tensor<6x0xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  %r7 = girih.kernel "position"(%l) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k0, 4, unroll>]>]>]}
    : (tensor<6x64xf32>) -> tensor<6xi64> {
  ^bb0(%l0: tensor<6x64xf32>):
    %low = arith.constant 0xFF800000 : f32
    %none = arith.constant 0 : i64
    %e = tensor.empty() : tensor<6xf32>
    %ei = tensor.empty() : tensor<6xi64>
    %f = linalg.fill ins(%low : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %g = linalg.fill ins(%none : i64) outs(%ei : tensor<6xi64>) -> tensor<6xi64>
    %p:2 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%l0 : tensor<6x64xf32>) outs(%f, %g : tensor<6xf32>, tensor<6xi64>) {
    ^bb0(%a: f32, %best: f32, %at: i64):
      %k = linalg.index 1 : index
      %i64 = arith.index_cast %k : index to i64
      %c = arith.cmpf ogt, %a, %best : f32
      %v = arith.select %c, %a, %best : f32
      %u = arith.select %c, %i64, %at : i64
      linalg.yield %v, %u : f32, i64
    } -> (tensor<6xf32>, tensor<6xi64>)
    %eo = tensor.empty() : tensor<6xi64>
    %o = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%p#1 : tensor<6xi64>) outs(%eo : tensor<6xi64>) {
    ^bb0(%v: i64, %out: i64):
      linalg.yield %v : i64
    } -> tensor<6xi64>
    girih.yield %o : tensor<6xi64>
  }
  %r8 = girih.kernel "shares"(%l) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>, <d1, 16, lanes>], reductions = [<at = 1, nest = [<k0, 16, lanes>]>]>]}
    : (tensor<6x64xf32>) -> tensor<6x64xf32> {
  ^bb0(%l0: tensor<6x64xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %ee = tensor.empty() : tensor<6x64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%l0 : tensor<6x64xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%l0, %p : tensor<6x64xf32>, tensor<6xf32>) outs(%ee : tensor<6x64xf32>) {
    ^bb0(%a: f32, %sum: f32, %out: f32):
      %q = arith.divf %a, %sum : f32
      linalg.yield %q : f32
    } -> tensor<6x64xf32>
    girih.yield %o : tensor<6x64xf32>
  }
  %r9 = girih.kernel "at_rows"(%l, %n) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>, <d1, 16, lanes>]>]}
    : (tensor<6x64xf32>, tensor<5xi64>) -> tensor<5x64xf32> {
  ^bb0(%l0: tensor<6x64xf32>, %n0: tensor<5xi64>):
    %e = tensor.empty() : tensor<5x64xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%n0 : tensor<5xi64>) outs(%e : tensor<5x64xf32>) {
    ^bb0(%a: i64, %out: f32):
      %at = arith.index_cast %a : i64 to index
      %c = linalg.index 1 : index
      %v = tensor.extract %l0[%at, %c] : tensor<6x64xf32>
      linalg.yield %v : f32
    } -> tensor<5x64xf32>
    girih.yield %p : tensor<5x64xf32>
  }
  %r10 = girih.kernel "at_columns"(%l, %n) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>, <d1, 8, lanes>]>]}
    : (tensor<6x64xf32>, tensor<5xi64>) -> tensor<6x5xf32> {
  ^bb0(%l0: tensor<6x64xf32>, %n0: tensor<5xi64>):
    %e = tensor.empty() : tensor<6x5xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%n0 : tensor<5xi64>) outs(%e : tensor<6x5xf32>) {
    ^bb0(%a: i64, %out: f32):
      %at = arith.index_cast %a : i64 to index
      %c = linalg.index 0 : index
      %v = tensor.extract %l0[%c, %at] : tensor<6x64xf32>
      linalg.yield %v : f32
    } -> tensor<6x5xf32>
    girih.yield %p : tensor<6x5xf32>
  }
  return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9, %r10
    : tensor<10x24xf32>, tensor<10x24xf32>, tensor<8x24xf32>, tensor<6xi32>, tensor<6xf32>, tensor<6xf32>,
      tensor<6xf32>, tensor<6xi64>, tensor<6x64xf32>, tensor<5x64xf32>, tensor<6x5xf32>
}
