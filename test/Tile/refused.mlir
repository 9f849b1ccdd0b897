// RUN: girih-opt %s --girih-tile-kernels --split-input-file --verify-diagnostics

// What kernels and their schedules cannot be together, beyond what test/Tile/schedule.test, stages.test and strips.test say.

// Results of two shapes have loops of their own.
func.func @main(%x: tensor<16x24xf32>, %y: tensor<24xf32>)
    -> (tensor<16x24xf32>, tensor<24xf32>) {
  // expected-error@+1 {{kernel 'two' has 2 domains but 1 schedules; expected one for each}}
  %r:2 = girih.kernel "two"(%x, %y) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 8, lanes>]>]}
    : (tensor<16x24xf32>, tensor<24xf32>) -> (tensor<16x24xf32>, tensor<24xf32>) {
  ^bb0(%x0: tensor<16x24xf32>, %y0: tensor<24xf32>):
    %e = tensor.empty() : tensor<16x24xf32>
    %o = tensor.empty() : tensor<24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y0 : tensor<24xf32>) outs(%o : tensor<24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<24xf32>
    girih.yield %p, %q : tensor<16x24xf32>, tensor<24xf32>
  }
  return %r#0, %r#1
    : tensor<16x24xf32>, tensor<24xf32>
}

// -----

// Nor can one of them store what the other might read.
func.func @main(%x: tensor<16x24xf32>, %y: tensor<24xf32>)
    -> (tensor<16x24xf32>, tensor<24xf32>) {
  // expected-error@+1 {{a kernel of 2 domains cannot store values}}
  %r:2 = girih.kernel "two"(%x, %y) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, task>, <d0, 1>, <d1, 24, lanes>], stored = [<g0, at = 1, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>, tensor<24xf32>) -> (tensor<16x24xf32>, tensor<24xf32>) {
  ^bb0(%x0: tensor<16x24xf32>, %y0: tensor<24xf32>):
    %e = tensor.empty() : tensor<16x24xf32>
    %o = tensor.empty() : tensor<24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y0 : tensor<24xf32>) outs(%o : tensor<24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<24xf32>
    girih.yield %p, %q : tensor<16x24xf32>, tensor<24xf32>
  }
  return %r#0, %r#1
    : tensor<16x24xf32>, tensor<24xf32>
}

// -----

// A strip of a value has no rows at indices that are data.
func.func @main(%x: tensor<16x24xf32>, %n: tensor<16xi64>)
    -> (tensor<16x24xf32>) {
  %r = girih.kernel "gathered"(%x, %n) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, task>, <d0, 1>, <d1, 24, lanes>], stored = [<g0, at = 1, <width = 8, fma = true, nest = [<d0, 1>, <d1, 24, lanes>]>>]>]}
    : (tensor<16x24xf32>, tensor<16xi64>) -> tensor<16x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>, %n0: tensor<16xi64>):
    %e = tensor.empty() : tensor<16x24xf32>
    // expected-error@+1 {{is stored, but read at a computed index}}
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.exp %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%n0 : tensor<16xi64>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: i64, %out: f32):
      %at = arith.index_cast %a : i64 to index
      %j = linalg.index 1 : index
      %v = tensor.extract %p[%at, %j] : tensor<16x24xf32>
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    girih.yield %q : tensor<16x24xf32>
  }
  return %r
    : tensor<16x24xf32>
}

// -----

// Memory has no bits.
func.func @main(%x: tensor<16x24xf32>)
    -> (tensor<16x24xf32>) {
  // expected-error@+1 {{stored g0 has elements of one bit}}
  %r = girih.kernel "bits"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 384, task>, <d0, 8, lanes>], stored = [<g0, at = 1, <width = 8, fma = true, nest = [<d0, 8, lanes>]>>]>]}
    : (tensor<16x24xf32>) -> tensor<16x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %e = tensor.empty() : tensor<16x24xf32>
    %t = tensor.empty() : tensor<16x24xi1>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<16x24xf32>) outs(%t : tensor<16x24xi1>) {
    ^bb0(%a: f32, %out: i1):
      %c = arith.cmpf ogt, %a, %a : f32
      linalg.yield %c : i1
    } -> tensor<16x24xi1>
    %q = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0, %p : tensor<16x24xf32>, tensor<16x24xi1>) outs(%e : tensor<16x24xf32>) {
    ^bb0(%a: f32, %c: i1, %out: f32):
      %v = arith.select %c, %a, %a : f32
      linalg.yield %v : f32
    } -> tensor<16x24xf32>
    girih.yield %q : tensor<16x24xf32>
  }
  return %r
    : tensor<16x24xf32>
}

// -----

// A difference of a difference cannot be combined from parts.
func.func @main(%x: tensor<16x24xf32>)
    -> (tensor<16xf32>) {
  // expected-error@+1 {{reduction 0 cannot have lanes: partial results of it do not combine}}
  %r = girih.kernel "parts"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k0, 8, lanes>]>]>]}
    : (tensor<16x24xf32>) -> tensor<16xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %low = arith.constant 0xFF800000 : f32
    %none = arith.constant 0 : i64
    %e = tensor.empty() : tensor<16xf32>
    %ei = tensor.empty() : tensor<16xi64>
    %f = linalg.fill ins(%low : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %g = linalg.fill ins(%none : i64) outs(%ei : tensor<16xi64>) -> tensor<16xi64>
    %p:2 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x0 : tensor<16x24xf32>) outs(%f, %g : tensor<16xf32>, tensor<16xi64>) {
    ^bb0(%a: f32, %best: f32, %at: i64):
      %c = arith.subf %best, %a : f32
      %v = arith.subf %c, %a : f32
      linalg.yield %v, %at : f32, i64
    } -> (tensor<16xf32>, tensor<16xi64>)
    %o = tensor.empty() : tensor<16xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%p#0 : tensor<16xf32>) outs(%o : tensor<16xf32>) {
    ^bb0(%a: f32, %out: f32):
      linalg.yield %a : f32
    } -> tensor<16xf32>
    girih.yield %q : tensor<16xf32>
  }
  return %r
    : tensor<16xf32>
}

// -----

// Lanes of a sum are along its last loop, which is the contiguous one.
func.func @main(%z: tensor<4x6x8xf32>)
    -> (tensor<6xf32>) {
  // expected-error@+1 {{reduction 0 must have lanes along k1}}
  %r = girih.kernel "last"(%z) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 1>], reductions = [<at = 1, nest = [<k1, 1>, <k0, 4, lanes>]>]>]}
    : (tensor<4x6x8xf32>) -> tensor<6xf32> {
  ^bb0(%z0: tensor<4x6x8xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k, l) -> (k, i, l)>, affine_map<(i, k, l) -> (i)>], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%z0 : tensor<4x6x8xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  return %r
    : tensor<6xf32>
}

// -----

// What no sum depends on is inside of all that one does.
func.func @main(%x: tensor<16x24xf32>)
    -> (tensor<16x24xf32>) {
  // expected-error@+1 {{dimensions from d1 on, which no reduction depends on, must be the innermost loops}}
  %r = girih.kernel "behind"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d1, 8, lanes>, <d0, 1>], reductions = [<at = 2, nest = [<k0, 8, lanes>]>]>]}
    : (tensor<16x24xf32>) -> tensor<16x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16xf32>
    %ee = tensor.empty() : tensor<16x24xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x0 : tensor<16x24xf32>) outs(%f : tensor<16xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<16xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0, %p : tensor<16x24xf32>, tensor<16xf32>) outs(%ee : tensor<16x24xf32>) {
    ^bb0(%a: f32, %sum: f32, %out: f32):
      %q = arith.divf %a, %sum : f32
      linalg.yield %q : f32
    } -> tensor<16x24xf32>
    girih.yield %o : tensor<16x24xf32>
  }
  return %r
    : tensor<16x24xf32>
}

// -----

// It is no task, nor rows: the sums would be computed for each.
func.func @main(%x: tensor<16x24xf32>)
    -> (tensor<16x24xf32>) {
  // expected-error@+1 {{d1, which no reduction depends on, cannot be rows}}
  %r = girih.kernel "behind"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 1>, <d1, 4, rows>], reductions = [<at = 1, nest = [<k0, 8, lanes>]>]>]}
    : (tensor<16x24xf32>) -> tensor<16x24xf32> {
  ^bb0(%x0: tensor<16x24xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<16xf32>
    %ee = tensor.empty() : tensor<16x24xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x0 : tensor<16x24xf32>) outs(%f : tensor<16xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %s = arith.addf %acc, %a : f32
      linalg.yield %s : f32
    } -> tensor<16xf32>
    %o = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0, %p : tensor<16x24xf32>, tensor<16xf32>) outs(%ee : tensor<16x24xf32>) {
    ^bb0(%a: f32, %sum: f32, %out: f32):
      %q = arith.divf %a, %sum : f32
      linalg.yield %q : f32
    } -> tensor<16x24xf32>
    girih.yield %o : tensor<16x24xf32>
  }
  return %r
    : tensor<16x24xf32>
}
