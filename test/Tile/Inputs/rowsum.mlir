// Sums of 100 and of k numbers a row; test/Tile/reductions.test says how.
func.func @main(%x: tensor<50x100xf32> {girih.name = "x"}, %y: tensor<50x?xf32, #girih.dims<50, k>> {girih.name = "y"})
    -> (tensor<50xf32> {girih.name = "s"}, tensor<50xf32> {girih.name = "t"}) {
  %0 = girih.reduce sum %x {axes = array<i64: 1>, keepdims = false} : (tensor<50x100xf32>) -> tensor<50xf32> loc("static"("ReduceSum"))
  %1 = girih.reduce sum %y {axes = array<i64: 1>, keepdims = false} : (tensor<50x?xf32, #girih.dims<50, k>>) -> tensor<50xf32> loc("dynamic"("ReduceSum"))
  return %0, %1 : tensor<50xf32>, tensor<50xf32>
}
