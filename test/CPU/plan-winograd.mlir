// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s
// RUN: girih compile %s --stop-after=tile --cpu=x86-64-v4 | FileCheck %s --check-prefix=MEMORY
// RUN: girih compile %s --stop-after=graph --no-winograd | FileCheck %s --check-prefix=NONE
// NONE-NOT: winograd_conv

// Strips of rows of tiles, as many as leave pixels and products in the second-level cache. Transforms take all rows and all entries of their
// matrices at a time, and products as many tiles as there are in a row.
// CHECK: girih.kernel "conv"({{.*}}nest = [<d0, 2, task>, <d0, 1>, <d1, 1>, <d2, 1>, <d3, 4, rows>, <d4, 32, lanes>], reductions = [<at = 6, nest = [<k0, 6, unroll>]>]
// CHECK-SAME: <g0, at = 1, <{{[^g]*}}<d0, 6, rows>, <d3, 32, lanes>], reductions = [<at = 4, nest = [<k0, 6, unroll>]>]>>
// CHECK-SAME: <g1, at = 1, <{{[^g]*}}<d1, 6, rows>, <d4, 32, lanes>], reductions = [<at = 5, nest = [<k0, 6, unroll>]>]>>
// CHECK-SAME: <g2, at = 1, <{{[^g]*}}<d3, 14, rows>, <d4, 32, lanes>], reductions = [<at = 5, nest = [<k0, 4, unroll>]>]>>
// CHECK-SAME: <g3, at = 1, <{{[^g]*}}<d0, 4, rows>, <d4, 32, lanes>], reductions = [<at = 5, nest = [<k0, 6, unroll>]>]>>

// Two of the four stored values are needed at a time.
// MEMORY: func.func private @kernel_conv(
// MEMORY-COUNT-2: memref.view
// MEMORY-NOT: memref.view
// MEMORY: scf.forall
func.func @main(%x: tensor<1x58x58x64xf32> {girih.name = "x"}) -> (tensor<1x56x56x64xf32> {girih.name = "y"}) {
  %w = girih.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = girih.conv %x, %w {channels_last, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x58x58x64xf32>, tensor<64x64x3x3xf32>) -> tensor<1x56x56x64xf32> loc("conv"("Conv"))
  return %0 : tensor<1x56x56x64xf32>
}
