// RUN: girih-opt %s --girih-narrow-floats-as-integers | FileCheck %s

// CHECK-LABEL: llvm.func @half
// CHECK: %[[ZERO:.*]] = llvm.mlir.constant(dense<0> : vector<8xi16>) : vector<8xi16>
// CHECK: %[[X:.*]] = llvm.intr.masked.load %{{.*}} : (!llvm.ptr, vector<8xi1>, vector<8xi16>) -> vector<8xi16>
// CHECK: %[[F:.*]] = llvm.bitcast %[[X]] : vector<8xi16> to vector<8xf16>
// CHECK: llvm.fpext %[[F]] : vector<8xf16> to vector<8xf32>
// CHECK: %[[Y:.*]] = llvm.fptrunc %{{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: %[[I:.*]] = llvm.bitcast %[[Y]] : vector<8xf16> to vector<8xi16>
// CHECK: %[[S:.*]] = llvm.select %{{.*}}, %[[I]], %[[X]] : vector<8xi1>, vector<8xi16>
// CHECK: llvm.intr.masked.store %[[S]], %{{.*}} : vector<8xi16>
llvm.func @half(%p: !llvm.ptr, %m: vector<8xi1>) {
  %zero = llvm.mlir.constant(dense<0.0> : vector<8xf16>) : vector<8xf16>
  %x = llvm.intr.masked.load %p, %m, %zero {alignment = 2 : i32} : (!llvm.ptr, vector<8xi1>, vector<8xf16>) -> vector<8xf16>
  %f = llvm.fpext %x : vector<8xf16> to vector<8xf32>
  %g = llvm.fadd %f, %f : vector<8xf32>
  %y = llvm.fptrunc %g : vector<8xf32> to vector<8xf16>
  %s = llvm.select %m, %y, %x : vector<8xi1>, vector<8xf16>
  llvm.intr.masked.store %s, %p, %m {alignment = 2 : i32} : vector<8xf16>, vector<8xi1> into !llvm.ptr
  llvm.return
}

// A bitcast that has become one to the same type is gone; addresses count in integers; values that go round a loop too.
// CHECK-LABEL: llvm.func @loop
// CHECK: %[[X:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i16
// CHECK: llvm.br ^[[HEAD:.*]](%[[X]] : i16)
// CHECK: ^[[HEAD]](%[[V:.*]]: i16):
// CHECK: llvm.getelementptr %{{.*}}[1] : (!llvm.ptr) -> !llvm.ptr, i16
// CHECK: llvm.cond_br %{{.*}}, ^[[HEAD]](%{{.*}} : i16)
llvm.func @loop(%p: !llvm.ptr, %c: i1) {
  %i = llvm.load %p : !llvm.ptr -> i16
  %x = llvm.bitcast %i : i16 to bf16
  llvm.br ^head(%x : bf16)
^head(%v: bf16):
  %q = llvm.getelementptr %p[1] : (!llvm.ptr) -> !llvm.ptr, bf16
  llvm.store %v, %q : bf16, !llvm.ptr
  %w = llvm.load %q : !llvm.ptr -> bf16
  llvm.cond_br %c, ^head(%w : bf16), ^end
^end:
  llvm.return
}
