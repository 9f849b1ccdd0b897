// DEFINE: %{machine} = --cpu=x86-64-v4
// DEFINE: %{registers} = 32
// DEFINE: %{prefix} = WIDE
// DEFINE: %{check} = girih compile %s --stop-after=plan %{machine} | %python %S/Inputs/plan_summary.py --registers=%{registers} | FileCheck %s --check-prefixes=ALL,%{prefix}
// RUN: %{check}
// REDEFINE: %{machine} = --target=aarch64-linux-gnu
// REDEFINE: %{prefix} = NEON
// RUN: %{check}
// REDEFINE: %{machine} = --cpu=x86-64-v3
// REDEFINE: %{registers} = 16
// REDEFINE: %{prefix} = NARROW
// RUN: %{check}

// What matters in the plans of matrix products, on 32 registers of 16 and of 4 lanes, and on 16 of 8.

// A row times a matrix: lanes are columns, some vectors of them so that sums do not wait for each other, and pieces of them are tasks.
// ALL:    vector: {{[4-9]|1[0-9]}} sums, lanes d0 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} unroll
// A matrix times a column has one sum a row: lanes are along it, and rows are tasks.
// ALL:    column: 1 sums, tasks d0, reduction k0 {{[0-9]+}} lanes

// 37 rows divide by nothing: tiles of 13, 6 or 10 leave a last one that is as large as can be.
// WIDE:   odd: 26 sums, rows d0 13, lanes d1 32, tasks d0
// NARROW: odd: 12 sums, rows d0 6, lanes d1 16, tasks d0
// NEON:   odd: 20 sums, rows d0 10, lanes d1 8, tasks d0

// Tall and thin: rows are tasks, and all columns are in each tile where that is no more than three vectors. 20000 rows
// have whole tiles of ten, or larger ones and a remainder where that is less to wait for.
// WIDE:   tall: 28 sums, rows d0 14, lanes d1 32, tasks d0, reduction
// NARROW: tall: 12 sums, rows d0 4, lanes d1 24, tasks d0, reduction
// NEON:   tall: 20 sums, rows d0 10, lanes d1 8, tasks d0, reduction
// Flat and wide: columns are tasks first, rows are all in a tile or in two.
// WIDE:   wide: 16 sums, rows d0 8, lanes d1 32, tasks d1
// NARROW: wide: 8 sums, rows d0 4, lanes d1 16, tasks d1
// NEON:   wide: 16 sums, rows d0 8, lanes d1 8, tasks d1
// Three rows by as many vectors as leave registers for operands.
// WIDE:   three: 24 sums, rows d0 3, lanes d1 128, tasks d1
// NARROW: three: 12 sums, rows d0 3, lanes d1 32, tasks d1
// NEON:   three: 24 sums, rows d0 3, lanes d1 32, tasks d1

// Matrices of a batch are tasks, each whole matrix or some rows.
// ALL:    batched: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0
// Sixteen numbers are no task; a long sum of few columns is all that there is to divide.
// ALL:    small: 4 sums, rows d0 4, lanes d1 {{[0-9]+}}, reduction
// ALL:    deep: {{[48]}} sums, rows d0 4, lanes d1 {{[0-9]+}},
// One number: lanes along the sum.
// ALL:    dot: 1 sums, reduction k0 {{[0-9]+}} lanes

// Rows that only a run knows: as many as registers allow, and tasks of them. Those of all sequences are one loop.
// WIDE:   tokens: 28 sums, rows d0 14, lanes d1 32, tasks d0
// NARROW: tokens: 12 sums, rows d0 6, lanes d1 16, tasks d0
// NEON:   tokens: 2{{[0-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
// ALL:    sequences: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
func.func @main(%v: tensor<1x768xf32> {girih.name = "v"}, %a: tensor<3072x768xf32> {girih.name = "a"}, %c: tensor<768x1xf32> {girih.name = "c"}, %o: tensor<37x129xf32> {girih.name = "o"},
                %t: tensor<20000x24xf32> {girih.name = "t"}, %x: tensor<8x256xf32> {girih.name = "x"}, %x3: tensor<3x512xf32> {girih.name = "x3"}, %b: tensor<16x64x32xf32> {girih.name = "b"},
                %b2: tensor<16x32x64xf32> {girih.name = "b2"}, %s: tensor<4x4xf32> {girih.name = "s"}, %s2: tensor<4x4xf32> {girih.name = "s2"}, %d: tensor<4x20000xf32> {girih.name = "d"},
                %p: tensor<1x5000xf32> {girih.name = "p"}, %q: tensor<5000x1xf32> {girih.name = "q"}, %n: tensor<?x256xf32, #girih.dims<n, 256>> {girih.name = "n"}, %m: tensor<?x?x64xf32, #girih.dims<n, s, 64>> {girih.name = "m"})
    -> (tensor<1x3072xf32> {girih.name = "y0"}, tensor<3072x1xf32> {girih.name = "y1"}, tensor<37x75xf32> {girih.name = "y2"}, tensor<20000x20xf32> {girih.name = "y3"},
        tensor<8x8000xf32> {girih.name = "y4"}, tensor<3x512xf32> {girih.name = "y5"}, tensor<16x64x64xf32> {girih.name = "y6"}, tensor<4x4xf32> {girih.name = "y7"},
        tensor<4x16xf32> {girih.name = "y8"}, tensor<1x1xf32> {girih.name = "y9"}, tensor<?x256xf32, #girih.dims<n, 256>> {girih.name = "y10"}, tensor<?x?x256xf32, #girih.dims<n, s, 256>> {girih.name = "y11"}) {
  %w = girih.constant dense<1.0> : tensor<768x3072xf32>
  %ow = girih.constant dense<1.0> : tensor<129x75xf32>
  %tw = girih.constant dense<1.0> : tensor<24x20xf32>
  %ww = girih.constant dense<1.0> : tensor<256x8000xf32>
  %w3 = girih.constant dense<1.0> : tensor<512x512xf32>
  %dw = girih.constant dense<1.0> : tensor<20000x16xf32>
  %nw = girih.constant dense<1.0> : tensor<256x256xf32>
  %mw = girih.constant dense<1.0> : tensor<64x256xf32>
  %0 = girih.matmul %v, %w : (tensor<1x768xf32>, tensor<768x3072xf32>) -> tensor<1x3072xf32> loc("vector"("MatMul"))
  %1 = girih.matmul %a, %c : (tensor<3072x768xf32>, tensor<768x1xf32>) -> tensor<3072x1xf32> loc("column"("MatMul"))
  %2 = girih.matmul %o, %ow : (tensor<37x129xf32>, tensor<129x75xf32>) -> tensor<37x75xf32> loc("odd"("MatMul"))
  %3 = girih.matmul %t, %tw : (tensor<20000x24xf32>, tensor<24x20xf32>) -> tensor<20000x20xf32> loc("tall"("MatMul"))
  %4 = girih.matmul %x, %ww : (tensor<8x256xf32>, tensor<256x8000xf32>) -> tensor<8x8000xf32> loc("wide"("MatMul"))
  %5 = girih.matmul %x3, %w3 : (tensor<3x512xf32>, tensor<512x512xf32>) -> tensor<3x512xf32> loc("three"("MatMul"))
  %6 = girih.matmul %b, %b2 : (tensor<16x64x32xf32>, tensor<16x32x64xf32>) -> tensor<16x64x64xf32> loc("batched"("MatMul"))
  %7 = girih.matmul %s, %s2 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("small"("MatMul"))
  %8 = girih.matmul %d, %dw : (tensor<4x20000xf32>, tensor<20000x16xf32>) -> tensor<4x16xf32> loc("deep"("MatMul"))
  %9 = girih.matmul %p, %q : (tensor<1x5000xf32>, tensor<5000x1xf32>) -> tensor<1x1xf32> loc("dot"("MatMul"))
  %10 = girih.matmul %n, %nw : (tensor<?x256xf32, #girih.dims<n, 256>>, tensor<256x256xf32>) -> tensor<?x256xf32, #girih.dims<n, 256>> loc("tokens"("MatMul"))
  %11 = girih.matmul %m, %mw : (tensor<?x?x64xf32, #girih.dims<n, s, 64>>, tensor<64x256xf32>) -> tensor<?x?x256xf32, #girih.dims<n, s, 256>> loc("sequences"("MatMul"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11
    : tensor<1x3072xf32>, tensor<3072x1xf32>, tensor<37x75xf32>, tensor<20000x20xf32>,
      tensor<8x8000xf32>, tensor<3x512xf32>, tensor<16x64x64xf32>, tensor<4x4xf32>,
      tensor<4x16xf32>, tensor<1x1xf32>, tensor<?x256xf32, #girih.dims<n, 256>>, tensor<?x?x256xf32, #girih.dims<n, s, 256>>
}
