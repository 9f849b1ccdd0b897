// RUN: girih-opt %s --girih-tile-kernels --canonicalize --cse | FileCheck %s

// How work becomes tasks, and kernels launches.

// The first loop of tasks is the slowest: its number is the task's, divided by how many of the second there are. Without a known number of rows that
// of tasks is an expression, which the launch computes; it takes one more if it has to divide by it. The last task of each dimension may be smaller.
// CHECK:       girih.launch @kernel_over(%arg2, %arg3) {{.*}}in_place = array<i64: 0, 1>
// CHECK:       girih.launch @kernel_tasks({{.*}}dims = #girih.dims<n, n ceildiv 3 * 2>{{.*}}tasks = #girih.dims<n ceildiv 3 * 2>
// CHECK:       girih.launch @kernel_turned_tasks({{.*}}dims = #girih.dims<n, n ceildiv 3 * 2, n ceildiv 3>{{.*}}tasks = #girih.dims<n ceildiv 3 * 2>
// A kernel that is equal to an earlier one, on other operands, runs its function.
// CHECK:       girih.launch @kernel_tasks(%arg3, {{.*}}name = "same"

// Results of two shapes are two nests, each by its own schedule: the tasks of the first, then those of the second.
// CHECK-LABEL: func.func private @kernel_shapes(
// CHECK:         scf.forall (%[[TASK:.*]]) in (5) {
// CHECK-NEXT:      %[[OWN:.*]] = arith.cmpi ult, %[[TASK]], %c3
// CHECK-NEXT:      %[[REST:.*]] = arith.subi %[[TASK]], %c3
// CHECK-NEXT:      scf.if %[[OWN]] {
// CHECK:             scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c4 {
// CHECK:               vector.store %{{.*}}, %arg2
// CHECK:           arith.cmpi ult, %[[REST]], %c2
// CHECK:           scf.if
// CHECK:             arith.muli %[[REST]], %c12
// CHECK:             scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c1 {
// CHECK:               memref.store %{{.*}}, %arg3

// What may be written over an operand has an argument for its result all the same; each element is read before it is written.
// CHECK-LABEL: func.func private @kernel_over(%arg0: memref<?xf32>, %arg1: memref<?xf32>, %arg2: memref<?xf32>,
// CHECK:         vector.load %arg0[%[[AT:.*]]]
// CHECK-NEXT:    vector.load %arg1[%[[AT]]]
// CHECK:         vector.store %{{.*}}, %arg2[%[[AT]]]

// CHECK-LABEL: func.func private @kernel_tasks(
// CHECK-SAME:      %[[N:[^ ]*]]: index, %[[TASKS:[^ ]*]]: index)
// CHECK:         scf.forall (%[[TASK:.*]]) in (%[[TASKS]]) {
// CHECK-NEXT:      %[[SECOND:.*]] = arith.remui %[[TASK]], %c2
// CHECK-NEXT:      %[[FIRST:.*]] = arith.divui %[[TASK]], %c2
// CHECK-NEXT:      %[[COLUMN:.*]] = arith.muli %[[SECOND]], %c8
// CHECK-NEXT:      %[[NEXTCOLUMN:.*]] = arith.addi %[[COLUMN]], %c8
// CHECK-NEXT:      arith.minui %[[NEXTCOLUMN]], %c10
// CHECK-NEXT:      %[[ROW:.*]] = arith.muli %[[FIRST]], %c3
// CHECK-NEXT:      %[[NEXTROW:.*]] = arith.addi %[[ROW]], %c3
// CHECK-NEXT:      arith.minui %[[NEXTROW]], %[[N]]
// Rows that are left of three are done by two and by one. Of ten columns what is left is always two, wherever a task begins.
// CHECK:           scf.for %{{.*}} = %[[ROW]] to %[[THREES:.*]] step %c3 {
// CHECK-COUNT-3:     vector.store
// CHECK:             scf.if
// CHECK:               vector.constant_mask [2]
// CHECK-COUNT-3:       vector.maskedstore
// CHECK:           scf.for %{{.*}} = %[[THREES]] to %[[TWOS:.*]] step %c2 {
// CHECK-COUNT-2:     vector.maskedstore
// CHECK:           scf.for %{{.*}} = %[[TWOS]] to %{{.*}} step %c1 {
// CHECK-COUNT-1:     vector.maskedstore
// CHECK-NOT:       scf.for

// CHECK-LABEL: func.func private @kernel_turned_tasks(
// CHECK-SAME:      %{{[^ ]*}}: index, %[[TASKS:[^ ]*]]: index, %[[OFROWS:[^ ]*]]: index)
// CHECK:         scf.forall (%[[TASK:.*]]) in (%[[TASKS]]) {
// CHECK-NEXT:      %[[SECOND:.*]] = arith.remui %[[TASK]], %[[OFROWS]]
// CHECK-NEXT:      %[[FIRST:.*]] = arith.divui %[[TASK]], %[[OFROWS]]
// CHECK-NEXT:      arith.muli %[[SECOND]], %c3
// CHECK:           arith.muli %[[FIRST]], %c8
func.func @main(%x: tensor<6x10xf32>, %y: tensor<24xf32>, %z: tensor<?x10xf32, #girih.dims<n, 10>>, %t: tensor<?x10xf32, #girih.dims<n, 10>>, %c: tensor<10xf32>)
    -> (tensor<6x10xf32>, tensor<24xf32>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>) {
  %r0:2 = girih.kernel "shapes"(%x, %y) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 20, task>, <d0, 4, lanes>]>, #girih.schedule<width = 1, fma = true, nest = [<d0, 12, task>, <d0, 1>]>]}
    : (tensor<6x10xf32>, tensor<24xf32>) -> (tensor<6x10xf32>, tensor<24xf32>) {
  ^bb0(%x0: tensor<6x10xf32>, %y0: tensor<24xf32>):
    %e = tensor.empty() : tensor<6x10xf32>
    %o = tensor.empty() : tensor<24xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x0 : tensor<6x10xf32>) outs(%e : tensor<6x10xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.absf %a : f32
      linalg.yield %v : f32
    } -> tensor<6x10xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y0 : tensor<24xf32>) outs(%o : tensor<24xf32>) {
    ^bb0(%a: f32, %out: f32):
      %v = math.sqrt %a : f32
      linalg.yield %v : f32
    } -> tensor<24xf32>
    girih.yield %p, %q : tensor<6x10xf32>, tensor<24xf32>
  }
  %r1 = girih.kernel "over"(%z, %t) attributes {in_place = array<i64: 0, 1>, schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 40, task>, <d0, 4, lanes>]>]}
    : (tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>) -> tensor<?x10xf32, #girih.dims<n, 10>> {
  ^bb0(%z0: tensor<?x10xf32, #girih.dims<n, 10>>, %t0: tensor<?x10xf32, #girih.dims<n, 10>>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x10xf32, #girih.dims<n, 10>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%z0, %t0 : tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>) outs(%e : tensor<?x10xf32, #girih.dims<n, 10>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %v = arith.subf %a, %b : f32
      linalg.yield %v : f32
    } -> tensor<?x10xf32, #girih.dims<n, 10>>
    girih.yield %p : tensor<?x10xf32, #girih.dims<n, 10>>
  }
  %r2 = girih.kernel "tasks"(%z, %c) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 3, task>, <d1, 8, task>, <d0, 3, rows>, <d1, 4, lanes>]>]}
    : (tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) -> tensor<?x10xf32, #girih.dims<n, 10>> {
  ^bb0(%z0: tensor<?x10xf32, #girih.dims<n, 10>>, %c0: tensor<10xf32>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x10xf32, #girih.dims<n, 10>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%z0, %c0 : tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) outs(%e : tensor<?x10xf32, #girih.dims<n, 10>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %v = arith.addf %a, %b : f32
      linalg.yield %v : f32
    } -> tensor<?x10xf32, #girih.dims<n, 10>>
    girih.yield %p : tensor<?x10xf32, #girih.dims<n, 10>>
  }
  %r3 = girih.kernel "turned_tasks"(%z, %c) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d1, 8, task>, <d0, 3, task>, <d0, 3, rows>, <d1, 4, lanes>]>]}
    : (tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) -> tensor<?x10xf32, #girih.dims<n, 10>> {
  ^bb0(%z0: tensor<?x10xf32, #girih.dims<n, 10>>, %c0: tensor<10xf32>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x10xf32, #girih.dims<n, 10>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%z0, %c0 : tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) outs(%e : tensor<?x10xf32, #girih.dims<n, 10>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %v = arith.addf %a, %b : f32
      linalg.yield %v : f32
    } -> tensor<?x10xf32, #girih.dims<n, 10>>
    girih.yield %p : tensor<?x10xf32, #girih.dims<n, 10>>
  }
  %r4 = girih.kernel "same"(%t, %c) attributes {schedule = [#girih.schedule<width = 4, fma = true, nest = [<d0, 3, task>, <d1, 8, task>, <d0, 3, rows>, <d1, 4, lanes>]>]}
    : (tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) -> tensor<?x10xf32, #girih.dims<n, 10>> {
  ^bb0(%t0: tensor<?x10xf32, #girih.dims<n, 10>>, %c0: tensor<10xf32>):
    %n = girih.dim #girih.dims<n>
    %e = tensor.empty(%n) : tensor<?x10xf32, #girih.dims<n, 10>>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t0, %c0 : tensor<?x10xf32, #girih.dims<n, 10>>, tensor<10xf32>) outs(%e : tensor<?x10xf32, #girih.dims<n, 10>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %v = arith.addf %a, %b : f32
      linalg.yield %v : f32
    } -> tensor<?x10xf32, #girih.dims<n, 10>>
    girih.yield %p : tensor<?x10xf32, #girih.dims<n, 10>>
  }
  return %r0#0, %r0#1, %r1, %r2, %r3, %r4
    : tensor<6x10xf32>, tensor<24xf32>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>, tensor<?x10xf32, #girih.dims<n, 10>>
}
