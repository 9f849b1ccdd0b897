// Tables, weights, slots and a kernel, written by hand as the llvm stage leaves them, become a library that runs.
// RUN: girih compile %s --start-after=llvm -o %t.so --cpu=x86-64-v3 | FileCheck %s --check-prefix=SUMMARY
// SUMMARY: emit.mlir.tmp.so: {{.*}} 1 launches of 1 kernels, arena planned per shape

// RUN: girih compile %s --start-after=llvm --emit=llvm | FileCheck %s --check-prefix=LLVM
// LLVM: define hidden void @scale({{.*}} #[[A:[0-9]+]]
// LLVM: attributes #[[A]] = { {{.*}}nounwind{{.*}}"target-cpu"=

// RUN: llvm-readelf --dyn-syms --needed-libs %t.so | FileCheck %s --check-prefix=ELF
// ELF-NOT: libstdc++
// ELF: girih_artifact_table
// ELF-NOT: scale

// Two compilations give the same bytes, whatever -j and OUT are.
// RUN: girih compile %s --start-after=llvm -o %t.2.so --cpu=x86-64-v3 -j1 && cmp %t.so %t.2.so

// RUN: girih compile %s --start-after=llvm -o %t.ext.so --external-weights && llvm-readelf -S %t.ext.so | FileCheck %s --check-prefix=EXTERNAL
// RUN: test -s %t.ext.so.weights
// EXTERNAL-NOT: girih.weights

module attributes {girih.model = "scale", girih.arena = [#girih.dims<max(n, 3) * 4, 0, 0, -1>], girih.arena_bytes = -1 : i64, girih.arena_lower_bound = 0 : i64} {
  llvm.func @scale(%buffers: !llvm.ptr, %dims: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
    %c1 = llvm.mlir.constant(1 : i64) : i64
    %xp = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
    %wpp = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %wp = llvm.load %wpp : !llvm.ptr -> !llvm.ptr
    %ypp = llvm.getelementptr %buffers[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %yp = llvm.load %ypp : !llvm.ptr -> !llvm.ptr
    %w = llvm.load %wp : !llvm.ptr -> f32
    llvm.br ^head(%begin : i64)
  ^head(%i: i64):
    %more = llvm.icmp "slt" %i, %end : i64
    llvm.cond_br %more, ^body, ^exit
  ^body:
    %a = llvm.getelementptr %xp[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %x = llvm.load %a : !llvm.ptr -> f32
    %y = llvm.fmul %x, %w : f32
    %b = llvm.getelementptr %yp[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    llvm.store %y, %b : f32, !llvm.ptr
    %next = llvm.add %i, %c1 : i64
    llvm.br ^head(%next : i64)
  ^exit:
    llvm.return
  }
  func.func @main(%x: tensor<?xf32, #girih.dims<n>> {girih.name = "x"}) -> (tensor<?xf32, #girih.dims<n>> {girih.name = "y"}) {
    %w = girih.constant dense<2.5> : tensor<1xf32>
    %y = girih.launch @scale(%x, %w) {dims = #girih.dims<n>, tasks = #girih.dims<n>, flops = #girih.dims<n>, bytes = #girih.dims<n * 8>, name = "Mul_0",
      refs = [#girih.ref<input, 0, <0>>, #girih.ref<weight, 0, <0>>, #girih.ref<output, 0, <0>>]} : (tensor<?xf32, #girih.dims<n>>, tensor<1xf32>) -> tensor<?xf32, #girih.dims<n>>
    return {girih.refs = [#girih.ref<output, 0, <0>>]} %y : tensor<?xf32, #girih.dims<n>>
  }
}
