// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v3 | FileCheck %s

// Each step of the reduction reads another line of a transposed operand: blocks of rows are copied, for sixteen panels of weights each.
// CHECK: girih.kernel "product"({{.*}}nest = [<d0, 120, task>, <d1, 256, task>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>>, <in0, at = 2, <{{.*}}>>]>

// Few columns do not make up for that.
// CHECK: girih.kernel "narrow"(
// CHECK-NOT: stored = {{.*}}<in0

// Weights that only a run gives are no constants that could be packed: four panels at a time are copied, one after the other, for all rows that there are.
// CHECK: girih.kernel "values"({{.*}}nest = [<d1, 64, task>, <d0, 516, task>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>], stored = [<in1, at = 2, layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>, <width = 8, fma = true, nest = [<d0, 1>, <d1, 32, lanes>]>>]>
// A long reduction is in blocks, so that four panels of one fit a quarter of the second-level cache.
// CHECK: girih.kernel "long"({{.*}}nest = [<d1, 64, task>, <d0, 516, task>, <k0, 1024>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 5, nest = [<k0, 4, unroll>]>], stored = [<in1, at = 3, layout = {{.*}}>>]>
// Not where something follows on the sums: only sums can wait in the result.
// CHECK: girih.kernel "long2+relu"({{.*}}nest = [<d1, 32, task>, {{.*}}, task>, <d1, 16, lanes>, <d0, 6, rows>], {{.*}}stored = [<in1, at = 2, layout = {{.*}}>>]>
// Both, where neither is as it is read.
// CHECK: girih.kernel "both"({{.*}}stored = [<in0, at = 2, <{{.*}}>>, <in1, at = 2, layout = {{.*}}>>]>
// Few rows do not make up for that.
// CHECK: girih.kernel "flat"(
// CHECK-NOT: stored
// Rows are read one beside the other: blocks of them are copied, so that those of a tile are side by side, where a thousand columns meet each.
// CHECK: girih.kernel "rows"({{.*}}nest = [<d0, 120, task>, <d1, 1024, task>, <d1, 16, lanes>, <d0, 6, rows>], reductions = [<at = 4, nest = [<k0, 4, unroll>]>], stored = [<in1, at = compile, layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>>, <in0, at = 2, layout = affine_map<(d0, d1) -> (d0 floordiv 6, d1, d0 mod 6)>, <width = 1, fma = true, nest = [<d0, 6, rows>, <d1, 1>]>>]>
func.func @main(%x: tensor<1024x512xf32> {girih.name = "x"}, %u: tensor<1024x1024xf32> {girih.name = "u"}, %u2: tensor<1024x1024xf32> {girih.name = "u2"}, %f: tensor<12x1024xf32> {girih.name = "f"},
                %l: tensor<1024x4096xf32> {girih.name = "l"}, %k: tensor<4096x1024xf32> {girih.name = "k"}, %j: tensor<4096x1024xf32> {girih.name = "j"})
    -> (tensor<512x1024xf32> {girih.name = "y"}, tensor<512x32xf32> {girih.name = "z"}, tensor<1024x1024xf32> {girih.name = "v"}, tensor<512x1024xf32> {girih.name = "b"}, tensor<12x1024xf32> {girih.name = "g"},
        tensor<1024x1024xf32> {girih.name = "h"}, tensor<1024x1024xf32> {girih.name = "i"}, tensor<1024x1024xf32> {girih.name = "j"}) {
  %w = girih.constant dense<1.0> : tensor<1024x1024xf32>
  %v = girih.constant dense<1.0> : tensor<1024x32xf32>
  %t = girih.transpose %x {permutation = array<i64: 1, 0>} : (tensor<1024x512xf32>) -> tensor<512x1024xf32>
  %0 = girih.matmul %t, %w : (tensor<512x1024xf32>, tensor<1024x1024xf32>) -> tensor<512x1024xf32> loc("product"("MatMul"))
  %1 = girih.matmul %t, %v : (tensor<512x1024xf32>, tensor<1024x32xf32>) -> tensor<512x32xf32> loc("narrow"("MatMul"))
  %2 = girih.matmul %u, %u2 : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32> loc("values"("MatMul"))
  %5 = girih.matmul %l, %k : (tensor<1024x4096xf32>, tensor<4096x1024xf32>) -> tensor<1024x1024xf32> loc("long"("MatMul"))
  %6 = girih.matmul %l, %j : (tensor<1024x4096xf32>, tensor<4096x1024xf32>) -> tensor<1024x1024xf32> loc("long2"("MatMul"))
  %7 = girih.unary relu %6 : (tensor<1024x1024xf32>) -> tensor<1024x1024xf32> loc("relu"("Relu"))
  %3 = girih.matmul %t, %u : (tensor<512x1024xf32>, tensor<1024x1024xf32>) -> tensor<512x1024xf32> loc("both"("MatMul"))
  %4 = girih.matmul %f, %u : (tensor<12x1024xf32>, tensor<1024x1024xf32>) -> tensor<12x1024xf32> loc("flat"("MatMul"))
  %8 = girih.matmul %u, %w : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32> loc("rows"("MatMul"))
  return %0, %1, %2, %3, %4, %5, %7, %8 : tensor<512x1024xf32>, tensor<512x32xf32>, tensor<1024x1024xf32>, tensor<512x1024xf32>, tensor<12x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>
}
