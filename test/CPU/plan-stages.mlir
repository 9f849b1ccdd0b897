// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s --check-prefixes=WIDE
// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v3 | FileCheck %s --check-prefixes=NARROW

// What plans store between loops, on two machines.

// Attention: the scores of some rows stay in the second-level cache, each head apart; the exponentials and the weights take their place.
// Columns, which the scores do not differ along, are inside.
// WIDE:   girih.kernel "values+scores+softmax"({{.*}}nest = [<d0, 1, task>, <d1, 84, task>, <d0, 1>, <d1, 84>, <d0, 1>, <d1, 14, rows>, <d2, 32, lanes>], reductions = [<at = 7, nest = [<k0, 4, unroll>]>]
// WIDE-SAME: stored = [<g0, at = 4, <{{[^g]*}}nest = [<d0, 1>, <d1, 14, rows>, <d2, 32, lanes>], reductions = [<at = 3, nest = [<k0, 4, unroll>]>]>>, <g2, at = 4, <{{[^g]*}}nest = [<d0, 1>, <d1, 1>, <d2, 32, lanes>], reductions = [<at = 2, nest = [<k0, 64, lanes>]>]>>, <g5, at = 4, <{{[^g]*}}nest = [<d0, 1>, <d1, 1>, <d2, 32, lanes>], reductions = [<at = 2, nest = [<k0, 64, lanes>]>]>>]>]
// NARROW: girih.kernel "values+scores+softmax"({{.*}}stored = [<g0, at = {{.*}} <g2, at = {{.*}} <g5, at =

// A function that is long, written out behind each of 28 sums: they are put down, and taken up row by row.
// WIDE:   girih.kernel "product+gelu"({{.*}}nest = [<d1, 32, task>, <d0, 14, task>, <d1, 32>, <d0, 14>, <d0, 1>, <d1, 32, lanes>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 32, d0, d1 mod 32)>>, <g0, at = 4, <{{[^g]*}}nest = [<d1, 32, lanes>, <d0, 14, rows>], reductions = [<at = 2, nest = [<k0, 4, unroll>]>]>>]>]
// NARROW: girih.kernel "product+gelu"({{.*}}nest = [<d1, 16, task>, <d0, 6, task>, <d1, 16>, <d0, 6>, <d0, 1>, <d1, 16, lanes>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>>, <g0, at = 4,
// One that is short is not.
// WIDE:   girih.kernel "product+relu"
// WIDE-NOT: <g0, at
// WIDE-SAME: {
func.func @main(%q: tensor<6x700x64xf32> {girih.name = "q"}, %k: tensor<6x64x1500xf32> {girih.name = "k"}, %v: tensor<6x1500x64xf32> {girih.name = "v"},
                %x: tensor<197x500xf32> {girih.name = "x"}, %x2: tensor<197x500xf32> {girih.name = "x2"}) -> (tensor<6x700x64xf32> {girih.name = "y"}, tensor<197x768xf32> {girih.name = "z"}, tensor<197x768xf32> {girih.name = "r"}) {
  %w = girih.constant dense<1.0> : tensor<500x768xf32>
  %0 = girih.matmul %q, %k : (tensor<6x700x64xf32>, tensor<6x64x1500xf32>) -> tensor<6x700x1500xf32> loc("scores"("MatMul"))
  %1 = girih.softmax %0 {axis = 2 : i64} : (tensor<6x700x1500xf32>) -> tensor<6x700x1500xf32> loc("softmax"("Softmax"))
  %2 = girih.matmul %1, %v : (tensor<6x700x1500xf32>, tensor<6x1500x64xf32>) -> tensor<6x700x64xf32> loc("values"("MatMul"))
  %3 = girih.matmul %x, %w : (tensor<197x500xf32>, tensor<500x768xf32>) -> tensor<197x768xf32> loc("product"("MatMul"))
  %4 = girih.unary gelu %3 : (tensor<197x768xf32>) -> tensor<197x768xf32> loc("gelu"("Gelu"))
  %5 = girih.matmul %x2, %w : (tensor<197x500xf32>, tensor<500x768xf32>) -> tensor<197x768xf32> loc("product"("MatMul"))
  %6 = girih.unary relu %5 : (tensor<197x768xf32>) -> tensor<197x768xf32> loc("relu"("Relu"))
  return %2, %4, %6 : tensor<6x700x64xf32>, tensor<197x768xf32>, tensor<197x768xf32>
}
