// What girih-plan-arena needs of girih-plan-places.
// RUN: girih-opt %s -split-input-file -verify-diagnostics --girih-plan-arena

// expected-error@+1 {{has no girih.buffers; girih-plan-places makes them}}
func.func @main() {
  return
}

// -----

func.func private @k()
func.func @main(%x: tensor<4xf32>) attributes {girih.buffers = []} {
  // expected-error@+1 {{has no places; girih-plan-places makes them}}
  girih.launch @k(%x) {dims = #girih.dims<>, tasks = #girih.dims<1>, flops = #girih.dims<1>, bytes = #girih.dims<1>} : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {girih.buffers = []} {
  // expected-error@+1 {{has no places; girih-plan-places makes them}}
  return %x : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<i64>) attributes {girih.buffers = []} {
  // expected-error@+1 {{has no place; girih-plan-places makes it}}
  girih.check_index %x below <4> : tensor<i64>
  return {girih.places = []}
}
