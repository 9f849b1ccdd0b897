// RUN: girih compile %source/test/CPU/plan.mlir --target=cuda --stop-after=plan | FileCheck %s
// RUN: girih compile %s --target=cuda --stop-after=plan | FileCheck %s --check-prefix=HERE
// RUN: girih compile %source/test/Tile/Inputs/attention.mlir --target=cuda --stop-after=plan | FileCheck %s --check-prefix=STORED

// Plans for typical kernels: a task is what a thread computes, neighbouring tasks are neighbours in memory.

// A product: a register tile of sums, written out; whole columns at a time, which are loaded at once.
// CHECK: girih.kernel "product"({{.*}}width = 1, fma = true, nest = [<d0, 4, task>, <d1, 4, task>, <d0, 4, rows>, <d1, 4, lanes>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>]
// One row: few results, so a team has some that are side by side, and its threads share the reduction.
// CHECK: girih.kernel "vector"({{.*}}width = 1, threads = 32, fma = true, nest = [<d0, 8, task>, <d0, 8, lanes>], reductions = [<at = 2, nest = [<k0, 1, threads>]>]
// Rows are normalised by a team each, of so many threads that what they read stays in registers.
// CHECK: girih.kernel "softmax"({{.*}}width = 1, threads = 128, fma = true, nest = [<d0, 1, task>, <d0, 1>, <d1, 4, threads>], reductions = [<at = 2, nest = [<k0, 4, threads>]>, <at = 2, nest = [<k0, 4, threads>]>]>]
// CHECK: girih.kernel "channels"({{.*}}nest = [<d0, 8, task>, <d0, 8, lanes>], reductions = [<at = 2, nest = [<k0, 1, threads>]>]
// Loops of a window that are short are written out.
// CHECK: girih.kernel "pool"({{.*}}nest = [<d0, 1, task>, <d1, 1, task>, <d2, 1, task>, <d0, 1>, <d1, 1>, <d2, 1>], reductions = [<at = 6, nest = [<k0, 1>, <k1, 3, unroll>]>]
// CHECK: girih.kernel "relu"({{.*}}nest = [<d0, 1, task>, <d0, 1>]>]
// CHECK: girih.kernel "columns"({{.*}}nest = [<d0, 1, task>, <d1, 1, task>, <d0, 1>, <d1, 1>]
// More results than fill a GPU: as large a tile as registers hold, of rows that leave no rest.
// CHECK: girih.kernel "scores"({{.*}}nest = [<d0, 1, task>, <d1, 7, task>, <d2, 4, task>, <d0, 1>, <d1, 7, rows>, <d2, 4, lanes>]
// Threads are along what is written: reads can wait for each other, and share lines.
// CHECK: girih.kernel "transpose"({{.*}}nest = [<d0, 1, task>, <d1, 1, task>, <d0, 1>, <d1, 1>]>]

// The weights' columns are side by side; threads load no blocks of them.
// HERE: girih.kernel "mixed"({{.*}}stored = [<in1, at = compile, layout = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3, d0)>>]>]
// A weight for each channel, whatever the pixel: pixels are rows.
// HERE: girih.kernel "depthwise"({{.*}}<d1, 4, rows>, <d2, 1>], reductions = [<at = {{.}}, nest = [<k0, 1>, <k1, 3, unroll>]>]
// Scores and weights of attention are stored for the row that a team has: tasks along columns would compute them again.
// STORED: girih.kernel "values+scores+softmax"({{.*}}threads = 64, fma = true, nest = [<d0, 1, task>, <d0, 1>, <d1, 1, threads>], reductions = [<at = 3, nest = [<k0, 8, lanes>]>],
// STORED-SAME:   stored = [<g0, at = 1, <width = 1, threads = 64, fma = true, nest = [<d0, 1>, <d1, 1, threads>], reductions = [<at = 2, nest = [<k0, 4, lanes>]>]>>,
// STORED-SAME:   <g5, at = 1, <width = 1, threads = 64, fma = true, nest = [<d0, 1>, <d1, 1, threads>], reductions = [<at = 1, nest = [<k0, 1, threads>]>, <at = 1, nest = [<k0, 1, threads>]>]>>]>]
func.func @main(%p: tensor<1x32x114x114xf32> {girih.name = "p"})
    -> (tensor<1x50x114x114xf32> {girih.name = "y0"}, tensor<1x32x112x112xf32> {girih.name = "y1"}) {
  %w = girih.constant dense<1.0> : tensor<50x32x1x1xf32>
  %f = girih.constant dense<1.0> : tensor<32x1x3x3xf32>
  %0 = girih.conv %p, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x32x114x114xf32>, tensor<50x32x1x1xf32>) -> tensor<1x50x114x114xf32> loc("mixed"("Conv"))
  %1 = girih.conv %p, %f {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 32 : i64} : (tensor<1x32x114x114xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x112x112xf32> loc("depthwise"("Conv"))
  return %0, %1 : tensor<1x50x114x114xf32>, tensor<1x32x112x112xf32>
}
