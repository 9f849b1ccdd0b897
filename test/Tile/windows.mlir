// RUN: girih-opt %s --girih-print-domains -o /dev/null | FileCheck %s --check-prefix=DOMAIN
// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// Exponentials of rows of 24 numbers, 48 apart where they are stored, which windows of three rows sum: how many of them a strip has in memory, and how
// many it takes over from the strip before. (test/Tile/strips.test has windows of two dimensions.)

// CHECK: name = "stride"{{.*}} scratch = #girih.dims<960>
// CHECK: name = "dilated"{{.*}} scratch = #girih.dims<1344>
// CHECK: name = "apart"{{.*}} scratch = #girih.dims<576>
// CHECK: name = "batch"{{.*}} scratch = #girih.dims<1152>, tasks = #girih.dims<4>
// CHECK: name = "residual"{{.*}} scratch = #girih.dims<1152>
// CHECK: name = "chain"{{.*}} scratch = #girih.dims<2688>

// Two results two rows apart read five rows; the last of them is the first of the next strip. A pad is on one side, so only the first row may be filled.
// DOMAIN-LABEL: kernel "stride"
// DOMAIN:         around it 0.000000e+00 : f32, 1 before and 0 behind d0
// DOMAIN:         reads stage 0 at d0 * 2 + k0 - 1, d1
// CHECK-LABEL:  func.func private @kernel_stride(
// CHECK:          memref.view {{.*}} memref<240xf32>
// CHECK:          scf.for %[[ROW:.*]] = %c0 to %c8 step %c2 {
// CHECK:            scf.if
// CHECK-NEXT:         scf.for %[[AT:.*]] = %c0 to %c48 step %c8 {
// CHECK-NEXT:           arith.addi %[[AT]], %c192
// CHECK:            %[[FIRST:.*]] = arith.muli %[[ROW]], %c2
// CHECK-NEXT:       %[[LOW:.*]] = arith.addi %[[FIRST]], %c-1
// CHECK-NEXT:       %[[END:.*]] = arith.addi %[[FIRST]], %c4
// CHECK:            %[[INSIDE:.*]] = arith.maxsi %[[LOW]], %c0
// CHECK:            vector.store %cst
// CHECK-NOT:        vector.store %cst
// CHECK:            %[[NEW:.*]] = arith.maxsi %[[FIRST]], %[[INSIDE]]
// CHECK:            %[[BEGIN:.*]] = arith.select %{{.*}}, %[[INSIDE]], %[[NEW]]
// CHECK-NEXT:       scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %c1 {
// CHECK:              math.exp

// Three results whose windows leave out every other row read seven. Four of those are there, more than are new; nothing is padded or filled.
// DOMAIN-LABEL: kernel "dilated"
// DOMAIN-NOT:     around it
// DOMAIN:         reads stage 0 at d0 + k0 * 2, d1
// CHECK-LABEL:  func.func private @kernel_dilated(
// CHECK:          memref.view {{.*}} memref<336xf32>
// CHECK:          scf.for %[[ROW:.*]] = %c0 to %c12 step %c3 {
// CHECK:            scf.if
// CHECK-NEXT:         scf.for %[[AT:.*]] = %c0 to %c192 step %c8 {
// CHECK-NEXT:           arith.addi %[[AT]], %c144
// CHECK-NOT:        vector.store %cst
// CHECK:            %[[END:.*]] = arith.addi %[[ROW]], %c7
// CHECK:            %[[NEW:.*]] = arith.addi %[[ROW]], %c4
// CHECK:            scf.for %{{.*}} = %{{.*}} to %[[END]] step %c1 {
// CHECK:              math.exp

// Windows that do not overlap have nothing to take over.
// DOMAIN-LABEL: kernel "apart"
// DOMAIN:         reads stage 0 at d0 * 3 + k0, d1
// CHECK-LABEL:  func.func private @kernel_apart(
// CHECK:          memref.view {{.*}} memref<144xf32>
// CHECK-NOT:      scf.if
// CHECK:          %[[FIRST:.*]] = arith.muli %{{.*}}, %c3
// CHECK-NEXT:     %[[END:.*]] = arith.addi %[[FIRST]], %c3
// CHECK-NEXT:     scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1 {

// The windows of an image of a batch stay in it: it is followed as it is, and has one image in memory. Each of its two tasks begins anew.
// DOMAIN-LABEL: kernel "batch"
// DOMAIN:         around it 0.000000e+00 : f32, 1 before and 1 behind d1
// DOMAIN:         reads stage 0 at d0, d1 + k0 - 1, d2
// CHECK-LABEL:  func.func private @kernel_batch(
// CHECK:          memref.view {{.*}} memref<288xf32>
// CHECK:          scf.forall (%[[TASK:.*]]) in (4) {
// CHECK-NEXT:       %[[PART:.*]] = arith.remui %[[TASK]], %c2
// CHECK:            %[[FROM:.*]] = arith.muli %[[PART]], %c8
// CHECK:            scf.for %[[ROW:.*]] = %[[FROM]] to %{{.*}} step %c4 {
// CHECK:              %[[LATER:.*]] = arith.cmpi slt, %[[FROM]], %[[ROW]]
// CHECK-NEXT:         scf.if %[[LATER]] {
// CHECK:              arith.maxsi %{{.*}}, %c0
// CHECK:              arith.minsi %{{.*}}, %c16
// CHECK:              %[[BEGINS:.*]] = arith.cmpi eq, %[[ROW]], %[[FROM]]
// CHECK-NEXT:         arith.select %[[BEGINS]]

// Who reads a row as it is, and who reads it through a window, read the same strip: the exponential is computed once.
// DOMAIN-LABEL: kernel "residual"
// DOMAIN:         reads stage 0 at d0 + k0 - 1, d1
// DOMAIN-NEXT:    reads stage 0 at d0, d1
// CHECK-LABEL:  func.func private @kernel_residual(
// CHECK:          %[[STRIP:.*]] = memref.view {{.*}} memref<288xf32>
// CHECK-COUNT-3:  math.exp
// CHECK-NOT:      math.exp
// CHECK:          scf.for {{.*}} iter_args
// CHECK:            vector.load %[[STRIP]]
// CHECK:            scf.yield
// CHECK:          vector.load %[[STRIP]]
// CHECK:          vector.store %{{.*}}, %arg1

// A window of a window reaches twice as far: four results read six sums, and these eight exponentials. Each of the two moves on by four rows, and takes
// over what it has: four, and two.
// DOMAIN-LABEL: kernel "chain"
// DOMAIN:        stage 1, stored
// DOMAIN:         reads stage 0 at d0 + k0, d1
// DOMAIN:        result
// DOMAIN:         reads stage 1 at d0 + k0, d1
// CHECK-LABEL:  func.func private @kernel_chain(
// CHECK-DAG:      %[[SUMS:.*]] = memref.view {{.*}} memref<288xf32>
// CHECK-DAG:      %[[EXPS:.*]] = memref.view {{.*}} memref<384xf32>
// CHECK:          scf.for %[[ROW:.*]] = %c0 to %c12 step %c4 {
// CHECK:            scf.if %[[LATER:.*]] {
// CHECK-NEXT:         scf.for %{{.*}} = %c0 to %c192 step %c8 {
// CHECK:                vector.store %{{.*}}, %[[EXPS]]
// CHECK:            %[[END:.*]] = arith.addi %[[ROW]], %c8
// CHECK:            scf.for %{{.*}} = %{{.*}} to %[[END]] step %c1 {
// CHECK:            scf.if %[[LATER]] {
// CHECK-NEXT:         scf.for %{{.*}} = %c0 to %c96 step %c8 {
// CHECK:                vector.store %{{.*}}, %[[SUMS]]
// CHECK:            %[[ENDSUMS:.*]] = arith.addi %[[ROW]], %c6
// CHECK:            scf.for %{{.*}} = %{{.*}} to %[[ENDSUMS]] step %c1 {
func.func @main(%x: tensor<16x24xf32>, %y: tensor<2x16x24xf32>)
    -> (tensor<8x24xf32>, tensor<12x24xf32>, tensor<5x24xf32>, tensor<2x16x24xf32>, tensor<16x24xf32>, tensor<12x24xf32>) {
  %r0 = girih.kernel "stride"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 8, task>, <d0, 2>, <d0, 1>, <d1, 24, lanes>], reductions = [<at = 4, nest = [<k0, 1>]>], stored = [<g0, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<8x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %q = tensor.pad %p low[1, 0] high[0, 0] {
    ^bb0(%p0: index, %p1: index):
      tensor.yield %zero : f32
    } : tensor<16x24xf32> to tensor<17x24xf32>
    %o = tensor.empty() : tensor<8x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<8x24xf32>) -> tensor<8x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i * 2 + k, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %size : tensor<17x24xf32>, tensor<3xf32>) outs(%f : tensor<8x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<8x24xf32>
    girih.yield %r : tensor<8x24xf32>
  }
  %r1 = girih.kernel "dilated"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 12, task>, <d0, 3>, <d0, 1>, <d1, 24, lanes>], reductions = [<at = 4, nest = [<k0, 1>]>], stored = [<g0, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<12x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %o = tensor.empty() : tensor<12x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<12x24xf32>) -> tensor<12x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i + k * 2, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %size : tensor<16x24xf32>, tensor<3xf32>) outs(%f : tensor<12x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<12x24xf32>
    girih.yield %r : tensor<12x24xf32>
  }
  %r2 = girih.kernel "apart"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 5, task>, <d0, 1>, <d1, 24, lanes>], reductions = [<at = 3, nest = [<k0, 1>]>], stored = [<g0, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<5x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %o = tensor.empty() : tensor<5x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<5x24xf32>) -> tensor<5x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i * 3 + k, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %size : tensor<16x24xf32>, tensor<3xf32>) outs(%f : tensor<5x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<5x24xf32>
    girih.yield %r : tensor<5x24xf32>
  }
  %r3 = girih.kernel "batch"(%y) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1, task>, <d1, 8, task>, <d0, 1>, <d1, 4>, <d1, 1>, <d2, 24, lanes>], reductions = [<at = 6, nest = [<k0, 1>]>], stored = [<g0, at = 4, <width = 8, fma = true, nest = [<d0, 1>, <d1, 1>, <d2, 24, lanes>]>>]>]}
    : (tensor<2x16x24xf32>) -> tensor<2x16x24xf32> {
  ^bb0(%y0: tensor<2x16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<2x16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, c) -> (i, j, c)>, affine_map<(i, j, c) -> (i, j, c)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y0 : tensor<2x16x24xf32>) outs(%e : tensor<2x16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<2x16x24xf32>
    %q = tensor.pad %p low[0, 1, 0] high[0, 1, 0] {
    ^bb0(%p0: index, %p1: index, %p2: index):
      tensor.yield %zero : f32
    } : tensor<2x16x24xf32> to tensor<2x18x24xf32>
    %o = tensor.empty() : tensor<2x16x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<2x16x24xf32>) -> tensor<2x16x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(n, i, c, k) -> (n, i + k, c)>, affine_map<(n, i, c, k) -> (k)>, affine_map<(n, i, c, k) -> (n, i, c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %size : tensor<2x18x24xf32>, tensor<3xf32>) outs(%f : tensor<2x16x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<2x16x24xf32>
    girih.yield %r : tensor<2x16x24xf32>
  }
  %r4 = girih.kernel "residual"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, task>, <d0, 4>, <d0, 1>, <d1, 24, lanes>], reductions = [<at = 4, nest = [<k0, 1>]>], stored = [<g0, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<16x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %q = tensor.pad %p low[1, 0] high[1, 0] {
    ^bb0(%p0: index, %p1: index):
      tensor.yield %zero : f32
    } : tensor<16x24xf32> to tensor<18x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x24xf32>) -> tensor<16x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i + k, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %size : tensor<18x24xf32>, tensor<3xf32>) outs(%f : tensor<16x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<16x24xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, c) -> (i, c)>, affine_map<(i, c) -> (i, c)>, affine_map<(i, c) -> (i, c)>], iterator_types = ["parallel", "parallel"]}
      ins(%r, %p : tensor<16x24xf32>, tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %c: f32, %out: f32):
      %v = arith.addf %a, %c : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    girih.yield %o : tensor<16x24xf32>
  }
  %r5 = girih.kernel "chain"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 12, task>, <d0, 4>, <d0, 1>, <d1, 24, lanes>], reductions = [<at = 4, nest = [<k0, 1>]>], stored = [<g0, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>, <g1, at = 2, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>], reductions = [<at = 2, nest = [<k0, 1>]>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<12x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16x24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %size = tensor.empty() : tensor<3xf32>
    %e1 = tensor.empty() : tensor<14x24xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<14x24xf32>) -> tensor<14x24xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i + k, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %size : tensor<16x24xf32>, tensor<3xf32>) outs(%f1 : tensor<14x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<14x24xf32>
    %e2 = tensor.empty() : tensor<12x24xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<12x24xf32>) -> tensor<12x24xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, c, k) -> (i + k, c)>, affine_map<(i, c, k) -> (k)>, affine_map<(i, c, k) -> (i, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %size : tensor<14x24xf32>, tensor<3xf32>) outs(%f2 : tensor<12x24xf32>) {
    ^bb0(%a: f32, %one: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<12x24xf32>
    girih.yield %o : tensor<12x24xf32>
  }
  return %r0, %r1, %r2, %r3, %r4, %r5
    : tensor<8x24xf32>, tensor<12x24xf32>, tensor<5x24xf32>, tensor<2x16x24xf32>, tensor<16x24xf32>, tensor<12x24xf32>
}
