// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s --check-prefixes=WIDE
// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v3 | FileCheck %s --check-prefixes=NARROW
// RUN: girih compile %s --stop-after=plan --cpu=znver4 | FileCheck %s --check-prefixes=HALVES

// Plans for typical kernels on two machines: 32 vector registers of 16 lanes, and 16 of 8. A third one does 16 lanes in two halves.

// A product: a register tile of sums that leaves registers for the operands.
// WIDE:   girih.kernel "product"({{.*}}nest = [<d1, 32, task>, <d0, 14, task>, <d1, 32, lanes>, <d0, 14, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>]
// NARROW: girih.kernel "product"({{.*}}nest = [<d1, 16, task>, <d0, 6, task>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>]

// Rows that lie 12 KiB apart have eight places in the first-level cache: not more of them, by more vectors. 16 registers hold fewer anyway.
// WIDE:   girih.kernel "conflicts"({{.*}}nest = [<d1, 48, task>, <d0, 8, task>, <d1, 48, lanes>, <d0, 8, rows>]
// NARROW: girih.kernel "conflicts"({{.*}}<d1, 16, lanes>, <d0, 6, rows>]
// Half as far apart they have twice as many.
// WIDE:   girih.kernel "places"({{.*}}<d1, 32, lanes>, <d0, 14, rows>]

// One row: as many vectors as cover the latency of a multiply-add.
// WIDE:   girih.kernel "vector"({{.*}}nest = [<d0, 128, task>, <d0, 128, lanes>]
// NARROW: girih.kernel "vector"({{.*}}nest = [<d0, 32, task>, <d0, 32, lanes>]

// Rows are normalised: lanes run along the sums, and along the columns behind them. The exponentials of a row are stored.
// WIDE:   girih.kernel "softmax"({{.*}}nest = [<d0, 8, task>, <d0, 1>, <d0, 1>, <d1, 32, lanes>], reductions = [<at = 3, nest = [<k0, 64, lanes>]>], stored = [<g1, at = 2, <width = 16, fma = true, nest = [<d0, 1>, <d1, 32, lanes>], reductions = [<at = 1, nest = [<k0, 64, lanes>]>]>>]>]

// Sums of two elements: one by one.
// WIDE:   girih.kernel "pairs"({{.*}}nest = [<d0, 7500, task>, <d0, 1>], reductions = [<at = 2, nest = [<k0, 2, unroll>]>]

// A sum over all but the channels: lanes along these.
// WIDE:   girih.kernel "channels"({{.*}}nest = [<d0, 16, task>, <d0, 16, lanes>], reductions = [<at = 2, nest = [<k0, 4, unroll>]>]

// A window: rows of it share what they read.
// WIDE:   girih.kernel "pool"({{.*}}nest = [<d0, 4, task>, <d0, 1>, <d2, 16, lanes>, <d1, 7, rows>], reductions = [<at = 4, nest = [<k0, 1>, <k1, 8, unroll>]>]

// Element by element.
// WIDE:   girih.kernel "relu"({{.*}}nest = [<d0, 7552, task>, <d0, 64, lanes>]>]
// NARROW: girih.kernel "relu"({{.*}}nest = [<d0, 7520, task>, <d0, 32, lanes>]>]
// 24 columns are one and a half vectors of 16. Where half of one is as fast as its size says, it is three of 8.
// WIDE:   girih.kernel "columns"({{.*}}width = 16, {{.*}}<d0, 12, rows>, <d1, 32, lanes>]
// NARROW: girih.kernel "columns"({{.*}}width = 8, {{.*}}<d0, 4, rows>, <d1, 24, lanes>]
// HALVES: girih.kernel "columns"({{.*}}width = 8, {{.*}}<d0, 9, rows>, <d1, 24, lanes>]

// Many products: each one's operand with lanes stays in the cache, whether it fits as a whole (rows outside) or panel by panel.
// WIDE:   girih.kernel "scores"({{.*}}nest = [<d0, 1, task>, <d1, 14, task>, <d2, 32, task>, <d0, 1>, <d1, 14, rows>, <d2, 32, lanes>]
// WIDE:   girih.kernel "values"({{.*}}nest = [<d0, 1, task>, <d2, 32, task>, <d1, 14, task>, <d0, 1>, <d2, 32, lanes>, <d1, 14, rows>]

// What is contiguous one way is written the other way: squares, which are transposed in registers. Three columns make none: one by one.
// WIDE:   girih.kernel "transpose"({{.*}}nest = [<d0, 16, task>, <d1, 480, task>, <d0, 16, rows>, <d1, 16, lanes>]>
// NARROW: girih.kernel "transpose"({{.*}}nest = [<d0, 8, task>, <d0, 8, rows>, <d1, 8, lanes>]>
// WIDE:   girih.kernel "transpose"({{.*}}width = 1, {{.*}}nest = [<d0, 2500, task>, <d0, 1>, <d1, 1>]>
func.func @main(%a: tensor<197x500xf32> {girih.name = "a"}, %b: tensor<197x3072xf32> {girih.name = "b"}, %c: tensor<197x1536xf32> {girih.name = "c"},
                %d: tensor<1x500xf32> {girih.name = "d"}, %e: tensor<300x1000xf32> {girih.name = "e"}, %f: tensor<1x56x56x16xf32> {girih.name = "f"},
                %g: tensor<100000xf32> {girih.name = "g"}, %h: tensor<144x64xf32> {girih.name = "h"}, %i: tensor<1000x2000xf32> {girih.name = "i"}, %j: tensor<1x3x224x224xf32> {girih.name = "j"},
                %k: tensor<6x700x64xf32> {girih.name = "k"}, %l: tensor<6x64x1500xf32> {girih.name = "l"}, %m: tensor<6x700x3000xf32> {girih.name = "m"}, %n: tensor<6x3000x64xf32> {girih.name = "n"}, %o: tensor<90000x2xf32> {girih.name = "o"})
    -> (tensor<197x768xf32> {girih.name = "p"}, tensor<197x768xf32> {girih.name = "q"}, tensor<197x768xf32> {girih.name = "r"}, tensor<1x768xf32> {girih.name = "s"},
        tensor<300x1000xf32> {girih.name = "t"}, tensor<1x1x1x16xf32> {girih.name = "u"}, tensor<1x27x27x16xf32> {girih.name = "v"}, tensor<100000xf32> {girih.name = "w"}, tensor<144x24xf32> {girih.name = "z"},
        tensor<2000x1000xf32> {girih.name = "y"}, tensor<1x224x224x3xf32> {girih.name = "x"}, tensor<6x700x1500xf32> {girih.name = "aa"}, tensor<6x700x64xf32> {girih.name = "bb"}, tensor<90000xf32> {girih.name = "cc"}) {
  %w3 = girih.constant dense<1.0> : tensor<64x24xf32>
  %w0 = girih.constant dense<1.0> : tensor<500x768xf32>
  %w1 = girih.constant dense<1.0> : tensor<3072x768xf32>
  %w2 = girih.constant dense<1.0> : tensor<1536x768xf32>
  %0 = girih.matmul %a, %w0 : (tensor<197x500xf32>, tensor<500x768xf32>) -> tensor<197x768xf32> loc("product"("MatMul"))
  %1 = girih.matmul %b, %w1 : (tensor<197x3072xf32>, tensor<3072x768xf32>) -> tensor<197x768xf32> loc("conflicts"("MatMul"))
  %2 = girih.matmul %c, %w2 : (tensor<197x1536xf32>, tensor<1536x768xf32>) -> tensor<197x768xf32> loc("places"("MatMul"))
  %3 = girih.matmul %d, %w0 : (tensor<1x500xf32>, tensor<500x768xf32>) -> tensor<1x768xf32> loc("vector"("MatMul"))
  %4 = girih.softmax %e {axis = 1 : i64} : (tensor<300x1000xf32>) -> tensor<300x1000xf32> loc("softmax"("Softmax"))
  %13 = girih.reduce sum %o {axes = array<i64: 1>, keepdims = false} : (tensor<90000x2xf32>) -> tensor<90000xf32> loc("pairs"("ReduceSum"))
  %5 = girih.reduce mean %f {axes = array<i64: 1, 2>, keepdims = true} : (tensor<1x56x56x16xf32>) -> tensor<1x1x1x16xf32> loc("channels"("ReduceMean"))
  %6 = girih.pool max %f {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last}
    : (tensor<1x56x56x16xf32>) -> tensor<1x27x27x16xf32> loc("pool"("MaxPool"))
  %7 = girih.unary relu %g : (tensor<100000xf32>) -> tensor<100000xf32> loc("relu"("Relu"))
  %8 = girih.matmul %h, %w3 : (tensor<144x64xf32>, tensor<64x24xf32>) -> tensor<144x24xf32> loc("columns"("MatMul"))
  %9 = girih.transpose %i {permutation = array<i64: 1, 0>} : (tensor<1000x2000xf32>) -> tensor<2000x1000xf32> loc("transpose"("Transpose"))
  %10 = girih.transpose %j {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x224x224xf32>) -> tensor<1x224x224x3xf32> loc("image"("Transpose"))
  %11 = girih.matmul %k, %l : (tensor<6x700x64xf32>, tensor<6x64x1500xf32>) -> tensor<6x700x1500xf32> loc("scores"("MatMul"))
  %12 = girih.matmul %m, %n : (tensor<6x700x3000xf32>, tensor<6x3000x64xf32>) -> tensor<6x700x64xf32> loc("values"("MatMul"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13 : tensor<197x768xf32>, tensor<197x768xf32>, tensor<197x768xf32>, tensor<1x768xf32>, tensor<300x1000xf32>, tensor<1x1x1x16xf32>, tensor<1x27x27x16xf32>, tensor<100000xf32>, tensor<144x24xf32>, tensor<2000x1000xf32>, tensor<1x224x224x3xf32>, tensor<6x700x1500xf32>, tensor<6x700x64xf32>, tensor<90000xf32>
}
