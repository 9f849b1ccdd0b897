// RUN: girih compile %s --stop-after=linalg | girih-opt --girih-plan-places --girih-print-domains -o /dev/null | FileCheck %s

// The loops of sums, normalisations and products.

// A sum over the first dimension: the others are one loop, contiguous in operand and result.
// CHECK-LABEL: kernel "leading"
// CHECK-NEXT:    loops d0 < 60 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 4
// CHECK-NEXT:      reads operand 0 at d0 + k0 * 60
// CHECK-NEXT:    writes result 0 at d0

// Over one in the middle: the loops before and behind it stay apart, steps of it are long ones.
// CHECK-LABEL: kernel "middle"
// CHECK-NEXT:    loops d0 < 4, d1 < 10 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 6
// CHECK-NEXT:      reads operand 0 at d0 * 60 + d1 + k0 * 10
// CHECK-NEXT:    writes result 0 at d0 * 10 + d1

// Over the last: the loops before it are one. The result is contiguous along them, the operand along the sum.
// CHECK-LABEL: kernel "trailing"
// CHECK-NEXT:    loops d0 < 24 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:    writes result 0 at d0

// Over two that lie apart in memory, two loops.
// CHECK-LABEL: kernel "outer"
// CHECK-NEXT:    loops d0 < 6 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 4, k1 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0 * 60 + k1
// CHECK-NEXT:    writes result 0 at d0

// Over all, as one; the result is a number and has no loops.
// CHECK-LABEL: kernel "all"
// CHECK-NEXT:    reduction 0: k0 < 240
// CHECK-NEXT:      reads operand 0 at k0
// CHECK-NEXT:    writes result 0 at 0

// Rows that lie in the middle: what is normalised is behind the reductions, though the loop beside it is the contiguous one.
// CHECK-LABEL: kernel "softmax"
// CHECK-NEXT:    loops d0 < 4, d1 < 10 (contiguous)
// CHECK-NEXT:    loops behind the reductions d2 < 6
// CHECK-NEXT:    reduction 0: k0 < 6
// CHECK-NEXT:      reads operand 0 at d0 * 60 + d1 + k0 * 10
// CHECK:         reads operand 0 at d0 * 60 + d2 * 10 + d1
// CHECK-NEXT:    writes result 0 at d0 * 60 + d2 * 10 + d1

// Scales are read where the result is, behind the reductions.
// CHECK-LABEL: kernel "rms"
// CHECK-NEXT:    loops d0 < 24
// CHECK-NEXT:    loops behind the reductions d1 < 10
// CHECK-NEXT:    reduction 0: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:    reads operand 0 at d0 * 10 + d1
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    writes result 0 at d0 * 10 + d1

// Two dimensions are normalised as one.
// CHECK-LABEL: kernel "mean"
// CHECK-NEXT:    loops d0 < 4
// CHECK-NEXT:    loops behind the reductions d1 < 60
// CHECK-NEXT:    reduction 0: k0 < 60
// CHECK-NEXT:      reads operand 0 at d0 * 60 + k0
// CHECK-NEXT:    reads operand 0 at d0 * 60 + d1
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    writes result 0 at d0 * 60 + d1

// Sizes that are not known, of rows, and of what lies between two elements of a column.
// CHECK-LABEL: kernel "lengths"
// CHECK-NEXT:    loops d0 < n * 6 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < m
// CHECK-NEXT:      reads operand 0 at d0 * m + k0
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "batches"
// CHECK-NEXT:    loops d0 < m * 6 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < n
// CHECK-NEXT:      reads operand 0 at d0 + k0 * (m * 6)
// CHECK-NEXT:    writes result 0 at d0

// What is element-wise before a sum is computed where the sum reads: a difference, squared, has no loops of its own.
// CHECK-LABEL: kernel "variance+centre+squares"
// CHECK-NEXT:    loops d0 < 24 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:      reads operand 1 at d0
// CHECK-NEXT:    writes result 0 at d0

// A matrix times a vector has nothing that both walk but the sum.
// CHECK-LABEL: kernel "vector"
// CHECK-NEXT:    loops d0 < 24 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 10
// CHECK-NEXT:      reads operand 0 at d0 * 10 + k0
// CHECK-NEXT:      reads operand 1 at k0
// CHECK-NEXT:    writes result 0 at d0

// Products of two inputs: both as they lie, neither packed.
// CHECK-LABEL: kernel "product"
// CHECK-NEXT:    loops d0 < 7, d1 < 5 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 9
// CHECK-NEXT:      reads operand 0 at d0 * 9 + k0
// CHECK-NEXT:      reads operand 1 at d1 + k0 * 5
// CHECK-NEXT:    writes result 0 at d0 * 5 + d1

// One that is turned around is turned first, by a kernel of its own, so that the product reads rows of it.
// CHECK-LABEL: kernel "turned"
// CHECK-NEXT:    loops d0 < 9, d1 < 5 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 + d1 * 9
// CHECK-NEXT:    writes result 0 at d0 * 5 + d1
// CHECK-LABEL: kernel "turned"
// CHECK-NEXT:    loops d0 < 7, d1 < 5 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 9
// CHECK-NEXT:      reads operand 0 at d0 * 9 + k0
// CHECK-NEXT:      reads operand 1 at d1 + k0 * 5
// CHECK-NEXT:    writes result 0 at d0 * 5 + d1

// Matrices that four heads share do not move with the heads: the rows of all four are one loop.
// CHECK-LABEL: kernel "heads"
// CHECK-NEXT:    loops d0 < 2, d1 < 24, d2 < 10 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 8
// CHECK-NEXT:      reads operand 0 at d0 * 192 + d1 * 8 + k0
// CHECK-NEXT:      reads operand 1 at d0 * 80 + d2 + k0 * 10
// CHECK-NEXT:    writes result 0 at d0 * 240 + d1 * 10 + d2
func.func @main(%x: tensor<4x6x10xf32> {girih.name = "x"}, %s: tensor<10xf32> {girih.name = "s"}, %t: tensor<6x10xf32> {girih.name = "t"}, %d: tensor<?x6x?xf32, #girih.dims<n, 6, m>> {girih.name = "d"},
                %u: tensor<4x6x1xf32> {girih.name = "u"}, %w: tensor<10xf32> {girih.name = "w"}, %a: tensor<7x9xf32> {girih.name = "a"}, %b: tensor<9x5xf32> {girih.name = "b"},
                %c: tensor<5x9xf32> {girih.name = "c"}, %h: tensor<2x4x6x8xf32> {girih.name = "h"}, %k: tensor<2x1x8x10xf32> {girih.name = "k"})
    -> (tensor<6x10xf32> {girih.name = "y0"}, tensor<4x10xf32> {girih.name = "y1"}, tensor<4x6xf32> {girih.name = "y2"}, tensor<6xf32> {girih.name = "y3"},
        tensor<f32> {girih.name = "y4"}, tensor<4x6x10xf32> {girih.name = "y5"}, tensor<4x6x10xf32> {girih.name = "y6"}, tensor<4x6x10xf32> {girih.name = "y7"},
        tensor<?x6xf32, #girih.dims<n, 6>> {girih.name = "y8"}, tensor<6x?xf32, #girih.dims<6, m>> {girih.name = "y9"}, tensor<4x6x1xf32> {girih.name = "y12"}, tensor<4x6xf32> {girih.name = "y13"},
        tensor<7x5xf32> {girih.name = "y14"}, tensor<7x5xf32> {girih.name = "y15"}, tensor<2x4x6x10xf32> {girih.name = "y16"}) {
  %0 = girih.reduce sum %x {axes = array<i64: 0>, keepdims = false} : (tensor<4x6x10xf32>) -> tensor<6x10xf32> loc("leading"("Reduce"))
  %1 = girih.reduce max %x {axes = array<i64: 1>, keepdims = false} : (tensor<4x6x10xf32>) -> tensor<4x10xf32> loc("middle"("Reduce"))
  %2 = girih.reduce sum %x {axes = array<i64: 2>, keepdims = false} : (tensor<4x6x10xf32>) -> tensor<4x6xf32> loc("trailing"("Reduce"))
  %3 = girih.reduce sum %x {axes = array<i64: 0, 2>, keepdims = false} : (tensor<4x6x10xf32>) -> tensor<6xf32> loc("outer"("Reduce"))
  %4 = girih.reduce mean %x {axes = array<i64: 0, 1, 2>, keepdims = false} : (tensor<4x6x10xf32>) -> tensor<f32> loc("all"("Reduce"))
  %5 = girih.softmax %x {axis = 1 : i64} : (tensor<4x6x10xf32>) -> tensor<4x6x10xf32> loc("softmax"("Softmax"))
  %6 = girih.layer_norm %x scale %s {axis = 2 : i64, epsilon = 1.0e-05 : f32, rms} : (tensor<4x6x10xf32>, tensor<10xf32>) -> tensor<4x6x10xf32> loc("rms"("RMSNormalization"))
  %7 = girih.layer_norm %x scale %t {axis = 1 : i64, epsilon = 1.0e-05 : f32, rms} : (tensor<4x6x10xf32>, tensor<6x10xf32>) -> tensor<4x6x10xf32> loc("mean"("RMSNormalization"))
  %8 = girih.reduce sum %d {axes = array<i64: 2>, keepdims = false} : (tensor<?x6x?xf32, #girih.dims<n, 6, m>>) -> tensor<?x6xf32, #girih.dims<n, 6>> loc("lengths"("Reduce"))
  %9 = girih.reduce sum %d {axes = array<i64: 0>, keepdims = false} : (tensor<?x6x?xf32, #girih.dims<n, 6, m>>) -> tensor<6x?xf32, #girih.dims<6, m>> loc("batches"("Reduce"))
  %10 = girih.binary sub %x, %u : (tensor<4x6x10xf32>, tensor<4x6x1xf32>) -> tensor<4x6x10xf32> loc("centre"("Sub"))
  %11 = girih.binary mul %10, %10 : (tensor<4x6x10xf32>, tensor<4x6x10xf32>) -> tensor<4x6x10xf32> loc("squares"("Mul"))
  %12 = girih.reduce mean %11 {axes = array<i64: 2>, keepdims = true} : (tensor<4x6x10xf32>) -> tensor<4x6x1xf32> loc("variance"("Reduce"))
  %13 = girih.matmul %x, %w : (tensor<4x6x10xf32>, tensor<10xf32>) -> tensor<4x6xf32> loc("vector"("MatMul"))
  %14 = girih.matmul %a, %b : (tensor<7x9xf32>, tensor<9x5xf32>) -> tensor<7x5xf32> loc("product"("MatMul"))
  %15 = girih.matmul %a, %c {transpose_rhs} : (tensor<7x9xf32>, tensor<5x9xf32>) -> tensor<7x5xf32> loc("turned"("MatMul"))
  %16 = girih.matmul %h, %k : (tensor<2x4x6x8xf32>, tensor<2x1x8x10xf32>) -> tensor<2x4x6x10xf32> loc("heads"("MatMul"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %12, %13, %14, %15, %16
    : tensor<6x10xf32>, tensor<4x10xf32>, tensor<4x6xf32>, tensor<6xf32>,
      tensor<f32>, tensor<4x6x10xf32>, tensor<4x6x10xf32>, tensor<4x6x10xf32>,
      tensor<?x6xf32, #girih.dims<n, 6>>, tensor<6x?xf32, #girih.dims<6, m>>, tensor<4x6x1xf32>, tensor<4x6xf32>,
      tensor<7x5xf32>, tensor<7x5xf32>, tensor<2x4x6x10xf32>
}
