// What the inference of element-wise ops, contractions, reductions and normalisations refuses.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: tensor<2xf32>) {
  // expected-error@+2 {{logical_not needs bool elements but the operand is f32[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.unary logical_not %a : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>) {
  // expected-error@+2 {{bitwise_not needs integers but}}
  // expected-error@+1 {{failed to infer}}
  girih.unary bitwise_not %a : (tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<2xi1>) {
  // expected-error@+2 {{neg needs numbers but}}
  // expected-error@+1 {{failed to infer}}
  girih.unary neg %a : (tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<2xi32>) {
  // expected-error@+2 {{exp needs floating-point elements but}}
  // expected-error@+1 {{failed to infer}}
  girih.unary exp %a : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>, %b: tensor<2xi32>) {
  // expected-error@+2 {{lhs has element type f32 but rhs has i32}}
  // expected-error@+1 {{failed to infer}}
  girih.binary add %a, %b : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi32>, %b: tensor<2xi32>) {
  // expected-error@+2 {{logical_and needs bool elements but the operands hold i32 and i32}}
  // expected-error@+1 {{failed to infer}}
  girih.binary logical_and %a, %b : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<2xf32>, %b: tensor<2xf32>) {
  // expected-error@+2 {{shift_left needs integers}}
  // expected-error@+1 {{failed to infer}}
  girih.binary shift_left %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>, %b: tensor<2xi1>) {
  // expected-error@+2 {{less needs numbers}}
  // expected-error@+1 {{failed to infer}}
  girih.binary less %a, %b : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<2x?xf32, #girih.dims<2, n>>, %b: tensor<3x?xf32, #girih.dims<3, n>>) {
  // expected-error@+2 {{shapes [2, n] and [3, n] do not broadcast}}
  // expected-error@+1 {{failed to infer}}
  girih.binary add %a, %b : (tensor<2x?xf32, #girih.dims<2, n>>, tensor<3x?xf32, #girih.dims<3, n>>) -> tensor<2x?xf32, #girih.dims<2, n>>
  return
}

// -----

func.func @f(%a: tensor<?xf32, #girih.dims<6 * n>>, %b: tensor<7xf32>) {
  // expected-error@+2 {{shapes [n * 6] and [7] do not broadcast}}
  // expected-error@+1 {{failed to infer}}
  girih.binary add %a, %b : (tensor<?xf32, #girih.dims<6 * n>>, tensor<7xf32>) -> tensor<7xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x?xf32, #girih.dims<1, 4, min(t, 2)>>, %w: tensor<8x4x3xf32>) {
  // expected-error@+2 {{the window (3 with dilation 1) is larger than dimension 2 of x (min(t, 2)) with its pads}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, group = 1 : i64} : (tensor<1x4x?xf32, #girih.dims<1, 4, min(t, 2)>>, tensor<8x4x3xf32>) -> tensor<1x8x1xf32>
  return
}


// -----

func.func @f(%a: tensor<2xi8>, %b: tensor<2xf32>, %c: tensor<2xf32>) {
  // expected-error@+2 {{condition needs bool elements but is i8[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.where %a, %b, %c : (tensor<2xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>, %b: tensor<2xf32>, %c: tensor<2xf16>) {
  // expected-error@+2 {{x has element type f32 but y has f16}}
  // expected-error@+1 {{failed to infer}}
  girih.where %a, %b, %c : (tensor<2xi1>, tensor<2xf32>, tensor<2xf16>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<3xi1>, %b: tensor<2xf32>, %c: tensor<2xf32>) {
  // expected-error@+2 {{shapes [3], [2] and [2] do not broadcast}}
  // expected-error@+1 {{failed to infer}}
  girih.where %a, %b, %c : (tensor<3xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error@+2 {{i3 is no element type of the graph}}
  // expected-error@+1 {{failed to infer}}
  girih.cast %a {to = i3} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<4x2xf32>) {
  // expected-error@+2 {{lhs needs at least 2 dimensions but is f32[4]}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b {transpose_lhs} : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x4xf32>, %b: tensor<5x2xf32>) {
  // expected-error@+2 {{the inner size of lhs is 4 but the inner size of rhs is 5}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b : (tensor<2x4xf32>, tensor<5x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3x4xf32>, %b: tensor<3x4x5xf32>) {
  // expected-error@+2 {{batch dimensions of [2, 3, 4] and [3, 4, 5] do not broadcast}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b : (tensor<2x3x4xf32>, tensor<3x4x5xf32>) -> tensor<2x3x5xf32>
  return
}

// -----

func.func @f(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<4xf32>) {
  // expected-error@+2 {{bias [4] does not broadcast to the result [3, 5]}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b, %c : (tensor<3x4xf32>, tensor<4x5xf32>, tensor<4xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @f(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<5xf16>) {
  // expected-error@+2 {{lhs has element type f32 but bias has f16}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b, %c : (tensor<3x4xf32>, tensor<4x5xf32>, tensor<5xf16>) -> tensor<3x5xf32>
  return
}

// -----

func.func @f(%a: tensor<3x3xi1>, %b: tensor<3x3xi1>) {
  // expected-error@+2 {{lhs needs numbers but is bool[3, 3]}}
  // expected-error@+1 {{failed to infer}}
  girih.matmul %a, %b : (tensor<3x3xi1>, tensor<3x3xi1>) -> tensor<3x3xi1>
  return
}

// -----

func.func @f(%a: tensor<1x4xf32>, %b: tensor<6x4xf32>) {
  // expected-error@+2 {{x needs at least 3 dimensions}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4xf32>, tensor<6x4xf32>) -> tensor<1x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3xf32>) {
  // expected-error@+2 {{w needs 4 dimensions but is f32[6, 4, 3]}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{strides has 3 values but needs 2}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{pads has 2 values but needs 4}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{dilations holds 0 but must be at least 1}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 0, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{group is 0 but must be at least 1}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 0} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{group is -1 but must be at least 1}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = -1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{the number of channels of x is 4 but that of w times group is 8}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 2} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<5x2x3x3xf32>) {
  // expected-error@+2 {{the number of output channels (5) is not a multiple of group (2)}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 2} : (tensor<1x4x8x8xf32>, tensor<5x2x3x3xf32>) -> tensor<1x5x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>, %c: tensor<5xf32>) {
  // expected-error@+2 {{the size of bias is 5 but the number of output channels is 6}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b, %c {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<5xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x9x1xf32>) {
  // expected-error@+2 {{the window (9 with dilation 1) is larger than dimension 2 of x (8) with its pads}}
  // expected-error@+1 {{failed to infer}}
  girih.conv %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x9x1xf32>) -> tensor<1x6x1x8xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{the number of channels of x is 4 but that of w is 6}}
  // expected-error@+1 {{failed to infer}}
  girih.conv_transpose %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, group = 1} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x4x10x10xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{output_padding has 1 values but needs 2}}
  // expected-error@+1 {{failed to infer}}
  girih.conv_transpose %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0>, group = 1} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{the number of input channels (4) is not a multiple of group (3)}}
  // expected-error@+1 {{failed to infer}}
  girih.conv_transpose %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, group = 3} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x18x10x10xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x8x8xf32>, %b: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{pads crop all of dimension 2 of the result (-2)}}
  // expected-error@+1 {{failed to infer}}
  girih.conv_transpose %a, %b {strides = array<i64: 1, 1>, pads = array<i64: 6, 0, 6, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, group = 1} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x1x10xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{axis 2 is outside [0, 2)}}
  // expected-error@+1 {{failed to infer}}
  girih.reduce sum %a {axes = array<i64: 2>, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{axes must increase but 0 follows 1}}
  // expected-error@+1 {{failed to infer}}
  girih.reduce sum %a {axes = array<i64: 1, 0>, keepdims = false} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>) {
  // expected-error@+2 {{operand needs numbers but is bool[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.reduce sum %a {axes = array<i64: 0>, keepdims = false} : (tensor<2xi1>) -> tensor<i1>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error@+2 {{axis -1 is outside [0, 2)}}
  // expected-error@+1 {{failed to infer}}
  girih.arg_reduce %a {axis = -1, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @f(%a: tensor<f32>) {
  // expected-error@+2 {{axis 0 is outside [0, 0)}}
  // expected-error@+1 {{failed to infer}}
  girih.cumsum %a {axis = 0} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<2xi32>) {
  // expected-error@+2 {{operand needs floating-point elements but is i32[2]}}
  // expected-error@+1 {{failed to infer}}
  girih.softmax %a {axis = 0} : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%a: tensor<1x4x2xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<3xf32>, %e: tensor<4xf32>) {
  // expected-error@+2 {{the size of mean is 3 but the number of channels of x is 4}}
  // expected-error@+1 {{failed to infer}}
  girih.batch_norm %a, %b, %c, %d, %e {epsilon = 0.1 : f32} : (tensor<1x4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x2xf32>, %b: tensor<4x1xf32>, %c: tensor<4xf32>) {
  // expected-error@+2 {{scale needs 1 dimensions but is f32[4, 1]}}
  // expected-error@+1 {{failed to infer}}
  girih.group_norm %a, %b, %c {groups = 2, epsilon = 0.1 : f32} : (tensor<1x4x2xf32>, tensor<4x1xf32>, tensor<4xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x2xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) {
  // expected-error@+2 {{the number of channels (4) is not a multiple of groups (3)}}
  // expected-error@+1 {{failed to infer}}
  girih.group_norm %a, %b, %c {groups = 3, epsilon = 0.1 : f32} : (tensor<1x4x2xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x2xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) {
  // expected-error@+2 {{groups is 0 but must be at least 1}}
  // expected-error@+1 {{failed to infer}}
  girih.group_norm %a, %b, %c {groups = 0, epsilon = 0.1 : f32} : (tensor<1x4x2xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<1x4x2xf32>) {
  // expected-error@+2 {{size is 0 but must be at least 1}}
  // expected-error@+1 {{failed to infer}}
  girih.lrn %a {alpha = 1.0 : f32, beta = 1.0 : f32, bias = 1.0 : f32, size = 0} : (tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x4xf32>, %b: tensor<3xf32>) {
  // expected-error@+2 {{scale [3] does not broadcast to x [2, 4]}}
  // expected-error@+1 {{failed to infer}}
  girih.layer_norm %a scale %b {axis = 1, epsilon = 0.1 : f32} : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error@+2 {{the bits of f32 are not as many as those of i64}}
  // expected-error@+1 {{failed to infer returned types}}
  girih.bitcast %a {to = i64} : (tensor<4xf32>) -> tensor<4xi64>
  return
}

// -----

func.func @f(%a: tensor<1x10x10x4xf32>, %b: tensor<5x5x4x6xf32>) {
  // expected-error@+1 {{tile is 3 but must be 2 or 4}}
  girih.winograd_conv %a, %b {tile = 3} : (tensor<1x10x10x4xf32>, tensor<5x5x4x6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x10x10x4xf32>, %b: tensor<6x4x4x6xf32>) {
  // expected-error@+1 {{dimension 1 of u is 4 but tile + 2 is 6}}
  girih.winograd_conv %a, %b {tile = 4} : (tensor<1x10x10x4xf32>, tensor<6x4x4x6xf32>) -> tensor<1x8x8x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x10x9x4xf32>, %b: tensor<6x6x4x6xf32>) {
  // expected-error@+1 {{dimension 2 of x is 9 but what whole tiles read is 10}}
  girih.winograd_conv %a, %b {tile = 4} : (tensor<1x10x9x4xf32>, tensor<6x6x4x6xf32>) -> tensor<1x8x7x6xf32>
  return
}

// -----

func.func @f(%a: tensor<1x10x10x4xf32>, %b: tensor<6x6x4x6xf32>, %c: tensor<4xf32>) {
  // expected-error@+1 {{the size of bias is 4 but the number of output channels is 6}}
  girih.winograd_conv %a, %b, %c {tile = 4} : (tensor<1x10x10x4xf32>, tensor<6x6x4x6xf32>, tensor<4xf32>) -> tensor<1x8x8x6xf32>
  return
}
