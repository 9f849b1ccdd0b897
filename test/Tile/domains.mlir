// RUN: girih-opt %s --girih-print-domains -o /dev/null | FileCheck %s

// A product with constant weights: they are packed, so their own strides say nothing. Its epilogue is read at the result's indices.
// CHECK-LABEL: kernel "dense"
// CHECK-NEXT:    loops d0 < n, d1 < 48 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 20
// CHECK-NEXT:      reads operand 0 at d0 * 20 + k0
// CHECK-NEXT:      reads operand 1 at d1 + k0 * 48, may be packed
// CHECK-NEXT:    reads operand 2 at d1
// CHECK-NEXT:    writes result 0 at d0 * 48 + d1
func.func @dense(%x: tensor<?x20xf32, #girih.dims<n, 20>>, %b: tensor<48xf32>) -> tensor<?x48xf32, #girih.dims<n, 48>> {
  %w = girih.constant dense<1.0> : tensor<20x48xf32>
  %r = girih.kernel "dense"(%x, %w, %b) : (tensor<?x20xf32, #girih.dims<n, 20>>, tensor<20x48xf32>, tensor<48xf32>) -> tensor<?x48xf32, #girih.dims<n, 48>> {
  ^bb0(%x0: tensor<?x20xf32, #girih.dims<n, 20>>, %w0: tensor<20x48xf32>, %b0: tensor<48xf32>):
    %zero = arith.constant 0.0 : f32
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x48xf32, #girih.dims<n, 48>>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x48xf32, #girih.dims<n, 48>>) -> tensor<?x48xf32, #girih.dims<n, 48>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<?x20xf32, #girih.dims<n, 20>>, tensor<20x48xf32>) outs(%f : tensor<?x48xf32, #girih.dims<n, 48>>) {
    ^bb0(%a: f32, %c: f32, %acc: f32):
      %m = arith.mulf %a, %c : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x48xf32, #girih.dims<n, 48>>
    %o = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b0 : tensor<?x48xf32, #girih.dims<n, 48>>, tensor<48xf32>) outs(%e : tensor<?x48xf32, #girih.dims<n, 48>>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %s = arith.addf %a, %c : f32
      linalg.yield %s : f32
    } -> tensor<?x48xf32, #girih.dims<n, 48>>
    girih.yield %o : tensor<?x48xf32, #girih.dims<n, 48>>
  }
  return %r : tensor<?x48xf32, #girih.dims<n, 48>>
}

// Rows that are normalised: no reduction depends on the columns, so their loop is behind both. What the second one reads is the first one's
// result, at its place.
// CHECK-LABEL: kernel "softmax"
// CHECK-NEXT:    loops d0 < 6
// CHECK-NEXT:    loops behind the reductions d1 < 10
// CHECK-NEXT:    reduction 0: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:    reduction 1: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:    reads operand 0 at d0 * 10 + d1
// CHECK-NEXT:    writes result 0 at d0 * 10 + d1
func.func @softmax(%x: tensor<6x10xf32>) -> tensor<6x10xf32> {
  %r = girih.kernel "softmax"(%x) : (tensor<6x10xf32>) -> tensor<6x10xf32> {
  ^bb0(%x0: tensor<6x10xf32>):
    %low = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %rows = tensor.empty() : tensor<6xf32>
    %all = tensor.empty() : tensor<6x10xf32>
    %f = linalg.fill ins(%low : f32) outs(%rows : tensor<6xf32>) -> tensor<6xf32>
    %max = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x0 : tensor<6x10xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %m = arith.maximumf %a, %acc : f32
      linalg.yield %m : f32
    } -> tensor<6xf32>
    %e = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0, %max : tensor<6x10xf32>, tensor<6xf32>) outs(%all : tensor<6x10xf32>) {
    ^bb0(%a: f32, %m: f32, %out: f32):
      %d = arith.subf %a, %m : f32
      %v = math.exp %d : f32
      linalg.yield %v : f32
    } -> tensor<6x10xf32>
    %g = linalg.fill ins(%zero : f32) outs(%rows : tensor<6xf32>) -> tensor<6xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<6x10xf32>) outs(%g : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%e, %sum : tensor<6x10xf32>, tensor<6xf32>) outs(%all : tensor<6x10xf32>) {
    ^bb0(%a: f32, %s: f32, %out: f32):
      %q = arith.divf %a, %s : f32
      linalg.yield %q : f32
    } -> tensor<6x10xf32>
    girih.yield %o : tensor<6x10xf32>
  }
  return %r : tensor<6x10xf32>
}

// A window of two rows and three columns: adjacent loops that memory walks as one are one, what a window reads is a sum of loops.
// CHECK-LABEL: kernel "window"
// CHECK-NEXT:    loops d0 < 4, d1 < 40 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 2, k1 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 112 + d1 + k0 * 56 + k1 * 8
// CHECK-NEXT:    writes result 0 at d0 * 40 + d1
func.func @window(%x: tensor<1x8x7x8xf32>) -> tensor<1x4x5x8xf32> {
  %r = girih.kernel "window"(%x) : (tensor<1x8x7x8xf32>) -> tensor<1x4x5x8xf32> {
  ^bb0(%x0: tensor<1x8x7x8xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<1x4x5x8xf32>
    %sizes = tensor.empty() : tensor<2x3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(n, h, w, c, y, x) -> (n, h * 2 + y, w + x, c)>, affine_map<(n, h, w, c, y, x) -> (y, x)>,
                                          affine_map<(n, h, w, c, y, x) -> (n, h, w, c)>],
                         iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x0, %sizes : tensor<1x8x7x8xf32>, tensor<2x3xf32>) outs(%f : tensor<1x4x5x8xf32>) {
    ^bb0(%a: f32, %size: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<1x4x5x8xf32>
    girih.yield %p : tensor<1x4x5x8xf32>
  }
  return %r : tensor<1x4x5x8xf32>
}

// One loop over all elements; an index that is computed is none of the loops'.
// CHECK-LABEL: kernel "flat"
// CHECK-NEXT:    loops d0 < h * 12 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "gather"
// CHECK-NEXT:    loops d0 < 3, d1 < 4 (contiguous)
// CHECK-NEXT:    reads operand 1 at d0
// CHECK-NEXT:    reads operand 0 at d1 and a computed index
// CHECK-NEXT:    writes result 0 at d0 * 4 + d1
func.func @maps(%x: tensor<?x3x4xf32, #girih.dims<h, 3, 4>>, %t: tensor<9x4xf32>, %i: tensor<3xi64>) -> (tensor<?x3x4xf32, #girih.dims<h, 3, 4>>, tensor<3x4xf32>) {
  %r = girih.kernel "flat"(%x) : (tensor<?x3x4xf32, #girih.dims<h, 3, 4>>) -> tensor<?x3x4xf32, #girih.dims<h, 3, 4>> {
  ^bb0(%x0: tensor<?x3x4xf32, #girih.dims<h, 3, 4>>):
    %h = girih.dim #girih.dims<h>
    %e = tensor.empty(%h) : tensor<?x3x4xf32, #girih.dims<h, 3, 4>>
    %p = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a, b, c)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x0 : tensor<?x3x4xf32, #girih.dims<h, 3, 4>>) outs(%e : tensor<?x3x4xf32, #girih.dims<h, 3, 4>>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<?x3x4xf32, #girih.dims<h, 3, 4>>
    girih.yield %p : tensor<?x3x4xf32, #girih.dims<h, 3, 4>>
  }
  %g = girih.kernel "gather"(%t, %i) : (tensor<9x4xf32>, tensor<3xi64>) -> tensor<3x4xf32> {
  ^bb0(%t0: tensor<9x4xf32>, %i0: tensor<3xi64>):
    %e = tensor.empty() : tensor<3x4xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
      ins(%i0 : tensor<3xi64>) outs(%e : tensor<3x4xf32>) {
    ^bb0(%a: i64, %out: f32):
      %at = arith.index_cast %a : i64 to index
      %c = linalg.index 1 : index
      %v = tensor.extract %t0[%at, %c] : tensor<9x4xf32>
      linalg.yield %v : f32
    } -> tensor<3x4xf32>
    girih.yield %p : tensor<3x4xf32>
  }
  return %r, %g : tensor<?x3x4xf32, #girih.dims<h, 3, 4>>, tensor<3x4xf32>
}
