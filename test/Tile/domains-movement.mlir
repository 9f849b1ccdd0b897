// RUN: girih compile %s --stop-after=linalg | girih-opt --girih-plan-places --girih-print-domains -o /dev/null | FileCheck %s

// What is read elsewhere than it is written: where each loop of the result moves in each operand.

// A slice begins somewhere and takes steps; one that goes back has a negative one.
// CHECK-LABEL: kernel "steps"
// CHECK-NEXT:    loops d0 < 5, d1 < 4 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 40 + d1 * 3 + 23
// CHECK-NEXT:    writes result 0 at d0 * 4 + d1
// CHECK-LABEL: kernel "backwards"
// CHECK-NEXT:    loops d0 < 12, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 20 + d1 * -1 + 19
// CHECK-NEXT:    writes result 0 at d0 * 20 + d1

// Rows of a tensor are a part of it: one loop. Of its columns they are apart.
// CHECK-LABEL: kernel "part"
// CHECK-NEXT:    loops d0 < 140 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 + 40
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "columns"
// CHECK-NEXT:    loops d0 < 12, d1 < 10 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 20 + d1 + 4
// CHECK-NEXT:    writes result 0 at d0 * 10 + d1

// Where the largest index of a gather is computed, which is compared with the size when all is done: one number, which has no loops.
// CHECK-LABEL: kernel "rows"
// CHECK-NEXT:    reduction 0: k0 < 5
// CHECK-NEXT:      reads operand 0 at k0
// CHECK-NEXT:      reads operand 0 at k0
// CHECK-NEXT:    writes result 0 at 0

// Rows at indices that are data: the index is read once a row, the columns are contiguous.
// CHECK-LABEL: kernel "rows"
// CHECK-NEXT:    loops d0 < 5, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 1 at d0
// CHECK-NEXT:    reads operand 0 at d1 and a computed index
// CHECK-NEXT:    writes result 0 at d0 * 20 + d1

// Columns at such indices.
// CHECK-LABEL: kernel "columns"
// CHECK-NEXT:    loops d0 < 12, d1 < 5 (contiguous)
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    reads operand 0 at d0 * 20 and a computed index
// CHECK-NEXT:    writes result 0 at d0 * 5 + d1

// What an operand is repeated along does not move it.
// CHECK-LABEL: kernel "expand"
// CHECK-NEXT:    loops d0 < 3, d1 < 12, d2 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d1
// CHECK-NEXT:    writes result 0 at d0 * 240 + d1 * 20 + d2
// CHECK-LABEL: kernel "outer"
// CHECK-NEXT:    loops d0 < 12, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    writes result 0 at d0 * 20 + d1

// What is the same everywhere leaves the loops of the others one.
// CHECK-LABEL: kernel "scalar"
// CHECK-NEXT:    loops d0 < 240 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0
// CHECK-NEXT:    reads operand 1 at 0
// CHECK-NEXT:    writes result 0 at d0

// Dimensions of size 1 have no loop, in the result as in operands.
// CHECK-LABEL: kernel "ones"
// CHECK-NEXT:    loops d0 < 6, d1 < 5, d2 < 4 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 4 + d2
// CHECK-NEXT:    reads operand 1 at d1 * 4 + d2
// CHECK-NEXT:    writes result 0 at d0 * 20 + d1 * 4 + d2

// A body that asks for its indices (is the column behind the row?) has a loop for each of them.
// CHECK-LABEL: kernel "triangle"
// CHECK-NEXT:    loops d0 < 12, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 20 + d1
// CHECK-NEXT:    writes result 0 at d0 * 20 + d1

// An index that is divided is computed. A loop that nothing is read along is one of the result all the same.
// CHECK-LABEL: kernel "repeat"
// CHECK-NEXT:    loops d0 < 4, d1 < 40 (contiguous)
// CHECK-NEXT:    reads operand 0 at 0 and a computed index
// CHECK-NEXT:    writes result 0 at d0 * 40 + d1
// CHECK-LABEL: kernel "range"
// CHECK-NEXT:    loops d0 < 7 (contiguous)
// CHECK-NEXT:    reads operand 0 at 0
// CHECK-NEXT:    writes result 0 at d0

// Sizes that only a run knows: strides are expressions of them. All elements are one loop, those before a broadcast operand as well.
// CHECK-LABEL: kernel "flat"
// CHECK-NEXT:    loops d0 < n * m * 8 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "channels"
// CHECK-NEXT:    loops d0 < n * m, d1 < 8 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 8 + d1
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    writes result 0 at d0 * 8 + d1
// CHECK-LABEL: kernel "batches"
// CHECK-NEXT:    loops d0 < n, d1 < m, d2 < 8 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * (m * 8) + d1 * 8 + d2
// CHECK-NEXT:    reads operand 1 at d0 * 8 + d2
// CHECK-NEXT:    writes result 0 at d0 * (m * 8) + d1 * 8 + d2

// A concatenation has no loops: its parts are written where it is, rows 40 apart. Who reads a part finds it there, too.
// CHECK-LABEL: kernel "relu"
// CHECK-NEXT:    loops d0 < 12, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 20 + d1
// CHECK-NEXT:    writes result 0 at d0 * 40 + d1
// CHECK-LABEL: kernel "copy"
// CHECK-NEXT:    loops d0 < 12, d1 < 20 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 20 + d1
// CHECK-NEXT:    writes result 0 at d0 * 40 + d1
// CHECK-LABEL: kernel "of_part"
// CHECK-NEXT:    loops d0 < 12 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 20
// CHECK-NEXT:      reads operand 0 at d0 * 40 + k0
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "of_whole"
// CHECK-NEXT:    loops d0 < 12 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 40
// CHECK-NEXT:      reads operand 0 at d0 * 40 + k0
// CHECK-NEXT:    writes result 0 at d0

// The inner dimension stays: the others walk the operand in another order.
// CHECK-LABEL: kernel "transpose"
// CHECK-NEXT:    loops d0 < 2, d1 < 4, d2 < 3, d3 < 5 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 60 + d1 * 5 + d2 * 20 + d3
// CHECK-NEXT:    writes result 0 at d0 * 60 + d1 * 15 + d2 * 5 + d3

// All dimensions turn around.
// CHECK-LABEL: kernel "transpose"
// CHECK-NEXT:    loops d0 < 5, d1 < 4, d2 < 3, d3 < 2 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 + d1 * 5 + d2 * 20 + d3 * 60
// CHECK-NEXT:    writes result 0 at d0 * 24 + d1 * 6 + d2 * 2 + d3

// Two that stay together are one loop.
// CHECK-LABEL: kernel "transpose"
// CHECK-NEXT:    loops d0 < 20, d1 < 6 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 + d1 * 20
// CHECK-NEXT:    writes result 0 at d0 * 6 + d1

// Strides of an operand and of the result that are not known.
// CHECK-LABEL: kernel "transpose"
// CHECK-NEXT:    loops d0 < m, d1 < n, d2 < 8 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 8 + d1 * (m * 8) + d2
// CHECK-NEXT:    writes result 0 at d0 * (n * 8) + d1 * 8 + d2
func.func @main(%x: tensor<12x20xf32> {girih.name = "x"}, %i: tensor<5xi64> {girih.name = "i"}, %b: tensor<12x1xf32> {girih.name = "b"}, %r: tensor<1x20xf32> {girih.name = "r"},
                %x2: tensor<12x20xf32> {girih.name = "x2"}, %s: tensor<f32> {girih.name = "s"}, %q: tensor<1x6x1x4xf32> {girih.name = "q"}, %q2: tensor<1x1x5x4xf32> {girih.name = "q2"},
                %v: tensor<2x3x4x5xf32> {girih.name = "v"}, %d: tensor<?x?x8xf32, #girih.dims<n, m, 8>> {girih.name = "d"}, %c: tensor<8xf32> {girih.name = "c"}, %e: tensor<?x1x8xf32, #girih.dims<n, 1, 8>> {girih.name = "e"})
    -> (tensor<5x4xf32> {girih.name = "y0"}, tensor<12x20xf32> {girih.name = "y1"}, tensor<7x20xf32> {girih.name = "y2"}, tensor<12x10xf32> {girih.name = "y3"},
        tensor<5x20xf32> {girih.name = "y4"}, tensor<12x5xf32> {girih.name = "y5"}, tensor<3x12x20xf32> {girih.name = "y6"}, tensor<12x20xf32> {girih.name = "y7"},
        tensor<12x20xf32> {girih.name = "y8"}, tensor<1x6x5x4xf32> {girih.name = "y9"}, tensor<12x20xf32> {girih.name = "y10"}, tensor<4x40xf32> {girih.name = "y11"},
        tensor<7xf32> {girih.name = "y12"}, tensor<2x4x3x5xf32> {girih.name = "y13"}, tensor<5x4x3x2xf32> {girih.name = "y14"}, tensor<4x5x2x3xf32> {girih.name = "y15"},
        tensor<?x?x8xf32, #girih.dims<n, m, 8>> {girih.name = "y16"}, tensor<?x?x8xf32, #girih.dims<n, m, 8>> {girih.name = "y17"}, tensor<?x?x8xf32, #girih.dims<n, m, 8>> {girih.name = "y18"}, tensor<?x?x8xf32, #girih.dims<m, n, 8>> {girih.name = "y19"},
        tensor<12x20xf32> {girih.name = "y20"}, tensor<12x40xf32> {girih.name = "y21"}, tensor<12xf32> {girih.name = "y22"}, tensor<12xf32> {girih.name = "y23"}) {
  %0 = girih.slice %x {starts = #girih.dims<1, 3>, steps = array<i64: 2, 3>} : (tensor<12x20xf32>) -> tensor<5x4xf32> loc("steps"("Slice"))
  %1 = girih.slice %x {starts = #girih.dims<0, 19>, steps = array<i64: 1, -1>} : (tensor<12x20xf32>) -> tensor<12x20xf32> loc("backwards"("Slice"))
  %2 = girih.slice %x {starts = #girih.dims<2, 0>, steps = array<i64: 1, 1>} : (tensor<12x20xf32>) -> tensor<7x20xf32> loc("part"("Slice"))
  %3 = girih.slice %x {starts = #girih.dims<0, 4>, steps = array<i64: 1, 1>} : (tensor<12x20xf32>) -> tensor<12x10xf32> loc("columns"("Slice"))
  %4 = girih.gather %x, %i {axis = 0 : i64} : (tensor<12x20xf32>, tensor<5xi64>) -> tensor<5x20xf32> loc("rows"("Gather"))
  %5 = girih.gather %x, %i {axis = 1 : i64} : (tensor<12x20xf32>, tensor<5xi64>) -> tensor<12x5xf32> loc("columns"("Gather"))
  %6 = girih.expand %b : (tensor<12x1xf32>) -> tensor<3x12x20xf32> loc("expand"("Expand"))
  %7 = girih.binary mul %b, %r : (tensor<12x1xf32>, tensor<1x20xf32>) -> tensor<12x20xf32> loc("outer"("Mul"))
  %8 = girih.binary mul %x, %s : (tensor<12x20xf32>, tensor<f32>) -> tensor<12x20xf32> loc("scalar"("Mul"))
  %9 = girih.binary add %q, %q2 : (tensor<1x6x1x4xf32>, tensor<1x1x5x4xf32>) -> tensor<1x6x5x4xf32> loc("ones"("Add"))
  %10 = girih.trilu %x {k = 0 : i64, upper} : (tensor<12x20xf32>) -> tensor<12x20xf32> loc("triangle"("Trilu"))
  %11 = girih.tile %r : (tensor<1x20xf32>) -> tensor<4x40xf32> loc("repeat"("Tile"))
  %12 = girih.range %s, %s : (tensor<f32>, tensor<f32>) -> tensor<7xf32> loc("range"("Range"))
  %13 = girih.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x3x4x5xf32>) -> tensor<2x4x3x5xf32> loc("inner"("Transpose"))
  %14 = girih.transpose %v {permutation = array<i64: 3, 2, 1, 0>} : (tensor<2x3x4x5xf32>) -> tensor<5x4x3x2xf32> loc("reverse"("Transpose"))
  %15 = girih.transpose %v {permutation = array<i64: 2, 3, 0, 1>} : (tensor<2x3x4x5xf32>) -> tensor<4x5x2x3xf32> loc("pairs"("Transpose"))
  %16 = girih.unary relu %d : (tensor<?x?x8xf32, #girih.dims<n, m, 8>>) -> tensor<?x?x8xf32, #girih.dims<n, m, 8>> loc("flat"("Relu"))
  %17 = girih.binary add %d, %c : (tensor<?x?x8xf32, #girih.dims<n, m, 8>>, tensor<8xf32>) -> tensor<?x?x8xf32, #girih.dims<n, m, 8>> loc("channels"("Add"))
  %18 = girih.binary add %d, %e : (tensor<?x?x8xf32, #girih.dims<n, m, 8>>, tensor<?x1x8xf32, #girih.dims<n, 1, 8>>) -> tensor<?x?x8xf32, #girih.dims<n, m, 8>> loc("batches"("Add"))
  %19 = girih.transpose %d {permutation = array<i64: 1, 0, 2>} : (tensor<?x?x8xf32, #girih.dims<n, m, 8>>) -> tensor<?x?x8xf32, #girih.dims<m, n, 8>> loc("swap"("Transpose"))
  %20 = girih.unary relu %x : (tensor<12x20xf32>) -> tensor<12x20xf32> loc("relu"("Relu"))
  %21 = girih.concat %20, %x2 {axis = 1 : i64} : (tensor<12x20xf32>, tensor<12x20xf32>) -> tensor<12x40xf32> loc("concat"("Concat"))
  %22 = girih.reduce max %20 {axes = array<i64: 1>, keepdims = false} : (tensor<12x20xf32>) -> tensor<12xf32> loc("of_part"("Reduce"))
  %23 = girih.reduce max %21 {axes = array<i64: 1>, keepdims = false} : (tensor<12x40xf32>) -> tensor<12xf32> loc("of_whole"("Reduce"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19,
    %20, %21, %22, %23
    : tensor<5x4xf32>, tensor<12x20xf32>, tensor<7x20xf32>, tensor<12x10xf32>,
      tensor<5x20xf32>, tensor<12x5xf32>, tensor<3x12x20xf32>, tensor<12x20xf32>,
      tensor<12x20xf32>, tensor<1x6x5x4xf32>, tensor<12x20xf32>, tensor<4x40xf32>,
      tensor<7xf32>, tensor<2x4x3x5xf32>, tensor<5x4x3x2xf32>, tensor<4x5x2x3xf32>,
      tensor<?x?x8xf32, #girih.dims<n, m, 8>>, tensor<?x?x8xf32, #girih.dims<n, m, 8>>, tensor<?x?x8xf32, #girih.dims<n, m, 8>>, tensor<?x?x8xf32, #girih.dims<m, n, 8>>,
      tensor<12x20xf32>, tensor<12x40xf32>, tensor<12xf32>, tensor<12xf32>
}
