// RUN: girih-opt %s --girih-map-cuda --split-input-file | FileCheck %s

// A task of 32 threads is a warp's, and four of them are a block. Each has its part of a variable in shared memory; where only a warp has to wait, only a warp
// waits.
// CHECK:       girih.launch @kernel_warp({{.*}}tasks = #girih.dims<25>
// CHECK:       memref.global "private" @kernel_warp_shared : memref<4x8xf32, 3> = uninitialized {alignment = 16 : i64}
// CHECK-LABEL: func.func @kernel_warp(
// CHECK-SAME:      girih.threads = 128
// CHECK:         %[[TID:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         %[[THREAD:.*]] = arith.index_castui %[[TID]]
// CHECK:         %[[FIRST:.*]] = arith.muli %{{.*}}, %c4
// CHECK:         %[[TEAM:.*]] = arith.divui %[[THREAD]], %c32
// CHECK:         %[[OWN:.*]] = arith.remui %[[THREAD]], %c32
// CHECK:         %[[TASK:.*]] = arith.addi %[[FIRST]], %[[TEAM]]
// CHECK:         arith.cmpi ult, %[[TASK]], %c98
// CHECK:         %[[ALL:.*]] = memref.get_global @kernel_warp_shared
// CHECK:         memref.subview %[[ALL]][%[[TEAM]], 0] [1, 8] [1, 1]
// CHECK:         memref.load %{{.*}}[%[[OWN]]]
// CHECK:         nvvm.shfl.sync bfly
// CHECK:         nvvm.bar.warp.sync
func.func @main(%x: tensor<98xf32> {girih.name = "x"}) -> (tensor<98xf32> {girih.name = "y"}) {
  %y = girih.launch @kernel_warp(%x) {bytes = #girih.dims<24>, dims = #girih.dims<>, flops = #girih.dims<1>, tasks = #girih.dims<98>}
    : (tensor<98xf32>) -> tensor<98xf32>
  return %y : tensor<98xf32>
}
func.func private @kernel_warp(%x: memref<?xf32>, %y: memref<?xf32>) attributes {girih.threads = 32 : i64} {
  %c98 = arith.constant 98 : index
  scf.forall (%task) in (%c98) {
    %memory = memref.alloca() : memref<8xf32, #gpu.address_space<workgroup>>
    %t = gpu.thread_id x
    %one = arith.constant 1 : i32
    %all = arith.constant 32 : i32
    %v = memref.load %x[%t] : memref<?xf32>
    %other, %valid = gpu.shuffle xor %v, %one, %all : f32
    %c0 = arith.constant 0 : index
    memref.store %other, %memory[%c0] : memref<8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    memref.store %v, %y[%task] : memref<?xf32>
  }
  return
}

// -----

// A larger team is a block. Values of other sizes are shuffled in words of 32 bits.
// CHECK:       girih.launch @kernel_block({{.*}}tasks = #girih.dims<n>
// CHECK:       memref.global "private" @kernel_block_shared : memref<8xf64, 3>
// CHECK-LABEL: func.func @kernel_block(
// CHECK-SAME:      girih.threads = 256
// CHECK:         %[[TID:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         %[[THREAD:.*]] = arith.index_castui %[[TID]]
// CHECK:         %[[B:.*]] = nvvm.read.ptx.sreg.ctaid.x
// CHECK:         %[[TASK:.*]] = arith.index_castui %[[B]]
// CHECK:         arith.cmpi ult, %[[TASK]]
// CHECK:         memref.get_global @kernel_block_shared
// CHECK-COUNT-2: nvvm.shfl.sync down
// CHECK:         nvvm.shfl.sync idx {{.*}} : i32
// CHECK:         arith.trunci {{.*}} : i32 to i16
// CHECK:         nvvm.barrier0
// CHECK:         memref.store %{{.*}}[%[[TASK]]]
func.func @main(%x: tensor<?xf64, #girih.dims<n>> {girih.name = "x"}) -> (tensor<?xf64, #girih.dims<n>> {girih.name = "y"}) {
  %y = girih.launch @kernel_block(%x) {bytes = #girih.dims<24>, dims = #girih.dims<n>, flops = #girih.dims<1>, tasks = #girih.dims<n>}
    : (tensor<?xf64, #girih.dims<n>>) -> tensor<?xf64, #girih.dims<n>>
  return %y : tensor<?xf64, #girih.dims<n>>
}
func.func private @kernel_block(%x: memref<?xf64>, %y: memref<?xf64>, %n: index) attributes {girih.threads = 256 : i64} {
  scf.forall (%task) in (%n) {
    %memory = memref.alloca() : memref<8xf64, #gpu.address_space<workgroup>>
    %t = gpu.thread_id x
    %one = arith.constant 1 : i32
    %all = arith.constant 32 : i32
    %v = memref.load %x[%t] : memref<?xf64>
    %other, %valid = gpu.shuffle down %v, %one, %all : f64
    %h = arith.truncf %v : f64 to f16
    %first, %isValid = gpu.shuffle idx %h, %one, %all : f16
    %c0 = arith.constant 0 : index
    memref.store %other, %memory[%c0] : memref<8xf64, #gpu.address_space<workgroup>>
    gpu.barrier
    memref.store %v, %y[%task] : memref<?xf64>
  }
  return
}
