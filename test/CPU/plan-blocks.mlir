// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s

// 9 MB of rows are more than the second-level cache holds: blocks of 84 of them, half of it, meet all panels of weights. Panel by panel, all rows would
// come from beyond it twelve times.
// CHECK: girih.kernel "rows"({{.*}}nest = [<d0, 84, task>, <d1, 32, task>, <d1, 32, lanes>, <d0, 12, rows>]

// Few rows stay in it while the panels of larger weights pass by.
// CHECK: girih.kernel "weights"({{.*}}nest = [<d1, 32, task>, <d0, 14, task>, <d1, 32, lanes>, <d0, 14, rows>]
func.func @main(%a: tensor<1500x1536xf32> {girih.name = "a"}, %b: tensor<70x1536xf32> {girih.name = "b"})
    -> (tensor<1500x384xf32> {girih.name = "c"}, tensor<70x4096xf32> {girih.name = "d"}) {
  %w = girih.constant dense<1.0> : tensor<1536x384xf32>
  %v = girih.constant dense<1.0> : tensor<1536x4096xf32>
  %0 = girih.matmul %a, %w : (tensor<1500x1536xf32>, tensor<1536x384xf32>) -> tensor<1500x384xf32> loc("rows"("MatMul"))
  %1 = girih.matmul %b, %v : (tensor<70x1536xf32>, tensor<1536x4096xf32>) -> tensor<70x4096xf32> loc("weights"("MatMul"))
  return %0, %1 : tensor<1500x384xf32>, tensor<70x4096xf32>
}
