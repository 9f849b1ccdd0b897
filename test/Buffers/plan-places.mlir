// RUN: girih-opt %s --split-input-file --girih-plan-places | FileCheck %s

// A concatenation along channels: both parts are written in place, the output is the caller's buffer.
// CHECK-LABEL: func.func @main
// CHECK-SAME:  girih.buffers = [#girih.buffer<input, 0, <16>>, #girih.buffer<output, 0, <40>>]
func.func @main(%x: tensor<2x2xf32>) -> tensor<2x5xf32> {
  // CHECK: girih.kernel "a"
  // CHECK-SAME: places = [#girih.place<0, offset = <0>, strides = <2, 1>>, #girih.place<1, offset = <0>, strides = <5, 1>>]
  %a = girih.kernel "a"(%x) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    girih.yield %i : tensor<2x2xf32>
  }
  // CHECK: girih.kernel "b"
  // CHECK-SAME: #girih.place<1, offset = <2>, strides = <5, 1>>
  %b = girih.kernel "b"(%x) : (tensor<2x2xf32>) -> tensor<2x3xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    %e = tensor.empty() : tensor<2x3xf32>
    girih.yield %e : tensor<2x3xf32>
  }
  %y = girih.assemble %a, %b {offsets = [#girih.dims<0, 0>, #girih.dims<0, 2>]} : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x5xf32>
  // CHECK: return {girih.places = [#girih.place<1, offset = <0>, strides = <5, 1>>]}
  return %y : tensor<2x5xf32>
}

// -----

// An argument, and a part that occurs twice, are copied; the outputs are an argument and a reshape.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4xf32>) -> (tensor<12xf32>, tensor<4xf32>, tensor<2x2xf32>) {
  // CHECK: %[[A:.*]] = girih.kernel "a"
  // CHECK-SAME: #girih.place<1, offset = <4>, strides = <1>>]
  %a = girih.kernel "a"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<4xf32>):
    girih.yield %i : tensor<4xf32>
  }
  // CHECK: %[[X:.*]] = girih.kernel "cat (copy)"(%{{.*}}) attributes {{{.*}}places = [#girih.place<0, {{.*}}>, #girih.place<1, offset = <0>, strides = <1>>]}
  // CHECK: linalg.generic
  // CHECK: %[[B:.*]] = girih.kernel "cat (copy)"(%[[A]]) attributes {{{.*}}places = [#girih.place<1, offset = <4>, strides = <1>>, #girih.place<1, offset = <8>, strides = <1>>]}
  // CHECK: girih.assemble %[[X]], %[[A]], %[[B]]
  %y = girih.assemble %x, %a, %a {offsets = [#girih.dims<0>, #girih.dims<4>, #girih.dims<8>]} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<12xf32> loc("cat"("Concat"))
  %r = girih.reshape %a : (tensor<4xf32>) -> tensor<2x2xf32>
  // CHECK: return {girih.places = [#girih.place<1, offset = <0>, strides = <1>>, #girih.place<0, {{.*}}>, #girih.place<1, offset = <4>, strides = <2, 1>>]}
  return %y, %x, %r : tensor<12xf32>, tensor<4xf32>, tensor<2x2xf32>
}

// -----

// Dense blocks: the inner concatenation is the beginning of the outer one, a nested assemble is part of it, and a reshape that
// splits a dimension is followed. Sizes are symbolic.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x12xf32, #girih.dims<n, 12>> {
  // CHECK: girih.kernel "a"
  // CHECK-SAME: #girih.place<1, offset = <0>, strides = <12, 1>>]
  %a = girih.kernel "a"(%x) : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  ^bb0(%i: tensor<?x4xf32, #girih.dims<n, 4>>):
    girih.yield %i : tensor<?x4xf32, #girih.dims<n, 4>>
  }
  // CHECK: girih.kernel "b"
  // CHECK-SAME: #girih.place<1, offset = <4>, strides = <12, 2, 1>>]
  %b = girih.kernel "b"(%a) : (tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x2x2xf32, #girih.dims<n, 2, 2>> {
  ^bb0(%i: tensor<?x4xf32, #girih.dims<n, 4>>):
    %e = tensor.expand_shape %i [[0], [1, 2]] output_shape [1, 2, 2] : tensor<?x4xf32, #girih.dims<n, 4>> into tensor<?x2x2xf32, #girih.dims<n, 2, 2>>
    girih.yield %e : tensor<?x2x2xf32, #girih.dims<n, 2, 2>>
  }
  %br = girih.reshape %b : (tensor<?x2x2xf32, #girih.dims<n, 2, 2>>) -> tensor<?x4xf32, #girih.dims<n, 4>>
  %ab = girih.assemble %a, %br {offsets = [#girih.dims<0, 0>, #girih.dims<0, 4>]} : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x8xf32, #girih.dims<n, 8>>
  // CHECK: girih.kernel "c"
  // CHECK-SAME: places = [#girih.place<1, offset = <0>, strides = <12, 1>>, #girih.place<1, offset = <8>, strides = <12, 1>>]
  %c = girih.kernel "c"(%ab) : (tensor<?x8xf32, #girih.dims<n, 8>>) -> tensor<?x4xf32, #girih.dims<n, 4>> {
  ^bb0(%i: tensor<?x8xf32, #girih.dims<n, 8>>):
    %s = girih.dim #girih.dims<n>
    %e = tensor.empty(%s) : tensor<?x4xf32, #girih.dims<n, 4>>
    girih.yield %e : tensor<?x4xf32, #girih.dims<n, 4>>
  }
  // CHECK-NOT: copy
  %y = girih.assemble %a, %br, %c {offsets = [#girih.dims<0, 0>, #girih.dims<0, 4>, #girih.dims<0, 8>]} : (tensor<?x4xf32, #girih.dims<n, 4>>, tensor<?x4xf32, #girih.dims<n, 4>>, tensor<?x4xf32, #girih.dims<n, 4>>) -> tensor<?x12xf32, #girih.dims<n, 12>>
  return %y : tensor<?x12xf32, #girih.dims<n, 12>>
}

// -----

// A consumer that sees the value with its dimensions merged needs them next to each other: the part is copied instead.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<2x2xf32>) -> (tensor<4xf32>, tensor<2x4xf32>) {
  // CHECK: girih.kernel "a"
  // CHECK-SAME: #girih.place<[[A:[0-9]+]], offset = <0>, strides = <2, 1>>]
  %a = girih.kernel "a"(%x) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    girih.yield %i : tensor<2x2xf32>
  }
  %b = girih.kernel "b"(%a) : (tensor<2x2xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    %c = tensor.collapse_shape %i [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
    girih.yield %c : tensor<4xf32>
  }
  // CHECK: girih.kernel "d"
  // CHECK-SAME: #girih.place<1, offset = <2>, strides = <4, 1>>]
  %d = girih.kernel "d"(%a) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
  ^bb0(%i: tensor<2x2xf32>):
    girih.yield %i : tensor<2x2xf32>
  }
  // CHECK: girih.kernel "copy"
  // CHECK-SAME: #girih.place<1, offset = <0>, strides = <4, 1>>]
  %y = girih.assemble %a, %d {offsets = [#girih.dims<0, 0>, #girih.dims<0, 2>]} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  return %b, %y : tensor<4xf32>, tensor<2x4xf32>
}

// -----

// The sum may be written over %a, which it reads where it writes; not over %b, which it reads transposed, nor over the bias, which
// is broadcast. A kernel with a reduction over an input may not overwrite that.
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
#row = affine_map<(d0, d1) -> (d1)>
#col = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @main
func.func @main(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>, %c: tensor<4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  // CHECK: girih.kernel "sum"
  // CHECK-SAME: in_place = array<i64: 0>,
  %y = girih.kernel "sum"(%a, %b, %c) : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32> {
  ^bb0(%i: tensor<4x4xf32>, %j: tensor<4x4xf32>, %k: tensor<4xf32>):
    %e = tensor.empty() : tensor<4x4xf32>
    %r = linalg.generic {indexing_maps = [#id, #t, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%i, %j, %k : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%u: f32, %v: f32, %w: f32, %o: f32):
      %0 = arith.addf %u, %v : f32
      %1 = arith.addf %0, %w : f32
      linalg.yield %1 : f32
    } -> tensor<4x4xf32>
    girih.yield %r : tensor<4x4xf32>
  }
  // CHECK: girih.kernel "normalise"
  // CHECK-NOT: in_place
  // CHECK: return
  %z = girih.kernel "normalise"(%a) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%i: tensor<4x4xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %f = tensor.empty() : tensor<4xf32>
    %g = linalg.fill ins(%zero : f32) outs(%f : tensor<4xf32>) -> tensor<4xf32>
    %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]} ins(%i : tensor<4x4xf32>) outs(%g : tensor<4xf32>) {
    ^bb0(%u: f32, %o: f32):
      %0 = arith.addf %o, %u : f32
      linalg.yield %0 : f32
    } -> tensor<4xf32>
    %r = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%i, %s : tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %0 = arith.divf %u, %v : f32
      linalg.yield %0 : f32
    } -> tensor<4x4xf32>
    girih.yield %r : tensor<4x4xf32>
  }
  return %y, %z : tensor<4x4xf32>, tensor<4x4xf32>
}
