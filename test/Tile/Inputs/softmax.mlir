// Rows of 1000 and of k numbers; test/Tile/teams.test says how.
func.func @main(%x: tensor<50x1000xf32> {girih.name = "x"}, %y: tensor<50x?xf32, #girih.dims<50, k>> {girih.name = "y"})
    -> (tensor<50x1000xf32> {girih.name = "s"}, tensor<50x?xf32, #girih.dims<50, k>> {girih.name = "t"}) {
  %0 = girih.softmax %x {axis = 1 : i64} : (tensor<50x1000xf32>) -> tensor<50x1000xf32> loc("static"("Softmax"))
  %1 = girih.softmax %y {axis = 1 : i64} : (tensor<50x?xf32, #girih.dims<50, k>>) -> tensor<50x?xf32, #girih.dims<50, k>> loc("dynamic"("Softmax"))
  return %0, %1 : tensor<50x1000xf32>, tensor<50x?xf32, #girih.dims<50, k>>
}
