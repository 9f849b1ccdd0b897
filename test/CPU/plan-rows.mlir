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

// What matters in the plans of rows, maps and what is moved, on 32 registers of 16 and of 4 lanes, and on 16 of 8.

// Long rows have lanes along the sums, and along the columns behind them. The exponentials of a row are computed once, and stored.
// ALL:    soft_long: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} lanes
// ALL:    soft_long g1: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, reduction k0 {{[0-9]+}} lanes
// Seven elements leave most of 16 lanes empty: the largest is found one by one. A sum of exponentials has lanes anyway, as these take long.
// WIDE:   soft_short: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} lanes
// WIDE:   soft_short g1: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, reduction k0 7 unroll
// NARROW: soft_short g1: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, reduction k0 8 lanes
// NEON:   soft_short g1: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, reduction k0 4 lanes
// Rows in the middle: lanes run beside them, along what is contiguous. No lanes are along the sums then.
// ALL:    soft_middle: {{[2-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d1, reduction k0 {{[0-9]+}} unroll
// ALL:    soft_middle g1: {{[2-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, reduction k0 {{[0-9]+}} unroll
// Nothing that is normalised without a function is stored: it is read again.
// ALL:    norm_long: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} lanes
// ALL-NOT: norm_long
// ALL:    norm_rms: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} lanes

// Maps: vectors along what is contiguous, several at a time. Few elements are one task.
// ALL:    map_few: {{[0-9]+}} sums, lanes d0 {{16|32}}{{$}}
// ALL:    map_many: 4 sums, lanes d0 {{[0-9]+}}, tasks d0
// ALL:    map_long: 4 sums, lanes d0 {{[0-9]+}}, tasks d0
// ALL:    map_bias: 4 sums, lanes d1 {{[0-9]+}}, tasks d0

// Over rows: lanes along the columns, more than one vector of them. Over columns: along the sum. Over all: along it as well.
// ALL:    sum_rows: {{[2-9]}} sums, lanes d0 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} unroll
// ALL:    sum_columns: 1 sums, tasks d0, reduction k0 {{[0-9]+}} lanes
// ALL:    sum_all: 1 sums, {{.*}}reduction k0 {{[0-9]+}} lanes
// ALL:    max_middle: {{[2-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d1, reduction k0 {{[0-9]+}} unroll

// The indices are compared with the size in lanes. Rows at indices have lanes along the row; columns at indices along these.
// ALL:    gather_rows: 1 sums, {{.*}}reduction k0 {{[0-9]+}} lanes
// ALL:    gather_rows: 4 sums, lanes d1 {{[0-9]+}}, tasks d0
// ALL:    gather_columns: {{[0-9]}} sums, lanes d1 {{[0-9]+}}, tasks d0

// Elements of other sizes: as many lanes as of 32 bits, but of 64 bits half.
// WIDE:   narrow: 4 sums, lanes d0 64, tasks d0
// WIDE:   compare: 4 sums, lanes d0 64, tasks d0
// WIDE:   double: 4 sums, lanes d0 32, tasks d0
// WIDE:   bytes: 4 sums, lanes d0 64, tasks d0
// NARROW: double: 4 sums, lanes d0 16, tasks d0
// NEON:   double: 4 sums, lanes d0 8, tasks d0

// What goes back, or takes every other element, is written in vectors all the same.
// ALL:    backwards: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0
// ALL:    every: {{[0-9]+}} sums, lanes d0 {{[0-9]+}}, tasks d0

// Squares are transposed in registers. Where the last dimension stays, rows of it are copied. Three rows are long ones: lanes, and no square.
// WIDE:   transpose: 16 sums, rows d0 16, lanes d1 16, tasks d0
// NARROW: transpose: 8 sums, rows d0 8, lanes d1 8, tasks d0
// NEON:   transpose: 4 sums, rows d0 4, lanes d1 4, tasks d0
// ALL:    transpose: 4 sums, lanes d2 {{[0-9]+}}, tasks d0
// ALL:    transpose: 4 sums, lanes d1 {{[0-9]+}}, tasks d0
func.func @main(%a: tensor<256x4096xf32> {girih.name = "a"}, %b: tensor<10000x7xf32> {girih.name = "b"}, %c: tensor<8x21x1000xf32> {girih.name = "c"}, %d: tensor<197x768xf32> {girih.name = "d"},
                %g: tensor<768xf32> {girih.name = "g"}, %h: tensor<768xf32> {girih.name = "h"}, %e: tensor<30xf32> {girih.name = "e"}, %f: tensor<1000000xf32> {girih.name = "f"},
                %f2: tensor<1000000xf32> {girih.name = "f2"}, %i: tensor<500x300xf32> {girih.name = "i"}, %j: tensor<12x197x64xf32> {girih.name = "j"}, %k: tensor<20000x3xf32> {girih.name = "k"},
                %t: tensor<30000x384xf32> {girih.name = "t"}, %n: tensor<77xi64> {girih.name = "n"}, %dd: tensor<100000xf64> {girih.name = "dd"}, %i8: tensor<100000xi8> {girih.name = "i8"})
    -> (tensor<256x4096xf32> {girih.name = "y0"}, tensor<10000x7xf32> {girih.name = "y1"}, tensor<8x21x1000xf32> {girih.name = "y2"}, tensor<197x768xf32> {girih.name = "y3"},
        tensor<197x768xf32> {girih.name = "y4"}, tensor<30xf32> {girih.name = "y5"}, tensor<1000000xf32> {girih.name = "y6"}, tensor<1000000xf32> {girih.name = "y7"},
        tensor<197x768xf32> {girih.name = "y8"}, tensor<300x500xf32> {girih.name = "y9"}, tensor<197x12x64xf32> {girih.name = "y10"}, tensor<3x20000xf32> {girih.name = "y11"},
        tensor<768xf32> {girih.name = "y12"}, tensor<197xf32> {girih.name = "y13"}, tensor<f32> {girih.name = "y14"}, tensor<8x1000xf32> {girih.name = "y15"},
        tensor<77x384xf32> {girih.name = "y16"}, tensor<197x77xf32> {girih.name = "y17"}, tensor<1000000xf16> {girih.name = "y18"}, tensor<1000000xi1> {girih.name = "y19"},
        tensor<100000xf64> {girih.name = "y20"}, tensor<100000xi8> {girih.name = "y21"}, tensor<197x768xf32> {girih.name = "y22"}, tensor<197x384xf32> {girih.name = "y23"}) {
  %0 = girih.softmax %a {axis = 1 : i64} : (tensor<256x4096xf32>) -> tensor<256x4096xf32> loc("soft_long"("Softmax"))
  %1 = girih.softmax %b {axis = 1 : i64} : (tensor<10000x7xf32>) -> tensor<10000x7xf32> loc("soft_short"("Softmax"))
  %2 = girih.softmax %c {axis = 1 : i64} : (tensor<8x21x1000xf32>) -> tensor<8x21x1000xf32> loc("soft_middle"("Softmax"))
  %3 = girih.layer_norm %d scale %g bias %h {axis = 1 : i64, epsilon = 1.0e-05 : f32} : (tensor<197x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<197x768xf32> loc("norm_long"("LayerNormalization"))
  %4 = girih.layer_norm %d scale %g {axis = 1 : i64, epsilon = 1.0e-05 : f32, rms} : (tensor<197x768xf32>, tensor<768xf32>) -> tensor<197x768xf32> loc("norm_rms"("RMS"))
  %5 = girih.unary relu %e : (tensor<30xf32>) -> tensor<30xf32> loc("map_few"("Relu"))
  %6 = girih.unary relu %f : (tensor<1000000xf32>) -> tensor<1000000xf32> loc("map_many"("Relu"))
  %7 = girih.unary tanh %f : (tensor<1000000xf32>) -> tensor<1000000xf32> loc("map_long"("Tanh"))
  %8 = girih.binary add %d, %g : (tensor<197x768xf32>, tensor<768xf32>) -> tensor<197x768xf32> loc("map_bias"("Add"))
  %9 = girih.transpose %i {permutation = array<i64: 1, 0>} : (tensor<500x300xf32>) -> tensor<300x500xf32> loc("swap"("Transpose"))
  %10 = girih.transpose %j {permutation = array<i64: 1, 0, 2>} : (tensor<12x197x64xf32>) -> tensor<197x12x64xf32> loc("inner"("Transpose"))
  %11 = girih.transpose %k {permutation = array<i64: 1, 0>} : (tensor<20000x3xf32>) -> tensor<3x20000xf32> loc("thin"("Transpose"))
  %12 = girih.reduce sum %d {axes = array<i64: 0>, keepdims = false} : (tensor<197x768xf32>) -> tensor<768xf32> loc("sum_rows"("Reduce"))
  %13 = girih.reduce sum %d {axes = array<i64: 1>, keepdims = false} : (tensor<197x768xf32>) -> tensor<197xf32> loc("sum_columns"("Reduce"))
  %14 = girih.reduce sum %f {axes = array<i64: 0>, keepdims = false} : (tensor<1000000xf32>) -> tensor<f32> loc("sum_all"("Reduce"))
  %15 = girih.reduce max %c {axes = array<i64: 1>, keepdims = false} : (tensor<8x21x1000xf32>) -> tensor<8x1000xf32> loc("max_middle"("Reduce"))
  %16 = girih.gather %t, %n {axis = 0 : i64} : (tensor<30000x384xf32>, tensor<77xi64>) -> tensor<77x384xf32> loc("gather_rows"("Gather"))
  %17 = girih.gather %d, %n {axis = 1 : i64} : (tensor<197x768xf32>, tensor<77xi64>) -> tensor<197x77xf32> loc("gather_columns"("Gather"))
  %18 = girih.cast %f {to = f16} : (tensor<1000000xf32>) -> tensor<1000000xf16> loc("narrow"("Cast"))
  %19 = girih.binary less %f, %f2 : (tensor<1000000xf32>, tensor<1000000xf32>) -> tensor<1000000xi1> loc("compare"("Less"))
  %20 = girih.unary sqrt %dd : (tensor<100000xf64>) -> tensor<100000xf64> loc("double"("Sqrt"))
  %21 = girih.unary abs %i8 : (tensor<100000xi8>) -> tensor<100000xi8> loc("bytes"("Abs"))
  %22 = girih.slice %d {starts = #girih.dims<0, 767>, steps = array<i64: 1, -1>} : (tensor<197x768xf32>) -> tensor<197x768xf32> loc("backwards"("Slice"))
  %23 = girih.slice %d {starts = #girih.dims<0, 0>, steps = array<i64: 1, 2>} : (tensor<197x768xf32>) -> tensor<197x384xf32> loc("every"("Slice"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19,
    %20, %21, %22, %23
    : tensor<256x4096xf32>, tensor<10000x7xf32>, tensor<8x21x1000xf32>, tensor<197x768xf32>,
      tensor<197x768xf32>, tensor<30xf32>, tensor<1000000xf32>, tensor<1000000xf32>,
      tensor<197x768xf32>, tensor<300x500xf32>, tensor<197x12x64xf32>, tensor<3x20000xf32>,
      tensor<768xf32>, tensor<197xf32>, tensor<f32>, tensor<8x1000xf32>,
      tensor<77x384xf32>, tensor<197x77xf32>, tensor<1000000xf16>, tensor<1000000xi1>,
      tensor<100000xf64>, tensor<100000xi8>, tensor<197x768xf32>, tensor<197x384xf32>
}
