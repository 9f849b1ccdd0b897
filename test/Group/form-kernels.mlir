// RUN: girih-opt %s -girih-form-kernels -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s
// RUN: girih-opt %s --pass-pipeline="builtin.module(func.func(girih-form-kernels{reads-in-place}))" | FileCheck %s --check-prefix=PLACE

// Bias, activation and residual behind a product, named after the nodes, the root first. The splat is cloned.
// CHECK-LABEL: @epilogue
// CHECK: girih.kernel "fc+act+sum"(%{{.*}}, %{{.*}}, %{{.*}}) : (tensor<6x4xf32>, tensor<4x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
// CHECK: %[[C:.*]] = girih.constant dense<2.0
// CHECK: %[[M:.*]] = girih.matmul
// CHECK: %[[R:.*]] = girih.unary relu %[[M]]
// CHECK: %[[S:.*]] = girih.binary add %[[R]]
// CHECK: %[[T:.*]] = girih.binary mul %[[S]], %[[C]]
// CHECK: girih.yield %[[T]]
func.func @epilogue(%x: tensor<6x4xf32>, %w: tensor<4x8xf32>, %y: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %c = girih.constant dense<2.0> : tensor<f32>
  %0 = girih.matmul %x, %w : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32> loc("fc"("MatMul"))
  %1 = girih.unary relu %0 : (tensor<6x8xf32>) -> tensor<6x8xf32> loc("act"("Relu"))
  %2 = girih.binary add %1, %y : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32> loc("sum"("Add"))
  %3 = girih.binary mul %2, %c : (tensor<6x8xf32>, tensor<f32>) -> tensor<6x8xf32> loc("sum"("Mul"))
  return %3 : tensor<6x8xf32>
}

// Readers that meet again go along; a reader that does not keeps the kernel at the product.
// CHECK-LABEL: @diamond
// CHECK: girih.kernel "matmul"
// CHECK: girih.unary tanh
// CHECK: girih.binary mul
// CHECK: girih.kernel "matmul"
// CHECK-NOT: girih.unary
// CHECK: girih.yield
// CHECK: girih.kernel "reduce"
// CHECK: girih.kernel "binary"
func.func @diamond(%x: tensor<6x4xf32>, %w: tensor<4x8xf32>) -> (tensor<6x8xf32>, tensor<6x8xf32>) {
  %0 = girih.matmul %x, %w : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
  %1 = girih.unary tanh %0 : (tensor<6x8xf32>) -> tensor<6x8xf32>
  %2 = girih.binary mul %0, %1 : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
  %3 = girih.matmul %x, %w : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
  %4 = girih.reduce sum %3 {axes = array<i64: 1>, keepdims = true} : (tensor<6x8xf32>) -> tensor<6x1xf32>
  %5 = girih.binary sub %3, %4 : (tensor<6x8xf32>, tensor<6x1xf32>) -> tensor<6x8xf32>
  return %2, %5 : tensor<6x8xf32>, tensor<6x8xf32>
}

// Attention is one kernel: transposes that keep the minor dimension are read by the products; scale and mask follow the scores.
// CHECK-LABEL: @attention
// CHECK: girih.kernel "matmul"
// CHECK: girih.transpose
// CHECK: girih.transpose
// CHECK: girih.transpose
// CHECK: girih.matmul
// CHECK: girih.binary mul
// CHECK: girih.binary add
// CHECK: girih.softmax
// CHECK: girih.matmul
// CHECK: girih.transpose
// CHECK-NOT: girih.kernel
func.func @attention(%q: tensor<1x5x2x8xf32>, %k: tensor<1x5x2x8xf32>, %v: tensor<1x5x2x8xf32>, %mask: tensor<1x1x1x5xf32>) -> tensor<1x5x2x8xf32> {
  %c = girih.constant dense<0.25> : tensor<f32>
  %0 = girih.transpose %q {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %1 = girih.transpose %k {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %2 = girih.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x8xf32>) -> tensor<1x2x5x8xf32>
  %3 = girih.matmul %0, %1 {transpose_rhs} : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x5xf32>
  %4 = girih.binary mul %3, %c : (tensor<1x2x5x5xf32>, tensor<f32>) -> tensor<1x2x5x5xf32>
  %5 = girih.binary add %4, %mask : (tensor<1x2x5x5xf32>, tensor<1x1x1x5xf32>) -> tensor<1x2x5x5xf32>
  %6 = girih.softmax %5 {axis = 3 : i64} : (tensor<1x2x5x5xf32>) -> tensor<1x2x5x5xf32>
  %7 = girih.matmul %6, %2 : (tensor<1x2x5x5xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x5x8xf32>
  %8 = girih.transpose %7 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x2x5x8xf32>) -> tensor<1x5x2x8xf32>
  return %8 : tensor<1x5x2x8xf32>
}

// Rows that are all masked are zeros: their weights are read twice, by what is in the kernel.
// CHECK-LABEL: @attention_without_nans
// CHECK: girih.kernel "matmul"
// CHECK: girih.matmul
// CHECK: girih.softmax
// CHECK: girih.unary isnan
// CHECK: girih.where
// CHECK: girih.matmul
// CHECK-NOT: girih.kernel
func.func @attention_without_nans(%q: tensor<5x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x8xf32>, %mask: tensor<5x5xf32>) -> tensor<5x8xf32> {
  %zero = girih.constant dense<0.0> : tensor<f32>
  %0 = girih.matmul %q, %k : (tensor<5x8xf32>, tensor<8x5xf32>) -> tensor<5x5xf32>
  %1 = girih.binary add %0, %mask : (tensor<5x5xf32>, tensor<5x5xf32>) -> tensor<5x5xf32>
  %2 = girih.softmax %1 {axis = 1 : i64} : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %3 = girih.unary isnan %2 : (tensor<5x5xf32>) -> tensor<5x5xi1>
  %4 = girih.where %3, %zero, %2 : (tensor<5x5xi1>, tensor<f32>, tensor<5x5xf32>) -> tensor<5x5xf32>
  %5 = girih.matmul %4, %v : (tensor<5x5xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %5 : tensor<5x8xf32>
}

// Not where somebody else reads the scores, or where a softmax along another axis needs all of them.
// CHECK-LABEL: @scores_read_twice
// CHECK: girih.kernel "matmul"
// CHECK: girih.kernel "softmax"
// CHECK: girih.kernel "matmul"
func.func @scores_read_twice(%q: tensor<5x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x8xf32>) -> (tensor<5x8xf32>, tensor<5x5xf32>) {
  %0 = girih.matmul %q, %k : (tensor<5x8xf32>, tensor<8x5xf32>) -> tensor<5x5xf32>
  %1 = girih.softmax %0 {axis = 1 : i64} : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %2 = girih.matmul %1, %v : (tensor<5x5xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %2, %0 : tensor<5x8xf32>, tensor<5x5xf32>
}

// CHECK-LABEL: @softmax_of_columns
// CHECK: girih.kernel "matmul"
// CHECK: girih.kernel "softmax"
// CHECK: girih.kernel "matmul"
func.func @softmax_of_columns(%q: tensor<5x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = girih.matmul %q, %k : (tensor<5x8xf32>, tensor<8x5xf32>) -> tensor<5x5xf32>
  %1 = girih.softmax %0 {axis = 0 : i64} : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %2 = girih.matmul %1, %v : (tensor<5x5xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
  return %2 : tensor<5x8xf32>
}

// A row takes the element-wise producer that only it reads, not one that would be computed for each row again.
// CHECK-LABEL: @row
// CHECK: girih.kernel "unary"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: girih.unary exp
// CHECK-NEXT: girih.yield
// CHECK: girih.kernel "layer_norm"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: girih.binary add
// CHECK-NEXT: girih.layer_norm
func.func @row(%x: tensor<6x8xf32>, %y: tensor<8xf32>) -> tensor<6x8xf32> {
  %0 = girih.unary exp %y : (tensor<8xf32>) -> tensor<8xf32>
  %1 = girih.binary add %x, %0 : (tensor<6x8xf32>, tensor<8xf32>) -> tensor<6x8xf32>
  %2 = girih.layer_norm %1 {axis = 1 : i64, epsilon = 1.0e-5 : f32} : (tensor<6x8xf32>) -> tensor<6x8xf32>
  return %2 : tensor<6x8xf32>
}

// An element-wise graph is one kernel; what is computed at run-time places stands at its own readers only.
// CHECK-LABEL: @map
// CHECK-COUNT-1: girih.kernel
// CHECK-NOT: girih.kernel
func.func @map(%x: tensor<6x8xf32>, %i: tensor<6xi64>) -> tensor<6x8xf32> {
  %0 = girih.gather %x, %i {axis = 0 : i64} : (tensor<6x8xf32>, tensor<6xi64>) -> tensor<6x8xf32>
  %1 = girih.unary exp %x : (tensor<6x8xf32>) -> tensor<6x8xf32>
  %2 = girih.unary tanh %1 : (tensor<6x8xf32>) -> tensor<6x8xf32>
  %3 = girih.binary add %1, %2 : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
  %4 = girih.binary mul %3, %0 : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
  return %4 : tensor<6x8xf32>
}

// CHECK-LABEL: @alone
// CHECK: girih.kernel "topk"({{.*}}) : (tensor<6x8xf32>) -> (tensor<6x2xf32>, tensor<6x2xi64>)
// CHECK: girih.kernel "unary"
func.func @alone(%x: tensor<6x8xf32>) -> (tensor<6x2xf32>, tensor<6x2xi64>) {
  %v, %i = girih.topk %x {axis = 1 : i64} : (tensor<6x8xf32>) -> (tensor<6x2xf32>, tensor<6x2xi64>)
  %0 = girih.unary relu %v : (tensor<6x2xf32>) -> tensor<6x2xf32>
  return %0, %i : tensor<6x2xf32>, tensor<6x2xi64>
}

// A special operator reads every operand from memory: the splat stays outside.
// CHECK-LABEL: @alone_splat
// CHECK: %[[C:.*]] = girih.constant dense<7>
// CHECK: girih.kernel "scatter_nd"(%{{.*}}, %{{.*}}, %[[C]])
func.func @alone_splat(%x: tensor<5x4xi64>, %i: tensor<3x2xi64>) -> tensor<5x4xi64> {
  %c = girih.constant dense<7> : tensor<3xi64>
  %0 = girih.scatter_nd %x, %i, %c {fn = #girih<scatter_fn none>} : (tensor<5x4xi64>, tensor<3x2xi64>, tensor<3xi64>) -> tensor<5x4xi64>
  return %0 : tensor<5x4xi64>
}

// Where kernels read in place: gathers are computed in rows, with their indices, and a cast of what they read.
// PLACE-LABEL: @rows_in_place
// PLACE-COUNT-1: girih.kernel
// PLACE-NOT: girih.kernel
func.func @rows_in_place(%x: tensor<6x8xf32>, %i: tensor<9xi32>) -> tensor<4x8xf32> {
  %0 = girih.slice %i {starts = #girih.dims<2>, steps = array<i64: 1>} : (tensor<9xi32>) -> tensor<4xi32>
  %1 = girih.cast %x {to = f64} : (tensor<6x8xf32>) -> tensor<6x8xf64>
  %2 = girih.gather %1, %0 {axis = 0 : i64} : (tensor<6x8xf64>, tensor<4xi32>) -> tensor<4x8xf64>
  %3 = girih.cast %2 {to = f32} : (tensor<4x8xf64>) -> tensor<4x8xf32>
  %4 = girih.layer_norm %3 {axis = 1 : i64, epsilon = 1.0e-5 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// And products read transposed operands.
// PLACE-LABEL: @product_in_place
// PLACE-COUNT-1: girih.kernel
// PLACE-NOT: girih.kernel
func.func @product_in_place(%x: tensor<6x8xf32>, %y: tensor<5x8xf32>) -> tensor<6x5xf32> {
  %0 = girih.transpose %y {permutation = array<i64: 1, 0>} : (tensor<5x8xf32>) -> tensor<8x5xf32>
  %1 = girih.matmul %x, %0 : (tensor<6x8xf32>, tensor<8x5xf32>) -> tensor<6x5xf32>
  return %1 : tensor<6x5xf32>
}
