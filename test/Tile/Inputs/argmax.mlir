// The index of the largest of 100 and of k numbers a row; test/Tile/tuples.test says how.
func.func @main(%x: tensor<50x100xf32> {girih.name = "x"}, %y: tensor<50x?xf32, #girih.dims<50, k>> {girih.name = "y"})
    -> (tensor<50xi64> {girih.name = "i"}, tensor<50xi64> {girih.name = "j"}) {
  %0 = girih.arg_reduce %x {axis = 1 : i64, keepdims = false} : (tensor<50x100xf32>) -> tensor<50xi64> loc("static"("ArgMax"))
  %1 = girih.arg_reduce %y {axis = 1 : i64, keepdims = false} : (tensor<50x?xf32, #girih.dims<50, k>>) -> tensor<50xi64> loc("dynamic"("ArgMax"))
  return %0, %1 : tensor<50xi64>, tensor<50xi64>
}
