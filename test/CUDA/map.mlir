// RUN: girih-opt %s --girih-map-cuda --split-input-file --verify-diagnostics | FileCheck %s

// Threads take tasks, blocks are what launches count. Buffers are aligned as far as their offsets say. Nothing is written over another one, so loads may be
// moved over stores.
// CHECK:       girih.launch @kernel_two(%arg0, %{{.*}}) {{.*}}dims = #girih.dims<n, n * 3>{{.*}}tasks = #girih.dims<n * 3 ceildiv 128>
// CHECK-LABEL: func.func @kernel_two(
// CHECK-SAME:      %[[X:[^:]*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %[[W:[^:]*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly},
// CHECK-SAME:      %[[Y:[^:]*]]: !llvm.ptr<1> {llvm.align = 8 : i64, llvm.noalias}, %[[N:[^:]*]]: i64, %[[TASKS:[^:]*]]: i64) attributes {girih.threads = 128 : i64}
// CHECK:         %[[T:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         %[[THREAD:.*]] = arith.index_castui %[[T]] : i32 to index
// CHECK:         %[[B:.*]] = nvvm.read.ptx.sreg.ctaid.x
// CHECK:         %[[BLOCK:.*]] = arith.index_castui %[[B]] : i32 to index
// CHECK:         %[[FIRST:.*]] = arith.muli %[[BLOCK]], %c128
// CHECK:         %[[TASK:.*]] = arith.addi %[[FIRST]], %[[THREAD]]
// CHECK:         llvm.addrspacecast %[[X]] : !llvm.ptr<1> to !llvm.ptr
// CHECK:         %[[COUNT:.*]] = arith.index_cast %[[TASKS]] : i64 to index
// CHECK:         %[[IS:.*]] = arith.cmpi ult, %[[TASK]], %[[COUNT]]
// CHECK-NEXT:    scf.if %[[IS]] {
// CHECK:           memref.load %{{.*}}[%[[TASK]]]
func.func @main(%x: tensor<?x3xf32, #girih.dims<n, 3>> {girih.name = "x"}) -> (tensor<?x3xf32, #girih.dims<n, 3>> {girih.name = "y"}) {
  %w = girih.constant dense<1.0> : tensor<3xf32>
  %y = girih.launch @kernel_two(%x, %w) {bytes = #girih.dims<n * 24>, dims = #girih.dims<n, n * 3>, flops = #girih.dims<n>, tasks = #girih.dims<n * 3>,
    refs = [#girih.ref<input, 0, <0>>, #girih.ref<weight, 0, <64>>, #girih.ref<arena, 1, <n * 24>>]}
    : (tensor<?x3xf32, #girih.dims<n, 3>>, tensor<3xf32>) -> tensor<?x3xf32, #girih.dims<n, 3>>
  return %y : tensor<?x3xf32, #girih.dims<n, 3>>
}
func.func private @kernel_two(%x: memref<?xf32>, %w: memref<?xf32>, %y: memref<?xf32>, %n: index, %tasks: index) {
  scf.forall (%t) in (%tasks) {
    %v = memref.load %x[%t] : memref<?xf32>
    memref.store %v, %y[%t] : memref<?xf32>
  }
  return
}

// -----

// What is written over an operand is not apart from it. Fewer tasks than a block's threads: as many warps as they are. A thread's scratch memory is a
// part of its block's: elements of neighbours are side by side. The launch says how much a block has, and one more argument how much a thread.
// CHECK:       girih.launch @kernel_over({{.*}}dims = #girih.dims<n * 8>{{.*}}scratch = #girih.dims<n * 512>, tasks = #girih.dims<1>
// CHECK-LABEL: func.func @kernel_over(
// CHECK-SAME:      %{{[^:]*}}: !llvm.ptr<1> {llvm.align = 16 : i64}, %{{[^:]*}}: !llvm.ptr<1> {llvm.align = 16 : i64}, %[[BYTES:[^:]*]]: i64, %[[SCRATCH:[^:]*]]: !llvm.ptr<1>)
// CHECK-SAME:      girih.threads = 64
// CHECK:         %[[BLOCK:.*]] = arith.muli %{{.*}}, %[[BYTES]] : i64
// CHECK:         %[[OWN:.*]] = llvm.getelementptr %[[SCRATCH]][%[[BLOCK]]]
// CHECK:         arith.muli %c64{{.*}}, %c64
// CHECK:         llvm.getelementptr %[[OWN]]
// CHECK:         builtin.unrealized_conversion_cast %{{.*}} to memref<?xf32, strided<[64]>>
func.func @main(%x: tensor<40xf32> {girih.name = "x"}) -> (tensor<40xf32> {girih.name = "y"}) {
  %y = girih.launch @kernel_over(%x) {bytes = #girih.dims<320>, dims = #girih.dims<>, flops = #girih.dims<40>, tasks = #girih.dims<40>,
    scratch = #girih.dims<n * 8>, in_place = array<i64: 0>, refs = [#girih.ref<arena, 3, <0>>, #girih.ref<arena, 3, <0>>]} : (tensor<40xf32>) -> tensor<40xf32>
  return %y : tensor<40xf32>
}
func.func private @kernel_over(%x: memref<?xf32>, %y: memref<?xf32>, %scratch: memref<?xi8> {girih.scratch}) {
  %c64 = arith.constant 64 : index
  %c2 = arith.constant 2 : index
  %view = memref.view %scratch[%c64][%c2] : memref<?xi8> to memref<?xf32>
  scf.forall (%t) in (40) {
    %v = memref.load %x[%t] : memref<?xf32>
    %c1 = arith.constant 1 : index
    memref.store %v, %view[%c1] : memref<?xf32>
    memref.store %v, %y[%t] : memref<?xf32>
  }
  return
}

// -----

// Vectors are in one piece: each thread's memory is.
// CHECK-LABEL: func.func @kernel_vectors(
// CHECK:         vector.store %{{.*}}, %{{.*}} : memref<?xf32>, vector<4xf32>
func.func private @kernel_vectors(%x: memref<?xf32>, %scratch: memref<?xi8> {girih.scratch}) {
  %c0 = arith.constant 0 : index
  %view = memref.view %scratch[%c0][%c0] : memref<?xi8> to memref<?xf32>
  scf.forall (%t) in (40) {
    %v = vector.load %x[%t] : memref<?xf32>, vector<4xf32>
    vector.store %v, %view[%t] : memref<?xf32>, vector<4xf32>
  }
  return
}

// -----

// expected-error @+1 {{a kernel function has 0 scf.forall, expected one of tasks}}
func.func private @kernel_none(%x: memref<?xf32>) {
  return
}
