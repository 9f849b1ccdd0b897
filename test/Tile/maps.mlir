// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// What an element-wise kernel becomes, whatever its elements are and however they lie.

// 70 elements: steps of four vectors, then only what is left: one vector, of which six lanes are there. Other lanes are neither read nor written.
// CHECK-LABEL: func.func private @kernel_rest(
// CHECK:         scf.for %{{.*}} = %c0 to %c64 step %c32 {
// CHECK-COUNT-4:   vector.store
// CHECK:         }
// CHECK:         %[[SIX:.*]] = vector.constant_mask [6] : vector<8xi1>
// CHECK-NEXT:    vector.maskedload %arg0[%c64], %[[SIX]]
// CHECK:         vector.maskedstore %arg1[%c64], %[[SIX]]
// CHECK-NEXT:    return

// As many as a run has: whole steps of a task, then, if there is something left, one that is masked, each vector by what is left behind the ones before.
// CHECK-LABEL: func.func private @kernel_unknown(
// CHECK-SAME:      %[[N:[^:]*]]: index, %{{[^:]*}}: index)
// CHECK:         scf.forall (%[[TASK:.*]]) in
// CHECK:           %[[BEGIN:.*]] = arith.muli %[[TASK]], %c64
// CHECK:           %[[END:.*]] = arith.minui %{{.*}}, %[[N]]
// CHECK:           arith.divui %{{.*}}, %c32
// CHECK:           scf.for %{{.*}} = %[[BEGIN]] to %[[WHOLE:.*]] step %c32 {
// CHECK-COUNT-4:     vector.store
// CHECK:           %[[ANY:.*]] = arith.cmpi slt, %[[WHOLE]], %[[END]]
// CHECK-NEXT:      scf.if %[[ANY]] {
// CHECK:             %[[LEFT:.*]] = arith.subi %[[END]], %[[WHOLE]]
// CHECK-NEXT:        vector.create_mask %[[LEFT]]
// CHECK-NEXT:        %[[LESS:.*]] = arith.subi %[[LEFT]], %c8
// CHECK-NEXT:        vector.create_mask %[[LESS]]
// CHECK-COUNT-4:     vector.maskedstore
// CHECK-NOT:       vector.store

// A width of 1 is no vector; 35 divide 70, so that no task asks where it ends.
// CHECK-LABEL: func.func private @kernel_one_by_one(
// CHECK:         scf.forall (%{{.*}}) in (2) {
// CHECK-NOT:       arith.minui
// CHECK:           memref.load
// CHECK-NOT:       vector.
// CHECK:           memref.store

// Elements of any type: as many lanes as the schedule says, of the type's size. What is true is a byte.
// CHECK-LABEL: func.func private @kernel_halves(%{{.*}}: memref<?xf16>, %{{.*}}: memref<?xf16>)
// CHECK:         vector.load {{.*}} vector<8xf16>
// CHECK-LABEL: func.func private @kernel_bfloats(%{{.*}}: memref<?xbf16>, %{{.*}}: memref<?xbf16>)
// CHECK:         vector.load {{.*}} vector<8xbf16>
// CHECK-LABEL: func.func private @kernel_longs(%{{.*}}: memref<?xi64>, %{{.*}}: memref<?xi64>)
// CHECK:         vector.load {{.*}} vector<8xi64>
// CHECK-LABEL: func.func private @kernel_truth(%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xi8>)
// CHECK:         arith.cmpf ogt, {{.*}} : vector<8xf32>
// CHECK-NEXT:    %[[BYTE:.*]] = arith.extui {{.*}} : vector<8xi1> to vector<8xi8>
// CHECK-NEXT:    vector.store %[[BYTE]], %arg1

// One number, and none at all.
// CHECK-LABEL: func.func private @kernel_number(
// CHECK-NOT:     scf.
// CHECK:         memref.load %arg0[%c0]
// CHECK:         memref.store {{.*}}, %arg1[%c0]
// CHECK-LABEL: func.func private @kernel_empty(
// CHECK-NEXT:    return

// Lanes that lie apart are gathered.
// CHECK-LABEL: func.func private @kernel_every_other(
// CHECK:         %[[FIRST:.*]] = arith.muli %{{.*}}, %c2
// CHECK:         vector.broadcast %[[FIRST]]
// CHECK:         vector.step
// CHECK:         vector.gather %arg0
// CHECK-NOT:     memref.load

// What does not depend on the lanes is a number: computed once a row, before it fills a vector, and for both vectors of it.
// CHECK-LABEL: func.func private @kernel_repeated(
// CHECK-COUNT-4: math.absf {{.*}} : f32
// CHECK-NOT:     math.absf
// CHECK:         return

// An index that a body asks for differs from lane to lane.
// CHECK-LABEL: func.func private @kernel_index(
// CHECK:         scf.for %[[I:.*]] = %c0 to %c64
// CHECK:           %[[BASE:.*]] = vector.broadcast %[[I]] : index to vector<8xindex>
// CHECK:           %[[STEP:.*]] = vector.step
// CHECK:           arith.addi %[[BASE]], %[[STEP]]

// Two results are written by one loop, which reads once.
// CHECK-LABEL: func.func private @kernel_two(
// CHECK-COUNT-1: vector.load
// CHECK-NOT:     vector.load
// CHECK:         vector.store %{{.*}}, %arg1
// CHECK:         vector.store %{{.*}}, %arg2
// CHECK-NOT:     scf.for
func.func @main(%x: tensor<70xf32>, %y: tensor<?xf32, #girih.dims<n>>, %h: tensor<64xf16>, %bf: tensor<64xbf16>, %l: tensor<64xi64>,
                %z: tensor<64xf32>, %s: tensor<f32>, %em: tensor<0x4xf32>, %w: tensor<128xf32>)
    -> (tensor<70xf32>, tensor<?xf32, #girih.dims<n>>, tensor<70xf32>, tensor<64xf16>, tensor<64xbf16>, tensor<64xi64>,
        tensor<64xi1>, tensor<f32>, tensor<0x4xf32>, tensor<64xf32>, tensor<64x64xf32>, tensor<64xf32>,
        tensor<64xf32>, tensor<64xf32>) {
  %r0 = girih.kernel "rest"(%x) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 32, lanes>]>]}
    : (tensor<70xf32>) -> tensor<70xf32> {
  ^bb0(%x0: tensor<70xf32>):
    %e = tensor.empty() : tensor<70xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<70xf32>) outs(%e : tensor<70xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<70xf32>
    girih.yield %p : tensor<70xf32>
  }
  %r1 = girih.kernel "unknown"(%y) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 64, task>, <d0, 32, lanes>]>]}
    : (tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<n>> {
  ^bb0(%y0: tensor<?xf32, #girih.dims<n>>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?xf32, #girih.dims<n>>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y0 : tensor<?xf32, #girih.dims<n>>) outs(%e : tensor<?xf32, #girih.dims<n>>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<?xf32, #girih.dims<n>>
    girih.yield %p : tensor<?xf32, #girih.dims<n>>
  }
  %r2 = girih.kernel "one_by_one"(%x) attributes {schedule = [#girih.schedule<width = 1, fma = true, nest = [<d0, 35, task>, <d0, 1>]>]}
    : (tensor<70xf32>) -> tensor<70xf32> {
  ^bb0(%x0: tensor<70xf32>):
    %e = tensor.empty() : tensor<70xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<70xf32>) outs(%e : tensor<70xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<70xf32>
    girih.yield %p : tensor<70xf32>
  }
  %r3 = girih.kernel "halves"(%h) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, lanes>]>]}
    : (tensor<64xf16>) -> tensor<64xf16> {
  ^bb0(%h0: tensor<64xf16>):
    %e = tensor.empty() : tensor<64xf16>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%h0 : tensor<64xf16>) outs(%e : tensor<64xf16>) {
    ^bb0(%a: f16, %out: f16):
      %v = math.absf %a : f16
      linalg.yield %v : f16
    } -> tensor<64xf16>
    girih.yield %p : tensor<64xf16>
  }
  %r4 = girih.kernel "bfloats"(%bf) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, lanes>]>]}
    : (tensor<64xbf16>) -> tensor<64xbf16> {
  ^bb0(%bf0: tensor<64xbf16>):
    %e = tensor.empty() : tensor<64xbf16>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%bf0 : tensor<64xbf16>) outs(%e : tensor<64xbf16>) {
    ^bb0(%a: bf16, %out: bf16):
      %v = arith.addf %a, %a : bf16
      linalg.yield %v : bf16
    } -> tensor<64xbf16>
    girih.yield %p : tensor<64xbf16>
  }
  %r5 = girih.kernel "longs"(%l) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, lanes>]>]}
    : (tensor<64xi64>) -> tensor<64xi64> {
  ^bb0(%l0: tensor<64xi64>):
    %e = tensor.empty() : tensor<64xi64>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%l0 : tensor<64xi64>) outs(%e : tensor<64xi64>) {
    ^bb0(%a: i64, %out: i64):
      %v = arith.addi %a, %a : i64
      linalg.yield %v : i64
    } -> tensor<64xi64>
    girih.yield %p : tensor<64xi64>
  }
  %r6 = girih.kernel "truth"(%z) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 16, lanes>]>]}
    : (tensor<64xf32>) -> tensor<64xi1> {
  ^bb0(%z0: tensor<64xf32>):
    %e = tensor.empty() : tensor<64xi8>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%z0 : tensor<64xf32>) outs(%e : tensor<64xi8>) {
    ^bb0(%a: f32, %out: i8):
      %zero = arith.constant 0.0 : f32
      %c = arith.cmpf ogt, %a, %zero : f32
      %v = arith.extui %c : i1 to i8
      linalg.yield %v : i8
    } -> tensor<64xi8>
    girih.yield %p : tensor<64xi8>
  }
  %r7 = girih.kernel "number"(%s) attributes {schedule = [#girih.schedule<width = 1, fma = true, nest = []>]}
    : (tensor<f32>) -> tensor<f32> {
  ^bb0(%s0: tensor<f32>):
    %e = tensor.empty() : tensor<f32>
    %p = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%s0 : tensor<f32>) outs(%e : tensor<f32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<f32>
    girih.yield %p : tensor<f32>
  }
  %r8 = girih.kernel "empty"(%em) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 4, lanes>]>]}
    : (tensor<0x4xf32>) -> tensor<0x4xf32> {
  ^bb0(%em0: tensor<0x4xf32>):
    %e = tensor.empty() : tensor<0x4xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%em0 : tensor<0x4xf32>) outs(%e : tensor<0x4xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<0x4xf32>
    girih.yield %p : tensor<0x4xf32>
  }
  %r9 = girih.kernel "every_other"(%w) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 8, lanes>]>]}
    : (tensor<128xf32>) -> tensor<64xf32> {
  ^bb0(%w0: tensor<128xf32>):
    %e = tensor.empty() : tensor<64xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i * 2)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%w0 : tensor<128xf32>) outs(%e : tensor<64xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<64xf32>
    girih.yield %p : tensor<64xf32>
  }
  %r10 = girih.kernel "repeated"(%z) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 4, rows>, <d1, 16, lanes>]>]}
    : (tensor<64xf32>) -> tensor<64x64xf32> {
  ^bb0(%z0: tensor<64xf32>):
    %e = tensor.empty() : tensor<64x64xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%z0 : tensor<64xf32>) outs(%e : tensor<64x64xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<64x64xf32>
    girih.yield %p : tensor<64x64xf32>
  }
  %r11 = girih.kernel "index"(%z) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 8, lanes>]>]}
    : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%z0: tensor<64xf32>):
    %e = tensor.empty() : tensor<64xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%z0 : tensor<64xf32>) outs(%e : tensor<64xf32>) {
    ^bb0(%a: f32, %out: f32):
      %i = linalg.index 0 : index
      %c = arith.index_cast %i : index to i32
      %f = arith.sitofp %c : i32 to f32
      %v = arith.addf %a, %f : f32
      linalg.yield %v : f32
    } -> tensor<64xf32>
    girih.yield %p : tensor<64xf32>
  }
  %r12:2 = girih.kernel "two"(%z) attributes {schedule = [#girih.schedule<width = 8, fma = true, nest = [<d0, 8, lanes>]>]}
    : (tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  ^bb0(%z0: tensor<64xf32>):
    %e = tensor.empty() : tensor<64xf32>
    %p:2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%z0 : tensor<64xf32>) outs(%e, %e : tensor<64xf32>, tensor<64xf32>) {
    ^bb0(%a: f32, %o0: f32, %o1: f32):
      %v = math.absf %a : f32
      %u = arith.negf %a : f32
      linalg.yield %v, %u : f32, f32
    } -> (tensor<64xf32>, tensor<64xf32>)
    girih.yield %p#0, %p#1 : tensor<64xf32>, tensor<64xf32>
  }
  return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9, %r10, %r11, %r12#0, %r12#1
    : tensor<70xf32>, tensor<?xf32, #girih.dims<n>>, tensor<70xf32>, tensor<64xf16>, tensor<64xbf16>, tensor<64xi64>,
      tensor<64xi1>, tensor<f32>, tensor<0x4xf32>, tensor<64xf32>, tensor<64x64xf32>, tensor<64xf32>,
      tensor<64xf32>, tensor<64xf32>
}
