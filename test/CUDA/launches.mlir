// How many launches a model has is reported: here layouts of x and y, fc, window, out and scores. What only moves elements on the way is none: the border of a
// depthwise window and the transpose of an operand of a product.
// RUN: girih compile %s --target=cuda -o %t.so | FileCheck %s
// RUN: girih compile %s --target=cuda -o %t.so --json | FileCheck %s --check-prefix=JSON
// CHECK: 6 launches of 6 kernels
// JSON: "launches": 6,
// The same on the simulator as on this machine's CPU, where the window is padded.
// RUN: girih compile %s -o %t.cpu.so && girih run %t.cpu.so --dim n=3 --seed=1 --output=%t.npz
// RUN: env GIRIH_CUDA_DRIVER=%lib/libgirih-cudasim.so GIRIH_PTXSIM_CHECKS=race,uninit girih run %t.so --dim n=3 --seed=1 --output=%t.gpu.npz
// RUN: %python -c "import numpy as n; a, b = n.load(r'%t.npz'), n.load(r'%t.gpu.npz'); assert all(abs(a[k] - b[k]).max() < 1e-5 for k in a)"
func.func @main(%x: tensor<?x6x7x7xf32, #girih.dims<n, 6, 7, 7>> {girih.name = "x"}, %q: tensor<?x5x8xf32, #girih.dims<n, 5, 8>> {girih.name = "q"}, %k: tensor<?x9x8xf32, #girih.dims<n, 9, 8>> {girih.name = "k"})
    -> (tensor<?x4x4x4xf32, #girih.dims<n, 4, 4, 4>> {girih.name = "y"}, tensor<?x5x9xf32, #girih.dims<n, 5, 9>> {girih.name = "s"}) {
  %w = girih.constant dense<0.25> : tensor<8x6x1x1xf32>
  %f = girih.constant dense<0.5> : tensor<8x1x3x3xf32>
  %v = girih.constant dense<0.125> : tensor<4x8x1x1xf32>
  %0 = girih.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<?x6x7x7xf32, #girih.dims<n, 6, 7, 7>>, tensor<8x6x1x1xf32>) -> tensor<?x8x7x7xf32, #girih.dims<n, 8, 7, 7>> loc("fc"("Conv"))
  %1 = girih.conv %0, %f {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, group = 8 : i64} : (tensor<?x8x7x7xf32, #girih.dims<n, 8, 7, 7>>, tensor<8x1x3x3xf32>) -> tensor<?x8x4x4xf32, #girih.dims<n, 8, 4, 4>> loc("window"("Conv"))
  %2 = girih.conv %1, %v {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1 : i64} : (tensor<?x8x4x4xf32, #girih.dims<n, 8, 4, 4>>, tensor<4x8x1x1xf32>) -> tensor<?x4x4x4xf32, #girih.dims<n, 4, 4, 4>> loc("out"("Conv"))
  %3 = girih.transpose %k {permutation = array<i64: 0, 2, 1>} : (tensor<?x9x8xf32, #girih.dims<n, 9, 8>>) -> tensor<?x8x9xf32, #girih.dims<n, 8, 9>> loc("scores"("Transpose"))
  %4 = girih.matmul %q, %3 : (tensor<?x5x8xf32, #girih.dims<n, 5, 8>>, tensor<?x8x9xf32, #girih.dims<n, 8, 9>>) -> tensor<?x5x9xf32, #girih.dims<n, 5, 9>> loc("scores"("MatMul"))
  return %2, %4 : tensor<?x4x4x4xf32, #girih.dims<n, 4, 4, 4>>, tensor<?x5x9xf32, #girih.dims<n, 5, 9>>
}
