// DEFINE: %{machine} =
// DEFINE: %{claims} = "1.8 * rows < twice_rows < 2.2 * rows" "1.8 * rows < twice_sums < 2.2 * rows" "one_row > 3 * rows / 128" \
// DEFINE:   "far / 256 > 2 * near" "two_operands > 1.2 * far" "halves < 0.75 * far" "transpose > 0.95 * far" "function > 2 * near" \
// DEFINE:   "gathered > 1.5 * near" "gathered_rows < 1.5 * near" "backwards > 1.5 * near" "softmax > 3 * largest" \
// DEFINE:   "0.7 * largest < of_columns < 1.4 * largest" "pool5 > 1.4 * pool3" "rows_of_17 > 1.07 * rows_of_16"
// DEFINE: %{check} = girih compile %s --stop-after=plan %{machine} -o %t && %python %S/Inputs/predictions.py %{claims} < %t
// REDEFINE: %{machine} = --cpu=x86-64-v4
// RUN: %{check}
// REDEFINE: %{machine} = --cpu=x86-64-v3
// RUN: %{check}
// REDEFINE: %{machine} = --cpu=znver4
// RUN: %{check}
// REDEFINE: %{machine} = --target=aarch64-linux-gnu --cpu=neoverse-n1
// RUN: %{check}

// What has to hold of predicted times whatever the machine.
//
// - Twice the rows, or sums twice as long, take twice the time. One row reads all weights for itself: it takes more than its part of many rows.
// - What is in memory takes longer than what is in the second-level cache. A second operand is more to read, elements of half the size are half of it.
//   To transpose a matrix that is in memory is no faster than to read and write as much.
// - A function takes longer than none.
// - Lanes at indices, or backwards, are loaded one by one; whole rows at indices are as good as a copy.
// - A softmax goes over its rows several times, with a function. Maxima of rows and of columns read the same.
// - Windows of 25 take longer than those of nine, if not by as much, as neighbours share what they read.
// - A row of 17 is a vector and a lane more than one of 16, which takes longer than a sixteenth.
func.func @main(%a: tensor<128x512xf32> {girih.name = "a"}, %b: tensor<256x512xf32> {girih.name = "b"}, %c: tensor<128x1024xf32> {girih.name = "c"}, %d: tensor<1x512xf32> {girih.name = "d"},
                %e: tensor<65536xf32> {girih.name = "e"}, %f: tensor<16777216xf32> {girih.name = "f"}, %f2: tensor<16777216xf32> {girih.name = "f2"}, %g: tensor<4096x4096xf32> {girih.name = "g"},
                %i: tensor<65536xi64> {girih.name = "i"}, %h: tensor<1024x64xf32> {girih.name = "h"}, %j: tensor<1024xi64> {girih.name = "j"}, %k: tensor<16777216xf16> {girih.name = "k"},
                %l: tensor<1024x1024xf32> {girih.name = "l"}, %m: tensor<1x58x58x64xf32> {girih.name = "m"}, %m2: tensor<1x60x60x64xf32> {girih.name = "m2"}, %n16: tensor<4000x16xf32> {girih.name = "n16"},
                %s16: tensor<16xf32> {girih.name = "s16"}, %n17: tensor<4000x17xf32> {girih.name = "n17"}, %s17: tensor<17xf32> {girih.name = "s17"})
    -> (tensor<128x512xf32> {girih.name = "y0"}, tensor<256x512xf32> {girih.name = "y1"}, tensor<128x512xf32> {girih.name = "y2"}, tensor<1x512xf32> {girih.name = "y3"},
        tensor<128x2xf32> {girih.name = "y4"}, tensor<65536xf32> {girih.name = "y5"}, tensor<16777216xf32> {girih.name = "y6"}, tensor<65536xf32> {girih.name = "y7"},
        tensor<16777216xf32> {girih.name = "y8"}, tensor<4096x4096xf32> {girih.name = "y9"}, tensor<65536xf32> {girih.name = "y10"}, tensor<65536xf32> {girih.name = "y11"},
        tensor<1024x64xf32> {girih.name = "y12"}, tensor<16777216xf16> {girih.name = "y13"}, tensor<1024x1024xf32> {girih.name = "y14"}, tensor<1024xf32> {girih.name = "y15"},
        tensor<1024xf32> {girih.name = "y16"}, tensor<1x56x56x64xf32> {girih.name = "y17"}, tensor<1x56x56x64xf32> {girih.name = "y18"}, tensor<4000x16xf32> {girih.name = "y19"},
        tensor<4000x17xf32> {girih.name = "y20"}) {
  %w = girih.constant dense<1.0> : tensor<512x512xf32>
  %w2 = girih.constant dense<1.0> : tensor<1024x512xf32>
  %w3 = girih.constant dense<1.0> : tensor<512x2xf32>
  %0 = girih.matmul %a, %w : (tensor<128x512xf32>, tensor<512x512xf32>) -> tensor<128x512xf32> loc("rows"("MatMul"))
  %1 = girih.matmul %b, %w : (tensor<256x512xf32>, tensor<512x512xf32>) -> tensor<256x512xf32> loc("twice_rows"("MatMul"))
  %2 = girih.matmul %c, %w2 : (tensor<128x1024xf32>, tensor<1024x512xf32>) -> tensor<128x512xf32> loc("twice_sums"("MatMul"))
  %3 = girih.matmul %d, %w : (tensor<1x512xf32>, tensor<512x512xf32>) -> tensor<1x512xf32> loc("one_row"("MatMul"))
  %4 = girih.matmul %a, %w3 : (tensor<128x512xf32>, tensor<512x2xf32>) -> tensor<128x2xf32> loc("two_columns"("MatMul"))
  %5 = girih.unary relu %e : (tensor<65536xf32>) -> tensor<65536xf32> loc("near"("Relu"))
  %6 = girih.unary relu %f : (tensor<16777216xf32>) -> tensor<16777216xf32> loc("far"("Relu"))
  %7 = girih.unary tanh %e : (tensor<65536xf32>) -> tensor<65536xf32> loc("function"("Tanh"))
  %8 = girih.binary add %f, %f2 : (tensor<16777216xf32>, tensor<16777216xf32>) -> tensor<16777216xf32> loc("two_operands"("Add"))
  %9 = girih.transpose %g {permutation = array<i64: 1, 0>} : (tensor<4096x4096xf32>) -> tensor<4096x4096xf32> loc("turned"("Transpose"))
  %10 = girih.slice %e {starts = #girih.dims<65535>, steps = array<i64: -1>} : (tensor<65536xf32>) -> tensor<65536xf32> loc("backwards"("Slice"))
  %11 = girih.gather %e, %i {axis = 0 : i64} : (tensor<65536xf32>, tensor<65536xi64>) -> tensor<65536xf32> loc("gathered"("Gather"))
  %12 = girih.gather %h, %j {axis = 0 : i64} : (tensor<1024x64xf32>, tensor<1024xi64>) -> tensor<1024x64xf32> loc("gathered_rows"("Gather"))
  %13 = girih.unary abs %k : (tensor<16777216xf16>) -> tensor<16777216xf16> loc("halves"("Abs"))
  %14 = girih.softmax %l {axis = 1 : i64} : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> loc("softmax"("Softmax"))
  %15 = girih.reduce max %l {axes = array<i64: 1>, keepdims = false} : (tensor<1024x1024xf32>) -> tensor<1024xf32> loc("largest"("Reduce"))
  %16 = girih.reduce max %l {axes = array<i64: 0>, keepdims = false} : (tensor<1024x1024xf32>) -> tensor<1024xf32> loc("of_columns"("Reduce"))
  %17 = girih.pool max %m {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last} : (tensor<1x58x58x64xf32>) -> tensor<1x56x56x64xf32> loc("pool3"("Pool"))
  %18 = girih.pool max %m2 {kernel = array<i64: 5, 5>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last} : (tensor<1x60x60x64xf32>) -> tensor<1x56x56x64xf32> loc("pool5"("Pool"))
  %19 = girih.binary add %n16, %s16 : (tensor<4000x16xf32>, tensor<16xf32>) -> tensor<4000x16xf32> loc("rows_of_16"("Add"))
  %20 = girih.binary add %n17, %s17 : (tensor<4000x17xf32>, tensor<17xf32>) -> tensor<4000x17xf32> loc("rows_of_17"("Add"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19,
    %20
    : tensor<128x512xf32>, tensor<256x512xf32>, tensor<128x512xf32>, tensor<1x512xf32>,
      tensor<128x2xf32>, tensor<65536xf32>, tensor<16777216xf32>, tensor<65536xf32>,
      tensor<16777216xf32>, tensor<4096x4096xf32>, tensor<65536xf32>, tensor<65536xf32>,
      tensor<1024x64xf32>, tensor<16777216xf16>, tensor<1024x1024xf32>, tensor<1024xf32>,
      tensor<1024xf32>, tensor<1x56x56x64xf32>, tensor<1x56x56x64xf32>, tensor<4000x16xf32>,
      tensor<4000x17xf32>
}
