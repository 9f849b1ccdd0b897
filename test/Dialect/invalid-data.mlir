// What the inference of ops that move data, and the verifiers of ops with stated results, refuse.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{permutation has 1 values but needs 2}}
  // expected-error@+1 {{failed to infer}}
  girih.transpose %a {permutation = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{permutation holds 2 but the operand has 2 dimensions}}
  // expected-error@+1 {{failed to infer}}
  girih.transpose %a {permutation = array<i64: 1, 2>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{permutation holds 1 twice}}
  // expected-error@+1 {{failed to infer}}
  girih.transpose %a {permutation = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error@+2 {{dimension 1 of input 0 is 3 but that of input 1 is 4}}
  // expected-error@+1 {{failed to infer}}
  girih.concat %a, %b {axis = 0} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>, %b: tensor<2xi32>) {
  // expected-error@+2 {{input 0 has element type f32 but input 1 has i32}}
  // expected-error@+1 {{failed to infer}}
  girih.concat %a, %b {axis = 0} : (tensor<2xf32>, tensor<2xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xf32>) {
  // expected-error@+2 {{input 1 needs 2 dimensions but is f32[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.concat %a, %b {axis = 0} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<2xf32>) {
  // expected-error@+2 {{indices need i32 or i64 elements but are f32[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.gather %a, %b {axis = 0} : (tensor<4xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x4xi64>) {
  // expected-error@+2 {{dimension 1 of indices is 4 but that of data is 3}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_elements %a, %b {axis = 0} : (tensor<2x3xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<4x1xi64>) {
  // expected-error@+2 {{batch_dims is 1 but data has 1 dimensions and indices 2}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_nd %a, %b {batch_dims = 1} : (tensor<4xf32>, tensor<4x1xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4x4xf32>, %b: tensor<3xi64>) {
  // expected-error@+2 {{index tuples have 3 elements but data has 2 dimensions to index}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_nd %a, %b {batch_dims = 0} : (tensor<4x4xf32>, tensor<3xi64>) -> tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<4x4xf32>, %b: tensor<5x1xi64>) {
  // expected-error@+2 {{batch dimension 0 of data is 4 but that of indices is 5}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_nd %a, %b {batch_dims = 1} : (tensor<4x4xf32>, tensor<5x1xi64>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<4x4xf32>, %b: tensor<?xi64, #girih.dims<n>>) {
  // expected-error@+2 {{the last dimension of indices must be constant}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_nd %a, %b {batch_dims = 0} : (tensor<4x4xf32>, tensor<?xi64, #girih.dims<n>>) -> tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<2xi64>, %c: tensor<3xf32>) {
  // expected-error@+2 {{dimension 0 of indices is 2 but that of updates is 3}}
  // expected-error@+1 {{failed to infer}}
  girih.scatter_elements %a, %b, %c {axis = 0, fn = #girih<scatter_fn none>} : (tensor<4xf32>, tensor<2xi64>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<2x1xi64>, %c: tensor<3xf32>) {
  // expected-error@+2 {{dimension 0 of updates is 3 but that of indices and data is 2}}
  // expected-error@+1 {{failed to infer}}
  girih.scatter_nd %a, %b, %c {fn = #girih<scatter_fn none>} : (tensor<4xf32>, tensor<2x1xi64>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<2x1xi64>, %c: tensor<2xi32>) {
  // expected-error@+2 {{data has element type f32 but updates has i32}}
  // expected-error@+1 {{failed to infer}}
  girih.scatter_nd %a, %b, %c {fn = #girih<scatter_fn none>} : (tensor<4xf32>, tensor<2x1xi64>, tensor<2xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error@+2 {{operand needs at least 2 dimensions}}
  // expected-error@+1 {{failed to infer}}
  girih.trilu %a {k = 0} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{the operand's number of elements is 6 but the result's is 8}}
  girih.reshape %a : (tensor<2x3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x2xf32, #girih.dims<n, 2>>) {
  // expected-error@+1 {{the operand's number of elements is n * 2 but the result's is n * 2 + 1}}
  girih.reshape %a : (tensor<?x2xf32, #girih.dims<n, 2>>) -> tensor<?xf32, #girih.dims<2 * n + 1>>
  return
}

// -----

func.func @f(%a: tensor<?x6xf32, #girih.dims<n, 6>>) {
  // expected-error@+1 {{the operand's number of elements is n * 6 but the result's is 7}}
  girih.reshape %a : (tensor<?x6xf32, #girih.dims<n, 6>>) -> tensor<7xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error@+1 {{the operand has element type f32 but the result has i32}}
  girih.reshape %a : (tensor<2xf32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{[2, 3] does not broadcast to [3, 3]}}
  girih.expand %a : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{starts has 1 values but needs 2}}
  girih.slice %a {starts = #girih.dims<0>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{step 1 is 0}}
  girih.slice %a {starts = #girih.dims<0, 0>, steps = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{reads elements 0 to 4 of dimension 1 but the operand has 3}}
  girih.slice %a {starts = #girih.dims<0, 0>, steps = array<i64: 1, 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{reads elements -1 to 1 of dimension 1 but the operand has 3}}
  girih.slice %a {starts = #girih.dims<0, 1>, steps = array<i64: 1, -1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{the result needs 2 dimensions}}
  girih.slice %a {starts = #girih.dims<0, 0>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{low has 1 values but needs 2}}
  girih.pad constant %a {low = #girih.dims<0>} : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<1xf32>) {
  // expected-error@+1 {{value needs 0 dimensions but is f32[1]}}
  girih.pad constant %a, %b {low = #girih.dims<0, 0>} : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x0xf32>) {
  // expected-error@+1 {{dimension 1 of the operand is empty but elements of it are needed}}
  girih.pad reflect %a {low = #girih.dims<0, 3>} : (tensor<2x0xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<0xf32>) {
  // expected-error@+1 {{dimension 0 of the operand is empty but elements of it are needed}}
  girih.pad edge %a {low = #girih.dims<0>} : (tensor<0xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error@+1 {{dimension 0 of the result (5) is not a multiple of the operand's (2)}}
  girih.tile %a : (tensor<2xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{kernel has 1 values but needs 2}}
  girih.pool max %a {kernel = array<i64: 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{pads holds -1 but must be at least 0}}
  girih.pool max %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: -1, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{dimension 1 of x is 4 but that of the result is 5}}
  girih.pool max %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x5x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{dimension 3 of the result is 5 but the windows have 4 to 4 positions}}
  girih.pool max %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x5xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{dimension 2 of the result is 0 but must be at least 1}}
  girih.pool max %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x0x4xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{p is 0 but must be at least 1}}
  girih.pool lp %a {p = 0 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>) {
  // expected-error@+1 {{the result needs i64 elements}}
  girih.max_pool_indices %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xi32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{scales has 1 values but needs 2}}
  girih.resize linear %a {coord = #girih<coord_mode half_pixel>, nearest = #girih<nearest_mode floor>, scales = array<f64: 2.0>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<2x3xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{scales holds 0.000000e+00 but must be greater than 0}}
  girih.resize linear %a {coord = #girih<coord_mode half_pixel>, nearest = #girih<nearest_mode floor>, scales = array<f64: 2.0, 0.0>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<2x3xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{roi has 0 values but needs 4}}
  girih.resize linear %a {coord = #girih<coord_mode tf_crop_and_resize>, nearest = #girih<nearest_mode floor>, scales = array<f64>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<2x3xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @f(%a: tensor<0x3xf32>) {
  // expected-error@+1 {{dimension 0 of the operand is empty but elements of it are needed}}
  girih.resize linear %a {coord = #girih<coord_mode half_pixel>, nearest = #girih<nearest_mode floor>, scales = array<f64>, roi = array<f64>, cubic_a = -0.75 : f32, extrapolation = 0.0 : f32} : (tensor<0x3xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @f(%a: tensor<3xf32>) {
  // expected-error@+1 {{k is 4 but dimension 0 has 3 elements}}
  girih.topk %a {axis = 0} : (tensor<3xf32>) -> (tensor<4xf32>, tensor<4xi64>)
  return
}

// -----

func.func @f(%a: tensor<3xf32>) {
  // expected-error@+1 {{indices need i64 elements but are i32[2]}}
  girih.topk %a {axis = 0} : (tensor<3xf32>) -> (tensor<2xf32>, tensor<2xi32>)
  return
}

// -----

func.func @f(%a: tensor<3xf32>) {
  // expected-error@+1 {{dimension 0 of values is 2 but that of indices is 3}}
  girih.topk %a {axis = 0} : (tensor<3xf32>) -> (tensor<2xf32>, tensor<3xi64>)
  return
}

// -----

func.func @f(%a: tensor<3x5xf32>) {
  // expected-error@+1 {{dimension 1 of the operand is 5 but that of values is 4}}
  girih.topk %a {axis = 0} : (tensor<3x5xf32>) -> (tensor<2x4xf32>, tensor<2x4xi64>)
  return
}

// -----

func.func @f(%a: tensor<2xi64>, %b: tensor<3xf32>) {
  // expected-error@+1 {{the size of values is 3 but that of [off, on] is 2}}
  girih.one_hot %a, %b {axis = 1} : (tensor<2xi64>, tensor<3xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi64>, %b: tensor<2xf32>) {
  // expected-error@+1 {{axis 2 is outside [0, 2)}}
  girih.one_hot %a, %b {axis = 2} : (tensor<2xi64>, tensor<2xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi64>, %b: tensor<2xf32>) {
  // expected-error@+1 {{dimension 0 of indices is 2 but that of the result is 3}}
  girih.one_hot %a, %b {axis = 1} : (tensor<2xi64>, tensor<2xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @f(%a: tensor<f32>, %b: tensor<1xf32>) {
  // expected-error@+1 {{delta needs 0 dimensions but is f32[1]}}
  girih.range %a, %b : (tensor<f32>, tensor<1xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<f32>, %b: tensor<i32>) {
  // expected-error@+1 {{start has element type f32 but delta has i32}}
  girih.range %a, %b : (tensor<f32>, tensor<i32>) -> tensor<5xf32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{needs at least one part}}
  girih.assemble  {offsets = []} : () -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error@+1 {{offsets has 0 values but needs 1}}
  girih.assemble %a {offsets = []} : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error@+1 {{offset 0 is 1 : i64 but must be #girih.dims}}
  girih.assemble %a {offsets = [1]} : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error@+1 {{the offset of part 0 has 2 values but needs 1}}
  girih.assemble %a {offsets = [#girih.dims<0, 0>]} : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error@+1 {{part 0 reaches from 1 to 6 in dimension 0 but the result has 5}}
  girih.assemble %a {offsets = [#girih.dims<1>]} : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<2x5x6x4xf32>, %b: tensor<2x7x7x3xf32>) {
  // expected-error@+2 {{grid has points of 3 coordinates but the operand has 2 spatial dimensions}}
  // expected-error@+1 {{failed to infer returned types}}
  girih.grid_sample %a, %b {mode = #girih<resize_mode linear>, outside = #girih<pad_mode edge>} : (tensor<2x5x6x4xf32>, tensor<2x7x7x3xf32>) -> tensor<2x7x7x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x5x4xf32>, %b: tensor<2x7x1xf32>) {
  // expected-error@+2 {{outside is wrap, expected constant, edge or reflect}}
  // expected-error@+1 {{failed to infer returned types}}
  girih.grid_sample %a, %b {mode = #girih<resize_mode linear>, outside = #girih<pad_mode wrap>} : (tensor<2x5x4xf32>, tensor<2x7x1xf32>) -> tensor<2x7x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x9x8x4xf32>, %b: tensor<5x5xf32>, %c: tensor<5xi64>) {
  // expected-error@+2 {{rois has 5 columns, expected 4}}
  // expected-error@+1 {{failed to infer returned types}}
  girih.roi_align %a, %b, %c {height = 7, width = 7, samples = 2, spatial_scale = 1.0 : f32} : (tensor<2x9x8x4xf32>, tensor<5x5xf32>, tensor<5xi64>) -> tensor<5x7x7x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x9x8x4xf32>, %b: tensor<5x4xf32>, %c: tensor<5xi64>) {
  // expected-error@+2 {{height, width and samples are 7, 0 and 2, expected positive numbers}}
  // expected-error@+1 {{failed to infer returned types}}
  girih.roi_align %a, %b, %c {height = 7, width = 0, samples = 2, spatial_scale = 1.0 : f32} : (tensor<2x9x8x4xf32>, tensor<5x4xf32>, tensor<5xi64>) -> tensor<5x7x7x4xf32>
  return
}

// -----

func.func @f(%x: tensor<0x3xf32>, %i: tensor<2xi64>) {
  // expected-error@+2 {{dimension 0 of data is empty but elements of it are needed}}
  // expected-error@+1 {{failed to infer}}
  girih.gather %x, %i {axis = 0 : i64} : (tensor<0x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<3x0xf32>, %i: tensor<2x2xi64>) {
  // expected-error@+2 {{dimension 1 of data is empty but elements of it are needed}}
  // expected-error@+1 {{failed to infer}}
  girih.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<3x0xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #girih.dims<min(n, 4)>>) {
  // expected-error@+1 {{k is 5 but dimension 0 has min(n, 4) elements}}
  girih.topk %x {axis = 0 : i64} : (tensor<?xf32, #girih.dims<min(n, 4)>>) -> (tensor<5xf32>, tensor<5xi64>)
  return
}

// -----

func.func @f(%x: tensor<2xi64>) {
  // expected-error@+1 {{needs a 0-D i64 and one size but has i64[2] and [n]}}
  girih.check_index %x below <n> : tensor<2xi64>
  return
}
