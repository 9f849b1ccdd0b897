// RUN: girih compile %s --stop-after=linalg -o %t.mlir
// RUN: girih-opt %t.mlir --girih-sum-online-cpu=machine=memory_bytes_per_ns=12 | FileCheck %s --check-prefixes=ALL,FAR --implicit-check-not=girih.combine
// RUN: girih-opt %t.mlir --girih-sum-online-cpu=machine=l2_bytes=1073741824,l3_bytes=1073741824 | FileCheck %s --check-prefixes=ALL,NEAR --implicit-check-not=girih.combine
// RUN: not girih-opt %t.mlir --girih-sum-online-cpu=machine=l3=1 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: error: machine: {{.*}}l3

// Softmaxes of which the largest element and the sum are better found in one pass.

// Rows of 1 MB, and 128 MB of them: a maximum by itself waits for memory, exponentials in between would go through the third-level cache. One reduction has
// both; the largest of two is subtracted from the other, whichever it is. Before the sum is used, it becomes NaN where the maximum is +inf.
// ALL-LABEL: girih.kernel "rows"
// FAR:         arith.constant -3.40282347E+38 : f32
// FAR:         %[[BOTH:.*]]:2 = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// FAR:         ^bb0(%[[X:.*]]: f32, %[[M:.*]]: f32, %[[S:.*]]: f32):
// FAR:           %[[D:.*]] = arith.subf %[[X]], %[[M]] : f32
// FAR:           %[[A:.*]] = math.absf %[[D]] : f32
// FAR:           %[[N:.*]] = arith.negf %[[A]] : f32
// FAR:           %[[E:.*]] = math.exp %[[N]] : f32
// FAR:           %[[MORE:.*]] = arith.cmpf ogt, %[[X]], %[[M]] : f32
// FAR:           arith.maximumf %[[M]], %[[X]] : f32
// FAR:           %[[SCALED:.*]] = arith.mulf %[[S]], %[[E]] : f32
// FAR:           arith.select %[[MORE]]
// FAR:           girih.combine
// FAR:         linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%[[BOTH]]#0, %[[BOTH]]#1
// FAR:         math.exp
// FAR-NOT:     "reduction"
// Where a cache holds all of it, exponentials that are computed once are faster.
// NEAR-COUNT-2: "reduction"
// The logarithm needs none of them again.
// ALL-LABEL: girih.kernel "logarithms"
// FAR:         girih.combine
// A row that the third-level cache holds stays as it is, however long.
// ALL-LABEL: girih.kernel "one"
// ALL-COUNT-2: "reduction"
// Halves are computed with as floats.
// ALL-LABEL: girih.kernel "halves"
// FAR:         arith.extf
// FAR:         girih.combine
// As they were: rows that are in the first-level cache, of a size that only a run knows, sums of exponentials of something else than what the maximum is of.
// ALL-LABEL: girih.kernel "short"
// ALL-LABEL: girih.kernel "dynamic"
// ALL-LABEL: girih.kernel "other"
func.func @main(%x: tensor<128x262144xf32> {girih.name = "x"}, %y: tensor<1x1048576xf32> {girih.name = "y"}, %z: tensor<128x524288xf16> {girih.name = "z"}, %v: tensor<1048576x32xf32> {girih.name = "v"},
                %w: tensor<?x?xf32, #girih.dims<n, m>> {girih.name = "w"})
    -> (tensor<128x262144xf32> {girih.name = "y1"}, tensor<128x262144xf32> {girih.name = "y2"}, tensor<1x1048576xf32> {girih.name = "y3"}, tensor<128x524288xf16> {girih.name = "y4"},
        tensor<1048576x32xf32> {girih.name = "y5"}, tensor<?x?xf32, #girih.dims<n, m>> {girih.name = "y6"}, tensor<128x1xf32> {girih.name = "y7"}) {
  %0 = girih.softmax %x {axis = 1 : i64} : (tensor<128x262144xf32>) -> tensor<128x262144xf32> loc("rows"("Softmax"))
  %1 = girih.softmax %x {axis = 1 : i64, log} : (tensor<128x262144xf32>) -> tensor<128x262144xf32> loc("logarithms"("LogSoftmax"))
  %2 = girih.softmax %y {axis = 1 : i64} : (tensor<1x1048576xf32>) -> tensor<1x1048576xf32> loc("one"("Softmax"))
  %3 = girih.softmax %z {axis = 1 : i64} : (tensor<128x524288xf16>) -> tensor<128x524288xf16> loc("halves"("Softmax"))
  %4 = girih.softmax %v {axis = 1 : i64} : (tensor<1048576x32xf32>) -> tensor<1048576x32xf32> loc("short"("Softmax"))
  %5 = girih.softmax %w {axis = 1 : i64} : (tensor<?x?xf32, #girih.dims<n, m>>) -> tensor<?x?xf32, #girih.dims<n, m>> loc("dynamic"("Softmax"))
  %6 = girih.reduce log_sum_exp %x {axes = array<i64: 1>, keepdims = true} : (tensor<128x262144xf32>) -> tensor<128x1xf32> loc("other"("ReduceLogSumExp"))
  return %0, %1, %2, %3, %4, %5, %6
    : tensor<128x262144xf32>, tensor<128x262144xf32>, tensor<1x1048576xf32>, tensor<128x524288xf16>, tensor<1048576x32xf32>, tensor<?x?xf32, #girih.dims<n, m>>, tensor<128x1xf32>
}
