// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 | FileCheck %s
// RUN: girih compile %s --stop-after=plan --cpu=x86-64-v4 --guess columns=2 | FileCheck %s --check-prefix=GUESS

// A product may have few rows: then all of these by many vectors, in blocks of the two that the constant is packed in for many rows.
// CHECK: girih.kernel "product"({{.*}}schedule = [#girih.schedule<{{.*}}<d0, 14, rows>{{.*}}]>], variants = [#girih.variant<at_most = <rows, 3>, schedule = [#girih.schedule<width = 16, {{.*}}<d0, 3, rows>, <d1, 128, lanes>], {{.*}}]>]>]}

// Images are not so small that it would pay: no variant for few columns.
// CHECK: girih.kernel "image"({{.*}}<d1, 14, rows>, <d2, 32, lanes>], reductions = [<at = 5, nest = [<k0, 1>, <k1, 4, unroll>]>]>]} :

// Sums along a size of which nothing is known have lanes along it; if it is said to be two mostly, elements are taken one by one.
// CHECK: girih.kernel "sums"({{.*}}<k0, 64, lanes>
// GUESS: girih.kernel "sums"({{.*}}<k0, 2, unroll>

// What an expression bounds is planned for no more: seven rows of a register tile are enough for min(rows, 7).
// CHECK: girih.kernel "bounded"({{.*}}<d0, 7, rows>
func.func @main(%a: tensor<?x200xf32, #girih.dims<rows, 200>> {girih.name = "a"}, %b: tensor<1x3x?x?xf32, #girih.dims<1, 3, h, w>> {girih.name = "b"},
                %c: tensor<?x?xf32, #girih.dims<rows, columns>> {girih.name = "c"}, %d: tensor<?x100xf32, #girih.dims<min(rows, 7), 100>> {girih.name = "d"})
    -> (tensor<?x256xf32, #girih.dims<rows, 256>> {girih.name = "p"}, tensor<1x32x?x?xf32, #girih.dims<1, 32, h, w>> {girih.name = "q"},
        tensor<?xf32, #girih.dims<rows>> {girih.name = "r"}, tensor<?x256xf32, #girih.dims<min(rows, 7), 256>> {girih.name = "s"}) {
  %w0 = girih.constant dense<1.0> : tensor<200x256xf32>
  %w1 = girih.constant dense<1.0> : tensor<32x3x3x3xf32>
  %w2 = girih.constant dense<1.0> : tensor<100x256xf32>
  %0 = girih.matmul %a, %w0 : (tensor<?x200xf32, #girih.dims<rows, 200>>, tensor<200x256xf32>) -> tensor<?x256xf32, #girih.dims<rows, 256>> loc("product"("MatMul"))
  %1 = girih.conv %b, %w1 {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<1x3x?x?xf32, #girih.dims<1, 3, h, w>>, tensor<32x3x3x3xf32>) -> tensor<1x32x?x?xf32, #girih.dims<1, 32, h, w>> loc("image"("Conv"))
  %2 = girih.reduce sum %c {axes = array<i64: 1>, keepdims = false} : (tensor<?x?xf32, #girih.dims<rows, columns>>) -> tensor<?xf32, #girih.dims<rows>> loc("sums"("ReduceSum"))
  %3 = girih.matmul %d, %w2 : (tensor<?x100xf32, #girih.dims<min(rows, 7), 100>>, tensor<100x256xf32>) -> tensor<?x256xf32, #girih.dims<min(rows, 7), 256>> loc("bounded"("MatMul"))
  return %0, %1, %2, %3 : tensor<?x256xf32, #girih.dims<rows, 256>>, tensor<1x32x?x?xf32, #girih.dims<1, 32, h, w>>, tensor<?xf32, #girih.dims<rows>>, tensor<?x256xf32, #girih.dims<min(rows, 7), 256>>
}
