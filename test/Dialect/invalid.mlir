// What types, attributes and the structural ops refuse.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{#girih.dims<n> states 1 dimensions but the tensor has 2}}
func.func private @f(tensor<?x2xf32, #girih.dims<n>>)

// -----

// expected-error@+1 {{#girih.dims<n, 3> states dimension 1 as 3 but the tensor's is 2}}
func.func private @f(tensor<?x2xf32, #girih.dims<n, 3>>)

// -----

// expected-error@+1 {{#girih.dims<n, m> states dimension 1 as m but the tensor's is 2}}
func.func private @f(tensor<?x2xf32, #girih.dims<n, m>>)

// -----

// expected-error@+1 {{#girih.dims<4> states dimension 0 as 4 but the tensor's is ?}}
func.func private @f(tensor<?xf32, #girih.dims<4>>)

// -----

// expected-error@+1 {{bad dimension: division needs a positive divisor}}
func.func private @f(tensor<?xf32, #girih.dims<n floordiv 0>>)

// -----

// expected-error@+1 {{bad dimension: expected ','}}
func.func private @f(tensor<?xf32, #girih.dims<min(n)>>)

// -----

// expected-error@+1 {{bad dimension: expected a number, a name or '('}}
func.func private @f(tensor<?xf32, #girih.dims<n, >>)

// -----

func.func @dynamic_without_dims(%a: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of i1, i8 to i64, ui8 to ui64, f16, bf16, f32 or f64, whose dynamic dimensions are stated by #girih.dims}}
  girih.unary relu %a : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @static_with_dims(%a: tensor<2xf32, #girih.dims<2>>) {
  // expected-error@+1 {{must be ranked tensor}}
  girih.unary relu %a : (tensor<2xf32, #girih.dims<2>>) -> tensor<2xf32>
  return
}

// -----

func.func @unknown_element(%a: tensor<2xi4>) {
  // expected-error@+1 {{must be ranked tensor}}
  girih.cast %a {to = f32} : (tensor<2xi4>) -> tensor<2xf32>
  return
}

// -----

func.func @absurd_size(%a: tensor<1xi8>) {
  // expected-error@+1 {{must be ranked tensor}}
  girih.expand %a : (tensor<1xi8>) -> tensor<4611686018427387904x4xi8>
  return
}

// -----

func.func @overflowing_size(%a: tensor<9223372036854775807xi8>) {
  // expected-error@+2 {{inferred type(s) 'tensor<?xi8, #girih.dims<9223372036854775807 + 9223372036854775807>>' are incompatible}}
  // expected-error@+1 {{failed to infer}}
  girih.concat %a, %a {axis = 0} : (tensor<9223372036854775807xi8>, tensor<9223372036854775807xi8>) -> tensor<8xi8>
  return
}

// -----

func.func @stated_type_differs(%a: tensor<?xf32, #girih.dims<n>>) {
  // expected-error@+2 {{inferred type(s) 'tensor<?xf32, #girih.dims<n * 2>>' are incompatible with return type(s) of operation 'tensor<?xf32, #girih.dims<n * 2 + 1>>'}}
  // expected-error@+1 {{failed to infer}}
  girih.concat %a, %a {axis = 0} : (tensor<?xf32, #girih.dims<n>>, tensor<?xf32, #girih.dims<n>>) -> tensor<?xf32, #girih.dims<2 * n + 1>>
  return
}

// -----

func.func @constant() {
  // expected-error@+1 {{a constant is a static tensor, not vector<2xf32>}}
  girih.constant dense<1.0> : vector<2xf32>
  return
}

// -----

func.func @scalar_of_two() {
  // expected-error@+1 {{a scalar is one dimension, not 2}}
  girih.shape scalar <n, 2>
  return
}

// -----

func.func @no_inputs() {
  // expected-error@+2 {{a concatenation needs at least one input}}
  // expected-error@+1 {{failed to infer}}
  girih.concat {axis = 0} : () -> tensor<2xf32>
  return
}

// -----

func.func @kernel_inputs(%a: tensor<2xf32>) {
  // expected-error@+1 {{has 1 inputs but its region takes 0}}
  girih.kernel "k"(%a) : (tensor<2xf32>) -> () {
    girih.yield
  }
  return
}

// -----

func.func @kernel_results(%a: tensor<2xf32>) {
  // expected-error@+1 {{has 1 results but its region yields 0}}
  %0 = girih.kernel "k"(%a) : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%b: tensor<2xf32>):
    girih.yield
  }
  return
}

// -----

func.func @kernel_types(%a: tensor<2xf32>) {
  // expected-error@+1 {{input 0 is 'tensor<2xf32>' but its region takes 'tensor<3xf32>'}}
  girih.kernel "k"(%a) : (tensor<2xf32>) -> () {
  ^bb0(%b: tensor<3xf32>):
    girih.yield
  }
  return
}

// -----

func.func @combine_without_state() {
  // expected-error@+1 {{needs a state of one value at least}}
  "girih.combine"() ({
    girih.yield
  }) : () -> ()
  return
}

// -----

func.func @combine_takes(%a: f32, %i: i32) -> (f32, i32) {
  // expected-error@+1 {{has a state of 'f32', 'i32' but its region takes 'f32', 'i32', 'f32' instead of two such states}}
  %0:2 = girih.combine(%a, %i) : f32, i32 {
  ^bb0(%b: f32, %j: i32, %c: f32):
    girih.yield %b, %j : f32, i32
  }
  return %0#0, %0#1 : f32, i32
}

// -----

func.func @combine_yields(%a: f32) -> f32 {
  // expected-error@+1 {{has a state of 'f32' but its region yields 'f32', 'f32'}}
  %0 = girih.combine(%a) : f32 {
  ^bb0(%b: f32, %c: f32):
    girih.yield %b, %c : f32, f32
  }
  return %0 : f32
}

// -----

func.func @combine_computes(%a: f32) -> f32 {
  %0 = girih.combine(%a) : f32 {
  ^bb0(%b: f32, %c: f32):
    // expected-error@+1 {{cannot be in girih.combine: only what works on vectors, element by element, can}}
    %1 = tensor.empty() : tensor<4xf32>
    girih.yield %b : f32
  }
  return %0 : f32
}

// -----

func.func @combine_is_last(%a: f32, %i: i32) -> f32 {
  // expected-error@+1 {{must be all that the body around it yields, in order}}
  %0:2 = girih.combine(%a, %i) : f32, i32 {
  ^bb0(%b: f32, %j: i32, %c: f32, %k: i32):
    girih.yield %b, %j : f32, i32
  }
  return %0#0 : f32
}

// -----

func.func @kernel_yields_numbers(%a: tensor<f32>) {
  // expected-error@+1 {{result 0 is 'tensor<f32>' but its region yields 'f32'}}
  girih.kernel "k"(%a) : (tensor<f32>) -> (tensor<f32>) {
  ^bb0(%b: tensor<f32>):
    %0 = arith.constant 1.0 : f32
    girih.yield %0 : f32
  }
  return
}

// -----

func.func @kernel_yields(%a: tensor<2xf32>, %c: tensor<3xf32>) {
  // expected-error@+1 {{result 0 is 'tensor<2xf32>' but its region yields 'tensor<3xf32>'}}
  girih.kernel "k"(%c) : (tensor<3xf32>) -> (tensor<2xf32>) {
  ^bb0(%b: tensor<3xf32>):
    girih.yield %b : tensor<3xf32>
  }
  return
}

// -----

func.func @launch(%a: tensor<2xf32>) {
  // expected-error@+1 {{calls @missing, which does not exist}}
  girih.launch @missing(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>} : (tensor<2xf32>) -> ()
  return
}
