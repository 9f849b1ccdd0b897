// Shared memory of a kernel: what the code declares, and what its launches give it beside that (girih.shared), here more than blocks get without asking.
// RUN: girih compile %s --start-after=llvm --target=cuda --emit=ptx | FileCheck %s
// CHECK: //   grid 1, block 64, shared memory 66560
// CHECK: .extern .shared .align 16 .b8 dynamic[]
// CHECK: .shared .align 16 .b8 own[1024]

// RUN: girih compile %s --start-after=llvm --target=cuda -o %t.so
// RUN: %python -c "import numpy as n; x = n.arange(64, dtype='f'); n.savez(r'%t.npz', **{'in::x': x, 'out::y': x[::-1]})"
// RUN: env GIRIH_CUDA_DRIVER=%lib/libgirih-cudasim.so GIRIH_PTXSIM_CHECKS=race,uninit girih run %t.so --inputs %t.npz --check --tolerance=0
// A GPU that has less says so.
// RUN: sed s/65536/165536/ %s > %t.mlir && girih compile %t.mlir --start-after=llvm --target=cuda -o %t.so
// RUN: not env GIRIH_CUDA_DRIVER=%lib/libgirih-cudasim.so GIRIH_PTXSIM_DEVICE=rtx4090 girih run %t.so 2>&1 | FileCheck %s --check-prefix=LESS
// LESS: error: 'turn' (kernel kernel_turn) needs 166560 bytes of shared memory a block, and NVIDIA GeForce RTX 4090 (simulated) has 101376

module attributes {girih.model = "turn", girih.arena = [], girih.arena_bytes = 0 : i64, girih.arena_lower_bound = 0 : i64} {
  func.func @main(%x: tensor<64xf32> {girih.name = "x"}) -> (tensor<64xf32> {girih.name = "y"}) {
    %y = girih.launch @kernel_turn(%x) {name = "turn", bytes = #girih.dims<512>, dims = #girih.dims<>, flops = #girih.dims<64>, tasks = #girih.dims<1>,
      refs = [#girih.ref<input, 0, <0>>, #girih.ref<output, 0, <0>>]} : (tensor<64xf32>) -> tensor<64xf32>
    return {girih.refs = [#girih.ref<output, 0, <0>>]} %y : tensor<64xf32>
  }
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  llvm.mlir.global internal @own() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<256 x f32> {
    %0 = llvm.mlir.undef : !llvm.array<256 x f32>
    llvm.return %0 : !llvm.array<256 x f32>
  }
  // y = x turned around, by way of both, each at its end.
  llvm.func @kernel_turn(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {girih.threads = 64 : i64, girih.shared = 65536 : i64} {
    %c63 = llvm.mlir.constant(63 : i32) : i32
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %u = llvm.sub %c63, %t : i32
    %dynamic = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    %end = llvm.getelementptr %dynamic[65280] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %own = llvm.mlir.addressof @own : !llvm.ptr<3>
    %from = llvm.getelementptr %x[%t] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %to = llvm.getelementptr %y[%t] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %from : !llvm.ptr<1> -> f32
    %a = llvm.getelementptr %end[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %v, %a : f32, !llvm.ptr<3>
    nvvm.barrier0
    %b = llvm.getelementptr %end[%u] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %w = llvm.load %b : !llvm.ptr<3> -> f32
    %c = llvm.getelementptr %own[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %w, %c : f32, !llvm.ptr<3>
    %r = llvm.load %c : !llvm.ptr<3> -> f32
    llvm.store %r, %to : f32, !llvm.ptr<1>
    llvm.return
  }
}
