// RUN: girih-opt %s --girih-print-domains -o /dev/null | FileCheck %s

// Kernels as no operator is one by itself.

// A variance: the second sum reads the first, and both read the operand. What is between them has no loops; neither has a loop of the other.
// CHECK-LABEL: kernel "two_sums"
// CHECK-NEXT:    loops d0 < n (contiguous)
// CHECK-NEXT:    reduction 0: k0 < m
// CHECK-NEXT:      reads operand 0 at d0 * m + k0
// CHECK-NEXT:    reduction 1: k0 < m
// CHECK-NEXT:      reads operand 0 at d0 * m + k0
// CHECK-NEXT:    writes result 0 at d0

// Two results of one generic are written by the same loops; one of another shape has a domain of its own.
// CHECK-LABEL: kernel "results"
// CHECK-NEXT:    loops d0 < 6, d1 < 10 (contiguous)
// CHECK-NEXT:    reads operand 0 at d0 * 10 + d1
// CHECK-NEXT:    reads operand 1 at d1
// CHECK-NEXT:    writes result 0 at d0 * 10 + d1
// CHECK-NEXT:    writes result 1 at d0 * 10 + d1
// CHECK-LABEL: kernel "results"
// CHECK-NEXT:    loops d0 < 10 (contiguous)
// CHECK-NEXT:    reads operand 1 at d0
// CHECK-NEXT:    writes result 2 at d0

// A constant that is read twice, or through a window, lies as it does: the order in which one reads it suits no other.
// CHECK-LABEL: kernel "twice"
// CHECK-NEXT:    loops d0 < n, d1 < 8 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 6
// CHECK-NEXT:      reads operand 0 at d0 * 6 + k0
// CHECK-NEXT:      reads operand 1 at d1 + k0 * 8{{$}}
// CHECK-NEXT:    reads operand 1 at d1{{$}}
// CHECK-LABEL: kernel "windows"
// CHECK-NEXT:    loops d0 < 6 (contiguous)
// CHECK-NEXT:    reduction 0: k0 < 3
// CHECK-NEXT:      reads operand 0 at d0 + k0{{$}}
// CHECK-NEXT:    writes result 0 at d0

// A reduction without loops: its size is 1.
// CHECK-LABEL: kernel "one"
// CHECK-NEXT:    loops d0 < 6 (contiguous)
// CHECK-NEXT:    reduction 0{{$}}
// CHECK-NEXT:      reads operand 0 at d0
// CHECK-NEXT:    writes result 0 at d0
#rows = affine_map<(i, j) -> (i)>
#columns = affine_map<(i, j) -> (j)>
#all = affine_map<(i, j) -> (i, j)>
#id = affine_map<(i) -> (i)>
func.func @rows(%x: tensor<?x?xf32, #girih.dims<n, m>>, %a: tensor<6x10xf32>, %b: tensor<10xf32>)
    -> (tensor<?xf32, #girih.dims<n>>, tensor<6x10xf32>, tensor<6x10xf32>, tensor<10xf32>) {
  %r = girih.kernel "two_sums"(%x) : (tensor<?x?xf32, #girih.dims<n, m>>) -> tensor<?xf32, #girih.dims<n>> {
  ^bb0(%x0: tensor<?x?xf32, #girih.dims<n, m>>):
    %zero = arith.constant 0.0 : f32
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?xf32, #girih.dims<n>>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>>
    %sum = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]} ins(%x0 : tensor<?x?xf32, #girih.dims<n, m>>) outs(%f : tensor<?xf32, #girih.dims<n>>) {
    ^bb0(%v: f32, %acc: f32):
      %s = arith.addf %acc, %v : f32
      linalg.yield %s : f32
    } -> tensor<?xf32, #girih.dims<n>>
    %mean = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%sum : tensor<?xf32, #girih.dims<n>>) outs(%e : tensor<?xf32, #girih.dims<n>>) {
    ^bb0(%v: f32, %out: f32):
      %c = arith.constant 0.1 : f32
      %s = arith.mulf %v, %c : f32
      linalg.yield %s : f32
    } -> tensor<?xf32, #girih.dims<n>>
    %var = linalg.generic {indexing_maps = [#all, #rows, #rows], iterator_types = ["parallel", "reduction"]} ins(%x0, %mean : tensor<?x?xf32, #girih.dims<n, m>>, tensor<?xf32, #girih.dims<n>>) outs(%f : tensor<?xf32, #girih.dims<n>>) {
    ^bb0(%v: f32, %m: f32, %acc: f32):
      %d = arith.subf %v, %m : f32
      %q = arith.mulf %d, %d : f32
      %s = arith.addf %acc, %q : f32
      linalg.yield %s : f32
    } -> tensor<?xf32, #girih.dims<n>>
    girih.yield %var : tensor<?xf32, #girih.dims<n>>
  }
  %t:3 = girih.kernel "results"(%a, %b) : (tensor<6x10xf32>, tensor<10xf32>) -> (tensor<6x10xf32>, tensor<6x10xf32>, tensor<10xf32>) {
  ^bb0(%a0: tensor<6x10xf32>, %b0: tensor<10xf32>):
    %e = tensor.empty() : tensor<6x10xf32>
    %o = tensor.empty() : tensor<10xf32>
    %p:2 = linalg.generic {indexing_maps = [#all, #columns, #all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%a0, %b0 : tensor<6x10xf32>, tensor<10xf32>) outs(%e, %e : tensor<6x10xf32>, tensor<6x10xf32>) {
    ^bb0(%v: f32, %w: f32, %o0: f32, %o1: f32):
      %s = arith.addf %v, %w : f32
      %d = arith.subf %v, %w : f32
      linalg.yield %s, %d : f32, f32
    } -> (tensor<6x10xf32>, tensor<6x10xf32>)
    %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%b0 : tensor<10xf32>) outs(%o : tensor<10xf32>) {
    ^bb0(%v: f32, %o0: f32):
      %s = math.absf %v : f32
      linalg.yield %s : f32
    } -> tensor<10xf32>
    girih.yield %p#0, %p#1, %q : tensor<6x10xf32>, tensor<6x10xf32>, tensor<10xf32>
  }
  return %r, %t#0, %t#1, %t#2 : tensor<?xf32, #girih.dims<n>>, tensor<6x10xf32>, tensor<6x10xf32>, tensor<10xf32>
}
func.func @constants(%x: tensor<?x6xf32, #girih.dims<n, 6>>, %y: tensor<6x1xf32>) -> (tensor<?x8xf32, #girih.dims<n, 8>>, tensor<6xf32>, tensor<6xf32>) {
  %w = girih.constant dense<1.0> : tensor<6x8xf32>
  %c = girih.constant dense<1.0> : tensor<8xf32>
  %r = girih.kernel "twice"(%x, %w) : (tensor<?x6xf32, #girih.dims<n, 6>>, tensor<6x8xf32>) -> tensor<?x8xf32, #girih.dims<n, 8>> {
  ^bb0(%x0: tensor<?x6xf32, #girih.dims<n, 6>>, %w0: tensor<6x8xf32>):
    %zero = arith.constant 0.0 : f32
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x8xf32, #girih.dims<n, 8>>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x8xf32, #girih.dims<n, 8>>) -> tensor<?x8xf32, #girih.dims<n, 8>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]} ins(%x0, %w0 : tensor<?x6xf32, #girih.dims<n, 6>>, tensor<6x8xf32>) outs(%f : tensor<?x8xf32, #girih.dims<n, 8>>) {
    ^bb0(%v: f32, %b: f32, %acc: f32):
      %m = arith.mulf %v, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x8xf32, #girih.dims<n, 8>>
    %o = linalg.generic {indexing_maps = [#all, affine_map<(i, j) -> (0, j)>, #all], iterator_types = ["parallel", "parallel"]}
      ins(%p, %w0 : tensor<?x8xf32, #girih.dims<n, 8>>, tensor<6x8xf32>) outs(%e : tensor<?x8xf32, #girih.dims<n, 8>>) {
    ^bb0(%v: f32, %b: f32, %out: f32):
      %s = arith.addf %v, %b : f32
      linalg.yield %s : f32
    } -> tensor<?x8xf32, #girih.dims<n, 8>>
    girih.yield %o : tensor<?x8xf32, #girih.dims<n, 8>>
  }
  %g = girih.kernel "windows"(%c) : (tensor<8xf32>) -> tensor<6xf32> {
  ^bb0(%c0: tensor<8xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %size = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i + k)>, affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%c0, %size : tensor<8xf32>, tensor<3xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%v: f32, %b: f32, %acc: f32):
      %s = arith.addf %acc, %v : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  %t = girih.kernel "one"(%y) : (tensor<6x1xf32>) -> tensor<6xf32> {
  ^bb0(%y0: tensor<6x1xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %p = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]} ins(%y0 : tensor<6x1xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%v: f32, %acc: f32):
      %s = arith.addf %acc, %v : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %p : tensor<6xf32>
  }
  return %r, %g, %t : tensor<?x8xf32, #girih.dims<n, 8>>, tensor<6xf32>, tensor<6xf32>
}
