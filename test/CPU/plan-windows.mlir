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

// What matters in the plans of convolutions and pools, on 32 registers of 16 and of 4 lanes, and on 16 of 8.

// Pixels of a line are rows, channels are lanes, and the sums take most of the registers. Lines are tasks.
// ALL:    three: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0{{.*}}, reduction k1 {{[0-9]+}} unroll
// Of 784 pixels that lie one behind the other any number may be rows. Pixels and channels are divided among tasks, or pixels alone.
// WIDE:   one: 2{{[0-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
// NARROW: one: {{8|9|1[0-2]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
// NEON:   one: {{1[4-9]|2[0-9]}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
// 40 channels are two and a half vectors of 16: three are a tile, with fewer rows; 49 pixels are seven times seven, or, of 14 rows at most, four
// times eleven and five.
// WIDE:   wide: {{[0-9]+}} sums, rows d0 7, lanes d1 48,
// NARROW: wide: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 {{8|16|24|40}},
// NEON:   wide: {{[0-9]+}} sums, rows d0 11, lanes d1 {{[0-9]+}},

// Depthwise: channels are lanes of image and weights alike. Some pixels share the weights; pieces of lines and channels are tasks.
// ALL:    depth3: {{[0-9]+}} sums, rows d1 {{[2-9]}}, lanes d2 {{[0-9]+}}, tasks d0{{.*}}, reduction k1 {{[0-9]+}} unroll
// ALL:    depth5: {{[0-9]+}} sums, rows d1 {{[2-9]}}, lanes d2 {{[0-9]+}}, tasks d0{{.*}}, reduction k1 {{[0-9]+}} unroll

// Three channels of an image are part of the sum, with the columns of a window; lanes are those of the result.
// ALL:    first: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0{{.*}}, reduction k1 {{[0-9]+}} unroll
// ALL:    first7: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0{{.*}}, reduction k1 {{[0-9]+}} unroll

// Groups are tasks: their weights are read by all pixels. A group of four channels fills no vector of 16, which more rows make up for.
// ALL:    grouped: {{[0-9]+}} sums, rows d1 {{7|10|14|28}}, lanes d3 {{4|8|16}}, tasks d2

// Windows of neighbours overlap: some of them are computed together.
// ALL:    pool: {{[0-9]+}} sums, rows d1 {{[2-9]}}, lanes d2 {{[0-9]+}}, tasks d0
// Sums over all pixels have lanes along the channels. One vector would wait for its own sums.
// ALL:    global: {{[2-9]}} sums, lanes d0 {{[0-9]+}}, tasks d0, reduction k0 {{[0-9]+}} unroll
// Too little for two tasks.
// ALL:    average: {{[0-9]+}} sums, rows d1 4, lanes d2 {{[0-9]+}}, reduction
// Four channels are one vector, of four lanes where a machine has those; the rest of wider ones is masked, and rows make up for it.
// WIDE:   few: 28 sums, rows d0 28, lanes d1 16,
// NARROW: few: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 8,
// NEON:   few: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 4,
func.func @main(%x: tensor<1x57x57x16xf32> {girih.name = "x"}, %y: tensor<1x28x28x64xf32> {girih.name = "y"}, %z: tensor<1x7x7x576xf32> {girih.name = "z"}, %u: tensor<1x58x58x96xf32> {girih.name = "u"},
                %v: tensor<1x31x31x240xf32> {girih.name = "v"}, %i: tensor<1x225x225x3xf32> {girih.name = "i"}, %i7: tensor<1x229x229x3xf32> {girih.name = "i7"}, %g1: tensor<1x30x30x64xf32> {girih.name = "g1"},
                %p: tensor<1x57x57x64xf32> {girih.name = "p"}, %q: tensor<1x7x7x1280xf32> {girih.name = "q"}, %q2: tensor<1x8x8x100xf32> {girih.name = "q2"}, %k: tensor<1x28x28x8xf32> {girih.name = "k"})
    -> (tensor<1x28x28x24xf32> {girih.name = "y0"}, tensor<1x28x28x128xf32> {girih.name = "y1"}, tensor<1x7x7x40xf32> {girih.name = "y2"}, tensor<1x56x56x96xf32> {girih.name = "y3"},
        tensor<1x14x14x240xf32> {girih.name = "y4"}, tensor<1x112x112x32xf32> {girih.name = "y5"}, tensor<1x112x112x64xf32> {girih.name = "y6"}, tensor<1x28x28x64xf32> {girih.name = "y7"},
        tensor<1x28x28x64xf32> {girih.name = "y8"}, tensor<1x1x1x1280xf32> {girih.name = "y9"}, tensor<1x4x4x100xf32> {girih.name = "y10"}, tensor<1x28x28x4xf32> {girih.name = "y11"}) {
  %w3 = girih.constant dense<1.0> : tensor<24x16x3x3xf32>
  %w1 = girih.constant dense<1.0> : tensor<128x64x1x1xf32>
  %wp = girih.constant dense<1.0> : tensor<40x576x1x1xf32>
  %d3 = girih.constant dense<1.0> : tensor<96x1x3x3xf32>
  %d5 = girih.constant dense<1.0> : tensor<240x1x5x5xf32>
  %f = girih.constant dense<1.0> : tensor<32x3x3x3xf32>
  %f7 = girih.constant dense<1.0> : tensor<64x3x7x7xf32>
  %g = girih.constant dense<1.0> : tensor<64x4x3x3xf32>
  %h8 = girih.constant dense<1.0> : tensor<4x8x1x1xf32>
  %0 = girih.conv %x, %w3 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x57x57x16xf32>, tensor<24x16x3x3xf32>) -> tensor<1x28x28x24xf32> loc("three"("Conv"))
  %1 = girih.conv %y, %w1 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x28x28x64xf32>, tensor<128x64x1x1xf32>) -> tensor<1x28x28x128xf32> loc("one"("Conv"))
  %2 = girih.conv %z, %wp {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x7x7x576xf32>, tensor<40x576x1x1xf32>) -> tensor<1x7x7x40xf32> loc("wide"("Conv"))
  %3 = girih.conv %u, %d3 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 96 : i64, channels_last} : (tensor<1x58x58x96xf32>, tensor<96x1x3x3xf32>) -> tensor<1x56x56x96xf32> loc("depth3"("Conv"))
  %4 = girih.conv %v, %d5 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 240 : i64, channels_last} : (tensor<1x31x31x240xf32>, tensor<240x1x5x5xf32>) -> tensor<1x14x14x240xf32> loc("depth5"("Conv"))
  %5 = girih.conv %i, %f {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x225x225x3xf32>, tensor<32x3x3x3xf32>) -> tensor<1x112x112x32xf32> loc("first"("Conv"))
  %6 = girih.conv %i7, %f7 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x229x229x3xf32>, tensor<64x3x7x7xf32>) -> tensor<1x112x112x64xf32> loc("first7"("Conv"))
  %7 = girih.conv %g1, %g {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 16 : i64, channels_last} : (tensor<1x30x30x64xf32>, tensor<64x4x3x3xf32>) -> tensor<1x28x28x64xf32> loc("grouped"("Conv"))
  %8 = girih.pool max %p {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last} : (tensor<1x57x57x64xf32>) -> tensor<1x28x28x64xf32> loc("pool"("Pool"))
  %9 = girih.reduce mean %q {axes = array<i64: 1, 2>, keepdims = true} : (tensor<1x7x7x1280xf32>) -> tensor<1x1x1x1280xf32> loc("global"("Reduce"))
  %10 = girih.pool average %q2 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last} : (tensor<1x8x8x100xf32>) -> tensor<1x4x4x100xf32> loc("average"("Pool"))
  %11 = girih.conv %k, %h8 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x28x28x8xf32>, tensor<4x8x1x1xf32>) -> tensor<1x28x28x4xf32> loc("few"("Conv"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11
    : tensor<1x28x28x24xf32>, tensor<1x28x28x128xf32>, tensor<1x7x7x40xf32>, tensor<1x56x56x96xf32>,
      tensor<1x14x14x240xf32>, tensor<1x112x112x32xf32>, tensor<1x112x112x64xf32>, tensor<1x28x28x64xf32>,
      tensor<1x28x28x64xf32>, tensor<1x1x1x1280xf32>, tensor<1x4x4x100xf32>, tensor<1x28x28x4xf32>
}
