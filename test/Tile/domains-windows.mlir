// RUN: girih compile %s --stop-after=linalg | girih-opt --girih-plan-places --girih-print-domains -o /dev/null | FileCheck %s

// Which loops convolutions and pools have. An index of the image is a sum of a pixel's and the window's, times what one step of each is in memory.

// Groups have a loop, which moves both channels and weights; lanes would run along the channels of one. What is read of a channel's window is contiguous.
// CHECK-LABEL: kernel "grouped"
// CHECK-NEXT:    loops d0 < 7, d1 < 7, d2 < 4, d3 < 5 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3, k2 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 108 + d1 * 12 + d2 * 3 + k0 * 108 + k1 * 12 + k2
// CHECK-NEXT:      reads operand 1 at d2 * 135 + d3 * 27 + {{.*}}, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 140 + d1 * 20 + d2 * 5 + d3

// A dilated window takes steps of two pixels, its result none.
// CHECK-LABEL: kernel "dilated"
// CHECK-NEXT:    loops d0 < 5, d1 < 5, d2 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3, k2 < 12
// CHECK-NEXT:      reads operand 0 at d0 * 108 + d1 * 12 + k0 * 216 + k1 * 24 + k2
// CHECK-NEXT:      reads operand 1 at d2 * 108 + {{.*}}, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 80 + d1 * 16 + d2

// One channel a group: it is a loop of the result, in which image, weights and result are contiguous, and none of the sum.
// CHECK-LABEL: kernel "depthwise"
// CHECK-NEXT:    loops d0 < 4, d1 < 4, d2 < 12 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 216 + d1 * 24 + d2 + k0 * 108 + k1 * 12
// CHECK-NEXT:      reads operand 1 at d2 * 9 + k0 * 3 + k1, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 48 + d1 * 12 + d2

// Two results of each channel read the same pixels.
// CHECK-LABEL: kernel "multiplier"
// CHECK-NEXT:    loops d0 < 4, d1 < 4, d2 < 12, d3 < 2 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 216 + d1 * 24 + d2 + k0 * 108 + k1 * 12
// CHECK-NEXT:      reads operand 1 at d2 * 18 + d3 * 9 + k0 * 3 + k1, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 96 + d1 * 24 + d2 * 2 + d3

// Columns and three channels of a window lie behind each other, in the image and in weights that are packed: one loop of nine. The batch is not known.
// CHECK-LABEL: kernel "first"
// CHECK-NEXT:    loops d0 < n, d1 < 15, d2 < 15, d3 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 9
// CHECK-NEXT:      reads operand 0 at d0 * 3072 + d1 * 192 + d2 * 6 + k0 * 96 + k1
// CHECK-NEXT:      reads operand 1 at d3 * 27 + {{.*}}, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 3600 + d1 * 240 + d2 * 16 + d3

// Weights that are an input lie as they do, a channel's columns before the next channel's: neither packed nor one loop.
// CHECK-LABEL: kernel "computed"
// CHECK-NEXT:    loops d0 < n, d1 < 15, d2 < 15, d3 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3, k2 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 3072 + d1 * 192 + d2 * 6 + k0 * 96 + k1 * 3 + k2
// CHECK-NEXT:      reads operand 1 at d3 * 27 + k0 * 3 + k1 + k2 * 9{{$}}
// CHECK-NEXT:    writes result 0 at d0 * 3600 + d1 * 240 + d2 * 16 + d3

// A window of one pixel is a product: the pixels are one loop. With a stride, rows and columns stay apart.
// CHECK-LABEL: kernel "pointwise"
// CHECK-NEXT:    loops d0 < 100, d1 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 12
// CHECK-NEXT:      reads operand 0 at d0 * 12 + k0
// CHECK-NEXT:      reads operand 1 at d1 * 12 + k0, may be packed
// CHECK-NEXT:    writes result 0 at d0 * 16 + d1
// CHECK-LABEL: kernel "shortcut"
// CHECK-NEXT:    loops d0 < 5, d1 < 5, d2 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 12
// CHECK-NEXT:      reads operand 0 at d0 * 240 + d1 * 24 + k0

// Three dimensions in space, and a batch that is none of them.
// CHECK-LABEL: kernel "volume"
// CHECK-NEXT:    loops d0 < 2, d1 < 3, d2 < 5, d3 < 4, d4 < 16 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 2, k1 < 2, k2 < 16
// CHECK-NEXT:      reads operand 0 at d0 * 960 + d1 * 240 + d2 * 40 + d3 * 8 + k0 * 240 + k1 * 40 + k2

// A transposed convolution reads pixels that it has to divide for. What is summed last is contiguous all the same.
// CHECK-LABEL: kernel "transposed"
// CHECK-NEXT:    loops d0 < 11, d1 < 11, d2 < 6 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3, k2 < 8
// CHECK-DAG:       reads operand 1 at d2 * 9 + k0 * 3 + k1 + k2 * 54, may be packed
// CHECK-DAG:       reads operand 0 at k2 and a computed index
// CHECK:         writes result 0 at d0 * 66 + d1 * 6 + d2

// A window that reaches beyond the last pixel by one: the image is copied into one of 11 rows of 11 pixels, whose last row and column two other
// loops fill. Rows of the copy keep their loop, pixels and channels are one.
// CHECK-LABEL: kernel "ceil"
// CHECK-NEXT:    loops d0 < 132 (contiguous)
// CHECK-NEXT:    writes result 0 at d0
// CHECK-LABEL: kernel "ceil"
// CHECK-NEXT:    loops d0 < 10, d1 < 12 (contiguous)
// CHECK-NEXT:    writes result 1 at d0 * 132 + d1
// CHECK-LABEL: kernel "copy"
// CHECK-NEXT:    loops d0 < 10, d1 < 120 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 120 + d1
// CHECK-NEXT:    writes result 0 at d0 * 132 + d1
// CHECK-LABEL: kernel "ceil"
// CHECK-NEXT:    loops d0 < 5, d1 < 5, d2 < 12 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 264 + d1 * 24 + d2 + k0 * 132 + k1 * 12
// CHECK-NEXT:    writes result 0 at d0 * 60 + d1 * 12 + d2

// A mean of what is inside of the image counts pixels, at indices that stay in it.
// CHECK-LABEL: kernel "average"
// CHECK-NEXT:    loops d0 < 5, d1 < 5, d2 < 12 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3
// CHECK-NEXT:      reads operand 0 at d2 and a computed index
// Where all of it is, windows that move by one make pixels and channels one loop.
// CHECK-LABEL: kernel "mean"
// CHECK-NEXT:    loops d0 < 8, d1 < 96 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3, k1 < 3
// CHECK-NEXT:      reads operand 0 at d0 * 120 + d1 + k0 * 120 + k1 * 12
// CHECK-NEXT:    writes result 0 at d0 * 96 + d1
func.func @main(%g: tensor<1x9x9x12xf32> {girih.name = "g"}, %s: tensor<?x32x32x3xf32, #girih.dims<n, 32, 32, 3>> {girih.name = "s"}, %ws: tensor<16x3x3x3xf32> {girih.name = "ws"},
                %p: tensor<1x10x10x12xf32> {girih.name = "p"}, %v: tensor<2x4x6x5x8xf32> {girih.name = "v"}, %t: tensor<1x5x5x8xf32> {girih.name = "t"})
    -> (tensor<1x7x7x20xf32> {girih.name = "y0"}, tensor<1x5x5x16xf32> {girih.name = "y1"}, tensor<1x4x4x12xf32> {girih.name = "y2"},
        tensor<1x4x4x24xf32> {girih.name = "y3"}, tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>> {girih.name = "y4"}, tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>> {girih.name = "y5"},
        tensor<1x10x10x16xf32> {girih.name = "y6"}, tensor<1x5x5x16xf32> {girih.name = "y7"}, tensor<2x3x5x4x16xf32> {girih.name = "y8"},
        tensor<1x11x11x6xf32> {girih.name = "y9"}, tensor<1x5x5x12xf32> {girih.name = "y10"}, tensor<1x5x5x12xf32> {girih.name = "y11"},
        tensor<1x8x8x12xf32> {girih.name = "y12"}) {
  %wg = girih.constant dense<1.0> : tensor<20x3x3x3xf32>
  %wd = girih.constant dense<1.0> : tensor<16x12x3x3xf32>
  %ww = girih.constant dense<1.0> : tensor<12x1x3x3xf32>
  %wm = girih.constant dense<1.0> : tensor<24x1x3x3xf32>
  %wf = girih.constant dense<1.0> : tensor<16x3x3x3xf32>
  %wp = girih.constant dense<1.0> : tensor<16x12x1x1xf32>
  %wv = girih.constant dense<1.0> : tensor<16x8x2x2x2xf32>
  %wt = girih.constant dense<1.0> : tensor<8x6x3x3xf32>
  %0 = girih.conv %g, %wg {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 4 : i64, channels_last}
    : (tensor<1x9x9x12xf32>, tensor<20x3x3x3xf32>) -> tensor<1x7x7x20xf32> loc("grouped"("Conv"))
  %1 = girih.conv %g, %wd {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 2, 2>, group = 1 : i64, channels_last}
    : (tensor<1x9x9x12xf32>, tensor<16x12x3x3xf32>) -> tensor<1x5x5x16xf32> loc("dilated"("Conv"))
  %2 = girih.conv %g, %ww {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 12 : i64, channels_last}
    : (tensor<1x9x9x12xf32>, tensor<12x1x3x3xf32>) -> tensor<1x4x4x12xf32> loc("depthwise"("Conv"))
  %3 = girih.conv %g, %wm {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 12 : i64, channels_last}
    : (tensor<1x9x9x12xf32>, tensor<24x1x3x3xf32>) -> tensor<1x4x4x24xf32> loc("multiplier"("Conv"))
  %4 = girih.conv %s, %wf {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last}
    : (tensor<?x32x32x3xf32, #girih.dims<n, 32, 32, 3>>, tensor<16x3x3x3xf32>) -> tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>> loc("first"("Conv"))
  %5 = girih.conv %s, %ws {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last}
    : (tensor<?x32x32x3xf32, #girih.dims<n, 32, 32, 3>>, tensor<16x3x3x3xf32>) -> tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>> loc("computed"("Conv"))
  %6 = girih.conv %p, %wp {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last}
    : (tensor<1x10x10x12xf32>, tensor<16x12x1x1xf32>) -> tensor<1x10x10x16xf32> loc("pointwise"("Conv"))
  %7 = girih.conv %p, %wp {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last}
    : (tensor<1x10x10x12xf32>, tensor<16x12x1x1xf32>) -> tensor<1x5x5x16xf32> loc("shortcut"("Conv"))
  %8 = girih.conv %v, %wv {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, group = 1 : i64, channels_last}
    : (tensor<2x4x6x5x8xf32>, tensor<16x8x2x2x2xf32>) -> tensor<2x3x5x4x16xf32> loc("volume"("Conv"))
  %9 = girih.conv_transpose %t, %wt {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, group = 1 : i64, channels_last}
    : (tensor<1x5x5x8xf32>, tensor<8x6x3x3xf32>) -> tensor<1x11x11x6xf32> loc("transposed"("ConvTranspose"))
  %10 = girih.pool max %p {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last}
    : (tensor<1x10x10x12xf32>) -> tensor<1x5x5x12xf32> loc("ceil"("MaxPool"))
  %11 = girih.pool average %p {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels_last}
    : (tensor<1x10x10x12xf32>) -> tensor<1x5x5x12xf32> loc("average"("AveragePool"))
  %12 = girih.pool average %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels_last}
    : (tensor<1x10x10x12xf32>) -> tensor<1x8x8x12xf32> loc("mean"("AveragePool"))
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12
    : tensor<1x7x7x20xf32>, tensor<1x5x5x16xf32>, tensor<1x4x4x12xf32>, tensor<1x4x4x24xf32>,
      tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>>, tensor<?x15x15x16xf32, #girih.dims<n, 15, 15, 16>>, tensor<1x10x10x16xf32>, tensor<1x5x5x16xf32>,
      tensor<2x3x5x4x16xf32>, tensor<1x11x11x6xf32>, tensor<1x5x5x12xf32>, tensor<1x5x5x12xf32>,
      tensor<1x8x8x12xf32>
}
