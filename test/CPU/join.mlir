// RUN: girih compile %s --stop-after=linalg -o %t.mlir
// RUN: girih-opt %t.mlir --girih-join-cpu=machine=l3_bytes_per_cycle=1,cores=1 | FileCheck %s --check-prefix=SLOW
// RUN: girih-opt %t.mlir --girih-join-cpu=machine=l3_bytes_per_cycle=64,memory_bytes_per_ns=500,cores=1 | FileCheck %s --check-prefix=APART
// RUN: girih-opt %t.mlir --girih-join-cpu=machine=l3_bytes_per_cycle=1,cores=1,l2_bytes=67108864 | FileCheck %s --check-prefix=APART

// A product of 4.6 MB that a depthwise convolution reads goes through the third-level cache. Where that is slow for the cores' vectors, the two become one
// kernel, and the pad between them a part of it; nothing fills borders any more.
// SLOW:     girih.kernel "expand+depthwise"
// SLOW:       tensor.pad {{.*}} low[0, 0, 0, 0] high[0, 1, 1, 0]
// SLOW-NOT: girih.kernel "depthwise"
// Where it is fast, or where the second-level cache holds all of it, they stay two.
// APART:     girih.kernel "expand"(
// APART:     girih.kernel "depthwise"(
// APART-NOT: {{[a-z]}}+{{[a-z_]*}}depthwise"

// What fits the second-level cache anyway stays apart, and so does what somebody else reads, or is a result of the model.
// SLOW:     girih.kernel "small_expand"(
// SLOW:     girih.kernel "small_depthwise"(
// SLOW:     girih.kernel "read_twice"(
// SLOW:     girih.kernel "reader"(
// SLOW:     girih.kernel "shared"(
// SLOW:     girih.kernel "output"(

// The joined kernel is predicted to be faster than the two on the machine that it was joined for, and slower on the other.
// DEFINE: %{machine} =
// DEFINE: %{plan} = --girih-plan-places --girih-plan-cpu "--girih-predict-cpu=machine=%{machine}"
// DEFINE: %{time} = %python -c "import re, sys; print(sum(int(t) for n, t in re.findall(r'girih.kernel .((?:expand|depthwise|expand.depthwise)). *[(].*?predicted = ([0-9]+)', sys.stdin.read().replace(chr(34), chr(39)))))"
// REDEFINE: %{machine} = l3_bytes_per_cycle=1
// RUN: girih-opt %t.mlir %{plan} | %{time} > %t.slow
// RUN: girih-opt %t.mlir --girih-join-cpu=machine=l3_bytes_per_cycle=1,cores=1 %{plan} | %{time} >> %t.slow
// REDEFINE: %{machine} = l3_bytes_per_cycle=64,memory_bytes_per_ns=500
// RUN: girih-opt %t.mlir %{plan} | %{time} > %t.fast
// RUN: girih-opt %t.mlir --girih-join-cpu=machine=l3_bytes_per_cycle=1,cores=1 %{plan} | %{time} >> %t.fast
// RUN: %python -c "import sys; (a, b), (c, d) = [[int(l) for l in open(f)] for f in sys.argv[1:]]; assert 0 < b < 0.9 * a and 0 < c < d, (a, b, c, d)" %t.slow %t.fast
func.func @main(%x: tensor<1x112x112x16xf32> {girih.name = "x"}, %y: tensor<1x14x14x16xf32> {girih.name = "y"}, %z: tensor<1x112x112x16xf32> {girih.name = "z"}, %v: tensor<1x112x112x16xf32> {girih.name = "v"})
    -> (tensor<1x56x56x96xf32> {girih.name = "y1"}, tensor<1x7x7x96xf32> {girih.name = "y3"}, tensor<1x56x56x96xf32> {girih.name = "y5"}, tensor<1x96xf32> {girih.name = "y6"},
        tensor<1x112x112x96xf32> {girih.name = "y7"}, tensor<1x56x56x96xf32> {girih.name = "y8"}) {
  %w0 = girih.constant dense<1.0> : tensor<96x16x1x1xf32>
  %w1 = girih.constant dense<1.0> : tensor<96x1x3x3xf32>
  %0 = girih.conv %x, %w0 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x112x112x16xf32>, tensor<96x16x1x1xf32>) -> tensor<1x112x112x96xf32> loc("expand"("Conv"))
  %1 = girih.conv %0, %w1 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>, group = 96 : i64, channels_last} : (tensor<1x112x112x96xf32>, tensor<96x1x3x3xf32>) -> tensor<1x56x56x96xf32> loc("depthwise"("Conv"))
  %2 = girih.conv %y, %w0 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x14x14x16xf32>, tensor<96x16x1x1xf32>) -> tensor<1x14x14x96xf32> loc("small_expand"("Conv"))
  %3 = girih.conv %2, %w1 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>, group = 96 : i64, channels_last} : (tensor<1x14x14x96xf32>, tensor<96x1x3x3xf32>) -> tensor<1x7x7x96xf32> loc("small_depthwise"("Conv"))
  %4 = girih.conv %z, %w0 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x112x112x16xf32>, tensor<96x16x1x1xf32>) -> tensor<1x112x112x96xf32> loc("read_twice"("Conv"))
  %5 = girih.conv %4, %w1 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>, group = 96 : i64, channels_last} : (tensor<1x112x112x96xf32>, tensor<96x1x3x3xf32>) -> tensor<1x56x56x96xf32> loc("reader"("Conv"))
  %6 = girih.reduce max %4 {axes = array<i64: 1, 2>, keepdims = false} : (tensor<1x112x112x96xf32>) -> tensor<1x96xf32> loc("other"("Reduce"))
  %7 = girih.conv %v, %w0 {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64, channels_last} : (tensor<1x112x112x16xf32>, tensor<96x16x1x1xf32>) -> tensor<1x112x112x96xf32> loc("shared"("Conv"))
  %8 = girih.conv %7, %w1 {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 1, 1>, dilations = array<i64: 1, 1>, group = 96 : i64, channels_last} : (tensor<1x112x112x96xf32>, tensor<96x1x3x3xf32>) -> tensor<1x56x56x96xf32> loc("output"("Conv"))
  return %1, %3, %5, %6, %7, %8
    : tensor<1x56x56x96xf32>, tensor<1x7x7x96xf32>, tensor<1x56x56x96xf32>, tensor<1x96xf32>,
      tensor<1x112x112x96xf32>, tensor<1x56x56x96xf32>
}
