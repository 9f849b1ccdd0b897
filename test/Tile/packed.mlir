// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// How products pack constants: a block of the lanes' loop after the other, in each the steps of the sum, in each of these the lanes. Behind the last column
// there are zeros, so that all loads are whole vectors. The weights are 1 to 6 for the first step and 7 to 12 for the second; the bytes are at the end.
// CHECK:       %[[TURNED:.*]] = girih.constant dense_resource<[[$T:packed.*]]> : tensor<16xf32>
// CHECK-NEXT:  %[[BLOCKS:.*]] = girih.constant dense_resource<[[$B:packed.*]]> : tensor<16xf32>
// CHECK-NEXT:  %[[VECTORS:.*]] = girih.constant dense_resource<[[$V:packed.*]]> : tensor<16xf32>
// CHECK:       girih.launch @kernel_vectors(%arg0, %[[VECTORS]])
// CHECK:       girih.launch @kernel_blocks(%arg0, %[[BLOCKS]])
// CHECK:       girih.launch @kernel_turned(%arg0, %[[TURNED]])

// Blocks of a vector: two steps of the first are eight elements, and the second begins behind them.
// CHECK-LABEL: func.func private @kernel_vectors(
// CHECK:         scf.for %[[K:.*]] = %c0 to %c2 step %c1
// CHECK:           %[[AT:.*]] = arith.muli %[[K]], %c4
// CHECK-NEXT:      vector.load %arg1[%[[AT]]]
// CHECK:         scf.for %[[K:.*]] = %c0 to %c2 step %c1
// CHECK:           %[[STEP:.*]] = arith.muli %[[K]], %c4
// CHECK-NEXT:      %[[AT:.*]] = arith.addi %[[STEP]], %c8
// CHECK-NEXT:      vector.load %arg1[%[[AT]]]
// CHECK:         vector.maskedstore

// One block of two vectors: a step is eight elements, of which six are there.
// CHECK-LABEL: func.func private @kernel_blocks(
// CHECK:         scf.for %[[K:.*]] = %c0 to %c2 step %c1
// CHECK:           %[[AT:.*]] = arith.muli %[[K]], %c8
// CHECK-NEXT:      vector.load %arg1[%[[AT]]]
// CHECK:           %[[NEXT:.*]] = arith.addi %[[AT]], %c4
// CHECK-NEXT:      vector.load %arg1[%[[NEXT]]]

// The same weights that lie the other way around are packed into the same bytes, and read alike.
// CHECK-LABEL: func.func private @kernel_turned(
// CHECK:           %[[AT:.*]] = arith.muli %{{.*}}, %c4
// CHECK-NEXT:      vector.load %arg1[%[[AT]]]
// CHECK-NOT:     vector.gather

// Behind the alignment, floats with their least byte first: 1 2 3 4, 7 8 9 10, 5 6 0 0, 11 12 0 0, or in one block 1 2 3 4 5 6 0 0, 7 8 9 10 11 12 0 0.
// CHECK:     dialect_resources
// CHECK-DAG: [[$T]]: "0x{{........}}0000803F000000400000404000008040{{0000E0400000004100001041000020410000A0400000C040(0{16})0000304100004041(0{16})}}"
// CHECK-DAG: [[$V]]: "0x{{........}}0000803F000000400000404000008040{{0000E0400000004100001041000020410000A0400000C040(0{16})0000304100004041(0{16})}}"
// CHECK-DAG: [[$B]]: "0x{{........}}0000803F0000004000004040000080400000A0400000C040{{(0{16})0000E0400000004100001041000020410000304100004041(0{16})}}"
func.func @main(%x: tensor<3x2xf32>)
    -> (tensor<3x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>) {
  %w = girih.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %v = girih.constant dense<[[1.0, 7.0], [2.0, 8.0], [3.0, 9.0], [4.0, 10.0], [5.0, 11.0], [6.0, 12.0]]> : tensor<6x2xf32>
  %r0 = girih.kernel "vectors"(%x, %w) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 1>, <d1, 4, lanes>], reductions = [<at = 2, nest = [<k0, 1>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 4, d0, d1 mod 4)>>]>]}
    : (tensor<3x2xf32>, tensor<2x6xf32>) -> tensor<3x6xf32> {
  ^bb0(%x0: tensor<3x2xf32>, %w0: tensor<2x6xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x6xf32>) -> tensor<3x6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<3x6xf32>
    girih.yield %p : tensor<3x6xf32>
  }
  %r1 = girih.kernel "blocks"(%x, %w) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 1>, <d1, 8, lanes>], reductions = [<at = 2, nest = [<k0, 1>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 8, d0, d1 mod 8)>>]>]}
    : (tensor<3x2xf32>, tensor<2x6xf32>) -> tensor<3x6xf32> {
  ^bb0(%x0: tensor<3x2xf32>, %w0: tensor<2x6xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x6xf32>) -> tensor<3x6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %w0 : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<3x6xf32>
    girih.yield %p : tensor<3x6xf32>
  }
  %r2 = girih.kernel "turned"(%x, %v) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 1>, <d1, 4, lanes>], reductions = [<at = 2, nest = [<k0, 1>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d0 floordiv 4, d1, d0 mod 4)>>]>]}
    : (tensor<3x2xf32>, tensor<6x2xf32>) -> tensor<3x6xf32> {
  ^bb0(%x0: tensor<3x2xf32>, %v0: tensor<6x2xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x6xf32>) -> tensor<3x6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x0, %v0 : tensor<3x2xf32>, tensor<6x2xf32>) outs(%f : tensor<3x6xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<3x6xf32>
    girih.yield %p : tensor<3x6xf32>
  }
  return %r0, %r1, %r2
    : tensor<3x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>
}
