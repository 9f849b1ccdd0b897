// What attributes that stages leave for later ones may not be.
// RUN: girih-opt %s -split-input-file -verify-diagnostics

//===-- Checks, references, places and buffers ----------------------------===//

// expected-error@+1 {{equal relates #girih.dims<n>, expected two sizes}}
module attributes {girih.checks = [#girih.check<equal, <n>, "Add_0">]} {}

// -----

// expected-error@+1 {{the offset is #girih.dims<0, 4>, expected one expression}}
module attributes {x = #girih.ref<arena, 0, <0, 4>>} {}

// -----

// expected-error@+1 {{a weight's offset is #girih.dims<n>, expected a number}}
module attributes {x = #girih.ref<weight, 0, <n>>} {}

// -----

// expected-error@+1 {{the offset is #girih.dims<>, expected one expression}}
module attributes {x = #girih.place<0, offset = <>, strides = <1>>} {}

// -----

// expected-error@+1 {{the number of bytes is #girih.dims<4, 4>, expected one expression}}
module attributes {x = #girih.buffer<arena, 0, <4, 4>>} {}

// -----

//===-- Kernels, launches and girih.check_index ---------------------------===//

func.func @kernel_places_type(%a: tensor<2xf32>) {
  // expected-error@+1 {{attribute 'places' failed to satisfy constraint: #girih.place, one for each operand and then each result}}
  girih.kernel "k"(%a) attributes {places = [#girih.dims<1>]} : (tensor<2xf32>) -> () {
  ^bb0(%b: tensor<2xf32>):
    girih.yield
  }
  return
}

// -----

func.func @kernel_places(%a: tensor<2xf32>) {
  // expected-error@+1 {{has 2 places but 1 operands and results}}
  girih.kernel "k"(%a) attributes {places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <1>>]} : (tensor<2xf32>) -> () {
  ^bb0(%b: tensor<2xf32>):
    girih.yield
  }
  return
}

// -----

func.func @kernel_strides(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{place 1 has 2 strides, expected one for each dimension of 'tensor<2xf32>'}}
  %0 = girih.kernel "k"(%a) attributes {places = [#girih.place<0, offset = <0>, strides = <1>>, #girih.place<1, offset = <0>, strides = <2, 1>>]} : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%b: tensor<2xf32>):
    girih.yield %b : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @kernel_in_place(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{in_place holds 1 but there are 1 inputs}}
  %0 = girih.kernel "k"(%a) attributes {in_place = array<i64: 0, 1>} : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%b: tensor<2xf32>):
    girih.yield %b : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @kernel_in_place_of_nothing(%a: tensor<2xf32>) {
  // expected-error@+1 {{has in_place but no result to write over an input}}
  girih.kernel "k"(%a) attributes {in_place = array<i64: 0>} : (tensor<2xf32>) -> () {
  ^bb0(%b: tensor<2xf32>):
    girih.yield
  }
  return
}

// -----

func.func @kernel_variants_alone(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has variants but no schedule, which holds where none of them does}}
  %0 = girih.kernel "k"(%a) attributes {variants = []} : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%b: tensor<2xf32>):
    girih.yield %b : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

// expected-error@+1 {{a variant must have schedules, one for each domain, but has 1 : i64}}
#variant = #girih.variant<at_most = <2, 3>, schedule = [1]>

// -----

// expected-error@+1 {{tasks and scratch must be one expression each but are #girih.dims<1, 2> and #girih.dims<0>}}
#tasks = #girih.launch_variant<at_most = <2, 3>, kernel = @k, dims = <>, tasks = <1, 2>, scratch = <0>>

// -----

func.func private @k()
func.func @launch_variant(%a: tensor<2xf32>) {
  // expected-error@+1 {{calls @missing, which does not exist}}
  girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>,
    variants = [#girih.launch_variant<at_most = <2, 3>, kernel = @missing, dims = <>, tasks = <1>, scratch = <0>>]} : (tensor<2xf32>) -> ()
  return
}

// -----

func.func private @k()
func.func @launch_tasks(%a: tensor<2xf32>) {
  // expected-error@+1 {{attribute 'tasks' failed to satisfy constraint: a list of symbolic integers of one expression}}
  girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1, 2>, flops = #girih.dims<1>, bytes = #girih.dims<1>} : (tensor<2xf32>) -> ()
  return
}

// -----

func.func private @k()
func.func @launch_places(%a: tensor<2xf32>) {
  // expected-error@+1 {{has 0 places but 1 operands and results}}
  girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>, places = []} : (tensor<2xf32>) -> ()
  return
}

// -----

func.func private @k()
func.func @launch_in_place(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{in_place holds -1 but there are 1 inputs}}
  %0 = girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>, in_place = array<i64: -1>} : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func private @k()
func.func @launch_refs_type(%a: tensor<2xf32>) {
  // expected-error@+1 {{attribute 'refs' failed to satisfy constraint: #girih.ref, one for each operand and then each result}}
  girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>, refs = [1]} : (tensor<2xf32>) -> ()
  return
}

// -----

func.func private @k()
func.func @launch_refs(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has 1 refs but 2 operands and results}}
  %0 = girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>, refs = [#girih.ref<input, 0, <0>>]} : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @check_index(%a: tensor<i64>) {
  // expected-error@+1 {{place 0 has 1 strides, expected one for each dimension of 'tensor<i64>'}}
  girih.check_index %a below <4> {place = #girih.place<0, offset = <0>, strides = <1>>} : tensor<i64>
  return
}

// -----

//===-- On other dialects' ops --------------------------------------------===//

// expected-error@+1 {{has girih.arena_byte, which is no attribute that an op may have}}
module attributes {girih.arena_byte = 1 : i64} {}

// -----

// expected-error@+1 {{has girih.buffers, which belongs on a function}}
module attributes {girih.buffers = []} {}

// -----

// expected-error@+1 {{has girih.by_element, which belongs on an op that is alone in its kernel}}
func.func private @by_element() attributes {girih.by_element}

// -----

// expected-error@+1 {{has girih.shared = "48 KiB", expected an i64}}
func.func private @shared() attributes {girih.shared = "48 KiB"}

// -----

func.func @buffers() {
  // expected-error@+1 {{has girih.model, which belongs on a module}}
  return {girih.model = "m"}
}

// -----

// expected-error@+1 {{has girih.model = 1 : i64, expected a string}}
module attributes {girih.model = 1 : i64} {}

// -----

// expected-error@+1 {{has girih.checks = [1], expected a list of #girih.check}}
module attributes {girih.checks = [1 : i64]} {}

// -----

// expected-error@+1 {{expected a list of #girih.dims<bytes, first, last, offset>, the last three of them numbers}}
module attributes {girih.arena = [#girih.dims<64, 0, 1>]} {}

// -----

// expected-error@+1 {{expected a list of #girih.dims<bytes, first, last, offset>, the last three of them numbers}}
module attributes {girih.arena = [#girih.dims<64, 0, n, -1>]} {}

// -----

// expected-error@+1 {{has girih.precision = "f8", expected "f16" or "bf16"}}
module attributes {girih.precision = "f8"} {}

// -----

// expected-error@+1 {{has girih.products = "f16", expected "tf32"}}
module attributes {girih.products = "f16"} {}

// -----

// expected-error@+1 {{has girih.arena_bytes = 1 : i32, expected an i64}}
module attributes {girih.arena_bytes = 1 : i32} {}

// -----

// expected-error@+1 {{has girih.buffers = [#girih.dims<4>], expected a list of #girih.buffer}}
func.func @main() attributes {girih.buffers = [#girih.dims<4>]} {
  return
}

// -----

func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has girih.places = #girih.place<0, offset = <0>, strides = <1>>, expected a list of #girih.place}}
  return {girih.places = #girih.place<0, offset = <0>, strides = <1>>} %a : tensor<2xf32>
}

// -----

func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has 0 places but 1 operands and results}}
  return {girih.places = []} %a : tensor<2xf32>
}

// -----

func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{place 0 has 0 strides, expected one for each dimension of 'tensor<2xf32>'}}
  return {girih.places = [#girih.place<0, offset = <0>, strides = <>>]} %a : tensor<2xf32>
}

// -----

func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has girih.refs = [1], expected a list of #girih.ref}}
  return {girih.refs = [1 : i64]} %a : tensor<2xf32>
}

// -----

func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{has 0 refs but 1 operands and results}}
  return {girih.refs = []} %a : tensor<2xf32>
}

// -----

func.func private @k()
func.func @main(%a: tensor<2xf32>) {
  // expected-error@+1 {{has girih.places, which belongs on func.return}}
  girih.launch @k(%a) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>, girih.places = []} : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @if_any(%a: tensor<2xf32>, %i: index) {
  // expected-error@+1 {{has girih.if_any = true, expected no value}}
  %0 = tensor.extract %a[%i] {girih.if_any = true} : tensor<2xf32>
  return
}

// -----

func.func @unsigned(%a: tensor<2xf32>) {
  // expected-error@+1 {{has girih.unsigned, which belongs on an op that is alone in its kernel}}
  %0 = girih.unary relu %a {girih.unsigned} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @stays(%a: tensor<2xf32>) {
  // expected-error@+1 {{has girih.stays, which belongs on girih.reshape}}
  %0 = girih.unary relu %a {girih.stays} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

//===-- Arguments and results ---------------------------------------------===//

// expected-error@+1 {{argument 0 has girih.name = 1 : i64, expected a string}}
func.func private @f(tensor<2xf32> {girih.name = 1 : i64})

// -----

// expected-error@+1 {{argument 0 has girih.default, which is no constant}}
func.func private @f(tensor<2xf32> {girih.default = "w"})

// -----

// expected-error@+1 {{argument 0 has girih.default, a 'tensor<3xf32>', but is 'tensor<2xf32>'}}
func.func private @f(tensor<2xf32> {girih.default = dense<1.0> : tensor<3xf32>})

// -----

// expected-error@+1 {{argument 0 has girih.scratch, which belongs on a 'memref<?xi8>', but is 'memref<?xf32>'}}
func.func private @f(memref<?xf32> {girih.scratch})

// -----

// expected-error@+1 {{argument 0 has girih.scratch, expected no value}}
func.func private @f(memref<?xi8> {girih.scratch = 1 : i64})

// -----

// expected-error@+1 {{argument 0 has girih.names, which is no attribute that an argument may have}}
func.func private @f(tensor<2xf32> {girih.names = "x"})

// -----

// expected-error@+1 {{result 0 has girih.name = 1 : i64, expected a string}}
func.func private @f() -> (tensor<2xf32> {girih.name = 1 : i64})

// -----

// expected-error@+1 {{result 0 has girih.default, which is no attribute that a result may have}}
func.func private @f() -> (tensor<2xf32> {girih.default = dense<1.0> : tensor<2xf32>})

// -----

// expected-error@+1 {{layout affine_map<(d0) -> (d0)> has 1 dimensions, expected one for each of 2 strides}}
module attributes {a = #girih.place<0, offset = <0>, strides = <4, 1>, layout = (i) -> (i)>} {}

// -----

// expected-error@+1 {{layout affine_map<(d0, d1) -> (d0)> must have d1 once, or both its floordiv and its mod by one number}}
module attributes {a = #girih.place<0, offset = <0>, strides = <4, 1>, layout = (i, j) -> (i)>} {}

// -----

func.func @f(%a: tensor<?xf32, #girih.dims<n>>) {
  // expected-error@+1 {{place 0 has a layout, but the sizes of 'tensor<?xf32, #girih.dims<n>>' are not known}}
  girih.kernel "k"(%a) attributes {places = [#girih.place<0, offset = <0>, strides = <1>, layout = (i) -> (i)>]} : (tensor<?xf32, #girih.dims<n>>) -> () {
  ^bb0(%b: tensor<?xf32, #girih.dims<n>>):
    girih.yield
  }
  return
}

// -----

// expected-error@+1 {{expected a value that is stored inside of loops}}
#stored = #girih.stored<in1, at = compile, layout = affine_map<(i) -> (i)>>

// -----

// expected-error@+1 {{expected an operand that is packed at compile time}}
#packed = #girih.packed<in1, at = 1, <width = 1, fma = false, nest = [<d0, 1>]>>
