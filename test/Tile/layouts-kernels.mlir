// RUN: girih-opt %s --girih-tile-kernels -split-input-file -verify-diagnostics

// Two results that two generics compute, each with a schedule of its own: what they read is packed once.
func.func @main(%x: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  %w = girih.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  // expected-error@+1 {{packed in1 has another layout in the schedule of another domain}}
  %r:2 = girih.kernel "two"(%x, %w) attributes {schedule = [
      #girih.schedule<width = 2, fma = true, nest = [<d0, 2, lanes>], stored = [<in1, at = compile, layout = affine_map<(d0) -> (d0)>>]>,
      #girih.schedule<width = 2, fma = true, nest = [<d0, 2, lanes>], stored = [<in1, at = compile, layout = affine_map<(d0) -> (d0 floordiv 4, d0 mod 4)>>]>]}
    : (tensor<6xf32>, tensor<6xf32>) -> (tensor<6xf32>, tensor<6xf32>) {
  ^bb0(%x0: tensor<6xf32>, %w0: tensor<6xf32>):
    %e = tensor.empty() : tensor<6xf32>
    %a = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x0, %w0 : tensor<6xf32>, tensor<6xf32>) outs(%e : tensor<6xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %s = arith.addf %p, %q : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    %b = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x0, %w0 : tensor<6xf32>, tensor<6xf32>) outs(%e : tensor<6xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %s = arith.mulf %p, %q : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %a, %b : tensor<6xf32>, tensor<6xf32>
  }
  return %r#0, %r#1 : tensor<6xf32>, tensor<6xf32>
}

// -----

// The dimensions of a layout are those as which all of the kernel reads the operand.
func.func @main(%x: tensor<6xf32>) -> tensor<6xf32> {
  %w = girih.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  // expected-error@+1 {{packed in1 is read in several shapes, and can have a layout in one only}}
  %r = girih.kernel "views"(%x, %w) attributes {schedule = [
      #girih.schedule<width = 1, fma = true, nest = [<d0, 1>], stored = [<in1, at = compile, layout = affine_map<(d0) -> (d0)>>]>]}
    : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32> {
  ^bb0(%x0: tensor<6xf32>, %w0: tensor<6xf32>):
    %e = tensor.empty() : tensor<6xf32>
    %v = tensor.expand_shape %w0 [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
    %a = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i floordiv 3, i mod 3)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%w0, %v : tensor<6xf32>, tensor<2x3xf32>) outs(%e : tensor<6xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %s = arith.addf %p, %q : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    girih.yield %a : tensor<6xf32>
  }
  return %r : tensor<6xf32>
}
