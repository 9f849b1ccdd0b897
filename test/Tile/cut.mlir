// RUN: girih-opt %s --girih-print-domains -o /dev/null | FileCheck %s --check-prefix=DOMAIN
// RUN: girih-opt %s --girih-tile-kernels --canonicalize | FileCheck %s
// RUN: sed "s/nest = .*lanes>\]/nest = [<d1, 1>, <d0, 4, lanes>]/" %s | not girih-opt --girih-tile-kernels 2>&1 | FileCheck %s --check-prefix=LANES

// Rows in threes of four, of which the result keeps ten: what is beyond them is neither read nor written.
// DOMAIN: loops d0 < 12, d1 < 20 (contiguous)
// DOMAIN: keeps what is below 10 at d0
// DOMAIN-NEXT: writes result 0 at d0 * 20 + d1

// CHECK: scf.for %[[ROW:.*]] = %c0 to %c12 step %c1 {
// CHECK:   scf.for %{{.*}} = %c0 to %c20 step %c4 {
// CHECK:     %[[KEPT:.*]] = arith.cmpi slt, %[[ROW]], %c10
// CHECK-NEXT: scf.if %[[KEPT]] {
// CHECK:       vector.load
// CHECK:       vector.store

// LANES: error: schedule {{.*}} does not fit kernel 'cut': lanes cannot be along d0, of which the result keeps a part
#map = affine_map<(a, b, c) -> (a, b, c)>
func.func @main(%x: tensor<3x4x20xf32> {girih.name = "x"}) -> (tensor<10x20xf32> {girih.name = "y"}) {
  %r = girih.kernel "cut"(%x) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 1>, <d1, 4, lanes>]>]} : (tensor<3x4x20xf32>) -> tensor<10x20xf32> {
  ^bb0(%a: tensor<3x4x20xf32>):
    %e = tensor.empty() : tensor<3x4x20xf32>
    %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%a : tensor<3x4x20xf32>) outs(%e : tensor<3x4x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.addf %in, %in : f32
      linalg.yield %m : f32
    } -> tensor<3x4x20xf32>
    %1 = tensor.collapse_shape %0 [[0, 1], [2]] : tensor<3x4x20xf32> into tensor<12x20xf32>
    %2 = tensor.extract_slice %1[0, 0] [10, 20] [1, 1] : tensor<12x20xf32> to tensor<10x20xf32>
    girih.yield %2 : tensor<10x20xf32>
  }
  return %r : tensor<10x20xf32>
}
