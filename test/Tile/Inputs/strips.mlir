// A depthwise 3x3 window with stride 1 on a product, and a product on that: 12 rows of 10 columns; test/Tile/strips.test says how it is computed.
func.func @main(%x: tensor<1x12x10x16xf32> {girih.name = "x"}) -> (tensor<1x12x10x8xf32> {girih.name = "y"}) {
  %w0 = girih.constant dense<1.0> : tensor<32x16x1x1xf32>
  %w1 = girih.constant dense<1.0> : tensor<32x1x3x3xf32>
  %w2 = girih.constant dense<1.0> : tensor<8x32x1x1xf32>
  %0 = girih.conv %x, %w0 {channels_last, dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x12x10x16xf32>, tensor<32x16x1x1xf32>) -> tensor<1x12x10x32xf32> loc("expand"("Conv"))
  %1 = girih.conv %0, %w1 {channels_last, dilations = array<i64: 1, 1>, group = 32 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x12x10x32xf32>, tensor<32x1x3x3xf32>) -> tensor<1x12x10x32xf32> loc("depthwise"("Conv"))
  %2 = girih.conv %1, %w2 {channels_last, dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x12x10x32xf32>, tensor<8x32x1x1xf32>) -> tensor<1x12x10x8xf32> loc("project"("Conv"))
  return %2 : tensor<1x12x10x8xf32>
}
