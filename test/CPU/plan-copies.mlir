// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v3 | FileCheck %s

// Each step of the reduction reads another line of a transposed operand: blocks of rows are copied, for sixteen panels of weights each.
// CHECK: girih.kernel "product"({{.*}}nest = [<d0, 120, task>, <d1, 256, task>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>>, <in0, at = 2, <{{.*}}>>]>

// Few columns do not make up for that.
// CHECK: girih.kernel "narrow"(
// CHECK-NOT: stored = {{.*}}<in0
func.func @main(%x: tensor<1024x512xf32> {girih.name = "x"}) -> (tensor<512x1024xf32> {girih.name = "y"}, tensor<512x32xf32> {girih.name = "z"}) {
  %w = girih.constant dense<1.0> : tensor<1024x1024xf32>
  %v = girih.constant dense<1.0> : tensor<1024x32xf32>
  %t = girih.transpose %x {permutation = array<i64: 1, 0>} : (tensor<1024x512xf32>) -> tensor<512x1024xf32>
  %0 = girih.matmul %t, %w : (tensor<512x1024xf32>, tensor<1024x1024xf32>) -> tensor<512x1024xf32> loc("product"("MatMul"))
  %1 = girih.matmul %t, %v : (tensor<512x1024xf32>, tensor<1024x32xf32>) -> tensor<512x32xf32> loc("narrow"("MatMul"))
  return %0, %1 : tensor<512x1024xf32>, tensor<512x32xf32>
}
