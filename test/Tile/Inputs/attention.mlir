// One head of attention over n queries and 40 keys; test/Tile/stages.test says how it is computed.
func.func @main(%q: tensor<?x16xf32, #girih.dims<n, 16>> {girih.name = "q"}, %k: tensor<16x40xf32> {girih.name = "k"},
                %v: tensor<40x24xf32> {girih.name = "v"}) -> (tensor<?x24xf32, #girih.dims<n, 24>> {girih.name = "y"}) {
  %0 = girih.matmul %q, %k : (tensor<?x16xf32, #girih.dims<n, 16>>, tensor<16x40xf32>) -> tensor<?x40xf32, #girih.dims<n, 40>> loc("scores"("MatMul"))
  %1 = girih.softmax %0 {axis = 1 : i64} : (tensor<?x40xf32, #girih.dims<n, 40>>) -> tensor<?x40xf32, #girih.dims<n, 40>> loc("softmax"("Softmax"))
  %2 = girih.matmul %1, %v : (tensor<?x40xf32, #girih.dims<n, 40>>, tensor<40x24xf32>) -> tensor<?x24xf32, #girih.dims<n, 24>> loc("values"("MatMul"))
  return %2 : tensor<?x24xf32, #girih.dims<n, 24>>
}
