// RUN: girih compile %s --stop-after=tile --cpu=x86-64-v3 | girih-opt --canonicalize --cse | FileCheck %s

// An embedding that is the last layer's weight as well is stored once, as the product reads it: 20 rows in one block of 24, column by column. So row v
// begins at v / 24 * 96 + v % 24, and its elements lie 24 apart.
// CHECK:      %[[PACKED:.*]] = girih.constant dense_resource<packed> : tensor<96xf32>
// CHECK-NOT:  tensor<20x4xf32>
// CHECK:      girih.launch @[[EMBED:.*]](%[[PACKED]], %arg0)
// CHECK:      girih.launch @kernel_head(%{{.*}}, %[[PACKED]])
// CHECK:      func.func private @[[EMBED]](%[[W:.*]]: memref<?xf32>, %{{.*}}: memref<?xi64>
// CHECK:        %[[BLOCK:.*]] = arith.floordivsi %[[ROW:.*]], %c24
// CHECK:        arith.muli %[[BLOCK]], %c96
// CHECK:        arith.remsi %[[ROW]], %c24
// CHECK:        vector.gather %[[W]]
func.func @main(%ids: tensor<?xi64, #girih.dims<n>> {girih.name = "ids"}) -> (tensor<?x20xf32, #girih.dims<n, 20>> {girih.name = "y"}) {
  %w = girih.constant dense<[[0.0, 0.1, 0.2, 0.3], [1.0, 1.1, 1.2, 1.3], [2.0, 2.1, 2.2, 2.3], [3.0, 3.1, 3.2, 3.3], [4.0, 4.1, 4.2, 4.3], [5.0, 5.1, 5.2, 5.3], [6.0, 6.1, 6.2, 6.3], [7.0, 7.1, 7.2, 7.3], [8.0, 8.1, 8.2, 8.3], [9.0, 9.1, 9.2, 9.3], [10.0, 10.1, 10.2, 10.3], [11.0, 11.1, 11.2, 11.3], [12.0, 12.1, 12.2, 12.3], [13.0, 13.1, 13.2, 13.3], [14.0, 14.1, 14.2, 14.3], [15.0, 15.1, 15.2, 15.3], [16.0, 16.1, 16.2, 16.3], [17.0, 17.1, 17.2, 17.3], [18.0, 18.1, 18.2, 18.3], [19.0, 19.1, 19.2, 19.3]]> : tensor<20x4xf32>
  %t = girih.transpose %w {permutation = array<i64: 1, 0>} : (tensor<20x4xf32>) -> tensor<4x20xf32>
  %e = girih.gather %w, %ids {axis = 0 : i64} : (tensor<20x4xf32>, tensor<?xi64, #girih.dims<n>>) -> tensor<?x4xf32, #girih.dims<n, 4>> loc("embed"("Gather"))
  %y = girih.matmul %e, %t : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<4x20xf32>) -> tensor<?x20xf32, #girih.dims<n, 20>> loc("head"("MatMul"))
  return %y : tensor<?x20xf32, #girih.dims<n, 20>>
}
