// RUN: girih-opt %s -girih-set-precision=type=f16 -split-input-file | FileCheck %s
// RUN: girih-opt %s -girih-set-precision=type=bf16 -split-input-file | FileCheck %s --check-prefix=BF16
// RUN: girih-opt %s -girih-set-precision=type=f16 -convert-girih-to-linalg -split-input-file | FileCheck %s --check-prefix=LINALG
// RUN: not girih-opt %s -girih-set-precision=type=f8 -split-input-file 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: error: girih-set-precision: expected type=f16 or type=bf16, got 'f8'

// An input that a product reads is cast by a kernel of its own, once. The epsilon is what it was; so is the output.
// CHECK: module attributes {girih.precision = "f16"}
// CHECK-LABEL: func.func @edges(%{{.*}}: tensor<8x4xf32> {girih.name = "x"}) -> (tensor<8x4xf32>, tensor<8x4xf32>)
// CHECK: %[[X:.*]] = girih.kernel "x (cast)"(%{{.*}}) : (tensor<8x4xf32>) -> tensor<8x4xf16>
// CHECK: %[[W:.*]] = girih.constant dense<1.500000e+00> : tensor<4x4xf16>
// CHECK-NOT: girih.kernel "x (cast)"
// CHECK: girih.kernel "product"(%[[X]], %[[W]]) : (tensor<8x4xf16>, tensor<4x4xf16>) -> tensor<8x4xf16>
// CHECK: girih.constant dense<9.99999996E-13> : tensor<f32>
// CHECK: %[[P:.*]] = girih.matmul {{.*}} -> tensor<8x4xf32>
// CHECK: %[[S:.*]] = girih.binary add %[[P]], {{.*}} -> tensor<8x4xf32>
// CHECK: %[[C:.*]] = girih.cast %[[S]] {saturate, to = f16}
// CHECK: girih.yield %[[C]] : tensor<8x4xf16>
// CHECK: girih.kernel "log"(%{{.*}}) : (tensor<8x4xf16>) -> tensor<8x4xf32>
// CHECK: girih.kernel "again"(%[[X]], %[[W]]) : (tensor<8x4xf16>, tensor<4x4xf16>) -> tensor<8x4xf32>
// BF16: module attributes {girih.precision = "bf16"}
// BF16: girih.kernel "product"({{.*}}) : (tensor<8x4xbf16>, tensor<4x4xbf16>) -> tensor<8x4xbf16>
// LINALG-LABEL: func.func @edges
// LINALG: girih.kernel "product"
// LINALG: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8x4xf16>, tensor<4x4xf16>) outs(%{{.*}} : tensor<8x4xf32>)
// LINALG-NEXT: ^bb0
// LINALG-NEXT: arith.extf
// LINALG-NEXT: arith.extf
// LINALG-NEXT: arith.mulf
// LINALG-NEXT: arith.addf
// LINALG: %[[LOW:.*]] = arith.constant -6.550400e+04 : f32
// LINALG-NEXT: arith.maximumf %{{.*}}, %[[LOW]]
// LINALG: arith.minimumf
// LINALG-NEXT: arith.truncf %{{.*}} : f32 to f16
func.func @edges(%x: tensor<8x4xf32> {girih.name = "x"}) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %w = girih.constant dense<1.5> : tensor<4x4xf32>
  %0 = girih.kernel "product"(%x, %w) : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%i: tensor<8x4xf32>, %j: tensor<4x4xf32>):
    %e = girih.constant dense<1.0e-12> : tensor<f32>
    %p = girih.matmul %i, %j : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %s = girih.binary add %p, %e : (tensor<8x4xf32>, tensor<f32>) -> tensor<8x4xf32>
    girih.yield %s : tensor<8x4xf32>
  }
  %1 = girih.kernel "log"(%0) : (tensor<8x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%i: tensor<8x4xf32>):
    %l = girih.unary log %i : (tensor<8x4xf32>) -> tensor<8x4xf32>
    girih.yield %l : tensor<8x4xf32>
  }
  %2 = girih.kernel "again"(%x, %w) : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%i: tensor<8x4xf32>, %j: tensor<4x4xf32>):
    %p = girih.matmul %i, %j : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    girih.yield %p : tensor<8x4xf32>
  }
  return %1, %2 : tensor<8x4xf32>, tensor<8x4xf32>
}

// -----

// A mask of truth values stays f32. What a softmax gives is rounded for the second product, and nothing before it is.
// CHECK-LABEL: func.func @attention
// CHECK: girih.kernel "mask"(%{{.*}}) : (tensor<4x6xi1>) -> tensor<4x6xf32>
// CHECK: girih.kernel "attention"(%{{.*}}) : (tensor<4x8xf16>, tensor<6x8xf16>, tensor<6x8xf16>, tensor<4x6xf32>) -> tensor<4x8xf16>
// CHECK: %[[SOFTMAX:.*]] = girih.softmax {{.*}} -> tensor<4x6xf32>
// CHECK: %[[R:.*]] = girih.cast %[[SOFTMAX]] {to = f16}
// CHECK: %[[P:.*]] = girih.cast %[[R]] {to = f32}
// CHECK: girih.matmul %[[P]],
// LINALG-LABEL: func.func @attention
// LINALG: girih.kernel "attention"
// LINALG: ins(%{{.*}}, %{{.*}} : tensor<4x8xf16>, tensor<6x8xf16>) outs(%{{.*}} : tensor<4x6xf32>)
// LINALG-NOT: truncf
// LINALG: math.exp
// LINALG: arith.truncf
// LINALG: ins(%{{.*}}, %{{.*}} : tensor<4x6xf16>, tensor<6x8xf16>) outs(%{{.*}} : tensor<4x8xf32>)
func.func @attention(%q: tensor<4x8xf32>, %k: tensor<6x8xf32>, %v: tensor<6x8xf32>, %m: tensor<4x6xi1>) -> tensor<4x8xf32> {
  %mask = girih.kernel "mask"(%m) : (tensor<4x6xi1>) -> tensor<4x6xf32> {
  ^bb0(%i: tensor<4x6xi1>):
    %zero = girih.constant dense<0.0> : tensor<f32>
    %low = girih.constant dense<-3.4028235e38> : tensor<f32>
    %w = girih.where %i, %zero, %low : (tensor<4x6xi1>, tensor<f32>, tensor<f32>) -> tensor<4x6xf32>
    girih.yield %w : tensor<4x6xf32>
  }
  %r = girih.kernel "attention"(%q, %k, %v, %mask) : (tensor<4x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<4x6xf32>) -> tensor<4x8xf32> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<6x8xf32>, %c: tensor<6x8xf32>, %d: tensor<4x6xf32>):
    %0 = girih.matmul %a, %b {transpose_rhs} : (tensor<4x8xf32>, tensor<6x8xf32>) -> tensor<4x6xf32>
    %1 = girih.binary add %0, %d : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
    %2 = girih.softmax %1 {axis = 1 : i64} : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %3 = girih.matmul %2, %c : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
    girih.yield %3 : tensor<4x8xf32>
  }
  %o = girih.kernel "out"(%r) : (tensor<4x8xf32>) -> tensor<4x8xf32> {
  ^bb0(%a: tensor<4x8xf32>):
    %0 = girih.unary exp %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
    girih.yield %0 : tensor<4x8xf32>
  }
  return %o : tensor<4x8xf32>
}

// -----

// Positions times frequencies are no data, in a product of nothing but a column and a row either: their cosines are f32. Rows of a table are data, and what
// reads both is.
// CHECK-LABEL: func.func @numbers
// CHECK-DAG: girih.constant dense<[{{.*}}]> : tensor<1x2xf32>
// CHECK-DAG: girih.constant dense<{{.*}}> : tensor<16x2xf16>
// CHECK: girih.kernel "positions"(%{{.*}}) : (tensor<8x1xi64>) -> tensor<8x1xf32>
// CHECK: girih.kernel "angles"(%{{.*}}) : (tensor<8x1xf32>, tensor<1x2xf32>) -> tensor<8x2xf32>
// CHECK: girih.kernel "rows"(%{{.*}}) : (tensor<16x2xf16>, tensor<8xi64>) -> tensor<8x2xf16>
// CHECK: girih.gather
// CHECK: girih.cast %{{.*}} {to = f16}
// CHECK: girih.kernel "both"(%{{.*}}) : (tensor<8x2xf32>, tensor<8x2xf16>) -> tensor<8x2xf16>
// A sum stays f32, a maximum is one of the elements.
// CHECK: girih.kernel "sum"(%{{.*}}) : (tensor<8x2xf16>) -> tensor<8xf32>
// CHECK: girih.kernel "most"(%{{.*}}) : (tensor<8x2xf16>) -> tensor<8xf16>
// CHECK: girih.kernel "root"(%{{.*}}) : (tensor<8xf32>) -> tensor<8xf32>
// CHECK: girih.kernel "ratio"(%{{.*}}) : (tensor<8xf32>, tensor<8xf16>) -> tensor<8xf32>
func.func @numbers(%n: tensor<8x1xi64>, %ids: tensor<8xi64>) -> tensor<8xf32> {
  %f = girih.constant dense<[[1.0, 0.01]]> : tensor<1x2xf32>
  %t = girih.constant dense<2.0> : tensor<16x2xf32>
  %p = girih.kernel "positions"(%n) : (tensor<8x1xi64>) -> tensor<8x1xf32> {
  ^bb0(%i: tensor<8x1xi64>):
    %0 = girih.cast %i {to = f32} : (tensor<8x1xi64>) -> tensor<8x1xf32>
    girih.yield %0 : tensor<8x1xf32>
  }
  %a = girih.kernel "angles"(%p, %f) : (tensor<8x1xf32>, tensor<1x2xf32>) -> tensor<8x2xf32> {
  ^bb0(%i: tensor<8x1xf32>, %j: tensor<1x2xf32>):
    %0 = girih.matmul %i, %j : (tensor<8x1xf32>, tensor<1x2xf32>) -> tensor<8x2xf32>
    %1 = girih.unary cos %0 : (tensor<8x2xf32>) -> tensor<8x2xf32>
    girih.yield %1 : tensor<8x2xf32>
  }
  %e = girih.kernel "rows"(%t, %ids) : (tensor<16x2xf32>, tensor<8xi64>) -> tensor<8x2xf32> {
  ^bb0(%i: tensor<16x2xf32>, %j: tensor<8xi64>):
    %0 = girih.gather %i, %j {axis = 0 : i64} : (tensor<16x2xf32>, tensor<8xi64>) -> tensor<8x2xf32>
    girih.yield %0 : tensor<8x2xf32>
  }
  %b = girih.kernel "both"(%a, %e) : (tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<8x2xf32> {
  ^bb0(%i: tensor<8x2xf32>, %j: tensor<8x2xf32>):
    %0 = girih.binary mul %i, %j : (tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
    girih.yield %0 : tensor<8x2xf32>
  }
  %r = girih.kernel "sum"(%b) : (tensor<8x2xf32>) -> tensor<8xf32> {
  ^bb0(%i: tensor<8x2xf32>):
    %0 = girih.reduce sum %i {axes = array<i64: 1>, keepdims = false} : (tensor<8x2xf32>) -> tensor<8xf32>
    girih.yield %0 : tensor<8xf32>
  }
  %m = girih.kernel "most"(%b) : (tensor<8x2xf32>) -> tensor<8xf32> {
  ^bb0(%i: tensor<8x2xf32>):
    %0 = girih.reduce max %i {axes = array<i64: 1>, keepdims = false} : (tensor<8x2xf32>) -> tensor<8xf32>
    girih.yield %0 : tensor<8xf32>
  }
  %s = girih.kernel "root"(%r) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%i: tensor<8xf32>):
    %0 = girih.unary sqrt %i : (tensor<8xf32>) -> tensor<8xf32>
    girih.yield %0 : tensor<8xf32>
  }
  %q = girih.kernel "ratio"(%s, %m) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%i: tensor<8xf32>, %j: tensor<8xf32>):
    %0 = girih.binary div %i, %j : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    girih.yield %0 : tensor<8xf32>
  }
  return %q : tensor<8xf32>
}

// -----

// f32 stay: coordinates, what is alone in its kernel, constants out of range where no product reads them. Where one does, they saturate. Integers, doubles and the
// model's own f16 are as they were.
// CHECK-LABEL: func.func @wide
// CHECK-DAG: girih.constant dense<[1.000000e+00, 1.000000e+06]> : tensor<2xf32>
// CHECK-DAG: girih.constant dense<{{\[}}[1.000000e+00, 6.550400e+04], [-6.550400e+04, 2.000000e+00]]> : tensor<2x2xf16>
// CHECK: girih.kernel "scaled"(%{{.*}}) : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf16>
// CHECK: girih.kernel "product"(%{{.*}}) : (tensor<2x2xf16>, tensor<2x2xf16>) -> tensor<2x2xf32>
// CHECK: girih.kernel "running"(%{{.*}}) : (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: ^bb0
// CHECK-NEXT: girih.cumsum
// CHECK-NEXT: girih.yield
// CHECK: girih.kernel "grid"(%{{.*}}) : (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK: girih.kernel "sample"(%{{.*}}) : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
// CHECK: girih.kernel "own"(%{{.*}}) : (tensor<4xf16>) -> tensor<4xf16>
// CHECK-NEXT: ^bb0
// CHECK-NEXT: girih.unary exp
func.func @wide(%x: tensor<2x2xf32>, %image: tensor<1x4x4x2xf32>, %h: tensor<4xf16>) -> (tensor<1x1x2x2xf32>, tensor<4xf16>) {
  %c = girih.constant dense<[1.0, 1.0e6]> : tensor<2xf32>
  %w = girih.constant dense<[[1.0, 1.0e6], [-1.0e6, 2.0]]> : tensor<2x2xf32>
  %s = girih.kernel "scaled"(%x, %c) : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>, %j: tensor<2xf32>):
    %0 = girih.binary mul %i, %j : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
    girih.yield %0 : tensor<2x2xf32>
  }
  %p = girih.kernel "product"(%s, %w) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>, %j: tensor<2x2xf32>):
    %0 = girih.matmul %i, %j : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    girih.yield %0 : tensor<2x2xf32>
  }
  %r = girih.kernel "running"(%p) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    %0 = girih.cumsum %i {axis = 1 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32>
    girih.yield %0 : tensor<2x2xf32>
  }
  %g = girih.kernel "grid"(%r) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    %0 = girih.unary tanh %i : (tensor<2x2xf32>) -> tensor<2x2xf32>
    girih.yield %0 : tensor<2x2xf32>
  }
  %points = girih.reshape %g : (tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  %sampled = girih.kernel "sample"(%image, %points) : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32> {
  ^bb0(%i: tensor<1x4x4x2xf32>, %j: tensor<1x1x2x2xf32>):
    %0 = girih.grid_sample %i, %j {mode = #girih<resize_mode linear>, outside = #girih<pad_mode edge>} : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
    girih.yield %0 : tensor<1x1x2x2xf32>
  }
  %own = girih.kernel "own"(%h) : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%i: tensor<4xf16>):
    %0 = girih.unary exp %i : (tensor<4xf16>) -> tensor<4xf16>
    girih.yield %0 : tensor<4xf16>
  }
  return %sampled, %own : tensor<1x1x2x2xf32>, tensor<4xf16>
}

// -----

// Parts of an assembled tensor have its type, the border too; only the border's lowest number is out of range.
// CHECK-LABEL: func.func @assembled
// CHECK: girih.kernel "border"() : () -> (tensor<1x4xf16>, tensor<1x4xf16>)
// CHECK: girih.assemble {{.*}}border = -6.550400e+04 : f16{{.*}} : (tensor<6x4xf16>, tensor<1x4xf16>, tensor<1x4xf16>) -> tensor<8x4xf16>
// CHECK: girih.reshape %{{.*}} : (tensor<8x4xf16>) -> tensor<4x8xf16>
// CHECK: girih.kernel "product"(%{{.*}}) : (tensor<4x8xf16>, tensor<8x4xf16>) -> tensor<4x4xf32>
func.func @assembled(%x: tensor<6x4xf32>, %y: tensor<8x4xf32>) -> tensor<4x4xf32> {
  %e = girih.kernel "inside"(%x) : (tensor<6x4xf32>) -> tensor<6x4xf32> {
  ^bb0(%i: tensor<6x4xf32>):
    %0 = girih.unary exp %i : (tensor<6x4xf32>) -> tensor<6x4xf32>
    girih.yield %0 : tensor<6x4xf32>
  }
  %b:2 = girih.kernel "border"() : () -> (tensor<1x4xf32>, tensor<1x4xf32>) {
    %s = girih.constant dense<-3.4028235e38> : tensor<f32>
    %0 = girih.expand %s : (tensor<f32>) -> tensor<1x4xf32>
    girih.yield %0, %0 : tensor<1x4xf32>, tensor<1x4xf32>
  }
  %a = girih.assemble %e, %b#0, %b#1 {offsets = [#girih.dims<1, 0>, #girih.dims<0, 0>, #girih.dims<7, 0>], border = -3.4028235e38 : f32}
    : (tensor<6x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<8x4xf32>
  %v = girih.reshape %a : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %r = girih.kernel "product"(%v, %y) : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%i: tensor<4x8xf32>, %j: tensor<8x4xf32>):
    %0 = girih.matmul %i, %j : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    girih.yield %0 : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}
