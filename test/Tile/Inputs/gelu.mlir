// A product with a long epilogue; test/Tile/sums.test says where its sums are kept.
func.func @main(%x: tensor<100x16xf32> {girih.name = "x"}) -> (tensor<100x40xf32> {girih.name = "y"}) {
  %w = girih.constant dense<1.0> : tensor<16x40xf32>
  %0 = girih.matmul %x, %w : (tensor<100x16xf32>, tensor<16x40xf32>) -> tensor<100x40xf32> loc("product"("MatMul"))
  %1 = girih.unary gelu %0 : (tensor<100x40xf32>) -> tensor<100x40xf32> loc("gelu"("Gelu"))
  return %1 : tensor<100x40xf32>
}
