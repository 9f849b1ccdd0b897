// DEFINE: %{machine} = --cpu=x86-64-v4
// DEFINE: %{registers} = 32
// DEFINE: %{check} = girih compile %s --stop-after=plan %{machine} | %python %S/Inputs/plan_summary.py --registers=%{registers} | FileCheck %s
// RUN: %{check}
// REDEFINE: %{machine} = --target=aarch64-linux-gnu
// RUN: %{check}
// REDEFINE: %{machine} = --cpu=x86-64-v3
// REDEFINE: %{registers} = 16
// RUN: %{check}

// What matters in the plans of kernels that store values on the way, on 32 registers of 16 and of 4 lanes, and on 16 of 8.

// Attention: rows of a head are tasks. Both products have a register tile of their own, and what is between them rows with lanes along their sums; a
// constant factor changes nothing of it.
// CHECK:      values+{{.*}}: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0 d1, reduction k0 {{[0-9]+}} unroll
// CHECK-NEXT: values+{{.*}} g1: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, reduction k0 {{[0-9]+}} unroll
// CHECK-NEXT: values+{{.*}}: {{[0-9]+}} sums, lanes d2 {{[0-9]+}}, reduction k0 {{[0-9]+}} lanes
// As many heads and rows as only a run knows.
// CHECK:      dvalues+dscores+dsoftmax: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, tasks d0 d1, reduction k0 {{[0-9]+}} unroll
// CHECK-NEXT: dvalues+dscores+dsoftmax g0: {{[0-9]+}} sums, rows d1 {{[0-9]+}}, lanes d2 {{[0-9]+}}, reduction k0 {{[0-9]+}} unroll
// CHECK-NEXT: dvalues+dscores+dsoftmax g{{[0-9]}}: {{[0-9]+}} sums, lanes d2 {{[0-9]+}}, reduction k0 {{[0-9]+}} lanes

// A function behind the sums of many rows is computed row by row, by a loop with no rows of its own; the sums have the tile.
// CHECK:      product+gelu: {{[0-9]+}} sums, lanes d1 {{[0-9]+}}, tasks d0
// CHECK-NEXT: product+gelu g0: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, reduction k0 {{[0-9]+}} unroll
// A maximum is computed in registers, and so is the function behind one row of sums.
// CHECK:      product+relu: {{[0-9]+}} sums, rows d0 {{[0-9]+}}, lanes d1 {{[0-9]+}}, tasks d0
// CHECK-NEXT: row+gelu: {{[0-9]+}} sums, lanes d0 {{[0-9]+}},
// CHECK-NOT:  row+gelu
func.func @main(%q: tensor<12x197x64xf32> {girih.name = "q"}, %k: tensor<12x64x197xf32> {girih.name = "k"}, %v: tensor<12x197x64xf32> {girih.name = "v"}, %dq: tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>> {girih.name = "dq"},
                %dk: tensor<?x12x64x?xf32, #girih.dims<b, 12, 64, s>> {girih.name = "dk"}, %dv: tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>> {girih.name = "dv"}, %x: tensor<64x48xf32> {girih.name = "x"}, %y: tensor<64x48xf32> {girih.name = "y"},
                %z: tensor<1x48xf32> {girih.name = "z"})
    -> (tensor<12x197x64xf32> {girih.name = "y3"}, tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>> {girih.name = "y6"}, tensor<64x96xf32> {girih.name = "y8"}, tensor<64x96xf32> {girih.name = "y10"},
        tensor<1x96xf32> {girih.name = "y12"}) {
  %w = girih.constant dense<1.0> : tensor<48x96xf32>
  %c = girih.constant dense<0.125> : tensor<f32>
  %0 = girih.matmul %q, %k : (tensor<12x197x64xf32>, tensor<12x64x197xf32>) -> tensor<12x197x197xf32> loc("scores"("MatMul"))
  %1 = girih.binary mul %0, %c : (tensor<12x197x197xf32>, tensor<f32>) -> tensor<12x197x197xf32> loc("scale"("Mul"))
  %2 = girih.softmax %1 {axis = 2 : i64} : (tensor<12x197x197xf32>) -> tensor<12x197x197xf32> loc("softmax"("Softmax"))
  %3 = girih.matmul %2, %v : (tensor<12x197x197xf32>, tensor<12x197x64xf32>) -> tensor<12x197x64xf32> loc("values"("MatMul"))
  %4 = girih.matmul %dq, %dk : (tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>>, tensor<?x12x64x?xf32, #girih.dims<b, 12, 64, s>>) -> tensor<?x12x?x?xf32, #girih.dims<b, 12, s, s>> loc("dscores"("MatMul"))
  %5 = girih.softmax %4 {axis = 3 : i64} : (tensor<?x12x?x?xf32, #girih.dims<b, 12, s, s>>) -> tensor<?x12x?x?xf32, #girih.dims<b, 12, s, s>> loc("dsoftmax"("Softmax"))
  %6 = girih.matmul %5, %dv : (tensor<?x12x?x?xf32, #girih.dims<b, 12, s, s>>, tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>>) -> tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>> loc("dvalues"("MatMul"))
  %7 = girih.matmul %x, %w : (tensor<64x48xf32>, tensor<48x96xf32>) -> tensor<64x96xf32> loc("product"("MatMul"))
  %8 = girih.unary gelu %7 : (tensor<64x96xf32>) -> tensor<64x96xf32> loc("gelu"("Gelu"))
  %9 = girih.matmul %y, %w : (tensor<64x48xf32>, tensor<48x96xf32>) -> tensor<64x96xf32> loc("product"("MatMul"))
  %10 = girih.unary relu %9 : (tensor<64x96xf32>) -> tensor<64x96xf32> loc("relu"("Relu"))
  %11 = girih.matmul %z, %w : (tensor<1x48xf32>, tensor<48x96xf32>) -> tensor<1x96xf32> loc("row"("MatMul"))
  %12 = girih.unary gelu %11 : (tensor<1x96xf32>) -> tensor<1x96xf32> loc("gelu"("Gelu"))
  return %3, %6, %8, %10, %12
    : tensor<12x197x64xf32>, tensor<?x12x?x64xf32, #girih.dims<b, 12, s, 64>>, tensor<64x96xf32>, tensor<64x96xf32>,
      tensor<1x96xf32>
}
